//! The innermost loops: a tile of M rows by N vectors of sums that stays in registers while k runs.
//!
//! One body for every machine, written against [`Vector`]. What differs is the vector, the size of the tile, and whether the
//! rows of `a` are read where they are (natively, where a load that spreads one value over a vector costs nothing more) or
//! packed first (wasm, where that leaves one pointer to move instead of M).

use super::super::Float;
use super::vector::{Lanes, Vector};

/// Most terms that are added up in registers.
pub const DEPTH: usize = 256;
/// Most rows of a tile.
pub const ROWS: usize = 8;

/// M rows of a product, at full width: `c[i][j] = from[i][j] + sum over k of a(i, k) b(k, j)`.
pub struct Strip<'a, T> {
    /// Element (i, k) is at `a[i] + offsets[k]`; rows from `rows` on repeat the last one.
    pub a: [*const T; ROWS],
    pub offsets: &'a [usize],
    /// Rows that are stored.
    pub rows: usize,
    pub columns: usize,
    /// Element (k, j) of the panel p is at `b + p * panel + k * N + j`; the last panel is filled up with 0.
    pub b: *const T,
    pub panel: usize,
    /// Row i starts at `from + i * from_stride`, and at `c + i * c_stride`.
    pub from: *const T,
    pub from_stride: usize,
    pub c: *mut T,
    pub c_stride: usize,
}

/// The loops for one machine and one size of tile.
#[derive(Clone, Copy)]
pub struct Kernel<T> {
    pub rows: usize,
    pub columns: usize,
    /// # Safety
    /// Everything that the strip points to is there, `c` overlaps neither operand, `offsets` has at most `DEPTH` elements,
    /// and the processor has the kernel's instructions.
    pub run: unsafe fn(&Strip<T>),
}

impl<T> Kernel<T> {
    fn of<V: Vector<Element = T>, const M: usize, const N: usize>(run: unsafe fn(&Strip<T>)) -> Self {
        Kernel { rows: M, columns: N * V::LANES, run }
    }
}

/// What every machine can do; f64 has no other.
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

/// The fastest one here for products that are `columns` wide.
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
        // The width that leaves the fewest columns empty, the larger one of equals.
        let kernels = [
            Kernel::of::<Avx512, 8, 2>(avx512::<2>),
            Kernel::of::<Avx512, 8, 3>(avx512::<3>),
            Kernel::of::<Avx512, 8, 1>(avx512::<1>),
        ];
        return kernels.into_iter().min_by_key(|kernel| columns.next_multiple_of(kernel.columns)).expect("three kernels");
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        return Kernel::of::<Avx2, 6, 2>(avx2);
    }
    portable(columns)
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub fn best(columns: usize) -> Kernel<f32> {
    use super::vector::wasm::Simd128;
    let (usual, fused) = (Kernel::of::<Simd128, 4, 2>(packed::<4, 2>), Kernel::of::<Simd128, 3, 3>(packed::<3, 3>));
    // A multiply-add takes longer until its sum is there: nine sums hide that and are an eighth faster, where few columns are empty.
    let widths = [usual.columns, fused.columns].map(|width| columns.next_multiple_of(width));
    if cfg!(target_feature = "relaxed-simd") && 9 * widths[1] < 10 * widths[0] { fused } else { usual }
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
pub fn best(columns: usize) -> Kernel<f32> {
    portable(columns)
}

/// Reads `a` where it is.
///
/// # Safety
/// Of [`Kernel::run`].
#[inline(always)]
unsafe fn in_place<V: Vector, const M: usize, const N: usize>(strip: &Strip<V::Element>) {
    let a: [_; M] = std::array::from_fn(|i| strip.a[i]);
    // SAFETY: the caller's promise; k is below offsets.len().
    unsafe { tiles::<V, M, N>(strip, |i, k| a[i].add(*strip.offsets.get_unchecked(k))) }
}

/// Packs the strip of `a` first: `panel[k][i] = a(i, k)`, four k at a time where they lie side by side.
///
/// # Safety
/// Of [`Kernel::run`].
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
unsafe fn packed<const M: usize, const N: usize>(strip: &Strip<f32>) {
    use super::vector::wasm::{Simd128, transpose};
    /// Rows that are packed, of which M are used.
    const ROWS: usize = 4;
    let mut panel = [const { std::mem::MaybeUninit::<[f32; ROWS]>::uninit() }; DEPTH];
    let a: [_; ROWS] = std::array::from_fn(|i| strip.a[i]);
    let (fours, rest) = strip.offsets.as_chunks::<4>();
    let (panels, last) = panel[..strip.offsets.len()].as_chunks_mut::<4>();
    // SAFETY: the caller's promise; each column of the panel is written before the tiles read it.
    unsafe {
        if (1..ROWS).all(|i| a[i] == a[0].wrapping_add(i)) {
            for (column, offset) in panel.iter_mut().zip(strip.offsets) {
                column.write(a[0].add(*offset).cast::<[f32; ROWS]>().read_unaligned());
            }
        } else {
            for (columns, four) in panels.iter_mut().zip(fours) {
                if four[3] == four[0] + 3 {
                    transpose(a.map(|row| row.add(four[0])), columns.as_mut_ptr().cast());
                } else {
                    *columns = four.map(|offset| std::mem::MaybeUninit::new(a.map(|row| *row.add(offset))));
                }
            }
            for (column, offset) in last.iter_mut().zip(rest) {
                column.write(a.map(|row| *row.add(*offset)));
            }
        }
        let panel = panel.as_ptr().cast::<f32>();
        tiles::<Simd128, M, N>(strip, |i, k| panel.add(k * ROWS + i));
    }
}

/// All tiles of a strip; those that reach over the edge of `c` go through a copy.
///
/// # Safety
/// Of [`Kernel::run`]; `a(i, k)` points to an element for i < M and k < offsets.len().
#[inline(always)]
unsafe fn tiles<V: Vector, const M: usize, const N: usize>(
    strip: &Strip<V::Element>,
    a: impl Fn(usize, usize) -> *const V::Element,
) {
    let width = N * V::LANES;
    for (panel, first) in (0..strip.columns).step_by(width).enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            let b = strip.b.add(panel * strip.panel);
            let (from, c) = (strip.from.add(first), strip.c.add(first));
            if strip.rows == M && first + width <= strip.columns {
                tile::<V, M, N>(strip.offsets.len(), &a, b, (from, strip.from_stride), (c, strip.c_stride));
                continue;
            }
            let columns = width.min(strip.columns - first);
            let mut whole = [[V::zero(); N]; M];
            let whole = whole.as_mut_ptr().cast::<V::Element>();
            for i in 0..strip.rows {
                whole.add(i * width).copy_from_nonoverlapping(from.add(i * strip.from_stride), columns);
            }
            tile::<V, M, N>(strip.offsets.len(), &a, b, (whole, width), (whole, width));
            for i in 0..strip.rows {
                c.add(i * strip.c_stride).copy_from_nonoverlapping(whole.add(i * width), columns);
            }
        }
    }
}

/// One tile, all of it.
///
/// # Safety
/// Of [`tiles`].
#[inline(always)]
unsafe fn tile<V: Vector, const M: usize, const N: usize>(
    depth: usize,
    a: impl Fn(usize, usize) -> *const V::Element,
    mut b: *const V::Element,
    (from, from_stride): (*const V::Element, usize),
    (c, c_stride): (*mut V::Element, usize),
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[V::zero(); N]; M];
        for k in 0..depth {
            let row: [V; N] = std::array::from_fn(|j| V::load(b.add(j * V::LANES)));
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = V::spread(a(i, k));
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
