//! Statistics for the page, taken by all parts: each looks at its own gradients and at its own images of the probe batch.

use super::Cpu;
use super::part::Part;
use super::pass::Mode;
use crate::config::ActivationFunction;
use crate::data::batch::Batch;
use crate::math::gemm::Product;
use crate::network::{Layer, Network};
use crate::stats::{self, ActivationStats, GradientStats, Moments, Snapshot, Spread};
use crate::step::peers::{Gone, Message, What};
use crate::step::tree::parts;
use crate::step::{Hyper, Share};

/// What a part has seen before it knows the range of all activations.
pub(super) struct Look {
    /// Of the gradient of each block's activation, in the last step.
    gradients: Vec<GradientStats>,
    /// Of each block's activations on the probe batch.
    moments: Vec<Moments>,
    /// Which channels of each block are not 0 everywhere; see [`stats::see`].
    seen: Vec<u32>, // (`seeing` of each block)
}

/// Channels that [`stats::see`] looks at: those of ReLU, which can be dead.
fn seeing(layer: &Layer) -> usize {
    if layer.function() == Some(ActivationFunction::Relu) { layer.output.channels } else { 0 }
}

/// Each block's last layer, and its index.
fn activations(network: &Network) -> impl Iterator<Item = (usize, &Layer)> {
    network.blocks.iter().map(|block| (block.activation, &network.layers[block.activation]))
}

impl Look {
    fn add(&mut self, other: &Look, with_gradients: bool) {
        if with_gradients {
            self.gradients.iter_mut().zip(&other.gradients).for_each(|(all, own)| all.add(own));
        }
        self.moments.iter_mut().zip(&other.moments).for_each(|(all, own)| all.add(own));
        self.seen.iter_mut().zip(&other.seen).for_each(|(all, own)| *all |= own);
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let gradients: Vec<u32> = self.gradients.iter().flat_map(GradientStats::to_words).collect();
        [bytemuck::cast_slice(&gradients), bytemuck::cast_slice(&self.moments), bytemuck::cast_slice(&self.seen)].concat()
    }

    /// Reads what another part wrote, which has the same network.
    fn read(&self, bytes: &[u8]) -> Result<Look, Gone> {
        let (gradients, rest) = bytes.split_at_checked(self.gradients.len() * 4 * GradientStats::WORDS).ok_or(Gone)?;
        let (moments, seen) = rest.split_at_checked(size_of_val(&self.moments[..])).ok_or(Gone)?;
        if seen.len() != size_of_val(&self.seen[..]) {
            return Err(Gone);
        }
        Ok(Look {
            gradients: gradients.chunks_exact(4 * GradientStats::WORDS).map(GradientStats::from_bytes).collect(),
            moments: bytemuck::pod_collect_to_vec(moments),
            seen: bytemuck::pod_collect_to_vec(seen),
        })
    }
}

impl<T: Product> Part<T> {
    /// Looks at the last step's gradients, and at the activations of this part's probe images, in evaluation mode.
    pub(super) fn look(&mut self, parameters: &[T], running: &[T], pixels: &[u8], share: Share) -> Look {
        self.load(pixels);
        if !pixels.is_empty() {
            self.forward(parameters, running, &Mode::Look(share));
        }
        let mut seen = vec![];
        for (i, layer) in activations(&self.network) {
            let start = seen.len();
            seen.resize(start + seeing(layer), 0);
            stats::see(self.output(i), &mut seen[start..]);
        }
        Look {
            gradients: activations(&self.network).map(|(i, _)| GradientStats::of(self.output_gradient(i))).collect(),
            moments: activations(&self.network).map(|(i, layer)| Moments::of(self.output(i), layer.function())).collect(),
            seen,
        }
    }

    /// How the activations of the last [`Part::look`] are distributed, given the moments of all parts.
    pub(super) fn spreads(&self, all: &[Moments]) -> Vec<Spread> {
        activations(&self.network).zip(all).map(|((i, _), all)| Spread::of(self.output(i), all)).collect()
    }
}

impl<T: Product> Cpu<T> {
    /// Gradients of the last training step, and activations of the probe batch in evaluation mode, with `hyper`'s noise. Gradients
    /// of helpers that were lost since that step are left out.
    pub(super) async fn looked_at(&mut self, hyper: &Hyper, probe: &Batch) -> Result<Snapshot, Gone> {
        let (images, image) = (probe.labels.len(), self.network().input.len());
        let parts = parts(images, self.workers());
        let cut = |part: usize| {
            let part = parts.get(part).cloned().unwrap_or(images..images);
            (&probe.pixels[part.start * image..part.end * image], Share::new(hyper, part.start, images))
        };
        // One that has no probe images may have gradients.
        let helpers = &mut self.helpers[..self.helped.max(parts.len() - 1)];
        for (helper, part) in helpers.iter().zip(1..) {
            let (pixels, share) = cut(part);
            helper.send(What::Look { share }, &[&self.parameters[..], &self.running].concat(), pixels);
        }
        let (pixels, share) = cut(0);
        let mut look = self.part.look(&self.parameters, &self.running, pixels, share);
        for (part, helper) in helpers.iter_mut().enumerate() {
            let Message { what: What::Looked, bytes, .. } = helper.receive().await? else { return Err(Gone) };
            let other = look.read(&bytes)?;
            look.add(&other, part < self.helped);
        }
        helpers.iter().for_each(|helper| helper.send(What::Spread, &[], bytemuck::cast_slice(&look.moments)));
        let mut spreads = self.part.spreads(&look.moments);
        // Part 0 alone has these.
        let tensors = &self.part.network.tensors;
        let parameters = tensors.iter().map(|tensor| GradientStats::of(&self.gradients[tensor.range.clone()])).collect();
        let norms = tensors.iter().map(|tensor| stats::norm(&self.parameters[tensor.range.clone()])).collect();
        for helper in helpers {
            let Message { what, bytes, .. } = helper.receive().await?;
            if what != What::Spreads || bytes.len() != size_of_val(&spreads[..]) {
                return Err(Gone);
            }
            let others: Vec<Spread> = bytemuck::pod_collect_to_vec(&bytes);
            spreads.iter_mut().zip(&others).for_each(|(all, own)| all.add(own));
        }
        let mut seen = &look.seen[..];
        let layers = activations(&self.part.network).map(|(_, layer)| seen.split_off(..seeing(layer)).unwrap_or_default());
        let activations = look.moments.iter().zip(layers).zip(&spreads);
        let activations = activations.map(|((moments, seen), spread)| ActivationStats::new(moments, seen, spread)).collect();
        Ok(Snapshot { step: hyper.step, parameters, norms, activation_gradients: look.gradients, activations })
    }
}
