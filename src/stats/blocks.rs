//! Values in blocks of fixed length, and loops over them.
//!
//! Counting takes most of the time: each value moves one counter, and an increment waits for the one before if both are of the same
//! counter. So values go through in blocks. What does not depend on a counter is computed for a whole block first, in loops that use
//! SIMD.

use crate::math::float::Float;

/// Values that are counted together.
pub(super) const BLOCK: usize = 512;
/// Partial sums of a loop, so that no addition waits for the one before.
pub(super) const LANES: usize = 8;
/// Counters of the same bin, taken in turn.
pub(super) const TABLES: usize = 4;

pub(super) type Block = [f32; BLOCK];

/// Calls `count` with all values. The last block is filled up with `padding`; returns how many.
#[inline(always)]
pub(super) fn blocks<T: Float>(values: &[T], padding: f32, mut count: impl FnMut(&mut Block)) -> u32 {
    let mut block = [padding; BLOCK];
    let (whole, rest) = values.as_chunks::<BLOCK>();
    for values in whole {
        block.iter_mut().zip(values).for_each(|(to, value)| *to = value.to_f32());
        count(&mut block);
    }
    if rest.is_empty() {
        return 0;
    }
    block.fill(padding);
    block.iter_mut().zip(rest).for_each(|(to, value)| *to = value.to_f32());
    count(&mut block);
    (BLOCK - rest.len()) as u32
}

/// The sum of `(x - mean)^2` of each value.
#[inline(never)]
pub(super) fn sum_of_squares(block: &Block, mean: f32) -> f64 {
    let mut sums = [0.0; LANES];
    for values in block.as_chunks::<LANES>().0 {
        for (sum, x) in sums.iter_mut().zip(values) {
            let distance = f64::from(*x) - f64::from(mean);
            *sum += distance * distance;
        }
    }
    sums.iter().sum()
}

pub(super) fn count(block: &Block, is_counted: impl Fn(f32) -> bool) -> u32 {
    block.iter().map(|x| u32::from(is_counted(*x))).sum()
}

/// Moves the counter of each slot.
#[inline(always)]
pub(super) fn count_slots<const SLOTS: usize>(slots: &[u32; BLOCK], tables: &mut [[u32; SLOTS]; TABLES]) {
    for slots in slots.as_chunks::<TABLES>().0 {
        for (table, slot) in tables.iter_mut().zip(slots) {
            table[*slot as usize % SLOTS] += 1;
        }
    }
}

/// The sum of all tables' counters of a slot.
pub(super) fn counted<const SLOTS: usize>(tables: &[[u32; SLOTS]; TABLES], slot: usize) -> u32 {
    tables.iter().map(|table| table[slot]).sum()
}
