//! Dropout, inverted: `y = x / (1 - p)` where the mask keeps the unit, else 0 - Srivastava et al. 2014, section 10.
//!
//! The mask is a function of seed, step, layer and index ([`crate::rng`]), so backward computes it again. In evaluation
//! the layer passes its input on.

use super::activation::{self, GradInput};
use crate::cpu::Float;
use crate::error::Result;
use crate::gpu::kernels::{DROPOUT_BACKWARD, DROPOUT_FORWARD};
use crate::gpu::recorder::{Constant, Recorder, View, padded, workgroups};
use crate::network::Shape;
use crate::rng::{self, Stream};

/// Decides which units a step keeps.
#[derive(Clone, Copy, Debug)]
pub struct Mask {
    pub seed: u32,
    pub step: u64,
    /// [`rng::name_hash`] of the layer's name.
    pub layer: u32,
    /// The first unit's index in (batch, features), where a part of a batch starts.
    pub first: usize,
    /// The probability that a unit is switched off, in [0, 1).
    pub probability: f32,
}

impl Mask {
    /// Whether the unit at `index` of (batch, features) stays.
    pub fn keeps(&self, index: usize) -> bool {
        let bits = rng::hash(self.seed, Stream::Dropout, self.step as u32, self.layer, index as u32);
        rng::uniform(bits) >= self.probability
    }
}

/// Forward on an input, and, as the layer is linear, backward on a gradient: (batch, features) both.
pub fn apply<T: Float>(mask: &Mask, input: &[T], output: &mut [T]) {
    let scale = T::ONE / (T::ONE - T::from_f32(mask.probability));
    for (index, (y, x)) in output.iter_mut().zip(input).enumerate() {
        *y = if mask.keeps(mask.first + index) { *x * scale } else { T::ZERO };
    }
}

// ---- on the GPU

/// Records [`apply`] on an activation: (batch, shape) both.
pub fn record_forward(recorder: &mut Recorder, name: &str, shape: Shape, input: &View, output: &View) -> Result<()> {
    let (vectors, constants) = constants(recorder, name, shape);
    let views = [input, &recorder.params.clone(), output];
    recorder.dispatch(&format!("{name}.forward"), &DROPOUT_FORWARD, &constants, &views, workgroups(vectors))
}

/// Records [`apply`] on a gradient: (batch, shape) both.
pub fn record_backward<'a>(
    recorder: &mut Recorder,
    name: &str,
    shape: Shape,
    grad_output: &View,
    grad_input: impl Into<GradInput<'a>>,
) -> Result<()> {
    let (vectors, constants) = constants(recorder, name, shape);
    let (label, views) = (format!("{name}.backward"), [grad_output, &recorder.params.clone()]);
    activation::record_backward(recorder, &label, &DROPOUT_BACKWARD, &constants, &views, grad_input.into(), workgroups(vectors))
}

fn constants(recorder: &Recorder, name: &str, shape: Shape) -> (usize, [(&'static str, Constant); 3]) {
    let vectors = recorder.batch * shape.height * shape.width * padded(shape.channels) / 4;
    (vectors, [("VECTORS", vectors.into()), ("CHANNELS", shape.channels.into()), ("LAYER", rng::name_hash(name).into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_kept_units_and_their_scale_are_right() {
        let mask = Mask { seed: 1, step: 7, layer: rng::name_hash("fc6.dropout"), first: 0, probability: 0.25 };
        let mut y = vec![0.0f32; 10_000];
        apply(&mask, &vec![3.0; 10_000], &mut y);
        assert!(y.iter().all(|y| *y == 0.0 || *y == 4.0));
        // 7500 expected, standard deviation sqrt(10000 * 0.75 * 0.25) = 43; four of them are allowed.
        let kept = y.iter().filter(|y| **y > 0.0).count();
        assert!(kept.abs_diff(7500) < 173, "{kept}");
    }
}
