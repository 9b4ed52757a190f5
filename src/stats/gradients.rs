//! Histograms of gradients. Bins are half an octave wide and defined by the float's bits, so that CPU and GPU count exactly alike.

use super::blocks::{BLOCK, Block, TABLES, blocks, count, count_slots, counted, sum_of_squares};
use crate::math::float::Float;
use serde::Serialize;

/// Half-octave bins of |g| from 2^-40 (9.1e-13) to 2^24: bin i starts at 2^(i/2 - 40).
pub const GRADIENT_BINS: usize = 128;
/// Exponent of the first gradient bin's lower edge.
pub const GRADIENT_FLOOR: i32 = -40;
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

/// Half-octaves of all exponents. 0 shares the first one with subnormal numbers, and infinities the last two with NaN.
const HALVES: usize = 512;
/// The half-octave of the first bin.
const FIRST: usize = 2 * (127 + GRADIENT_FLOOR) as usize;
const END: usize = FIRST + GRADIENT_BINS;
/// The half-octave of infinity.
const BEYOND: usize = 2 * 255;

/// The half-octave of |g|.
#[inline(always)]
fn half_octave(bits: u32) -> u32 {
    let magnitude = bits & 0x7fff_ffff;
    2 * (magnitude >> 23) + u32::from(magnitude & 0x007f_ffff >= SQRT2_MANTISSA)
}

#[inline(never)]
fn half_octaves(block: &Block) -> [u32; BLOCK] {
    let mut halves = [0; BLOCK];
    halves.iter_mut().zip(block).for_each(|(half, g)| *half = half_octave(g.to_bits()));
    halves
}

impl GradientStats {
    pub fn of<T: Float>(gradient: &[T]) -> GradientStats {
        let (mut tables, [mut zero, mut inf], mut squares) = ([[0; HALVES]; TABLES], [0; 2], 0.0);
        let padding = blocks(gradient, 0.0, |block| {
            count_slots(&half_octaves(block), &mut tables);
            zero += count(block, |g| g == 0.0);
            inf += count(block, f32::is_infinite);
            squares += sum_of_squares(block, 0.0);
        });
        let sum = |halves: std::ops::Range<usize>| halves.map(|half| counted(&tables, half)).sum::<u32>();
        GradientStats {
            bins: (FIRST..END).map(|half| counted(&tables, half)).collect(),
            below: sum(0..FIRST) - zero,
            above: sum(END..BEYOND),
            zero: zero - padding,
            nan: sum(BEYOND..HALVES) - inf,
            inf,
            norm: squares.sqrt() as f32,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The slot that a single value is counted in: -1 below the bins, `GRADIENT_BINS` above them.
    fn bin_of(g: f32) -> i32 {
        let stats = GradientStats::of(&[g]);
        assert_eq!((stats.zero, stats.nan, stats.inf), (0, 0, 0), "{g}");
        let counts: Vec<u32> = [&[stats.below], &stats.bins[..], &[stats.above]].concat();
        assert_eq!(counts.iter().sum::<u32>(), 1, "{g}");
        counts.iter().position(|count| *count == 1).unwrap() as i32 - 1
    }

    #[test]
    fn bins_start_at_their_half_octave() {
        for bin in 0..GRADIENT_BINS as i32 {
            let edge = 2f64.powf(f64::from(bin) / 2.0 - 40.0) as f32;
            // sqrt(2) may round either way in f32; one step further is certainly inside, and two steps back are outside.
            let [inside, outside] = [edge.to_bits() + 1, edge.to_bits() - 2].map(f32::from_bits);
            assert_eq!([bin_of(inside), bin_of(-inside), bin_of(outside)], [bin, bin, bin - 1]);
        }
        assert_eq!([1e-13, 1e-40, f32::from_bits(1), 2e7, f32::MAX].map(bin_of), [-1, -1, -1, 128, 128]);
    }

    #[test]
    fn every_value_is_counted_once() {
        let special = [0.0, -0.0, f32::NAN, -f32::NAN, f32::from_bits(0x7f80_0001), f32::INFINITY, f32::NEG_INFINITY];
        let values = [&special[..], &[1e-20, 1e-40, 1e20, 3.0, -4.0]].concat();
        // Longer than a block, and not a whole number of blocks.
        for repeats in [1, 3, 200] {
            let stats = GradientStats::of(&values.repeat(repeats));
            let counts = [stats.zero, stats.nan, stats.inf, stats.below, stats.above, stats.bins.iter().sum()];
            assert_eq!(counts, [2, 3, 2, 2, 1, 2].map(|count| count * repeats as u32));
        }
        assert_eq!(GradientStats::of(&[3.0f32, -4.0]).norm, 5.0);
        assert_eq!(GradientStats::of::<f32>(&[]), GradientStats::of(&[0.0f32; 512]).without_zeros());
    }

    impl GradientStats {
        fn without_zeros(self) -> GradientStats {
            GradientStats { zero: 0, ..self }
        }
    }

    #[test]
    fn statistics_of_two_parts_are_those_of_the_whole() {
        let values = [0.0f32, 3.0, f32::NAN, f32::INFINITY, 1e-20, 1e20, -4.0, 0.5, 2.0, -0.0];
        for cut in 0..=values.len() {
            let (left, right) = values.split_at(cut);
            let mut sum = GradientStats::of(left);
            sum.add(&GradientStats::from_bytes(bytemuck::cast_slice(&GradientStats::of(right).to_words())));
            let whole = GradientStats::of(&values);
            assert_eq!((sum.to_words()[..GRADIENT_BINS + 5]), whole.to_words()[..GRADIENT_BINS + 5]);
        }
        let mut sum = GradientStats::of(&[3.0f32, 0.0]);
        sum.add(&GradientStats::of(&[-4.0f32]));
        assert_eq!(sum.norm, 5.0);
    }

    #[test]
    fn percentiles_follow_a_known_distribution() {
        // log10|g| uniform on [-6, -2].
        let n = 40_000;
        let values: Vec<f64> = (0..n).map(|i| 10f64.powf(-6.0 + 4.0 * (f64::from(i) + 0.5) / f64::from(n))).collect();
        let stats = GradientStats::of(&values);
        for (found, wanted) in stats.percentiles().into_iter().zip([-5.8, -4.0, -2.2]) {
            assert!((found - wanted).abs() < 0.01, "{found} {wanted}");
        }
        assert!(GradientStats::of(&[0.0f32]).percentile(0.5).is_nan());
    }
}
