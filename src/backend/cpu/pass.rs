//! Forward and backward through the list of layers, and the buffers they fill.

use crate::layers::dropout::Mask;
use crate::layers::lrn::Lrn;
use crate::layers::noise::Noise;
use crate::layers::{Window, activation, batch_norm, conv, dropout, linear, local, lrn, noise, pool, softmax_loss};
use crate::math::gemm::Product;
use crate::network::{Kind, Layer, Network};
use crate::step::Share;
use crate::step::peers::{Gone, Peers};
use crate::step::tree::{Branch, add};
use std::ops::Range;

/// Batch normalisation, its noise and dropout behave differently in training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Training(Share),
    Evaluation,
    /// Evaluation with the noise of a step.
    Look(Share),
}

impl Mode {
    fn mask(&self, layer: &Layer) -> Option<Mask> {
        match self {
            Mode::Training(share) => Mask::of(share, layer),
            Mode::Evaluation | Mode::Look(_) => None,
        }
    }

    fn noise(&self, layer: &Layer) -> Option<Noise> {
        match self {
            Mode::Training(share) | Mode::Look(share) => Noise::of(share, layer),
            Mode::Evaluation => None,
        }
    }
}

/// Elements of a node's sum: the parameters up to the last convolution's, in which the convolutions' gradients have their places,
/// and the loss.
pub(super) fn sum_len(network: &Network) -> usize {
    network.convolutional() + 1
}

/// Everything whose size depends on the batch.
pub(super) struct Buffers<T> {
    /// Images of the last pass.
    pub batch: usize,
    input: Vec<T>, // (capacity, height, width, 3)
    image: usize,  // elements of one image
    /// Output of each layer: (capacity, height, width, channels). The loss's output is the probabilities.
    pub outputs: Vec<Vec<T>>,
    /// Gradient of the loss with respect to each output; empty for the loss.
    pub output_gradients: Vec<Vec<T>>,
    /// Mean and biased variance of the batch, laid out as the running statistics.
    pub statistics: Vec<T>,
    pub scratch: Vec<T>,
    /// For the sums over the tree of a batch.
    space: Vec<T>,
}

/// Space that the sums of the layer with the most weights need.
fn space_len(network: &Network, capacity: usize) -> usize {
    let of_layer = |layer: &Layer| match layer.kind {
        Kind::Conv { weight, bias, .. } => network.tensors[bias].range.end - network.tensors[weight].range.start,
        Kind::BatchNorm { .. } => 2 * layer.output.channels,
        _ => 0,
    };
    Branch::space(network.layers.iter().map(of_layer).max().unwrap_or(0), capacity)
}

/// Scratch elements that the layer with the largest products needs.
fn scratch_len(network: &Network, capacity: usize) -> usize {
    let of_layer = |layer: &Layer| match layer.kind {
        Kind::Conv { .. } => conv::scratch_len(&Window::of(layer), capacity),
        Kind::Local { .. } => local::scratch_len(&Window::of(layer), capacity),
        Kind::Linear { .. } => linear::scratch_len(layer.input.len(), layer.output.len()),
        _ => 0,
    };
    network.layers.iter().map(of_layer).max().unwrap_or(0)
}

impl<T: Product> Buffers<T> {
    pub fn new(network: &Network, capacity: usize) -> Self {
        let zeros = |layer: &Layer| vec![T::ZERO; capacity * layer.output.len()];
        let last = network.layers.len() - 1;
        let scratch = scratch_len(network, capacity);
        Buffers {
            batch: 0,
            input: vec![T::ZERO; capacity * network.input.len()],
            image: network.input.len(),
            outputs: network.layers.iter().map(zeros).collect(),
            output_gradients: network.layers[..last].iter().map(zeros).chain([vec![]]).collect(),
            statistics: vec![T::ZERO; network.running_len()],
            scratch: vec![T::ZERO; scratch],
            space: vec![T::ZERO; space_len(network, capacity)],
        }
    }

    /// Elements of all buffers for `capacity` images, before they are allocated. They may be more than a browser's `usize` holds.
    pub fn elements(network: &Network, capacity: usize) -> u64 {
        let outputs: usize = network.layers.iter().map(|layer| layer.output.len()).sum();
        let gradients = outputs - network.classes; // the loss has none
        let an_image = outputs + gradients + network.input.len();
        capacity as u64 * an_image as u64
            + (network.running_len() + scratch_len(network, capacity) + space_len(network, capacity)) as u64
    }

    /// The next pass's input buffer, for a batch of `elements` elements.
    pub fn input_for(&mut self, elements: usize) -> &mut [T] {
        self.batch = elements / self.image;
        assert!(self.batch * self.image == elements && elements <= self.input.len(), "whole images, within the capacity");
        &mut self.input[..elements]
    }

    /// All layers up to the logits. Batch normalisation takes its statistics over all parts.
    pub async fn forward(
        &mut self,
        network: &Network,
        parameters: &[T],
        running: &[T], // (Network::running_len), unused in training
        mode: &Mode,
        peers: &mut Peers<'_, T>,
    ) -> Result<(), Gone> {
        for (i, layer) in network.layers.iter().enumerate() {
            let (before, after) = self.outputs.split_at_mut(i);
            let input = &before.last().unwrap_or(&self.input)[..self.batch * layer.input.len()];
            let output = &mut after[0][..self.batch * layer.output.len()];
            let tensor = |index: usize| &parameters[network.tensors[index].range.clone()];
            match layer.kind {
                Kind::Conv { weight, bias, .. } => {
                    conv::forward(&Window::of(layer), input, tensor(weight), tensor(bias), output, &mut self.scratch);
                }
                Kind::Local { weight, bias, .. } => {
                    local::forward(&Window::of(layer), input, tensor(weight), tensor(bias), output, &mut self.scratch);
                }
                Kind::Linear { weight, bias } => {
                    linear::forward(input, tensor(weight), tensor(bias), output, &mut self.scratch);
                }
                Kind::BatchNorm { gamma, beta, running: index, epsilon, .. } => {
                    let range = network.running[index].range();
                    let statistics = match mode {
                        Mode::Evaluation | Mode::Look(_) => &running[range],
                        Mode::Training(share) => {
                            let (mean, variance) = self.statistics[range.clone()].split_at_mut(layer.output.channels);
                            batch_norm::statistics(input, &share.branch(self.batch), mean, variance, peers).await?;
                            &self.statistics[range]
                        }
                    };
                    let statistics = statistics.split_at(layer.output.channels).into();
                    batch_norm::forward(input, statistics, [tensor(gamma), tensor(beta)], epsilon, output);
                }
                Kind::Noise => apply(mode.noise(layer), input, output, noise::forward),
                Kind::Activation { function } => activation::forward(function, input, output),
                Kind::Lrn { .. } => lrn::forward(&Lrn::of(layer), layer.output, input, output),
                Kind::Pool { pool, .. } => pool::forward(pool, &Window::of(layer), input, output),
                Kind::Dropout => apply(mode.mask(layer), input, output, dropout::apply),
                Kind::SoftmaxLoss => {} // needs labels: `loss`
            }
        }
        Ok(())
    }

    /// The last layer, for some of the images: their share of the mean loss over `batch` images, and how many were classified
    /// right.
    pub fn loss(&mut self, images: Range<usize>, labels: &[u32], batch: usize) -> (T, u32) {
        let [.., logits, probabilities] = &mut self.outputs[..] else { return (T::ZERO, 0) };
        let classes = logits.len() / (self.input.len() / self.image);
        let range = images.start * classes..images.end * classes;
        softmax_loss::forward(&logits[range.clone()], labels, batch, &mut probabilities[range])
    }

    /// All layers from the loss to the first, after [`Buffers::forward`] in training mode. Gradients of a convolution's parameters
    /// are postponed until the pass would have to wait for other parts. Those of local and linear layers are left to
    /// [`Part::join`](super::Part).
    pub async fn backward(
        &mut self,
        network: &Network,
        parameters: &[T],
        share: &Share,
        labels: &[u32],
        gradients: &mut [T], // (parameters) or none: takes those of batch normalisation, over the batch
        sums: &mut [T],      // (branch.sums(), sum_len)
        peers: &mut Peers<'_, T>,
    ) -> Result<(), Gone> {
        let branch = share.branch(self.batch);
        let length = sums.len() / branch.sums();
        let Buffers { batch, input, outputs, output_gradients, statistics, scratch, space, .. } = self;
        let input_of = |i: usize| &outputs[..i].last().unwrap_or(input)[..*batch * network.layers[i].input.len()];
        let mut put_off = None;
        for (i, layer) in network.layers.iter().enumerate().rev() {
            let (before, after) = output_gradients.split_at_mut(i);
            let settle = |later: usize, sums: &mut [T], scratch: &mut [T], space: &mut [T]| {
                let sums = sums.chunks_exact_mut(length);
                convolution_gradients(network, later, &branch, [input_of(later), &after[later - i]], sums, scratch, space);
            };
            let grad_output = &after[0][..after[0].len().min(*batch * layer.output.len())];
            let grad_input = before.last_mut().map(|grad| &mut grad[..*batch * layer.input.len()]);
            let (input, output) = (input_of(i), &outputs[i][..*batch * layer.output.len()]);
            match layer.kind {
                Kind::Conv { weight, .. } | Kind::Local { weight, .. } | Kind::Linear { weight, .. } => {
                    if let Kind::Conv { .. } = layer.kind
                        && let Some(later) = put_off.replace(i)
                    {
                        settle(later, sums, scratch, space);
                    }
                    let Some(grad_input) = grad_input else { continue };
                    let weight = &parameters[network.tensors[weight].range.clone()];
                    backward_product(layer, weight, grad_output, grad_input, scratch);
                }
                Kind::BatchNorm { gamma, beta, running, epsilon, .. } => {
                    let channels = layer.output.channels;
                    let statistics = statistics[network.running[running].range()].split_at(channels).into();
                    let [gamma, beta] = [gamma, beta].map(|index| network.tensors[index].range.clone());
                    let mut own = vec![T::ZERO; branch.sums() * 2 * channels];
                    branch.take(own.chunks_exact_mut(2 * channels), space, add, &mut |images, sum| {
                        let [input, grad_output] = [input, grad_output].map(|rows| &rows[elements(&images, layer.output.len())]);
                        let sum = sum.split_at_mut(channels).into();
                        batch_norm::backward_parameters(input, statistics, epsilon, grad_output, sum);
                    });
                    let meanwhile = || put_off.take().into_iter().for_each(|later| settle(later, sums, scratch, space));
                    let all = peers.join(&branch, own, add, meanwhile).await?;
                    if let Some(gradients) = gradients.get_mut(gamma.start..beta.end) {
                        gradients.copy_from_slice(&all);
                    }
                    let Some(grad_input) = grad_input else { continue };
                    let (all, gamma) = (all.split_at(channels).into(), &parameters[gamma]);
                    batch_norm::backward_input(
                        input,
                        share.rows(layer),
                        statistics,
                        gamma,
                        epsilon,
                        grad_output,
                        all,
                        grad_input,
                    );
                }
                _ => {
                    let Some(grad_input) = grad_input else { continue };
                    backward_without_parameters(layer, share, labels, [input, output, grad_output], grad_input);
                }
            }
        }
        if let Some(first) = put_off {
            let sums = sums.chunks_exact_mut(length);
            convolution_gradients(network, first, &branch, [input_of(first), &output_gradients[first]], sums, scratch, space);
        }
        Ok(())
    }

    /// What the gradients of a local or linear layer's parameters are computed from: its input and the gradient of its output,
    /// (images, in) and (images, out).
    pub fn unshared_rows(&self, network: &Network, layer: usize) -> [&[T]; 2] {
        let input = self.outputs[..layer].last().unwrap_or(&self.input);
        let Layer { input: inputs, output: outputs, .. } = &network.layers[layer];
        [&input[..self.batch * inputs.len()], &self.output_gradients[layer][..self.batch * outputs.len()]]
    }
}

/// The place of these images' elements, each image having `length`.
fn elements(images: &Range<usize>, length: usize) -> Range<usize> {
    images.start * length..images.end * length
}

/// Applies `draw` to the values; without it, copies them.
fn apply<T: Product, D>(draw: Option<D>, input: &[T], output: &mut [T], function: impl FnOnce(&D, &[T], &mut [T])) {
    match draw {
        Some(draw) => function(&draw, input, output),
        None => output.copy_from_slice(input),
    }
}

/// The gradient of the input of a convolution, local or linear layer.
fn backward_product<T: Product>(layer: &Layer, weight: &[T], grad_output: &[T], grad_input: &mut [T], scratch: &mut [T]) {
    match layer.kind {
        Kind::Conv { .. } => conv::backward_input(&Window::of(layer), weight, grad_output, grad_input, scratch),
        Kind::Local { .. } => local::backward_input(&Window::of(layer), weight, grad_output, grad_input, scratch),
        _ => linear::backward_input(layer.output.len(), weight, grad_output, grad_input, scratch),
    }
}

/// The gradient of the input of a layer that has no parameters.
fn backward_without_parameters<T: Product>(
    layer: &Layer,
    share: &Share,
    labels: &[u32],
    [input, output, grad_output]: [&[T]; 3],
    grad_input: &mut [T],
) {
    match layer.kind {
        Kind::Noise => apply(Noise::of(share, layer), grad_output, grad_input, noise::backward),
        Kind::Activation { function } => activation::backward(function, output, grad_output, grad_input),
        Kind::Lrn { .. } => lrn::backward(&Lrn::of(layer), layer.output, input, grad_output, grad_input),
        Kind::Pool { pool, .. } => pool::backward(pool, &Window::of(layer), input, output, grad_output, grad_input),
        Kind::Dropout => apply(Mask::of(share, layer), grad_output, grad_input, dropout::apply),
        Kind::SoftmaxLoss => softmax_loss::backward(output, labels, share.batch, grad_input),
        Kind::Conv { .. } | Kind::Local { .. } | Kind::Linear { .. } | Kind::BatchNorm { .. } => {
            unreachable!("it has parameters")
        }
    }
}

/// The gradients of a convolution's parameters, summed over each node of the branch.
#[inline(never)]
fn convolution_gradients<'a, T: Product>(
    network: &Network,
    layer: usize,
    branch: &Branch,
    [input, grad_output]: [&[T]; 2], // (images, height, width, in), (images, height, width, out)
    sums: impl Iterator<Item = &'a mut [T]>, // (sums), with all parameters in their places
    scratch: &mut [T],
    space: &mut [T],
) {
    let layer = &network.layers[layer];
    let Kind::Conv { weight, bias, .. } = layer.kind else { unreachable!("only convolutions are postponed") };
    let [weight, bias] = [weight, bias].map(|index| network.tensors[index].range.clone());
    let own = sums.map(|sum| &mut sum[weight.start..bias.end]);
    branch.take(own, space, add, &mut |images, sum| {
        let input = &input[elements(&images, layer.input.len())];
        let grad_output = &grad_output[elements(&images, layer.output.len())];
        conv::backward_parameters(&Window::of(layer), input, grad_output, sum.split_at_mut(weight.len()).into(), scratch);
    });
}
