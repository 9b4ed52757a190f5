//! The CPU backend: the oracle for every GPU kernel, and the backend where there is no WebGPU.
//!
//! [`Cpu`] holds the state and computes the first part of each batch. Helpers, if there are any, compute the other parts at the
//! same time ([`crate::step::peers`]): threads in the native program, workers without shared memory in a page. The arithmetic is
//! in [`crate::layers`] and [`crate::optimizer`]. The order of all sums is fixed, whatever the number of parts: equal inputs give
//! equal bits ([`crate::step::tree`]). A helper passes on sums for the convolutions, but for local and linear layers the rows that their
//! gradients are computed from, as they have few operations and most of the parameters (Krizhevsky 2014 divides a network in the
//! same place). Part 0 computes those gradients for the whole batch.
//!
//! Two parts at batch 32, width 1, are natively 1.92 times as fast as one, with batch normalisation, whose layers exchange their sums
//! once per pass, 1.84 times. In a page, a message takes 0.1 to 0.2 ms. The rest is lost in copying parameters and sums, and in
//! waiting for the slower part. On a virtual machine, the same layer takes one core up to 40 % longer than the other, and every
//! exchange waits for the slower one. So in the backward pass, a part computes gradients of convolutions, which no other part waits
//! for, while its sums are under way.

mod look;
mod part;
mod pass;
mod shared;
#[cfg(not(target_arch = "wasm32"))]
pub mod threads;

pub use part::Part;
pub use pass::Mode;

use crate::data::Normalisation;
use crate::data::batch::Batch;
use crate::error::Result;
use crate::layers::batch_norm;
use crate::math::float::all_finite;
use crate::math::gemm::Product;
use crate::network::{Kind, Network};
use crate::optimizer;
use crate::stats::Snapshot;
use crate::step::peers::{Line, Peers};
use crate::step::tree::{Branch, parts};
use crate::step::{Hyper, NotFinite, Place, Share, State, StepRecord};
use part::{answer_len, now};
use pass::Buffers;
use std::collections::VecDeque;
use std::ops::Range;

/// A network with its state, gradients and activations.
pub struct Cpu<T = f32> {
    /// Most images at a time, over all parts.
    capacity: usize,
    parameters: Vec<T>, // (Network::parameters), the same for velocities and gradients
    velocities: Vec<T>,
    /// The parameters' gradients of the last step's batch.
    gradients: Vec<T>,
    running: Vec<T>, // (Network::running_len)
    /// Part 0.
    part: Part<T>,
    /// Lines to the other parts, in their order.
    helpers: Vec<Line<T>>,
    /// Helpers that took part in the last step.
    helped: usize,
    /// Helpers were lost since the last call of `lost_helpers`.
    lost_helpers: bool,
    /// Steps enqueued.
    queue: VecDeque<(Batch, Hyper)>,
    /// A step was not finite: no update until the next `set_state`.
    stopped: bool,
    records: Vec<StepRecord>,
}

impl<T: Product> Cpu<T> {
    /// Buffers for at most `capacity` images at a time; parameters start at 0, so [`Cpu::set_state`] comes next. `normalisation`
    /// is that of the images.
    pub fn new(network: Network, capacity: usize, normalisation: Normalisation) -> Cpu<T> {
        Cpu::with_helpers(network, capacity, normalisation, vec![])
    }

    /// The same with a line to each helper. The capacities of helpers are the lengths of [`parts`] after the first.
    pub fn with_helpers(network: Network, capacity: usize, normalisation: Normalisation, helpers: Vec<Line<T>>) -> Cpu<T> {
        let zeros = vec![T::ZERO; network.parameters()];
        let own = parts(capacity, 1 + helpers.len())[0].len();
        Cpu {
            capacity,
            velocities: zeros.clone(),
            gradients: zeros.clone(),
            parameters: zeros,
            running: network.initial_running().into_iter().map(T::from_f32).collect(),
            part: Part::new(network, own, normalisation),
            helpers,
            helped: 0,
            lost_helpers: false,
            queue: VecDeque::new(),
            stopped: false,
            records: vec![],
        }
    }

    /// Enqueues one training step. Without helpers it runs at once, and its record is ready.
    ///
    /// # Panics
    /// When the batch is larger than the capacity or does not have the network's image size.
    pub fn step(&mut self, batch: &Batch, hyper: &Hyper) -> Result<()> {
        self.queue.push_back((batch.clone(), *hyper));
        if self.helpers.is_empty() { now(self.work()) } else { Ok(()) }
    }

    /// Runs the enqueued steps.
    pub async fn work(&mut self) -> Result<()> {
        while let Some((batch, hyper)) = self.queue.pop_front() {
            let (loss, correct) = self.together(async |cpu| cpu.gradients_of(&batch, &hyper).await).await;
            self.stopped |= !(all_finite(&[loss]) && all_finite(&self.gradients));
            if !self.stopped {
                self.update(&hyper, batch.labels.len());
            }
            self.records.push(StepRecord { step: hyper.step, loss: loss.to_f32(), correct, finite: !self.stopped });
        }
        Ok(())
    }

    /// The records since the last call.
    pub fn finished(&mut self) -> Result<Vec<StepRecord>> {
        Ok(std::mem::take(&mut self.records))
    }

    /// Steps enqueued.
    pub fn in_flight(&self) -> usize {
        self.queue.len()
    }

    pub async fn settle(&mut self) -> Result<()> {
        self.work().await
    }

    /// Sets parameters, velocities and running statistics, and allows updates again. No step may be enqueued.
    ///
    /// # Panics
    /// When a length is not the network's.
    pub fn set_state(&mut self, state: &State) -> Result<()> {
        let copy = |target: &mut [T], source: &[f32]| {
            assert_eq!(target.len(), source.len(), "the state is of this network");
            target.iter_mut().zip(source).for_each(|(target, source)| *target = T::from_f32(*source));
        };
        copy(&mut self.parameters, &state.parameters);
        copy(&mut self.velocities, &state.velocities);
        copy(&mut self.running, &state.running);
        self.stopped = false;
        Ok(())
    }

    pub async fn state(&mut self) -> Result<State> {
        self.work().await?;
        Ok(State { parameters: to_f32(&self.parameters), velocities: to_f32(&self.velocities), running: to_f32(&self.running) })
    }

    /// A layer's two tensors and, for batch normalisation, running means and variances, one after the other; empty for other
    /// layers.
    pub async fn learnt(&mut self, layer: usize) -> Result<Vec<f32>> {
        self.work().await?;
        let (network, kind) = (self.network(), &self.network().layers[layer].kind);
        let Some([first, second]) = kind.tensors() else { return Ok(vec![]) };
        let mut values = to_f32(&self.parameters[network.tensors[first].range.start..network.tensors[second].range.end]);
        if let Kind::BatchNorm { running, .. } = *kind {
            values.extend(to_f32(&self.running[network.running[running].range()]));
        }
        Ok(values)
    }

    /// Logits in evaluation mode, (n, classes), of any number of images.
    pub async fn logits(&mut self, batch: &Batch) -> Result<Vec<f32>> {
        self.work().await?;
        let mut logits = Vec::with_capacity(batch.labels.len() * self.network().classes);
        for pixels in batch.pixels.chunks(self.capacity * self.network().input.len()) {
            logits.extend(to_f32(&self.together(async |cpu| cpu.logits_of(pixels).await).await));
        }
        Ok(logits)
    }

    /// Output of one layer in evaluation mode, (n, height, width, channels), n at most the capacity. The last layer, the
    /// loss, gives probabilities.
    pub async fn output_of(&mut self, batch: &Batch, layer: usize) -> Result<Vec<f32>> {
        self.work().await?;
        let mut output = vec![];
        let images = self.part.capacity();
        for (pixels, labels) in batch.pixels.chunks(images * self.network().input.len()).zip(batch.labels.chunks(images)) {
            self.part.load(pixels);
            self.forward(&Mode::Evaluation);
            if layer + 1 == self.network().layers.len() {
                self.loss(labels);
            }
            output.extend(to_f32(self.output(layer)));
        }
        Ok(output)
    }

    /// Gradients of the last training step, and activations of the probe batch, of at most `capacity` images, in evaluation mode,
    /// with `hyper`'s noise.
    pub async fn snapshot(&mut self, hyper: &Hyper, probe: &Batch) -> Result<Snapshot> {
        self.work().await?;
        Ok(self.together(async |cpu| cpu.looked_at(hyper, probe).await).await)
    }

    /// Runs a training step without its update, and names the first layer whose output is not finite, in forward order;
    /// else the first whose gradient (of its output or of its parameters) is not, in backward order.
    pub async fn first_not_finite(&mut self, batch: &Batch, hyper: &Hyper) -> Result<Option<NotFinite>> {
        self.work().await?;
        let (loss, parts) = self.together(async |cpu| cpu.not_finite_in(batch, hyper).await).await;
        let layers = &self.network().layers;
        let found = |layer: usize, place| Some(NotFinite { layer: layers[layer].name.clone(), place });
        let of_loss = (!all_finite(&[loss])).then_some(layers.len() - 1);
        if let Some(layer) = parts.output.or(of_loss) {
            return Ok(found(layer, Place::Activation));
        }
        let is_finite = |tensor: usize| all_finite(&self.gradients()[self.network().tensors[tensor].range.clone()]);
        let of_parameters = layers.iter().rposition(|layer| !layer.kind.tensors().into_iter().flatten().all(is_finite));
        Ok(parts.gradient.max(of_parameters).and_then(|layer| found(layer, Place::Gradient)))
    }

    /// Bytes of all buffers.
    pub fn memory_bytes(&self) -> u64 {
        Self::memory_needed(self.network(), self.capacity, self.workers())
    }

    /// Bytes that [`Cpu::with_helpers`] and its helpers allocate in all.
    pub fn memory_needed(network: &Network, capacity: usize, workers: usize) -> u64 {
        let parameters = network.parameters() as u64;
        let of_part = |part: Range<usize>| {
            let answer = answer_len(network, &Branch::new(capacity, part.clone())) as u64;
            Buffers::<T>::elements(network, part.len()) + answer
        };
        let parts = parts(capacity, workers);
        // The state and the gradients; each helper has its own copy of the parameters.
        let flat = 3 * parameters + network.running_len() as u64 + parameters * (parts.len() as u64 - 1);
        (flat + parts.into_iter().map(of_part).sum::<u64>()) * size_of::<T>() as u64
    }

    /// How many parts a batch has.
    pub fn workers(&self) -> usize {
        1 + self.helpers.len()
    }

    /// Whether helpers were lost since the last call.
    pub fn lost_helpers(&mut self) -> bool {
        std::mem::take(&mut self.lost_helpers)
    }

    pub fn network(&self) -> &Network {
        &self.part.network
    }

    /// The parameters, in the layout of [`Network::tensors`].
    pub fn parameters_mut(&mut self) -> &mut [T] {
        &mut self.parameters
    }

    /// The parameters' gradients of the last training step.
    pub fn gradients(&self) -> &[T] {
        &self.gradients
    }

    /// Output of a layer in part 0's last pass: (images, height, width, channels).
    pub fn output(&self, layer: usize) -> &[T] {
        self.part.output(layer)
    }

    /// Gradient of the loss with respect to a layer's output, of part 0's last training step: (images, height, width, channels).
    /// Empty for the last layer, the loss.
    pub fn output_gradient(&self, layer: usize) -> &[T] {
        self.part.output_gradient(layer)
    }

    /// Loads normalised images, as part 0: (images, height, width, 3).
    pub fn set_input(&mut self, input: &[T]) {
        self.part.buffers.input_for(input.len()).copy_from_slice(input);
    }

    /// Forward and backward on the loaded images, which are a whole batch, without an update. Returns the mean loss and the
    /// number of images that were classified right.
    pub fn differentiate(&mut self, labels: &[u32], hyper: &Hyper) -> (T, u32) {
        let (share, peers) = (Share::new(hyper, 0, labels.len()), &mut Peers::none());
        let pass = now(self.part.differentiate(&self.parameters, labels, share, &mut self.gradients, peers));
        let (answer, correct) = pass.expect("no helper takes part");
        let loss = self.part.join(labels.len(), vec![answer], &mut self.gradients);
        (loss.expect("the part is the batch"), correct)
    }

    /// Forward on the loaded images, up to the logits.
    pub fn forward(&mut self, mode: &Mode) {
        self.part.forward(&self.parameters, &self.running, mode);
    }

    /// The mean loss of the last forward pass, and the number of images that were classified right.
    pub fn loss(&mut self, labels: &[u32]) -> (T, u32) {
        self.part.buffers.loss(0..labels.len(), labels, labels.len())
    }

    fn update(&mut self, hyper: &Hyper, images: usize) {
        let network = &self.part.network;
        for tensor in &network.tensors {
            let range = tensor.range.clone();
            let (velocities, parameters) = (&mut self.velocities[range.clone()], &mut self.parameters[range.clone()]);
            optimizer::update(&hyper.times(tensor.factors), &self.gradients[range], velocities, parameters);
        }
        for layer in &network.layers {
            if let Kind::BatchNorm { running, momentum, .. } = layer.kind {
                let range = network.running[running].range();
                let rows = images * layer.output.height * layer.output.width;
                let statistics = &self.part.buffers.statistics[range.clone()];
                batch_norm::update_running(statistics, &mut self.running[range], rows, momentum);
            }
        }
    }
}

fn to_f32<T: Product>(values: &[T]) -> Vec<f32> {
    values.iter().map(|value| value.to_f32()).collect()
}
