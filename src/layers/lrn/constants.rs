//! What both forms of the layer share: its constants and its power.

use crate::config::LrnRegion;
use crate::math::float::Float;
use crate::network::{Kind, Layer};

/// The layer's constants, in the network's type.
#[derive(Clone, Copy, Debug)]
pub struct Lrn {
    pub n: usize,
    pub k: f64,
    pub alpha: f64,
    pub beta: f64,
    pub region: LrnRegion,
}

impl Lrn {
    /// The constants of a layer of local response normalisation.
    ///
    /// # Panics
    /// When the layer is another one.
    pub fn of(layer: &Layer) -> Lrn {
        let Kind::Lrn { n, k, alpha, beta, region } = layer.kind else { unreachable!("{} is no LRN", layer.name) };
        Lrn { n, k, alpha, beta, region }
    }

    /// How far a window reaches below its own place.
    pub(super) fn below(&self) -> usize {
        self.n / 2
    }

    /// How far it reaches above.
    pub(super) fn above(&self) -> usize {
        self.n - 1 - self.below()
    }

    /// `s^-beta` in place.
    pub(super) fn powers<T: Float>(&self, s: &mut [T]) {
        if self.beta == 0.75 {
            s.iter_mut().for_each(|s| *s = quarter_power(*s));
        } else {
            let beta = T::of(-self.beta);
            s.iter_mut().for_each(|s| *s = s.powf(beta));
        }
    }
}

/// `s^-0.75` without `powf`.
fn quarter_power<T: Float>(s: T) -> T {
    let r = T::ONE / s.sqrt();
    r * r.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_power_is_the_power() {
        for s in [0.1, 1.0, 2.0, 17.0, 1e10] {
            // Three roundings of a relative error of 2^-53 each, and powf's own.
            assert!((quarter_power(s) / f64::powf(s, -0.75) - 1.0).abs() < 8.0 * f64::EPSILON, "{s}");
        }
    }
}
