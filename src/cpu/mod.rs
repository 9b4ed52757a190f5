//! The CPU backend: the oracle of every GPU kernel, and what trains where there is no WebGPU.
//!
//! [`Cpu`] owns the buffers; the arithmetic is in [`crate::layers`] and [`crate::optimizer`]. A step runs at once, on one
//! thread, and in the same order every time: equal inputs give equal bits.

mod exp;
mod float;
pub mod gemm;
mod pass;

pub use float::Float;
pub use pass::Mode;

use crate::backend::{Hyper, NotFinite, Place, State, StepRecord};
use crate::data::batch::Batch;
use crate::error::Result;
use crate::layers::batch_norm;
use crate::network::{Kind, Network};
use crate::optimizer;
use crate::stats::{ActivationStats, GradientStats, Snapshot};
use pass::Buffers;

/// A network with its state, gradients and activations.
pub struct Cpu<T = f32> {
    network: Network,
    capacity: usize,
    mean: [f32; 3],
    std: [f32; 3],
    parameters: Vec<T>, // (Network::parameters), the same for velocities and gradients
    velocities: Vec<T>,
    gradients: Vec<T>,
    running: Vec<T>, // (Network::running_len)
    buffers: Buffers<T>,
    /// Images of the last training step, whose gradients the buffers hold.
    trained: usize,
    /// A step was not finite: no update until the next `set_state`.
    stopped: bool,
    records: Vec<StepRecord>,
}

impl<T: Float> Cpu<T> {
    /// Buffers for at most `capacity` images at a time; parameters start at 0, so [`Cpu::set_state`] comes next. `mean` and
    /// `std` normalise the three channels on the scale 0 to 1.
    pub fn new(network: Network, capacity: usize, mean: [f32; 3], std: [f32; 3]) -> Cpu<T> {
        let zeros = vec![T::ZERO; network.parameters()];
        let running = network.initial_running().into_iter().map(T::from_f32).collect();
        Cpu {
            capacity,
            mean,
            std,
            velocities: zeros.clone(),
            gradients: zeros.clone(),
            parameters: zeros,
            running,
            buffers: Buffers::new(&network, capacity),
            trained: 0,
            stopped: false,
            records: vec![],
            network,
        }
    }

    /// One training step; its record is there at once.
    ///
    /// # Panics
    /// When the batch is larger than the capacity or does not have the network's image size.
    pub fn step(&mut self, batch: &Batch, hyper: &Hyper) -> Result<()> {
        self.load(&batch.pixels);
        let (loss, correct) = self.differentiate(&batch.labels, hyper);
        self.stopped |= !(all_finite(&[loss]) && all_finite(&self.gradients));
        if !self.stopped {
            self.update(hyper);
        }
        self.records.push(StepRecord { step: hyper.step, loss: loss.to_f32(), correct, finite: !self.stopped });
        Ok(())
    }

    /// The records since the last call.
    pub fn finished(&mut self) -> Result<Vec<StepRecord>> {
        Ok(std::mem::take(&mut self.records))
    }

    /// Steps that are under way: none, as each runs at once.
    pub fn in_flight(&self) -> usize {
        0
    }

    /// Waits for nothing.
    pub async fn settle(&mut self) -> Result<()> {
        Ok(())
    }

    /// Takes parameters, velocities and running statistics, and allows updates again.
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
        Ok(State { parameters: to_f32(&self.parameters), velocities: to_f32(&self.velocities), running: to_f32(&self.running) })
    }

    /// Logits in evaluation mode, (n, classes), of any number of images.
    pub async fn logits(&mut self, batch: &Batch) -> Result<Vec<f32>> {
        let logits_layer = self.network.layers.len() - 2; // the loss comes after it
        let mut logits = Vec::with_capacity(batch.labels.len() * self.network.classes);
        for pixels in batch.pixels.chunks(self.capacity * self.network.input.len()) {
            self.load(pixels);
            self.forward(&Mode::Evaluation);
            logits.extend(self.output(logits_layer).iter().map(|z| z.to_f32()));
        }
        Ok(logits)
    }

    /// Output of one layer in evaluation mode, (n, height, width, channels), n at most the capacity. The last layer, the
    /// loss, gives probabilities.
    pub async fn output_of(&mut self, batch: &Batch, layer: usize) -> Result<Vec<f32>> {
        self.load(&batch.pixels);
        self.forward(&Mode::Evaluation);
        if layer + 1 == self.network.layers.len() {
            self.loss(&batch.labels);
        }
        Ok(to_f32(self.output(layer)))
    }

    /// Gradients of the last training step, and activations of the probe batch in evaluation mode.
    pub async fn snapshot(&mut self, step: u64, probe: &Batch) -> Result<Snapshot> {
        let values = |values: &[T]| GradientStats::of(values.iter().map(|g| g.to_f32()));
        let parameters = self.network.tensors.iter().map(|tensor| values(&self.gradients[tensor.range.clone()])).collect();
        let activation_gradients = self.network.blocks.iter().map(|b| values(self.output_gradient(b.activation))).collect();
        self.load(&probe.pixels);
        self.forward(&Mode::Evaluation);
        let activations = self.network.blocks.iter().map(|block| {
            let layer = &self.network.layers[block.activation];
            let function = if let Kind::Activation { function } = layer.kind { Some(function) } else { None };
            ActivationStats::of(&to_f32(self.output(block.activation)), layer.output.channels, function)
        });
        Ok(Snapshot { step, parameters, activation_gradients, activations: activations.collect() })
    }

    /// Runs a training step without its update, and names the first layer whose output is not finite, in forward order;
    /// else the first whose gradient (of its output or of its parameters) is not, in backward order.
    pub async fn first_not_finite(&mut self, batch: &Batch, hyper: &Hyper) -> Result<Option<NotFinite>> {
        self.load(&batch.pixels);
        let (loss, _) = self.differentiate(&batch.labels, hyper);
        let layers = &self.network.layers;
        let found = |layer: usize, place| Some(NotFinite { layer: layers[layer].name.clone(), place });
        let last = layers.len() - 1;
        for layer in 0..=last {
            if !all_finite(self.output(layer)) || (layer == last && !all_finite(&[loss])) {
                return Ok(found(layer, Place::Activation));
            }
        }
        for layer in (0..last).rev() {
            let of_tensor = |index: usize| &self.gradients[self.network.tensors[index].range.clone()];
            let of_parameters = layers[layer].kind.tensors().map(|tensors| tensors.map(of_tensor));
            if !all_finite(self.output_gradient(layer)) || of_parameters.into_iter().flatten().any(|g| !all_finite(g)) {
                return Ok(found(layer, Place::Gradient));
            }
        }
        Ok(None)
    }

    /// Bytes of all buffers.
    pub fn memory_bytes(&self) -> u64 {
        Self::memory_needed(&self.network, self.capacity)
    }

    /// Bytes that [`Cpu::new`] would allocate.
    pub fn memory_needed(network: &Network, capacity: usize) -> u64 {
        let state = 3 * network.parameters() as u64 + network.running_len() as u64;
        (state + Buffers::<T>::elements(network, capacity)) * size_of::<T>() as u64
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The parameters, in the layout of [`Network::tensors`].
    pub fn parameters_mut(&mut self) -> &mut [T] {
        &mut self.parameters
    }

    /// The parameters' gradients of the last training step.
    pub fn gradients(&self) -> &[T] {
        &self.gradients
    }

    /// Output of a layer in the last pass: (batch, height, width, channels).
    pub fn output(&self, layer: usize) -> &[T] {
        let length = self.network.layers[layer].output.len();
        &self.buffers.outputs[layer][..self.buffers.batch * length]
    }

    /// Gradient of the loss with respect to a layer's output, of the last training step: (batch, height, width, channels).
    /// Empty for the last layer, the loss.
    pub fn output_gradient(&self, layer: usize) -> &[T] {
        let gradient = &self.buffers.output_gradients[layer];
        &gradient[..(self.trained * self.network.layers[layer].output.len()).min(gradient.len())]
    }

    /// Puts images in place: `(byte / 255 - mean) / std`.
    fn load(&mut self, pixels: &[u8]) {
        let [mean, std] = [self.mean, self.std].map(|channels| channels.map(T::from_f32));
        let input = self.buffers.input_for(pixels.len());
        for (x, bytes) in input.chunks_exact_mut(3).zip(pixels.chunks_exact(3)) {
            for c in 0..3 {
                x[c] = (T::of(f64::from(bytes[c])) / T::of(255.0) - mean[c]) / std[c];
            }
        }
    }

    /// Puts normalised images in place: (batch, height, width, 3).
    pub fn set_input(&mut self, input: &[T]) {
        self.buffers.input_for(input.len()).copy_from_slice(input);
    }

    /// Forward and backward on the images in place, without any update. Gives the mean loss and the number of images
    /// that were classified right.
    pub fn differentiate(&mut self, labels: &[u32], hyper: &Hyper) -> (T, u32) {
        self.trained = labels.len();
        let mode = Mode::training(hyper);
        self.forward(&mode);
        let outcome = self.buffers.loss(labels);
        self.buffers.backward(&self.network, &self.parameters, &mode, labels, &mut self.gradients);
        outcome
    }

    /// Forward on the images in place, up to the logits.
    pub fn forward(&mut self, mode: &Mode) {
        self.buffers.forward(&self.network, &self.parameters, &self.running, mode);
    }

    /// The mean loss of the last forward pass, and the number of images that were classified right.
    pub fn loss(&mut self, labels: &[u32]) -> (T, u32) {
        self.buffers.loss(labels)
    }

    fn update(&mut self, hyper: &Hyper) {
        optimizer::update(hyper, &self.gradients, &mut self.velocities, &mut self.parameters);
        for layer in &self.network.layers {
            if let Kind::BatchNorm { running, momentum, .. } = layer.kind {
                let range = self.network.running[running].range();
                let rows = self.trained * layer.output.height * layer.output.width;
                batch_norm::update_running(&self.buffers.statistics[range.clone()], &mut self.running[range], rows, momentum);
            }
        }
    }
}

fn to_f32<T: Float>(values: &[T]) -> Vec<f32> {
    values.iter().map(|value| value.to_f32()).collect()
}

/// Whether no value is NaN or infinite: `0 x` is 0 for a finite x, else NaN. Eight sums let the loop use SIMD.
fn all_finite<T: Float>(values: &[T]) -> bool {
    let mut sums = [T::ZERO; 8];
    let chunks = values.chunks_exact(8);
    let rest: T = chunks.remainder().iter().map(|x| *x * T::ZERO).sum();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += *x * T::ZERO;
        }
    }
    sums.iter().copied().sum::<T>() + rest == T::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_that_is_not_finite_is_found_wherever_it_is() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for i in 0..19 {
                let mut values = [f32::MAX; 19];
                assert!(all_finite(&values));
                values[i] = bad;
                assert!(!all_finite(&values));
            }
        }
    }
}
