//! Histograms of activations, from the smallest finite value to the largest. So they take two passes: [`Moments`] finds the range,
//! and [`Spread`] counts inside it. Parts of a batch add up their moments before the second pass.

use super::blocks::{BLOCK, Block, LANES, TABLES, blocks, count, count_slots, counted, sum_of_squares};
use crate::config::ActivationFunction;
use crate::math::float::{Float, all_finite};
use bytemuck::{Pod, Zeroable};
use serde::Serialize;

/// Bins of an activation histogram, linear from its minimum to its maximum.
pub const ACTIVATION_BINS: usize = 64;
/// A sigmoid or tanh value whose derivative is below 5 % of the largest possible counts as saturated.
pub const SATURATED: f32 = 0.05;

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

impl ActivationStats {
    /// `values`: (images, height, width, channels). `function` produced them; `None` for logits. NaN and infinite values are
    /// counted and otherwise left out.
    pub fn of<T: Float>(values: &[T], channels: usize, function: Option<ActivationFunction>) -> ActivationStats {
        let moments = Moments::of(values, function);
        let mut seen = vec![0; if function == Some(ActivationFunction::Relu) { channels } else { 0 }];
        see(values, &mut seen);
        ActivationStats::new(&moments, &seen, &Spread::of(values, &moments))
    }

    /// From both passes over all values, and what [`see`] found.
    pub fn new(moments: &Moments, seen: &[u32], spread: &Spread) -> ActivationStats {
        let ([min, max], mean) = (moments.range(), moments.mean());
        let count = f64::from(moments.count).max(1.0);
        let rounding = mean - f64::from(mean as f32);
        ActivationStats {
            bins: spread.bins.to_vec(),
            nan: moments.nan,
            inf: moments.inf,
            min,
            max,
            mean: mean as f32,
            std: (spread.squares / count - rounding * rounding).max(0.0).sqrt() as f32,
            saturated: (f64::from(moments.saturated) / count) as f32,
            dead: seen.iter().filter(|seen| **seen == 0).count() as f32 / seen.len().max(1) as f32,
        }
    }
}

/// What can be counted in one pass: moments and range of the finite values, and how many others there are.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Moments {
    sum: f64,
    min: f32,
    max: f32,
    count: u32,
    nan: u32,
    inf: u32,
    saturated: u32,
}

impl Moments {
    pub fn of<T: Float>(values: &[T], function: Option<ActivationFunction>) -> Moments {
        let (mut sum, [mut saturated, mut inf, mut nan]) = (0.0, [0; 3]);
        let (mut min, mut max) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
        let padding = blocks(values, f32::NAN, |block| {
            let is_finite = all_finite(block);
            if !is_finite {
                nan += count(block, |x| x.is_nan());
                inf += without_infinities(block);
            }
            reach(block, &mut min, &mut max);
            saturated += match function {
                Some(ActivationFunction::Sigmoid) => count(block, |y| y * (1.0 - y) < SATURATED * 0.25),
                Some(ActivationFunction::Tanh) => count(block, |y| 1.0 - y * y < SATURATED),
                _ => 0,
            };
            if !is_finite {
                fill_nan(block, 0.0);
            }
            sum += self::sum(block);
        });
        nan -= padding;
        Moments {
            sum,
            min: min.into_iter().fold(f32::INFINITY, f32::min),
            max: max.into_iter().fold(f32::NEG_INFINITY, f32::max),
            count: values.len() as u32 - nan - inf,
            nan,
            inf,
            saturated,
        }
    }

    /// Adds the values that `other` was computed from.
    pub fn add(&mut self, other: &Moments) {
        self.sum += other.sum;
        (self.min, self.max) = (self.min.min(other.min), self.max.max(other.max));
        self.count += other.count;
        self.nan += other.nan;
        self.inf += other.inf;
        self.saturated += other.saturated;
    }

    /// The smallest and the largest value; 0 if there are none.
    fn range(&self) -> [f32; 2] {
        if self.min <= self.max { [self.min, self.max] } else { [0.0; 2] }
    }

    fn mean(&self) -> f64 {
        self.sum / f64::from(self.count).max(1.0)
    }
}

/// Replaces infinite values by NaN, which no comparison counts; returns how many there were.
fn without_infinities(block: &mut Block) -> u32 {
    let infinite = block.iter_mut().filter(|x| x.is_infinite());
    infinite.map(|x| *x = f32::NAN).count() as u32
}

/// Replaces NaN.
fn fill_nan(block: &mut Block, by: f32) {
    block.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = by);
}

#[inline(never)]
fn reach(block: &Block, min: &mut [f32; LANES], max: &mut [f32; LANES]) {
    let (mut least, mut most) = (*min, *max);
    for values in block.as_chunks::<LANES>().0 {
        for (i, x) in values.iter().enumerate() {
            least[i] = if *x < least[i] { *x } else { least[i] };
            most[i] = if *x > most[i] { *x } else { most[i] };
        }
    }
    (*min, *max) = (least, most);
}

#[inline(never)]
fn sum(block: &Block) -> f64 {
    let mut sums = [0.0; LANES];
    for values in block.as_chunks::<LANES>().0 {
        sums.iter_mut().zip(values).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    sums.iter().sum()
}

/// The bin of each value; one that is NaN gets the first slot after the bins.
#[inline(never)]
fn slots(block: &Block, min: f32, max: f32) -> [u32; BLOCK] {
    let mut slots = [0; BLOCK];
    for (slot, x) in slots.iter_mut().zip(block) {
        *slot = if x.is_nan() { ACTIVATION_BINS as u32 } else { activation_bin(*x, min, max) as u32 };
    }
    slots
}

/// Sets bits of each of `seen.len()` channels that is not 0 at some position of some image.
pub fn see<T: Float>(values: &[T], seen: &mut [u32]) {
    if seen.is_empty() {
        return;
    }
    for row in values.chunks_exact(seen.len()) {
        // All bits but the sign.
        seen.iter_mut().zip(row).for_each(|(seen, x)| *seen |= x.to_f32().to_bits() << 1);
    }
}

/// How the finite values are distributed over their range.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Spread {
    /// Sum of the squared distances from the mean as f32.
    squares: f64,
    bins: [u32; ACTIVATION_BINS],
}

impl Spread {
    /// `all` are the moments of these and all other values.
    pub fn of<T: Float>(values: &[T], all: &Moments) -> Spread {
        const SLOTS: usize = 2 * ACTIVATION_BINS; // the upper half is for values that are not finite
        let ([min, max], near) = (all.range(), all.mean() as f32);
        let (mut tables, mut squares) = ([[0; SLOTS]; TABLES], 0.0);
        blocks(values, f32::NAN, |block| {
            let is_finite = all_finite(block);
            if !is_finite {
                without_infinities(block);
            }
            count_slots(&slots(block, min, max), &mut tables);
            if !is_finite {
                fill_nan(block, near);
            }
            squares += sum_of_squares(block, near);
        });
        Spread { squares, bins: std::array::from_fn(|bin| counted(&tables, bin)) }
    }

    /// Adds the values that `other` was computed from.
    pub fn add(&mut self, other: &Spread) {
        self.squares += other.squares;
        self.bins.iter_mut().zip(&other.bins).for_each(|(count, other)| *count += other);
    }
}

/// The bin of a finite value between `min` and `max`; the last one includes `max`.
#[inline(always)]
pub fn activation_bin(x: f32, min: f32, max: f32) -> usize {
    let share = if max > min { (x - min) / (max - min) } else { 0.0 };
    // Through i32: the conversion to usize takes three times as long.
    ((share * ACTIVATION_BINS as f32) as i32).min(ACTIVATION_BINS as i32 - 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_of_known_values() {
        // Two channels: the first is 0 everywhere.
        let stats = ActivationStats::of(&[0.0f32, 1.0, 0.0, 3.0, 0.0, f32::NAN, 0.0, 0.0], 2, Some(ActivationFunction::Relu));
        assert_eq!((stats.nan, stats.inf, stats.min, stats.max, stats.dead), (1, 0, 0.0, 3.0, 0.5));
        assert_eq!((stats.bins[0], stats.bins[21], stats.bins[63]), (5, 1, 1));
        // Of seven values: mean 4/7, mean square 10/7.
        assert!((stats.mean - 4.0 / 7.0).abs() < 1e-7 && (stats.std - (10.0f32 / 7.0 - 16.0 / 49.0).sqrt()).abs() < 1e-6);
        // sigmoid' / max = 4 y (1 - y): 0.039 at 0.99, 0.36 at 0.9.
        assert_eq!(ActivationStats::of(&[0.99f32, 0.9], 1, Some(ActivationFunction::Sigmoid)).saturated, 0.5);
        // tanh' = 1 - y^2: 0.0396 at 0.98.
        assert_eq!(ActivationStats::of(&[-0.98f32, 0.5], 1, Some(ActivationFunction::Tanh)).saturated, 0.5);
        let stats = ActivationStats::of(&[f32::INFINITY], 1, None);
        assert_eq!((stats.inf, stats.min, stats.max, stats.mean, stats.std), (1, 0.0, 0.0, 0.0, 0.0));
    }

    #[test]
    fn two_parts_are_the_whole() {
        // Integers, so that sums are exact in any order.
        let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let values: Vec<f32> =
            (0..3000).map(|i| if i % 97 < 3 { special[i % 3] } else { (i * i % 1009) as f32 - 300.0 }).collect();
        let function = Some(ActivationFunction::Tanh);
        let whole = ActivationStats::of(&values, 2, function);
        assert_eq!(whole.bins.iter().sum::<u32>() + whole.nan + whole.inf, 3000);
        for cut in [0, 2, 511, 512, 1700, 2999, 3000] {
            let parts = values.split_at(cut);
            let mut moments = Moments::of(parts.0, function);
            moments.add(&Moments::of(parts.1, function));
            let mut spread = Spread::of(parts.0, &moments);
            spread.add(&Spread::of(parts.1, &moments));
            // The squares of the distances from the mean are not whole.
            let sum = ActivationStats::new(&moments, &[], &spread);
            assert!((sum.std - whole.std).abs() <= f32::EPSILON * whole.std);
            assert_eq!(ActivationStats { std: whole.std, ..sum }, whole);
        }
        let mut seen = [0; 3];
        see(&[0.0f32, -0.0, 0.0], &mut seen);
        assert_eq!(seen, [0; 3]);
        see(&[0.0f32, 0.0, f32::NAN, 0.0, 1e-40, 0.0], &mut seen);
        assert_eq!(seen.map(|seen| seen != 0), [false, true, true]);
    }
}
