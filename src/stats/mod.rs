//! What the page draws besides the loss: gradient histograms and activation statistics.
//!
//! Bins are cut on the bits of the float, half an octave each, so that CPU and GPU count exactly alike.

use crate::network::ActivationFunction;
use serde::Serialize;

/// Half-octave bins of |g| from 2^-40 (9.1e-13) to 2^24: bin i starts at 2^(i/2 - 40).
pub const GRADIENT_BINS: usize = 128;
/// Exponent of the first gradient bin's lower edge.
pub const GRADIENT_FLOOR: i32 = -40;
/// Bins of an activation histogram, linear from its minimum to its maximum.
pub const ACTIVATION_BINS: usize = 64;
/// A sigmoid or tanh value whose derivative is below 5 % of the largest possible counts as saturated.
pub const SATURATED: f32 = 0.05;
/// Mantissa bits of sqrt(2): the middle of an octave on a logarithmic axis.
pub const SQRT2_MANTISSA: u32 = 0x0035_04f3;

/// Where log10|g| of one tensor lies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GradientStats {
    pub bins: Vec<u32>, // (GRADIENT_BINS)
    /// Not zero, but below the first bin; above the last one.
    pub below: u32,
    pub above: u32,
    pub zero: u32,
    pub nan: u32,
    pub inf: u32,
    /// The Euclidean norm.
    pub norm: f32,
}

/// One layer's activations on the probe batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActivationStats {
    pub bins: Vec<u32>, // (ACTIVATION_BINS), from min to max
    pub nan: u32,
    pub inf: u32,
    /// Of the finite values.
    pub min: f32,
    pub max: f32,
    pub mean: f32,
    pub std: f32,
    /// Share of values whose derivative is below [`SATURATED`] of the largest (sigmoid, tanh; else 0).
    pub saturated: f32,
    /// Share of channels that are 0 at every position of every probe image (ReLU; else 0).
    pub dead: f32,
}

/// Everything at one step: rows in the order of the network's tensors and blocks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    pub step: u64,
    /// Gradient of each tensor of the network (weights, biases, gammas, betas).
    pub parameters: Vec<GradientStats>,
    /// Gradient of the loss with respect to each block's activation, of the last training batch.
    pub activation_gradients: Vec<GradientStats>,
    /// Each block's activations on the probe batch, in evaluation mode.
    pub activations: Vec<ActivationStats>,
}

/// The bin of a value that is finite and not zero: `Ok(bin)`, `Err(false)` below the first, `Err(true)` above the last.
pub fn gradient_bin(bits: u32) -> Result<usize, bool> {
    let exponent = ((bits >> 23) & 0xff) as i32 - 127; // a subnormal reads -127: below
    let half = i32::from(bits & 0x007f_ffff >= SQRT2_MANTISSA);
    let bin = 2 * (exponent - GRADIENT_FLOOR) + half;
    if bin < 0 { Err(false) } else { usize::try_from(bin).ok().filter(|bin| *bin < GRADIENT_BINS).ok_or(true) }
}

impl GradientStats {
    pub fn of(gradient: impl IntoIterator<Item = f32>) -> GradientStats {
        let mut stats = GradientStats { bins: vec![0; GRADIENT_BINS], below: 0, above: 0, zero: 0, nan: 0, inf: 0, norm: 0.0 };
        let mut squares = 0.0f64;
        for g in gradient {
            squares += f64::from(g) * f64::from(g);
            match g {
                _ if g.is_nan() => stats.nan += 1,
                _ if g.is_infinite() => stats.inf += 1,
                _ if g == 0.0 => stats.zero += 1,
                _ => match gradient_bin(g.to_bits()) {
                    Ok(bin) => stats.bins[bin] += 1,
                    Err(false) => stats.below += 1,
                    Err(true) => stats.above += 1,
                },
            }
        }
        stats.norm = squares.sqrt() as f32;
        stats
    }

    /// log10|g| below which a share `q` of the finite values that are not zero lies, interpolated within the bin.
    /// NaN when there are none; the floor's or ceiling's logarithm when it falls outside the bins.
    pub fn percentile(&self, q: f64) -> f64 {
        let total = u64::from(self.below) + u64::from(self.above) + self.bins.iter().map(|n| u64::from(*n)).sum::<u64>();
        if total == 0 {
            return f64::NAN;
        }
        let edge = |half_octaves: f64| (f64::from(GRADIENT_FLOOR) + half_octaves / 2.0) * std::f64::consts::LOG10_2;
        let mut left = q * total as f64 - f64::from(self.below);
        if left <= 0.0 {
            return edge(0.0);
        }
        for (bin, count) in self.bins.iter().enumerate() {
            if left <= f64::from(*count) {
                return edge(bin as f64 + left / f64::from(*count));
            }
            left -= f64::from(*count);
        }
        edge(GRADIENT_BINS as f64)
    }

    /// Percentiles 5, 50 and 95.
    pub fn percentiles(&self) -> [f64; 3] {
        [0.05, 0.5, 0.95].map(|q| self.percentile(q))
    }
}

impl ActivationStats {
    /// `values`: (images, height, width, channels); `function` is what made them, `None` for logits. NaN and infinite
    /// values are counted and otherwise left out.
    pub fn of(values: &[f32], channels: usize, function: Option<ActivationFunction>) -> ActivationStats {
        let finite = || values.iter().copied().filter(|x| x.is_finite());
        let count = finite().count().max(1) as f64;
        let (min, max) = finite().fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), x| (min.min(x), max.max(x)));
        let (min, max) = if min <= max { (min, max) } else { (0.0, 0.0) };
        let mean = finite().map(f64::from).sum::<f64>() / count;
        let variance = finite().map(|x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
        let mut bins = vec![0; ACTIVATION_BINS];
        finite().for_each(|x| bins[activation_bin(x, min, max)] += 1);
        ActivationStats {
            bins,
            nan: values.iter().filter(|x| x.is_nan()).count() as u32,
            inf: values.iter().filter(|x| x.is_infinite()).count() as u32,
            min,
            max,
            mean: mean as f32,
            std: variance.sqrt() as f32,
            saturated: (finite().filter(|x| is_saturated(*x, function)).count() as f64 / count) as f32,
            dead: if function == Some(ActivationFunction::Relu) { dead_share(values, channels) } else { 0.0 },
        }
    }
}

/// The bin of a finite value between `min` and `max`; the last one includes `max`.
pub fn activation_bin(x: f32, min: f32, max: f32) -> usize {
    let share = if max > min { (x - min) / (max - min) } else { 0.0 };
    ((share * ACTIVATION_BINS as f32) as usize).min(ACTIVATION_BINS - 1)
}

/// Whether the derivative at this output is below [`SATURATED`] of the largest possible (sigmoid: 1/4, tanh: 1).
fn is_saturated(y: f32, function: Option<ActivationFunction>) -> bool {
    match function {
        Some(ActivationFunction::Sigmoid) => y * (1.0 - y) < SATURATED * 0.25,
        Some(ActivationFunction::Tanh) => 1.0 - y * y < SATURATED,
        _ => false,
    }
}

/// Share of channels that are 0 everywhere.
fn dead_share(values: &[f32], channels: usize) -> f32 {
    let mut alive = vec![false; channels];
    for row in values.chunks_exact(channels) {
        alive.iter_mut().zip(row).for_each(|(alive, x)| *alive |= *x != 0.0);
    }
    alive.iter().filter(|alive| !**alive).count() as f32 / channels.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_start_at_their_half_octave() {
        for bin in 0..GRADIENT_BINS {
            let edge = 2f64.powf(bin as f64 / 2.0 - 40.0) as f32;
            // sqrt(2) rounds either way in f32; one step inside is certain.
            let inside = f32::from_bits(edge.to_bits() + 1);
            assert_eq!(gradient_bin(inside.to_bits()), Ok(bin));
            assert_eq!(gradient_bin((-inside).to_bits()), Ok(bin));
        }
        assert_eq!(gradient_bin(1e-13f32.to_bits()), Err(false));
        assert_eq!(gradient_bin(1e-40f32.to_bits()), Err(false));
        assert_eq!(gradient_bin(2e7f32.to_bits()), Err(true));
    }

    #[test]
    fn every_value_is_counted_once() {
        let stats = GradientStats::of([0.0, -0.0, f32::NAN, f32::INFINITY, 1e-20, 1e20, 3.0, -4.0]);
        assert_eq!((stats.zero, stats.nan, stats.inf, stats.below, stats.above), (2, 1, 1, 1, 1));
        assert_eq!(stats.bins.iter().sum::<u32>(), 2);
        assert_eq!(GradientStats::of([3.0, -4.0]).norm, 5.0);
    }

    #[test]
    fn activations_of_known_values() {
        // Two channels: the first is 0 everywhere.
        let stats = ActivationStats::of(&[0.0, 1.0, 0.0, 3.0, 0.0, f32::NAN, 0.0, 0.0], 2, Some(ActivationFunction::Relu));
        assert_eq!((stats.nan, stats.inf, stats.min, stats.max, stats.dead), (1, 0, 0.0, 3.0, 0.5));
        assert_eq!((stats.bins[0], stats.bins[21], stats.bins[63]), (5, 1, 1));
        // Of seven values: mean 4/7, mean square 10/7.
        assert!((stats.mean - 4.0 / 7.0).abs() < 1e-7 && (stats.std - (10.0f32 / 7.0 - 16.0 / 49.0).sqrt()).abs() < 1e-6);
        // sigmoid' / max = 4 y (1 - y): 0.039 at 0.99, 0.36 at 0.9.
        assert_eq!(ActivationStats::of(&[0.99, 0.9], 1, Some(ActivationFunction::Sigmoid)).saturated, 0.5);
        // tanh' = 1 - y^2: 0.0396 at 0.98.
        assert_eq!(ActivationStats::of(&[-0.98, 0.5], 1, Some(ActivationFunction::Tanh)).saturated, 0.5);
        let stats = ActivationStats::of(&[f32::INFINITY], 1, None);
        assert_eq!((stats.inf, stats.min, stats.max, stats.mean, stats.std), (1, 0.0, 0.0, 0.0, 0.0));
    }

    #[test]
    fn percentiles_follow_a_known_distribution() {
        // log10|g| uniform on [-6, -2].
        let n = 40_000;
        let stats = GradientStats::of((0..n).map(|i| 10f64.powf(-6.0 + 4.0 * (f64::from(i) + 0.5) / f64::from(n)) as f32));
        for (found, wanted) in stats.percentiles().into_iter().zip([-5.8, -4.0, -2.2]) {
            assert!((found - wanted).abs() < 0.01, "{found} {wanted}");
        }
        assert!(GradientStats::of([0.0]).percentile(0.5).is_nan());
    }
}
