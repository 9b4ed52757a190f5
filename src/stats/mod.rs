//! What the page draws besides the loss: gradient histograms and activation statistics.
//!
//! Bins are cut on the bits of the float, half an octave each, so that CPU and GPU count exactly alike.

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
