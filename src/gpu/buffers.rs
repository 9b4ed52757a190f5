//! The tensors of a network on the GPU.

use super::layout::{Layout, Place};
use super::recorder::{Recorder, View, padded};
use crate::error::Result;
use crate::network::{Kind, Network, Shape};

pub struct Buffers {
    pub layout: Layout,
    /// Flat, in the layout's order; a view of one tensor: [`Buffers::tensor`].
    pub parameters: View,
    pub velocities: View,
    pub gradients: View,
    /// Running means and variances, places `2 * i` and `2 * i + 1` of `layout.running`.
    pub running: View,
    /// Bytes of the batch, four a word: (batch, height, width, 3).
    pub pixels: View,
    pub labels: View, // (batch)
    /// The normalised images.
    pub input: View, // (batch, height, width, 4)
    /// The output of each layer: (batch, layer.output). A learnt layer directly followed by its activation function
    /// shares that one's output; the value before the activation function is never stored.
    pub outputs: Vec<View>,
    /// Gradient of the loss with respect to the output of each layer, of the last training step. That of a block's
    /// activation is `grads[block.activation]`.
    pub grads: Vec<View>,
}

impl Buffers {
    /// # Errors
    /// [`crate::error::Error::TooLarge`].
    pub fn new(recorder: &mut Recorder, network: &Network) -> Result<Buffers> {
        let layout = Layout::of(network);
        let (parameters, running) = (layout.parameters(), layout.running_len());
        let (batch, input) = (recorder.batch, network.input);
        let mut buffers = Buffers {
            parameters: recorder.buffer("parameters", parameters)?,
            velocities: recorder.buffer("velocities", parameters)?,
            gradients: recorder.buffer("gradients", parameters)?,
            running: recorder.buffer("running", running)?,
            pixels: recorder.buffer("pixels", (batch * input.len()).div_ceil(4))?,
            labels: recorder.buffer("labels", batch)?,
            input: recorder.buffer("input", batch * stored(input))?,
            layout,
            outputs: vec![],
            grads: vec![],
        };
        for (i, layer) in network.layers.iter().enumerate() {
            let words = batch * stored(layer.output);
            // The loss's output are the probabilities; its gradient is that of the logits.
            let last = matches!(layer.kind, Kind::SoftmaxLoss);
            let output = if i > 0 && fused_activation(network, i - 1) {
                buffers.outputs[i - 1].clone()
            } else {
                recorder.buffer(&format!("{}.output", layer.name), words)?
            };
            let grad =
                if last { buffers.grads[i - 1].clone() } else { recorder.buffer(&format!("{}.grad", layer.name), words)? };
            buffers.outputs.push(output);
            buffers.grads.push(grad);
        }
        Ok(buffers)
    }

    /// What layer `i` reads: (batch, layer.input).
    pub fn input_of(&self, i: usize) -> &View {
        if i == 0 { &self.input } else { &self.outputs[i - 1] }
    }

    /// The part of a flat buffer (`parameters`, `velocities`, `gradients`) that holds tensor `index` of the network.
    pub fn tensor(&self, flat: &View, index: usize) -> View {
        part(flat, self.layout.tensors[index])
    }

    /// Running mean and variance of `network.running[index]`: (padded channels) each.
    pub fn running_of(&self, index: usize) -> [View; 2] {
        [2 * index, 2 * index + 1].map(|place| part(&self.running, self.layout.running[place]))
    }
}

fn part(flat: &View, place: Place) -> View {
    flat.slice(place.start, place.len())
}

/// Words of one image's activation as stored.
pub fn stored(shape: Shape) -> usize {
    shape.height * shape.width * padded(shape.channels)
}

/// Whether layer `i` is learnt and the next one is its activation function, applied in the same kernel.
pub fn fused_activation(network: &Network, i: usize) -> bool {
    let learnt = matches!(network.layers[i].kind, Kind::Conv { .. } | Kind::Linear { .. });
    learnt && network.layers.get(i + 1).is_some_and(|next| matches!(next.kind, Kind::Activation { .. }))
}
