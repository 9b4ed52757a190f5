//! What the page draws besides the loss: gradient histograms and activation statistics.
//!
//! Bins are half an octave wide and defined by the float's bits, so that CPU and GPU count exactly alike.

use crate::config::ActivationFunction;
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

/// The distribution of log10|g| of one tensor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GradientStats {
    pub bins: Vec<u32>, // (GRADIENT_BINS)
    /// Values below the first bin but not zero, and values above the last one.
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
    /// Over the finite values, as are the next three.
    pub min: f32,
    pub max: f32,
    pub mean: f32,
    pub std: f32,
    /// Share of values whose derivative is below [`SATURATED`] of the largest (sigmoid, tanh; else 0).
    pub saturated: f32,
    /// Share of channels that are 0 at every position of every probe image (ReLU; else 0).
    pub dead: f32,
}

/// All statistics at one step. Rows are in the order of the network's tensors and blocks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    pub step: u64,
    /// Gradient of each tensor of the network (weights, biases, gammas, betas).
    pub parameters: Vec<GradientStats>,
    /// The Euclidean norm of each tensor itself, after the step.
    pub norms: Vec<f32>,
    /// Gradient of the loss with respect to each block's activation, on the last training batch.
    pub activation_gradients: Vec<GradientStats>,
    /// Each block's activations on the probe batch, in evaluation mode.
    pub activations: Vec<ActivationStats>,
}

/// Slots for [`gradient_slot`]: below the bins, the bins, above them, and three special values.
const SLOTS: usize = GRADIENT_BINS + 5;
const ZERO: usize = GRADIENT_BINS + 2;
const INF: usize = GRADIENT_BINS + 3;
const NAN: usize = GRADIENT_BINS + 4;

/// The slot of a value: 1 + its bin, 0 below the first bin, `GRADIENT_BINS + 1` above the last, or a special one.
#[inline]
fn gradient_slot(bits: u32) -> usize {
    let magnitude = bits & 0x7fff_ffff;
    let exponent = (magnitude >> 23) as i32 - 127; // a subnormal gives -127, below the bins
    let half = i32::from(magnitude & 0x007f_ffff >= SQRT2_MANTISSA);
    let bin = 2 * (exponent - GRADIENT_FLOOR) + half;
    let slot = (bin.clamp(-1, GRADIENT_BINS as i32) + 1) as usize;
    let slot = if magnitude == 0 { ZERO } else { slot };
    let slot = if magnitude >= 0x7f80_0000 { INF } else { slot };
    if magnitude > 0x7f80_0000 { NAN } else { slot }
}

impl GradientStats {
    pub fn of(gradient: impl IntoIterator<Item = f32>) -> GradientStats {
        // No branches, and no sum or count waits for the one before: 2 million values in a few ms.
        let mut counts = [[0u32; SLOTS]; 4];
        let mut squares = [0.0f64; 4];
        for (i, g) in gradient.into_iter().enumerate() {
            squares[i % 4] += f64::from(g) * f64::from(g);
            counts[i % 4][gradient_slot(g.to_bits())] += 1;
        }
        let count = |slot: usize| counts.iter().map(|counts| counts[slot]).sum();
        GradientStats {
            bins: (1..=GRADIENT_BINS).map(count).collect(),
            below: count(0),
            above: count(GRADIENT_BINS + 1),
            zero: count(ZERO),
            nan: count(NAN),
            inf: count(INF),
            norm: squares.iter().sum::<f64>().sqrt() as f32,
        }
    }

    /// Length of [`GradientStats::to_words`].
    pub const WORDS: usize = GRADIENT_BINS + 6;

    /// The counts in the order of the fields, and the bits of the norm.
    pub fn to_words(&self) -> Vec<u32> {
        let counts = [self.below, self.above, self.zero, self.nan, self.inf, self.norm.to_bits()];
        self.bins.iter().copied().chain(counts).collect()
    }

    /// Reads the bytes of the words that [`GradientStats::to_words`] gave.
    ///
    /// # Panics
    /// When there are not [`GradientStats::WORDS`] of them.
    pub fn from_bytes(bytes: &[u8]) -> GradientStats {
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(bytes);
        let (bins, rest) = words.split_at(GRADIENT_BINS);
        let &[below, above, zero, nan, inf, norm] = rest else { panic!("{} words", words.len()) };
        GradientStats { bins: bins.to_vec(), below, above, zero, nan, inf, norm: f32::from_bits(norm) }
    }

    /// Adds the values that `other` was computed from.
    pub fn add(&mut self, other: &GradientStats) {
        let counts = [&mut self.below, &mut self.above, &mut self.zero, &mut self.nan, &mut self.inf];
        let others = [other.below, other.above, other.zero, other.nan, other.inf];
        let pairs = self.bins.iter_mut().chain(counts).zip(other.bins.iter().copied().chain(others));
        pairs.for_each(|(count, other)| *count += other);
        self.norm = [self.norm, other.norm].iter().map(|norm| f64::from(*norm).powi(2)).sum::<f64>().sqrt() as f32;
    }

    /// log10|g| below which a share `q` of the finite, non-zero values lies, interpolated within the bin. NaN if there are none.
    /// If it falls outside the bins, the logarithm of the first or last edge.
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
    /// `values`: (images, height, width, channels). `function` produced them; `None` for logits. NaN and infinite values are
    /// counted and otherwise left out.
    pub fn of(values: &[f32], channels: usize, function: Option<ActivationFunction>) -> ActivationStats {
        let moments = Moments::of(values);
        let count = f64::from(moments.count).max(1.0);
        let (min, max) = if moments.min <= moments.max { (moments.min, moments.max) } else { (0.0, 0.0) };
        let mean = moments.sum / count;
        let mut squares = [0.0f64; 4];
        let mut bins = [[0u32; ACTIVATION_BINS]; 4];
        for (i, x) in values.iter().enumerate() {
            if x.is_finite() {
                squares[i % 4] += (f64::from(*x) - mean).powi(2);
                bins[i % 4][activation_bin(*x, min, max)] += 1;
            }
        }
        let nan = values.iter().map(|x| u32::from(x.is_nan())).sum();
        ActivationStats {
            bins: (0..ACTIVATION_BINS).map(|bin| bins.iter().map(|bins| bins[bin]).sum()).collect(),
            nan,
            inf: values.len() as u32 - moments.count - nan,
            min,
            max,
            mean: mean as f32,
            std: (squares.iter().sum::<f64>() / count).sqrt() as f32,
            saturated: (f64::from(saturated_count(values, function)) / count) as f32,
            dead: if function == Some(ActivationFunction::Relu) { dead_share(values, channels) } else { 0.0 },
        }
    }
}

/// Moments of the finite values.
struct Moments {
    count: u32,
    sum: f64,
    min: f32,
    max: f32,
}

impl Moments {
    fn of(values: &[f32]) -> Moments {
        // Eight partial results let the loop use SIMD. The last values are padded with NaN, which is not counted.
        let (mut count, mut sum) = ([0u32; 8], [0.0f64; 8]);
        let (mut min, mut max) = ([f32::INFINITY; 8], [f32::NEG_INFINITY; 8]);
        let (eights, rest) = values.as_chunks::<8>();
        let mut last = [f32::NAN; 8];
        last[..rest.len()].copy_from_slice(rest);
        for eight in eights.iter().chain([&last]) {
            for (i, x) in eight.iter().enumerate() {
                let finite = x.is_finite();
                count[i] += u32::from(finite);
                sum[i] += if finite { f64::from(*x) } else { 0.0 };
                min[i] = if finite & (*x < min[i]) { *x } else { min[i] };
                max[i] = if finite & (*x > max[i]) { *x } else { max[i] };
            }
        }
        Moments {
            count: count.iter().sum(),
            sum: sum.iter().sum(),
            min: min.into_iter().fold(f32::INFINITY, f32::min),
            max: max.into_iter().fold(f32::NEG_INFINITY, f32::max),
        }
    }
}

/// The bin of a finite value between `min` and `max`; the last one includes `max`.
#[inline]
pub fn activation_bin(x: f32, min: f32, max: f32) -> usize {
    let share = if max > min { (x - min) / (max - min) } else { 0.0 };
    // Through i32: the conversion to usize takes three times as long.
    ((share * ACTIVATION_BINS as f32) as i32).min(ACTIVATION_BINS as i32 - 1) as usize
}

/// How many finite outputs have a derivative below [`SATURATED`] of the largest possible (sigmoid: 1/4, tanh: 1).
fn saturated_count(values: &[f32], function: Option<ActivationFunction>) -> u32 {
    fn count(values: &[f32], below: impl Fn(f32) -> bool) -> u32 {
        values.iter().map(|y| u32::from(y.is_finite() & below(*y))).sum()
    }
    match function {
        Some(ActivationFunction::Sigmoid) => count(values, |y| y * (1.0 - y) < SATURATED * 0.25),
        Some(ActivationFunction::Tanh) => count(values, |y| 1.0 - y * y < SATURATED),
        _ => 0,
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
            // sqrt(2) may round either way in f32; one step further is certainly inside.
            let inside = f32::from_bits(edge.to_bits() + 1);
            assert_eq!(gradient_slot(inside.to_bits()), bin + 1);
            assert_eq!(gradient_slot((-inside).to_bits()), bin + 1);
        }
        let slots = [1e-13, 1e-40, 2e7, 0.0, -f32::INFINITY, f32::NAN].map(|g: f32| gradient_slot(g.to_bits()));
        assert_eq!(slots, [0, 0, GRADIENT_BINS + 1, ZERO, INF, NAN]);
    }

    #[test]
    fn every_value_is_counted_once() {
        let stats = GradientStats::of([0.0, -0.0, f32::NAN, f32::INFINITY, 1e-20, 1e20, 3.0, -4.0]);
        assert_eq!((stats.zero, stats.nan, stats.inf, stats.below, stats.above), (2, 1, 1, 1, 1));
        assert_eq!(stats.bins.iter().sum::<u32>(), 2);
        assert_eq!(GradientStats::of([3.0, -4.0]).norm, 5.0);
    }

    #[test]
    fn statistics_of_two_parts_are_those_of_the_whole() {
        let values = [0.0, 3.0, f32::NAN, f32::INFINITY, 1e-20, 1e20, -4.0, 0.5, 2.0, -0.0];
        for cut in 0..=values.len() {
            let (left, right) = values.split_at(cut);
            let mut sum = GradientStats::of(left.iter().copied());
            sum.add(&GradientStats::from_bytes(bytemuck::cast_slice(&GradientStats::of(right.iter().copied()).to_words())));
            let whole = GradientStats::of(values);
            assert_eq!((sum.to_words()[..GRADIENT_BINS + 5]), whole.to_words()[..GRADIENT_BINS + 5]);
        }
        let mut sum = GradientStats::of([3.0, 0.0]);
        sum.add(&GradientStats::of([-4.0]));
        assert_eq!(sum.norm, 5.0);
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
