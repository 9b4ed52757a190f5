//! The tensors of a network on the GPU.

use super::layout::{Layout, Place};
use crate::error::Result;
use crate::gpu::recorder::Recorder;
use crate::gpu::view::{ALIGNMENT, View, stored};
use crate::network::{Kind, Network};

pub struct Buffers {
    pub layout: Layout,
    /// Flat, in the layout's order; a view of one tensor: [`Buffers::tensor`].
    pub parameters: View,
    pub velocities: View,
    pub gradients: View,
    /// Running means and variances, places `2 * i` and `2 * i + 1` of `layout.running`.
    pub running: View,
    /// The last training batch's means and biased variances, as `running`; then, from [`Buffers::unbiased`] on, the factors that make
    /// them unbiased.
    pub statistics: View,
    /// Bytes of the batch, four a word: (batch, height, width, 3).
    pub pixels: View,
    pub labels: View, // (batch)
    /// The normalised images.
    pub input: View, // (batch, height, width, 4)
    /// The output of each layer: (batch, layer.output). A layer with parameters shares the output of an activation function right
    /// after it; the value before the activation function is never stored.
    pub outputs: Vec<View>,
    /// Gradient of the loss with respect to the output of each layer, of the last training step. For a block's activation it is
    /// `grads[block.activation]`. A dropout layer shares its input's gradient; its own is never stored.
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
            statistics: recorder.buffer("statistics", running.next_multiple_of(ALIGNMENT) + running)?,
            pixels: recorder.buffer("pixels", (batch * input.len()).div_ceil(4))?,
            labels: recorder.buffer("labels", batch)?,
            input: recorder.buffer("input", batch * stored(input))?,
            layout,
            outputs: vec![],
            grads: vec![],
        };
        for (i, layer) in network.layers.iter().enumerate() {
            let words = batch * stored(layer.output);
            // The loss's output is the probabilities; its gradient is that of the logits.
            let shared = matches!(layer.kind, Kind::SoftmaxLoss | Kind::Dropout);
            let output = if i > 0 && fused_activation(network, i - 1) {
                buffers.outputs[i - 1].clone()
            } else {
                recorder.buffer(&format!("{}.output", layer.name), words)?
            };
            let grad =
                if shared { buffers.grads[i - 1].clone() } else { recorder.buffer(&format!("{}.grad", layer.name), words)? };
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

    /// The second part of `statistics`.
    pub fn unbiased(&self) -> View {
        let length = self.running.words();
        self.statistics.slice(length.next_multiple_of(ALIGNMENT), length)
    }

    /// The part of `running` or `statistics` that belongs to `network.running[index]`: (batch_norm::statistics_len).
    pub fn statistics_of(&self, flat: &View, index: usize) -> View {
        let [mean, variance] = [2 * index, 2 * index + 1].map(|place| self.layout.running[place]);
        flat.slice(mean.start, variance.start + variance.len() - mean.start)
    }
}

fn part(flat: &View, place: Place) -> View {
    flat.slice(place.start, place.len())
}

/// Whether the kernel of layer `i` applies the activation function that follows it.
pub fn fused_activation(network: &Network, i: usize) -> bool {
    let kind = &network.layers[i].kind;
    let learnt = matches!(kind, Kind::Conv { .. } | Kind::Local { .. } | Kind::Linear { .. } | Kind::BatchNorm { .. });
    learnt && network.layers.get(i + 1).is_some_and(|next| matches!(next.kind, Kind::Activation { .. }))
}
