//! One part of a batch: from bytes to gradients. Part 0 belongs to [`super::Cpu`], the others to helpers.

use super::pass::{Buffers, Mode};
use crate::data::Normalisation;
use crate::layers::input;
use crate::math::float::all_finite;
use crate::math::gemm::Product;
use crate::network::Network;
use crate::stats::GradientStats;
use crate::step::Share;
use crate::step::peers::{FirstNotFinite, Gone, Line, Message, Peers, What};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A network without a state, and what a pass through it leaves.
pub struct Part<T> {
    pub(super) network: Network,
    normalisation: Normalisation,
    pub(super) gradients: Vec<T>, // (Network::parameters), of this part's images
    pub(super) buffers: Buffers<T>,
    capacity: usize,
    /// Images of the last training step, whose gradients the buffers hold.
    trained: usize,
}

impl<T: Product> Part<T> {
    /// Buffers for at most `capacity` images at a time. `normalisation` is that of the images.
    pub fn new(network: Network, capacity: usize, normalisation: Normalisation) -> Part<T> {
        let gradients = vec![T::ZERO; network.parameters()];
        Part { normalisation, gradients, buffers: Buffers::new(&network, capacity), capacity, trained: 0, network }
    }

    /// Buffers for another number of images. Gradients of parameters stay; those of activations are lost.
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

    /// Forward and backward on the loaded images. Returns their share of the batch's mean loss, and how many of them were
    /// classified right.
    pub(super) async fn differentiate(
        &mut self,
        parameters: &[T],
        labels: &[u32],
        share: Share,
        peers: &mut Peers<'_, T>,
    ) -> Result<(T, u32), Gone> {
        self.trained = labels.len();
        let mode = Mode::Training(share);
        self.buffers.forward(&self.network, parameters, &[], &mode, peers).await?;
        let outcome = self.buffers.loss(labels, share.batch);
        self.buffers.backward(&self.network, parameters, &share, labels, &mut self.gradients, peers).await?;
        Ok(outcome)
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

    /// Statistics of the gradient of each block's activation.
    pub(super) fn gradient_statistics(&self) -> Vec<GradientStats> {
        let of = |layer: usize| GradientStats::of(self.output_gradient(layer).iter().map(|g| g.to_f32()));
        self.network.blocks.iter().map(|block| of(block.activation)).collect()
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
                let (loss, correct) = self.differentiate(&values, &labels, share, &mut Peers::First(line)).await?;
                drop(values); // between threads the message is a copy
                line.send(What::Gradients { correct }, &self.gradients, &loss.to_f64().to_le_bytes());
            }
            What::Evaluate => {
                let running = values.split_off(self.network.parameters());
                self.load(&bytes);
                self.forward(&values, &running, &Mode::Evaluation);
                line.send(What::Logits, self.logits(), &[]);
            }
            What::AskStatistics => {
                let words: Vec<u32> = self.gradient_statistics().iter().flat_map(GradientStats::to_words).collect();
                line.send(What::Statistics, &[], bytemuck::cast_slice(&words));
            }
            What::AskNotFinite => line.send(What::NotFinite(self.first_not_finite()), &[], &[]),
            _ => return Err(Gone),
        }
        Ok(())
    }
}

/// The value of a future that never waits.
pub(super) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("without helpers nothing waits"),
    }
}
