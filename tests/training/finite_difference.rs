//! Central finite differences in f64, with an error bound measured at each entry.
//!
//! `D(h) = (f(h) - f(-h)) / 2h` is off by `c h^2` (truncation) and by `roundoff / h`. The steps h fall by 4, so that for a smooth
//! f `D(4h) - D(h) = 15 c h^2`: more than the truncation error of `D(h)`. A kink of ReLU or of a maximum within 4h makes the two
//! differ as well, unless it lies almost exactly at 0. Then the slopes right and left differ by a jump that does not fall with h:
//! `J(h) = jump + f'' h`, so `jump = (4 J(h) - J(4h)) / 3`. The error bound of `D(h)` is therefore
//! `|D(4h) - D(h)| + |jump| + roundoff / h`. The h with the smallest bound is used, and twice the bound is the tolerance.
//!
//! If even the smallest bound exceeds [`TRUSTED`] of the gradient's scale, the entry lies at a kink and is not judged. A
//! check that leaves more than [`MOST_KINKS`] of its entries unjudged fails.

use alexnet_lab::rng::{self, Stream};

/// A bound above this share of the gradient's scale tells nothing.
pub const TRUSTED: f64 = 1e-3;
/// A bound below this share ends the search for a better one.
const GOOD: f64 = 1e-5;
/// The largest share of entries that may lie at a kink.
pub const MOST_KINKS: f64 = 0.1;
const FIRST_STEP: f64 = 1e-2;
const STEPS: i32 = 9; // down to 1.5e-7

/// Standard normal numbers that depend on `name` alone.
pub fn normals(name: &str, n: usize) -> Vec<f64> {
    let bits = |i| rng::hash(11, Stream::Weights, 0, rng::name_hash(name), i);
    (0..n as u32).map(|i| rng::normal(bits(2 * i), bits(2 * i + 1))).collect()
}

/// `n` or fewer indices below `len`, spread by the hash of `name`.
pub fn sample(name: &str, len: usize, n: usize) -> Vec<usize> {
    if len <= n {
        return (0..len).collect();
    }
    let pick = |i| rng::hash(12, Stream::Order, 0, rng::name_hash(name), i) as usize % len;
    (0..n as u32).map(pick).collect()
}

/// How many entries were judged, how many lay at a kink, and the largest bound of a judged one relative to the scale.
#[derive(Debug, Default)]
pub struct Tally {
    pub judged: usize,
    pub kinks: usize,
    pub loosest: f64,
}

impl Tally {
    /// Compares `gradient`, a derivative at t = 0 as the code under test computes it, with differences of `f(t)`.
    /// `scale` is the typical size of the tensor's gradient, `roundoff` the rounding error of f.
    pub fn compare(
        &mut self,
        label: &str,
        gradient: f64,
        scale: f64,
        roundoff: f64,
        mut f: impl FnMut(f64) -> f64,
    ) -> Result<(), String> {
        let centre = f(0.0);
        // The central difference, and by how much the slope to the right exceeds that to the left.
        let mut differences = |h: f64| {
            let (right, left) = (f(h), f(-h));
            ((right - left) / (2.0 * h), (right - 2.0 * centre + left) / h)
        };
        let (mut coarser, mut coarser_bend) = differences(FIRST_STEP);
        let (mut best, mut bound) = (f64::NAN, f64::INFINITY);
        for i in 1..STEPS {
            let h = FIRST_STEP * 0.25f64.powi(i);
            let (finer, finer_bend) = differences(h);
            let jump = (4.0 * finer_bend - coarser_bend) / 3.0;
            let error = (finer - coarser).abs() + jump.abs() + roundoff / h;
            if error < bound {
                (best, bound) = (finer, error);
            }
            // Close enough, or the rounding term alone exceeds the bound from here on.
            if bound < GOOD * scale || 4.0 * roundoff / h > bound {
                break;
            }
            (coarser, coarser_bend) = (finer, finer_bend);
        }
        let scale = scale.max(gradient.abs()).max(best.abs());
        if bound.is_nan() || bound > TRUSTED * scale {
            self.kinks += 1;
            return Ok(());
        }
        self.judged += 1;
        self.loosest = self.loosest.max(bound / scale);
        if (gradient - best).abs() <= 2.0 * bound {
            return Ok(());
        }
        Err(format!("{label}: gradient {gradient:e}, finite difference {best:e}, tolerance {:e}", 2.0 * bound))
    }

    /// Few kinks, and at least one entry judged.
    pub fn finish(&self, label: &str) {
        let all = (self.judged + self.kinks) as f64;
        assert!(self.judged > 0 && self.kinks as f64 <= MOST_KINKS * all, "{label}: {self:?}");
    }
}

/// Root mean square.
pub fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64).sqrt()
}

#[test]
fn a_wrong_gradient_is_noticed_and_a_kink_is_not_judged() {
    let f = |t: f64| (1.0 + t).sin();
    let mut tally = Tally::default();
    assert!(tally.compare("right", 1f64.cos(), 1.0, 1e-16, f).is_ok());
    assert!(tally.compare("wrong", 1f64.cos() * 1.0001, 1.0, 1e-16, f).is_err());
    assert_eq!((tally.judged, tally.kinks), (2, 0));
    // A smaller step avoids a kink at a distance of 1e-4; at 1e-8, the disagreement of the steps reveals it.
    assert!(tally.compare("near", 0.0, 1.0, 1e-16, |t| (t - 1e-4).max(0.0)).is_ok());
    assert!(tally.compare("near, wrong", 0.01, 1.0, 1e-16, |t| (t - 1e-4).max(0.0)).is_err());
    assert_eq!((tally.judged, tally.kinks), (4, 0));
    assert!(tally.compare("at the kink", 0.3, 1.0, 1e-16, |t| (t - 1e-8).max(0.0)).is_ok());
    assert_eq!((tally.judged, tally.kinks), (4, 1));
    // A gradient that was never written.
    assert!(tally.compare("zero", 0.0, 0.0, 1e-16, f).is_err());
}
