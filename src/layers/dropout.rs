//! Dropout, inverted: `y = x / (1 - p)` where the mask keeps the unit, else 0 - Srivastava et al. 2014, section 10.
//!
//! The mask is a function of seed, step, layer and index ([`crate::rng`]), so backward computes it again. In evaluation
//! the layer passes its input on.

use crate::math::float::Float;
use crate::network::Layer;
use crate::rng::{self, Stream};
use crate::step::Share;

/// Decides which units a step keeps.
#[derive(Clone, Copy, Debug)]
pub struct Mask {
    pub seed: u32,
    pub step: u64,
    /// [`rng::name_hash`] of the layer's name.
    pub layer: u32,
    /// Index of this part's first unit in (batch, features).
    pub first: usize,
    /// The probability that a unit is switched off, in [0, 1).
    pub probability: f32,
}

impl Mask {
    /// The mask of a dropout layer in a part of a step; `None` when every unit stays.
    pub fn of(share: &Share, layer: &Layer) -> Option<Mask> {
        let (seed, step, probability) = (share.seed, share.step, share.dropout);
        let (name, first) = (rng::name_hash(&layer.name), share.first * layer.output.len());
        (probability > 0.0).then_some(Mask { seed, step, layer: name, first, probability })
    }

    /// Whether the unit at `index` of (batch, features) stays.
    pub fn keeps(&self, index: usize) -> bool {
        let bits = rng::hash(self.seed, Stream::Dropout, self.step as u32, self.layer, index as u32);
        rng::uniform(bits) >= self.probability
    }
}

/// Forward on an input or, as the layer is linear, backward on a gradient. Both are (batch, features).
pub fn apply<T: Float>(mask: &Mask, input: &[T], output: &mut [T]) {
    let scale = T::ONE / (T::ONE - T::from_f32(mask.probability));
    for (index, (y, x)) in output.iter_mut().zip(input).enumerate() {
        *y = if mask.keeps(mask.first + index) { *x * scale } else { T::ZERO };
    }
}

/// The units of a dropout layer on the GPU, where the kernels of neighbouring layers apply it: see [`super::fused`].
#[derive(Clone, Copy, Debug)]
pub struct Units {
    /// [`rng::name_hash`] of the layer's name.
    pub layer: u32,
    /// Of an image, not padded.
    pub features: usize,
}

impl Units {
    pub fn of(layer: &Layer) -> Units {
        Units { layer: rng::name_hash(&layer.name), features: layer.output.len() }
    }
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
