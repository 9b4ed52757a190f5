//! The passes of a network as recordings: which kernels run on which buffers, in order.

use super::buffers::{Buffers, fused_activation};
use crate::config::architectures::Factors;
use crate::data::Normalisation;
use crate::error::Result;
use crate::gpu::kernels::FINITE_CHECK;
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{ALIGNMENT, View, stored};
use crate::layers::dropout::Units;
use crate::layers::fused::{After, Before, GradInput};
use crate::layers::{Window, activation, batch_norm, conv, input, linear, local, lrn, noise, pool, softmax_loss};
use crate::network::{Kind, Layer, Network};
use crate::optimizer;
use std::ops::Range;

/// How a forward pass is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Dropout, the batch's own statistics, the loss with its gradient.
    Training,
    /// No dropout, running statistics, probabilities.
    Evaluation,
}

/// Whether the kernel of a layer with parameters applies the activation function that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activations {
    Fused,
    /// The layer's own output goes to its `grads`, whose content is no longer needed by then.
    Apart,
}

/// What a layer keeps between its passes.
enum Kept {
    Nothing,
    Conv(conv::Kept),
    BatchNorm(batch_norm::Kept),
    Lrn(lrn::Kept),
    Pool(pool::Kept),
}

/// A network with everything that its passes read and write.
pub struct Passes {
    network: Network,
    pub(super) normalisation: Normalisation,
    pub buffers: Buffers,
    kept: Vec<Kept>,
    /// Partial sums of all convolutions' weight gradients, and where they belong: see `optimizer.wgsl`.
    partials: View,
    segments: View,
    result: View, // (2): mean loss, correct
    /// Not 0 once a step was not finite.
    pub not_finite_seen: View, // (1)
}

impl Passes {
    /// # Errors
    /// [`crate::error::Error::TooLarge`].
    pub fn new(recorder: &mut Recorder, network: &Network, normalisation: Normalisation) -> Result<Passes> {
        let buffers = Buffers::new(recorder, network)?;
        let mut starts = vec![];
        let mut words = 0;
        for layer in &network.layers {
            let start = words;
            if let Kind::Conv { .. } = layer.kind {
                words = (words + conv::partial_len(recorder, &Window::of(layer))).next_multiple_of(ALIGNMENT);
            }
            starts.push(start);
        }
        let partials = recorder.buffer("partials", words)?;
        let mut kept = vec![];
        for (layer, start) in network.layers.iter().zip(starts) {
            kept.push(match layer.kind {
                Kind::Conv { .. } => Kept::Conv(conv::Kept::new(recorder, &Window::of(layer), &partials, start)),
                Kind::BatchNorm { epsilon, running, .. } => {
                    let statistics = buffers.statistics_of(&buffers.statistics, running);
                    Kept::BatchNorm(batch_norm::Kept::new(recorder, &layer.name, layer.input, epsilon, statistics)?)
                }
                Kind::Lrn { .. } => Kept::Lrn(lrn::Kept::new(recorder, &layer.name, &lrn::Lrn::of(layer), layer.input)?),
                Kind::Pool { pool, .. } => Kept::Pool(pool::Kept::new(recorder, &layer.name, pool, &Window::of(layer))?),
                _ => Kept::Nothing,
            });
        }
        let table = segments(network, &buffers, &kept, &partials);
        let segments = recorder.buffer("segments", 4 * table.len())?;
        recorder.write(&segments, bytemuck::cast_slice(&table));
        for layer in &network.layers {
            if let Kind::BatchNorm { running, .. } = layer.kind {
                let rows = recorder.batch * layer.input.height * layer.input.width;
                let factors = batch_norm::unbiased(layer.input.channels, rows);
                recorder.write(&buffers.statistics_of(&buffers.unbiased(), running), bytemuck::cast_slice(&factors));
            }
        }
        Ok(Passes {
            network: network.clone(),
            normalisation,
            buffers,
            kept,
            partials,
            segments,
            result: recorder.buffer("loss.result", 4)?,
            not_finite_seen: recorder.buffer("not_finite_seen", 1)?,
        })
    }

    /// One training step; its record goes to `records`.
    pub fn record_step(&self, recorder: &mut Recorder, records: &View) -> Result<()> {
        self.record_forward(recorder, Mode::Training, Activations::Fused, |_, _, _| Ok(()))?;
        self.record_backward(recorder, &self.not_finite_seen)?;
        let (buffers, seen) = (&self.buffers, &self.not_finite_seen);
        let flat = [&buffers.gradients, &buffers.velocities, &buffers.parameters];
        optimizer::record_update(recorder, flat, &self.parts(), self.running(), &self.result, records, seen)
    }

    /// Ranges of the flat buffers whose tensors have the same factors.
    fn parts(&self) -> Vec<(Range<usize>, Factors)> {
        let mut parts: Vec<(Range<usize>, Factors)> = vec![];
        for (place, tensor) in self.buffers.layout.tensors.iter().zip(&self.network.tensors) {
            match parts.last_mut() {
                Some((_, factors)) if *factors == tensor.factors => {}
                Some((range, _)) => {
                    range.end = place.start;
                    parts.push((place.start..place.start, tensor.factors));
                }
                None => parts.push((0..0, tensor.factors)),
            }
        }
        parts.last_mut().expect("a network has tensors").0.end = self.buffers.gradients.words();
        parts
    }

    /// The running statistics, if there is batch normalisation. All layers have the same momentum.
    fn running(&self) -> Option<optimizer::Running<'_>> {
        let momentum = |layer: &Layer| if let Kind::BatchNorm { momentum, .. } = layer.kind { Some(momentum) } else { None };
        let momentum = self.network.layers.iter().find_map(momentum)?;
        Some(optimizer::Running { momentum, statistics: &self.buffers.statistics, running: &self.buffers.running })
    }

    /// A forward pass. `after` is called with each layer's number and output, once that is recorded.
    pub fn record_forward(
        &self,
        recorder: &mut Recorder,
        mode: Mode,
        activations: Activations,
        mut after: impl FnMut(&mut Recorder, usize, &View) -> Result<()>,
    ) -> Result<()> {
        let buffers = &self.buffers;
        input::record(recorder, self.network.input, &self.normalisation, &buffers.pixels, &buffers.input)?;
        for i in 0..self.network.layers.len() {
            let output = self.output_of(i, mode, activations);
            self.record_layer(recorder, i, mode, activations, output)?;
            after(recorder, i, output)?;
        }
        Ok(())
    }

    /// Where a forward pass leaves the output of layer `i`.
    pub fn output_of(&self, i: usize, mode: Mode, activations: Activations) -> &View {
        match self.network.layers[i].kind {
            Kind::Dropout if mode == Mode::Evaluation && i > 0 => self.output_of(i - 1, mode, activations),
            _ if activations == Activations::Apart && fused_activation(&self.network, i) => &self.buffers.grads[i],
            _ => &self.buffers.outputs[i],
        }
    }

    fn record_layer(&self, recorder: &mut Recorder, i: usize, mode: Mode, activations: Activations, output: &View) -> Result<()> {
        let (buffers, layer) = (&self.buffers, &self.network.layers[i]);
        let input = if i == 0 { &buffers.input } else { self.output_of(i - 1, mode, activations) };
        let name = &layer.name;
        let fused = |learnt: usize| activations == Activations::Fused && fused_activation(&self.network, learnt);
        let function = if fused(i) { self.network.layers[i + 1].function() } else { None };
        let after = After { function, dropout: self.dropout_after(i + usize::from(fused(i)), mode) };
        let drops = matches!(layer.kind, Kind::Linear { .. } | Kind::BatchNorm { .. } | Kind::Activation { .. });
        assert!(drops || after.dropout.is_none(), "{name} does not apply dropout");
        let parameter = |tensor| buffers.tensor(&buffers.parameters, tensor);
        match (&layer.kind, &self.kept[i]) {
            (&Kind::Conv { weight, bias, .. }, _) => {
                let (weight, bias) = (parameter(weight), parameter(bias));
                conv::record_forward(recorder, name, &Window::of(layer), function, input, &weight, &bias, output)
            }
            (&Kind::Local { weight, bias, .. }, _) => {
                let (weight, bias) = (parameter(weight), parameter(bias));
                local::record_forward(recorder, name, &Window::of(layer), function, input, &weight, &bias, output)
            }
            (&Kind::Linear { weight, bias }, _) => {
                let (weight, bias) = (parameter(weight), parameter(bias));
                linear::record_forward(recorder, name, size(layer), after, input, &weight, &bias, output)
            }
            (&Kind::BatchNorm { gamma, beta, running, .. }, Kept::BatchNorm(kept)) => {
                let running = (mode == Mode::Evaluation).then(|| buffers.statistics_of(&buffers.running, running));
                let (gamma, beta) = (parameter(gamma), parameter(beta));
                batch_norm::record_forward(recorder, name, kept, running.as_ref(), [&gamma, &beta], after, input, output)
            }
            (&Kind::Activation { function }, _) => match i.checked_sub(1).is_some_and(fused) {
                true => Ok(()),
                false => {
                    let after = After { function: Some(function), ..after };
                    activation::record_forward(recorder, name, after, layer.input, input, output)
                }
            },
            (Kind::Noise, _) => noise::record(recorder, layer, false, input, output),
            (Kind::Lrn { .. }, Kept::Lrn(kept)) => {
                lrn::record_forward(recorder, name, &lrn::Lrn::of(layer), layer.input, kept, input, output)
            }
            (Kind::Pool { .. }, Kept::Pool(kept)) => {
                pool::record_forward(recorder, name, &Window::of(layer), kept, input, output)
            }
            // The kernel of the layer before has applied it.
            (Kind::Dropout, _) => Ok(()),
            (Kind::SoftmaxLoss, _) => self.record_loss(recorder, i, mode, input, output),
            (Kind::BatchNorm { .. } | Kind::Lrn { .. } | Kind::Pool { .. }, _) => {
                unreachable!("`new` keeps what these layers need")
            }
        }
    }

    /// Dropout that follows layer `i`, and where its output goes.
    fn dropout_after(&self, i: usize, mode: Mode) -> Option<(Units, &View)> {
        let layer = self.network.layers.get(i + 1)?;
        (mode == Mode::Training && matches!(layer.kind, Kind::Dropout)).then(|| (Units::of(layer), &self.buffers.outputs[i + 1]))
    }

    fn record_loss(&self, recorder: &mut Recorder, i: usize, mode: Mode, logits: &View, probabilities: &View) -> Result<()> {
        let classes = self.network.classes;
        match mode {
            Mode::Evaluation => softmax_loss::record_forward(recorder, classes, logits, probabilities),
            Mode::Training => softmax_loss::record_forward_backward(
                recorder,
                classes,
                logits,
                &self.buffers.labels,
                probabilities,
                &self.buffers.grads[i],
                &self.result,
            ),
        }
    }

    /// The backward pass after a forward pass in training mode, up to complete gradients. `seen` becomes 1 when one of
    /// them is not finite.
    pub fn record_backward(&self, recorder: &mut Recorder, seen: &View) -> Result<()> {
        for i in (0..self.network.layers.len()).rev() {
            self.record_layer_backward(recorder, i)?;
        }
        optimizer::record_collect(recorder, &self.buffers.gradients, &self.partials, &self.segments, &self.result, seen)
    }

    fn record_layer_backward(&self, recorder: &mut Recorder, i: usize) -> Result<()> {
        let (buffers, layer, name) = (&self.buffers, &self.network.layers[i], &self.network.layers[i].name);
        let (input, grad_output) = (buffers.input_of(i), &buffers.grads[i]);
        let parameter = |tensor| buffers.tensor(&buffers.parameters, tensor);
        let gradient = |tensor| buffers.tensor(&buffers.gradients, tensor);
        let grad_input = self.grad_input_of(i);
        let (function, dropout) = grad_input.map_or((false, false), |to| (to.before.is_some(), to.dropout.is_some()));
        let goes_through = match layer.kind {
            Kind::Conv { .. } | Kind::Local { .. } | Kind::Pool { .. } | Kind::Lrn { .. } | Kind::BatchNorm { .. } => !dropout,
            // The linear layer after a dropout layer computes the dropout's gradient.
            Kind::Linear { .. } | Kind::Dropout => true,
            _ => !dropout && !function,
        };
        assert!(goes_through, "{name} does not go back through what is in front of it");
        match (&layer.kind, &self.kept[i], grad_input) {
            (&Kind::Conv { weight, .. }, Kept::Conv(kept), grad_input) => {
                let weight = parameter(weight);
                conv::record_backward(recorder, name, &Window::of(layer), input, grad_output, &weight, kept, grad_input)
            }
            (&Kind::Local { weight, bias, .. }, _, grad_input) => {
                let (weight, grad_weight, grad_bias) = (parameter(weight), gradient(weight), gradient(bias));
                let gradients = [&grad_weight, &grad_bias];
                local::record_backward(recorder, name, &Window::of(layer), input, grad_output, &weight, gradients, grad_input)
            }
            (&Kind::Linear { weight, bias }, _, grad_input) => {
                let (weight, grad_weight, grad_bias) = (parameter(weight), gradient(weight), gradient(bias));
                let gradients = [&grad_weight, &grad_bias];
                linear::record_backward(recorder, name, size(layer), input, grad_output, &weight, gradients, grad_input)
            }
            // The forward pass has computed its gradient.
            (Kind::SoftmaxLoss, ..) => Ok(()),
            // The gradient of the images is not needed.
            (_, _, None) => Ok(()),
            (&Kind::BatchNorm { gamma, beta, .. }, Kept::BatchNorm(kept), Some(grad_input)) => {
                let (scale, grad_gamma, grad_beta) = (parameter(gamma), gradient(gamma), gradient(beta));
                let gradients = [&grad_gamma, &grad_beta];
                batch_norm::record_backward(recorder, name, kept, &scale, gradients, input, grad_output, grad_input)
            }
            // The next layer's kernel has computed these gradients.
            (Kind::Activation { .. } | Kind::Dropout, ..) => Ok(()),
            (Kind::Noise, _, Some(grad_input)) => noise::record(recorder, layer, true, grad_output, grad_input.view),
            (Kind::Lrn { .. }, Kept::Lrn(kept), Some(grad_input)) => {
                lrn::record_backward(recorder, name, &lrn::Lrn::of(layer), layer.input, kept, input, grad_output, grad_input)
            }
            (Kind::Pool { .. }, Kept::Pool(kept), Some(grad_input)) => {
                pool::record_backward(recorder, name, &Window::of(layer), kept, grad_output, grad_input)
            }
            (Kind::Conv { .. } | Kind::BatchNorm { .. } | Kind::Lrn { .. } | Kind::Pool { .. }, ..) => {
                unreachable!("`new` keeps what these layers need")
            }
        }
    }

    /// Where layer `i` leaves the gradient of its input; `None` for the first layer, which needs none.
    fn grad_input_of(&self, i: usize) -> Option<GradInput<'_>> {
        let layers = &self.network.layers;
        let mut before = i.checked_sub(1)?;
        let dropout = matches!(layers[before].kind, Kind::Dropout).then(|| Units::of(&layers[before]));
        if dropout.is_some() {
            before = before.checked_sub(1)?;
        }
        let through = |function| {
            let grad_input = &self.buffers.grads[before.checked_sub(1)?];
            Some(Before { function, output: &self.buffers.outputs[before], grad_input })
        };
        let before_it = layers[before].function().and_then(through);
        let function = layers.iter().find_map(Layer::function);
        Some(GradInput { view: &self.buffers.grads[before], dropout, before: before_it, function })
    }

    /// A step without its update that checks everything: `flags[i]` becomes 1 when the output of layer `i` is not finite, and
    /// `flags[layers + i]` when the gradient of that output or of a tensor of layer `i` is not.
    pub fn record_inspection(&self, recorder: &mut Recorder, flags: &View) -> Result<()> {
        let layers = &self.network.layers;
        let spare = recorder.buffer("inspection.not_finite_seen", 1)?;
        self.record_forward(recorder, Mode::Training, Activations::Apart, |recorder, i, output| {
            record_check(recorder, &layers[i].name, output, flags, i)
        })?;
        record_check(recorder, "loss.result", &self.result, flags, layers.len() - 1)?;
        self.record_backward(recorder, &spare)?;
        for (i, layer) in layers.iter().enumerate() {
            let flag = layers.len() + i;
            record_check(recorder, &layer.name, &self.buffers.grads[i], flags, flag)?;
            for tensor in layer.kind.tensors().into_iter().flatten() {
                let gradient = self.buffers.tensor(&self.buffers.gradients, tensor);
                record_check(recorder, &self.network.tensors[tensor].name, &gradient, flags, flag)?;
            }
        }
        Ok(())
    }
}

fn record_check(recorder: &mut Recorder, name: &str, values: &View, flags: &View, flag: usize) -> Result<()> {
    for range in optimizer::chunks(recorder, values) {
        let vectors = range.len().div_ceil(4);
        let constants = [("VECTORS", vectors.into()), ("FLAG", flag.into())];
        let views = [&values.slice(range.start, range.len()), flags];
        recorder.dispatch(&format!("{name}.check"), &FINITE_CHECK, &constants, &views, workgroups(vectors))?;
    }
    Ok(())
}

/// The table of `optimizer.wgsl`: a row (start, splits, first partial, distance of splits) for each tensor, in vec4s, and
/// one for the gap behind a tensor with partial sums.
fn segments(network: &Network, buffers: &Buffers, kept: &[Kept], partials: &View) -> Vec<[u32; 4]> {
    let in_place = |start: usize| [(start / 4) as u32, 0, 0, 0];
    let mut rows: Vec<[u32; 4]> = buffers.layout.tensors.iter().map(|place| in_place(place.start)).collect();
    let mut gaps = vec![];
    for (layer, kept) in network.layers.iter().zip(kept) {
        let (&Kind::Conv { weight, bias, .. }, Kept::Conv(kept)) = (&layer.kind, kept) else { continue };
        let [weight, bias] = [weight, bias].map(|tensor| (tensor, buffers.layout.tensors[tensor]));
        let split = weight.1.len() + bias.1.len();
        let mut first = ((kept.partial.offset - partials.offset) / 16) as u32;
        for (tensor, place) in [weight, bias] {
            rows[tensor] = [(place.start / 4) as u32, kept.splits as u32, first, (split / 4) as u32];
            gaps.push(in_place(place.start + place.len()));
            first += (place.len() / 4) as u32;
        }
    }
    for gap in gaps {
        // Where there is no gap, the row of the next tensor follows the empty one and wins.
        let place = rows.partition_point(|row| row[0] < gap[0]);
        rows.insert(place, gap);
    }
    rows
}

fn size(layer: &Layer) -> linear::Size {
    linear::Size { inputs: stored(layer.input), outputs: layer.output.channels }
}
