//! The innermost loops: a tile of M rows by N vectors of sums stays in registers while k runs.
//!
//! One body serves every machine, written against [`Vector`]. The vector and the tile size differ. So does the access to `a`:
//! natively its rows are read in place, where a load that spreads one value over a vector costs nothing more. In wasm they are
//! packed first, which leaves one pointer to move instead of M.

use super::vector::{Lanes, Vector};
use crate::math::float::Float;

/// The most terms that are added up in registers.
pub const DEPTH: usize = 256;
/// The most rows of a strip.
pub const ROWS: usize = 12;

/// M rows of a product, at full width: `c[i][j] = from[i][j] + sum over k of a(i, k) b(k, j)`.
pub struct Strip<'a, T> {
    /// Element (i, k) is at `a[i] + offsets[k]`; rows from `rows` on repeat the last one.
    pub a: [*const T; ROWS],
    pub offsets: &'a [usize],
    /// How many rows are stored.
    pub rows: usize,
    pub columns: usize,
    /// Element (k, j) of the panel that starts at column f and is w wide is at `b + f * depth + (first + k) * w + j`. The last
    /// panel is padded with 0.
    pub b: *const T,
    pub depth: usize,
    pub first: usize,
    /// Row i starts at `from + i * from_stride`, and at `c + i * c_stride`.
    pub from: *const T,
    pub from_stride: usize,
    pub c: *mut T,
    pub c_stride: usize,
}

/// The loops for one machine, with tile sizes that suit it.
#[derive(Clone, Copy)]
pub struct Kernel<T> {
    /// Rows of a strip.
    pub rows: usize,
    /// Columns of the next panel, given how many are left.
    pub width: fn(usize) -> usize,
    /// # Safety
    /// Everything that the strip points to exists, `c` overlaps neither operand, `offsets` has at most `DEPTH` elements,
    /// and the processor has the kernel's instructions.
    pub run: unsafe fn(&Strip<T>),
}

impl<T> Kernel<T> {
    /// A kernel with one tile size.
    fn of<V: Vector<Element = T>, const M: usize, const N: usize>(run: unsafe fn(&Strip<T>)) -> Self {
        Kernel { rows: M, width: |_| N * V::LANES, run }
    }

    /// Columns that are computed when `wanted` are needed.
    #[cfg(target_arch = "x86_64")]
    fn columns(&self, wanted: usize) -> usize {
        wanted.next_multiple_of((self.width)(wanted))
    }
}

/// The kernel for every machine, and the only one for f64.
pub fn portable<T: Float>(_: usize) -> Kernel<T> {
    // aarch64 has twice the registers.
    const M: usize = if cfg!(target_arch = "aarch64") { 8 } else { 4 };
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<T: Float>(strip: &Strip<T>) {
            // SAFETY: the caller's promise, and the instructions are there by the attribute.
            unsafe { in_place::<Lanes<T>, M, 2>(strip) }
        }
        if is_x86_feature_detected!("avx2") {
            return Kernel::of::<Lanes<T>, M, 2>(avx2::<T>);
        }
    }
    Kernel::of::<Lanes<T>, M, 2>(in_place::<Lanes<T>, M, 2>)
}

/// This machine's fastest kernel for products that are `columns` wide.
#[cfg(target_arch = "x86_64")]
pub fn best(columns: usize) -> Kernel<f32> {
    use super::vector::x86::{Avx2, Avx512};
    #[target_feature(enable = "avx512f")]
    fn avx512<const N: usize>(strip: &Strip<f32>) {
        // SAFETY: the caller's promise, and the instructions are there by the attribute.
        unsafe { in_place::<Avx512, 8, N>(strip) }
    }
    #[target_feature(enable = "avx2,fma")]
    fn avx2(strip: &Strip<f32>) {
        // SAFETY: as above.
        unsafe { in_place::<Avx2, 6, 2>(strip) }
    }
    if is_x86_feature_detected!("avx512f") {
        // The width that leaves the fewest columns empty; of equals, the first.
        let kernels = [
            Kernel::of::<Avx512, 8, 2>(avx512::<2>),
            Kernel::of::<Avx512, 8, 3>(avx512::<3>),
            Kernel::of::<Avx512, 8, 1>(avx512::<1>),
        ];
        return kernels.into_iter().min_by_key(|kernel| kernel.columns(columns)).expect("three kernels");
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        return Kernel::of::<Avx2, 6, 2>(avx2);
    }
    portable(columns)
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub fn best(_: usize) -> Kernel<f32> {
    Kernel { rows: ROWS, width: packed_width, run: packed }
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
pub fn best(columns: usize) -> Kernel<f32> {
    portable(columns)
}

/// Reads `a` in place.
///
/// # Safety
/// As for [`Kernel::run`].
#[inline(always)]
unsafe fn in_place<V: Vector, const M: usize, const N: usize>(strip: &Strip<V::Element>) {
    let a: [_; M] = std::array::from_fn(|i| strip.a[i]);
    for column in (0..strip.columns).step_by(N * V::LANES) {
        // SAFETY: the caller's promise; k is below offsets.len().
        unsafe { tile_at::<V, M, N>(strip, 0, column, |k| a.map(|row| row.add(*strip.offsets.get_unchecked(k)))) }
    }
}

/// Columns of the next panel of [`packed`]. The sum of a fused multiply-add is ready later. The nine sums of 3 rows by
/// 12 columns hide that and are an eighth faster; the eight of 2 by 16 or 4 by 8 take the columns that are left over.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn packed_width(left: usize) -> usize {
    match left.next_multiple_of(4) {
        left if cfg!(not(target_feature = "relaxed-simd")) || left % 12 == 8 => 8,
        left if left % 12 == 0 => 12,
        4 => 8,
        _ => 16,
    }
}

/// Packs the strip of `a` first: `panel[k][i] = a(i, k)`, four k at a time where they are adjacent.
///
/// # Safety
/// As for [`Kernel::run`].
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
unsafe fn packed(strip: &Strip<f32>) {
    use super::vector::wasm::{Simd128, transpose};
    let mut panel = [const { std::mem::MaybeUninit::<[f32; ROWS]>::uninit() }; DEPTH];
    let panel = panel.as_mut_ptr().cast::<f32>();
    // Tiles of three rows reach at least as far as the fours.
    for first in (0..strip.rows.next_multiple_of(3)).step_by(4) {
        let a: [_; 4] = std::array::from_fn(|i| strip.a[first + i]);
        // SAFETY: the caller's promise; each column of the panel is written before the tiles read it.
        unsafe {
            let to = panel.add(first);
            if (1..4).all(|i| a[i] == a[0].wrapping_add(i)) {
                for (k, offset) in strip.offsets.iter().enumerate() {
                    Simd128::load(a[0].add(*offset)).store(to.add(k * ROWS));
                }
                continue;
            }
            let (fours, rest) = strip.offsets.as_chunks::<4>();
            for (i, four) in fours.iter().enumerate() {
                let to = to.add(4 * i * ROWS);
                if (1..4).all(|k| four[k] == four[0] + k) {
                    transpose(a.map(|row| row.add(four[0])), to, ROWS);
                } else {
                    for (k, offset) in four.iter().enumerate() {
                        to.add(k * ROWS).cast::<[f32; 4]>().write_unaligned(a.map(|row| *row.add(*offset)));
                    }
                }
            }
            for (k, offset) in (4 * fours.len()..).zip(rest) {
                to.add(k * ROWS).cast::<[f32; 4]>().write_unaligned(a.map(|row| *row.add(*offset)));
            }
        }
    }
    let (panel, mut column) = (panel.cast_const(), 0);
    while column < strip.columns {
        let width = packed_width(strip.columns - column);
        // SAFETY: the caller's promise.
        unsafe {
            match width {
                16 => tiles_of_packed::<2, 4>(strip, panel, column),
                12 => tiles_of_packed::<3, 3>(strip, panel, column),
                _ => tiles_of_packed::<4, 2>(strip, panel, column),
            }
        }
        column += width;
    }
}

/// All tiles of a strip at this column. `panel[k][i]` is a(i, k) for i < [`ROWS`], a multiple of M.
///
/// # Safety
/// As for [`Kernel::run`]; the panel exists.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
unsafe fn tiles_of_packed<const M: usize, const N: usize>(strip: &Strip<f32>, panel: *const f32, column: usize) {
    use super::vector::wasm::Simd128;
    for row in (0..strip.rows).step_by(M) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut next = panel.add(row);
            tile_at::<Simd128, M, N>(strip, row, column, |_| {
                let at = next;
                next = next.add(ROWS);
                std::array::from_fn(|i| at.add(i))
            });
        }
    }
}

/// The tile of a strip that starts at this row and column, where a panel starts too. A tile that reaches over the edge of `c` goes
/// through a copy.
///
/// # Safety
/// As for [`Kernel::run`]; `a(k)` points to M elements for k < offsets.len().
#[inline(always)]
unsafe fn tile_at<V: Vector, const M: usize, const N: usize>(
    strip: &Strip<V::Element>,
    row: usize,
    column: usize,
    a: impl FnMut(usize) -> [*const V::Element; M],
) {
    let width = N * V::LANES;
    let (rows, columns) = (M.min(strip.rows - row), width.min(strip.columns - column));
    // SAFETY: the caller's promise.
    unsafe {
        let b = strip.b.add(column * strip.depth + strip.first * width);
        let (from, c) = (strip.from.add(row * strip.from_stride + column), strip.c.add(row * strip.c_stride + column));
        if rows == M && columns == width {
            return tile::<V, M, N>(strip.offsets.len(), a, b, (from, strip.from_stride), (c, strip.c_stride));
        }
        let mut whole = [[V::zero(); N]; M];
        let whole = whole.as_mut_ptr().cast::<V::Element>();
        for i in 0..rows {
            whole.add(i * width).copy_from_nonoverlapping(from.add(i * strip.from_stride), columns);
        }
        tile::<V, M, N>(strip.offsets.len(), a, b, (whole, width), (whole, width));
        for i in 0..rows {
            c.add(i * strip.c_stride).copy_from_nonoverlapping(whole.add(i * width), columns);
        }
    }
}

/// One whole tile.
///
/// # Safety
/// As for [`tile_at`].
#[inline(always)]
unsafe fn tile<V: Vector, const M: usize, const N: usize>(
    depth: usize,
    mut a: impl FnMut(usize) -> [*const V::Element; M],
    mut b: *const V::Element,
    (from, from_stride): (*const V::Element, usize),
    (c, c_stride): (*mut V::Element, usize),
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[V::zero(); N]; M];
        for k in 0..depth {
            let row: [V; N] = std::array::from_fn(|j| V::load(b.add(j * V::LANES)));
            for (sums, a) in sums.iter_mut().zip(a(k)) {
                let a = V::spread(a);
                for (sum, b) in sums.iter_mut().zip(row) {
                    *sum = sum.add_product(a, b);
                }
            }
            b = b.add(N * V::LANES);
        }
        for (i, sums) in sums.into_iter().enumerate() {
            for (j, sum) in sums.into_iter().enumerate() {
                let from = V::load(from.add(i * from_stride + j * V::LANES));
                from.add(sum).store(c.add(i * c_stride + j * V::LANES));
            }
        }
    }
}
