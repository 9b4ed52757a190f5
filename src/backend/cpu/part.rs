//! One part of a batch: from bytes to gradients. Part 0 belongs to [`super::Cpu`], the others to helpers.

use super::pass::{Buffers, Mode, sum_len};
use crate::data::Normalisation;
use crate::layers::{Window, input, linear, local};
use crate::math::float::all_finite;
use crate::math::gemm::Product;
use crate::network::{Kind, Layer, Network};
use crate::step::Share;
use crate::step::peers::{FirstNotFinite, Gone, Line, Message, Peers, What};
use crate::step::tree::{Branch, add, join_all, parts};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A network without a state, and what a pass through it leaves.
pub struct Part<T> {
    pub(super) network: Network,
    normalisation: Normalisation,
    pub(super) buffers: Buffers<T>,
    capacity: usize,
    /// Images of the last training step, whose gradients the buffers hold.
    trained: usize,
}

impl<T: Product> Part<T> {
    /// Buffers for at most `capacity` images at a time. `normalisation` is that of the images.
    pub fn new(network: Network, capacity: usize, normalisation: Normalisation) -> Part<T> {
        Part { normalisation, buffers: Buffers::new(&network, capacity), capacity, trained: 0, network }
    }

    /// Buffers for another number of images. Gradients of activations are lost.
    pub(super) fn set_capacity(&mut self, capacity: usize) {
        // Frees the old buffers first.
        self.buffers = Buffers::new(&self.network, 0);
        self.buffers = Buffers::new(&self.network, capacity);
        (self.capacity, self.trained) = (capacity, 0);
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Loads images: `(byte / 255 - mean) / std`.
    pub(super) fn load(&mut self, pixels: &[u8]) {
        input::normalise(pixels, &self.normalisation, self.buffers.input_for(pixels.len()));
    }

    /// Forward and backward on the loaded images. Returns what [`What::Gradients`] has.
    pub(super) async fn differentiate(
        &mut self,
        parameters: &[T],
        labels: &[u32],
        share: Share,
        gradients: &mut [T], // (parameters) or none: takes those of batch normalisation, over the batch
        peers: &mut Peers<'_, T>,
    ) -> Result<(Vec<T>, u32), Gone> {
        self.trained = labels.len();
        let Part { network, buffers, .. } = self;
        buffers.forward(network, parameters, &[], &Mode::Training(share), peers).await?;
        let (branch, length, mut correct) = (share.branch(labels.len()), sum_len(network), 0);
        let mut answer = Vec::with_capacity(answer_len(network, &branch));
        answer.resize(branch.sums() * length, T::ZERO);
        let losses = answer.chunks_exact_mut(length).map(|sum| &mut sum[length - 1..]);
        branch.take(losses, &mut vec![T::ZERO; Branch::space(1, labels.len())], add, &mut |images, sum| {
            let (loss, right) = buffers.loss(images.clone(), &labels[images], share.batch);
            (sum[0], correct) = (loss, correct + right);
        });
        buffers.backward(network, parameters, &share, labels, gradients, &mut answer, peers).await?;
        for (layer, _) in unshared_layers(network) {
            answer.extend(buffers.unshared_rows(network, layer).concat());
        }
        Ok((answer, correct))
    }

    /// The gradients of the whole batch from the answers of all parts, in their order. Returns the mean loss; `None` if an answer
    /// has another length.
    pub(super) fn join(&mut self, batch: usize, mut answers: Vec<Vec<T>>, gradients: &mut [T]) -> Option<T> {
        let (network, length) = (&self.network, sum_len(&self.network));
        let parts = parts(batch, answers.len());
        let branches: Vec<Branch> = parts.iter().map(|images| Branch::new(batch, images.clone())).collect();
        if !answers.iter().zip(&branches).all(|(answer, branch)| answer.len() == answer_len(network, branch)) {
            return None;
        }
        let sums = answers.iter_mut().zip(&branches);
        let sums = sums.flat_map(|(answer, branch)| answer.chunks_exact_mut(length).take(branch.sums())).collect();
        join_all(batch, parts.len(), sums, add)?;
        for layer in &network.layers {
            if let Kind::Conv { weight, bias, .. } = layer.kind {
                let range = network.tensors[weight].range.start..network.tensors[bias].range.end;
                gradients[range.clone()].copy_from_slice(&answers[0][range]);
            }
        }
        // Where the next layer's rows start in each answer.
        let mut places: Vec<usize> = branches.iter().map(|branch| branch.sums() * length).collect();
        let mut gather = |width: usize| -> Vec<T> {
            let rows = answers.iter().zip(&parts).zip(&mut places).flat_map(|((answer, images), place)| {
                let rows = &answer[*place..][..images.len() * width];
                *place += rows.len();
                rows
            });
            rows.copied().collect()
        };
        // A batch may have more images than this part has room for.
        let mut space = vec![];
        for (layer, [weight, bias]) in unshared_layers(network) {
            let layer = &network.layers[layer];
            let [input, grad_output] = [gather(layer.input.len()), gather(layer.output.len())];
            let [weight, bias] = [weight, bias].map(|index| network.tensors[index].range.clone());
            let own = gradients[weight.start..bias.end].split_at_mut(weight.len()).into();
            if let Kind::Local { .. } = layer.kind {
                space.resize(space.len().max(local::scratch_len(&Window::of(layer), batch)), T::ZERO);
                local::backward_parameters(&Window::of(layer), &input, &grad_output, own, &mut space);
            } else {
                linear::backward_parameters(&input, &grad_output, own, &mut self.buffers.scratch);
            }
        }
        Some(answers[0][length - 1])
    }

    /// Forward on the loaded images, up to the logits, by this part alone.
    pub(super) fn forward(&mut self, parameters: &[T], running: &[T], mode: &Mode) {
        let mut peers = Peers::none();
        now(self.buffers.forward(&self.network, parameters, running, mode, &mut peers)).expect("nobody else takes part");
    }

    /// Logits of the last pass: (images, classes).
    pub(super) fn logits(&self) -> &[T] {
        self.output(self.network.layers.len() - 2) // the loss comes after it
    }

    /// Output of a layer in the last pass: (images, height, width, channels).
    pub(super) fn output(&self, layer: usize) -> &[T] {
        let length = self.network.layers[layer].output.len();
        &self.buffers.outputs[layer][..self.buffers.batch * length]
    }

    /// Gradient of the loss with respect to a layer's output, of the last training step: (images, height, width, channels).
    /// Empty for the last layer, the loss.
    pub(super) fn output_gradient(&self, layer: usize) -> &[T] {
        let gradient = &self.buffers.output_gradients[layer];
        &gradient[..(self.trained * self.network.layers[layer].output.len()).min(gradient.len())]
    }

    pub(super) fn first_not_finite(&self) -> FirstNotFinite {
        let last = self.network.layers.len() - 1;
        FirstNotFinite {
            output: (0..=last).find(|layer| !all_finite(self.output(*layer))),
            gradient: (0..last).rev().find(|layer| !all_finite(self.output_gradient(*layer))),
        }
    }

    /// Serves part 0 until the line ends.
    pub async fn help(mut self, mut line: Line<T>) {
        while let Ok(message) = line.receive().await {
            if self.answer(message, &mut line).await.is_err() {
                return;
            }
        }
    }

    async fn answer(&mut self, Message { what, mut values, bytes }: Message<T>, line: &mut Line<T>) -> Result<(), Gone> {
        match what {
            What::Differentiate { labels, share } => {
                self.load(&bytes);
                let peers = &mut Peers::First(line);
                let (answer, correct) = self.differentiate(&values, &labels, share, &mut [], peers).await?;
                drop(values); // between threads the message is a copy
                line.send(What::Gradients { correct }, &answer, &[]);
            }
            What::Evaluate => {
                let running = values.split_off(self.network.parameters());
                self.load(&bytes);
                self.forward(&values, &running, &Mode::Evaluation);
                line.send(What::Logits, self.logits(), &[]);
            }
            What::Look { share } => {
                let running = values.split_off(self.network.parameters());
                let look = self.look(&values, &running, &bytes, share);
                line.send(What::Looked, &[], &look.to_bytes());
            }
            What::Spread => {
                let spreads = self.spreads(&bytemuck::pod_collect_to_vec(&bytes));
                line.send(What::Spreads, &[], bytemuck::cast_slice(&spreads));
            }
            What::AskNotFinite => line.send(What::NotFinite(self.first_not_finite()), &[], &[]),
            _ => return Err(Gone),
        }
        Ok(())
    }
}

/// The indices of the layers whose weights are not shared between positions, local and linear ones, and of their weights and biases.
fn unshared_layers(network: &Network) -> impl Iterator<Item = (usize, [usize; 2])> {
    network.layers.iter().enumerate().filter_map(|(i, layer)| match layer.kind {
        Kind::Local { weight, bias, .. } | Kind::Linear { weight, bias } => Some((i, [weight, bias])),
        _ => None,
    })
}

/// Elements of a part's answer: (sums, sum_len), then the rows of each layer without shared weights.
pub(super) fn answer_len(network: &Network, branch: &Branch) -> usize {
    let layers = unshared_layers(network).map(|(layer, _)| &network.layers[layer]);
    let rows: usize = layers.map(|Layer { input, output, .. }| input.len() + output.len()).sum();
    branch.sums() * sum_len(network) + branch.images() * rows
}

/// The value of a future that never waits.
pub(super) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("without helpers nothing waits"),
    }
}
