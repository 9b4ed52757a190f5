//! Matrix products, packed and blocked as in Goto and van de Geijn 2008. An [`Operand`] says where each element lies.
//!
//! Why we have our own: on one 2.6 GHz Zen 4 core that boosts to 3.6, 512^3, f32, in GFLOP/s,
//!
//! | | native | Chromium, simd128 | Chromium, relaxed SIMD |
//! | --- | --- | --- | --- |
//! | `gemm` 0.19 | | 9 | 9 |
//! | `matrixmultiply` 0.3 | 70 | 29 | 30 |
//! | this | 104 | 40 | 45 to 48 |
//! | a training step, batch 16 | 94 | 38 | 44 |
//!
//! and with a crate, the patches of a convolution would have to be written to memory first. That processor's clock varies by a
//! third, so only numbers from one run can be compared. The last two rows are from one run each, with old and new code
//! alternating.
//!
//! V8, with twenty tile sizes tried: 4 rows by 8 columns, not unrolled, is the largest tile whose loop needs at most 15 vectors
//! (8 sums, 2 of b, 4 of a). The compiler moves all loads of an iteration ahead of the arithmetic. Larger tiles, or two
//! iterations in one, therefore spill sums to memory and run at half or three quarters of the rate. Reading the rows of `a` in
//! place costs one more addition per element: 32 against 40 GFLOP/s. So in wasm they are packed, one strip at a time, on the
//! stack, transposed in 4 by 4 blocks. Firefox favours the same tile. A step reaches 0.92 of the product's rate in both builds.
//!
//! Relaxed SIMD saves one instruction per product. The bare loop runs 1.30 times as fast here, a step 1.13 to 1.31 times,
//! depending on the run. More is impossible where, as on this processor, multiplications and additions have separate ports: they
//! are full at 57 GFLOP/s. The loop reaches 53 with relaxed SIMD and 40 without. (Bare 128-bit registers, twelve sums: a
//! multiplication and an addition take 1.04 to 0.91 times as long as one fused instruction.)
//!
//! The sum of a fused instruction is ready after four cycles, and two start in each cycle: eight sums are just enough if none
//! ever waits. So relaxed SIMD has tiles of 3 rows by 12 columns: nine sums, and still 15 vectors. Tiles of 2 by 16 or 4 by 8
//! take only the columns that are left over: 64 columns are four times 12, and 16. Bare loops on an Intel Xeon, Chromium,
//! GFLOP/s: 4 by 8 plain 44.7, fused 51.7; 3 by 12 44.2 and 58.2; 2 by 16 fused 54.6. With values of `a` spread by shuffles
//! instead of loads: plain 36.4, fused 54.6, a step no faster. With 6 by 8, twelve sums, 0.7 of 4 by 8, because sums go to
//! memory. There the product is 1.30 times as fast with relaxed SIMD, and a step at batch 32 1.25 times (133 and 106 ms), with
//! batch normalisation 1.24. In Firefox, whose plain code is slower, it has been 1.28 to 1.38. Of the 106 ms the products take
//! 95; the rest goes to layers that stream through memory, equally fast in both builds.
//!
//! A strip of twelve rows is packed at a time, so a panel of `b` is read from the nearest cache three or four times in a row. The
//! pointer into the packed strip advances with each k. If k were an index, the compiler would leave one more addition for each
//! value (55.9 instead of 59.7 in the fused product).
//!
//! `map.rs` lends the same vectors to the transforms of convolutions (`layers/conv/minimal.rs`): in wasm the compiler makes none of
//! plain loops over several rows, which then took three times as long.
//!
//! Natively a row of `a` is read in place, because a multiply-add takes its factor from memory at no cost. Tiles have 8 rows by
//! 16, 32 or 48 columns with AVX-512, whichever wastes least, and 6 by 16 with AVX2.

mod kernel;
mod map;
mod vector;

pub use kernel::Kernel;
use kernel::{DEPTH, Strip};
use map::Vectors;
pub(crate) use map::{Map, Runs, Steps, Values, map};
use std::borrow::Cow;
use std::ops::Range;
pub(crate) use vector::Vector;

/// A float that matrices can be made of.
pub trait Product: Vectors {
    /// The loops of products that are `columns` wide.
    fn kernel(columns: usize) -> Kernel<Self>;
}

impl Product for f32 {
    fn kernel(columns: usize) -> Kernel<f32> {
        kernel::best(columns)
    }
}

impl Product for f64 {
    fn kernel(columns: usize) -> Kernel<f64> {
        kernel::portable(columns)
    }
}

/// A matrix in place: element (i, k) is `data[rows[i] + columns[k]]`. This covers a matrix stored row by row, its
/// transpose, and the patches under a convolution's window.
#[derive(Clone, Debug)]
pub struct Operand<'a, T> {
    data: &'a [T],
    rows: Cow<'a, [usize]>,
    columns: Cow<'a, [usize]>,
}

impl<'a, T: Product> Operand<'a, T> {
    /// # Panics
    /// When an element lies outside `data`.
    pub fn new(data: &'a [T], rows: impl Into<Cow<'a, [usize]>>, columns: impl Into<Cow<'a, [usize]>>) -> Self {
        let (rows, columns) = (rows.into(), columns.into());
        if let (Some(row), Some(column)) = (rows.iter().max(), columns.iter().max()) {
            assert!(row + column < data.len(), "every element lies in the data");
        }
        Operand { data, rows, columns }
    }

    /// `data` as rows of `columns` values each.
    ///
    /// # Panics
    /// When `data` is not a whole number of rows.
    pub fn matrix(data: &'a [T], columns: usize) -> Self {
        let rows = data.len() / columns;
        assert_eq!(rows * columns, data.len(), "a matrix has whole rows");
        Operand::new(data, (0..rows).map(|row| row * columns).collect::<Vec<_>>(), (0..columns).collect::<Vec<_>>())
    }

    /// The transpose, without moving data.
    pub fn transposed(self) -> Self {
        Operand { data: self.data, rows: self.columns, columns: self.rows }
    }
}

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, T> {
    Zero,
    /// This row, for every row of the product: a bias.
    Row(&'a [T]),
    /// What `c` holds.
    Add,
}

/// Terms that are added up at a time: as few blocks as possible, of nearly equal length.
fn block(depth: usize) -> usize {
    depth.div_ceil(depth.div_ceil(DEPTH).max(1)).max(1)
}

/// Elements that [`pack`] needs for a right operand of this shape.
pub fn packed_len(depth: usize, columns: usize) -> usize {
    // No kernel rounds the number of columns up further.
    depth * columns.next_multiple_of(16)
}

/// Elements of scratch that [`multiply`] needs.
pub fn scratch_len(depth: usize, columns: usize) -> usize {
    packed_len(depth.min(DEPTH), columns)
}

/// The right operand of a product, in the order in which the kernel reads it: panels as wide as a tile, one after the other.
pub struct Packed<'a, T> {
    panels: &'a [T],
    depth: Range<usize>,
    columns: usize,
    kernel: Kernel<T>,
}

/// Packs rows `depth` of `b`.
///
/// # Panics
/// When `scratch` is shorter than [`packed_len`].
pub fn pack<'a, T: Product>(b: &Operand<T>, depth: Range<usize>, scratch: &'a mut [T]) -> Packed<'a, T> {
    let kernel = T::kernel(b.columns.len());
    let rows = &b.rows[depth.clone()];
    let (mut columns, mut space) = (&b.columns[..], &mut *scratch);
    while !columns.is_empty() {
        let width = (kernel.width)(columns.len());
        let (own, others) = columns.split_at(width.min(columns.len()));
        let (panel, further) = space.split_at_mut(rows.len() * width);
        (columns, space) = (others, further);
        let side_by_side = own.iter().enumerate().all(|(j, column)| *column == own[0] + j);
        for (to, row) in panel.chunks_exact_mut(width).zip(rows) {
            let (to, beyond) = to.split_at_mut(own.len());
            if side_by_side && beyond.is_empty() {
                // By fours, because a copy of unknown length becomes a call.
                let from = &b.data[row + own[0]..][..width];
                let (to, _) = to.as_chunks_mut::<4>();
                to.iter_mut().zip(from.as_chunks::<4>().0).for_each(|(to, from)| *to = *from);
            } else {
                to.iter_mut().zip(own).for_each(|(to, column)| *to = b.data[row + column]);
            }
            beyond.fill(T::ZERO);
        }
    }
    Packed { panels: scratch, depth, columns: b.columns.len(), kernel }
}

impl<T: Product> Packed<'_, T> {
    /// `c = start + a b` over the packed rows of `b` and the same columns of `a`; `c` (m, n) is stored row by row.
    ///
    /// # Panics
    /// When the shapes do not fit together.
    pub fn left_multiply(&self, a: &Operand<T>, start: Start<T>, c: &mut [T]) {
        assert_eq!(a.rows.len() * self.columns, c.len(), "shape of the product");
        let zeros;
        let (mut from, mut from_stride) = match start {
            Start::Zero => {
                zeros = vec![T::ZERO; self.columns];
                (zeros.as_ptr(), 0)
            }
            Start::Row(row) => {
                assert_eq!(row.len(), self.columns, "shape of the row");
                (row.as_ptr(), 0)
            }
            Start::Add => (c.as_ptr(), self.columns),
        };
        let c = c.as_mut_ptr();
        let offsets = &a.columns[self.depth.clone()];
        // A product without terms still has its start.
        let block = block(offsets.len());
        for first in (0..offsets.len().max(1)).step_by(block) {
            let offsets = &offsets[first..offsets.len().min(first + block)];
            for (strip, rows) in a.rows.chunks(self.kernel.rows).enumerate() {
                let place = strip * self.kernel.rows;
                // SAFETY: elements of `a` lie in its data by construction, and `panels` holds whole panels. `c`, (rows, columns)
                // by the assertion above, is borrowed mutably. `T::kernel` returns a kernel that the processor can run.
                unsafe {
                    (self.kernel.run)(&Strip {
                        a: std::array::from_fn(|i| a.data.as_ptr().add(rows[i.min(rows.len() - 1)])),
                        offsets,
                        rows: rows.len(),
                        columns: self.columns,
                        b: self.panels.as_ptr(),
                        depth: self.depth.len(),
                        first,
                        from: from.add(place * from_stride),
                        from_stride,
                        c: c.add(place * self.columns),
                        c_stride: self.columns,
                    });
                }
            }
            (from, from_stride) = (c, self.columns);
        }
    }
}

/// `c = start + a b` with `a` (m, k), `b` (k, n) and `c` (m, n) stored row by row; `scratch` has [`scratch_len`] elements.
///
/// # Panics
/// When the shapes do not fit together.
pub fn multiply<T: Product>(a: &Operand<T>, b: &Operand<T>, start: Start<T>, c: &mut [T], scratch: &mut [T]) {
    assert_eq!(a.columns.len(), b.rows.len(), "inner dimensions");
    let depth = b.rows.len();
    let block = block(depth);
    for first in (0..depth.max(1)).step_by(block) {
        let range = first..depth.min(first + block);
        let start = if first == 0 { start } else { Start::Add };
        pack(b, range, scratch).left_multiply(a, start, c);
    }
}

/// Each call computes one product of two (n, n) matrices and returns its first element. `bench` and
/// `benches/peers` compare a training step with this pure rate.
pub fn square(n: usize) -> impl FnMut() -> f32 {
    let n = n.max(1);
    let values = |step: usize| (0..n * n).map(move |i| (i * step % 7) as f32 - 3.0).collect::<Vec<_>>();
    let (a, b, mut c, mut scratch) = (values(3), values(5), vec![0.0; n * n], vec![0.0; scratch_len(n, n)]);
    move || {
        multiply(&Operand::matrix(&a, n), &Operand::matrix(&b, n), Start::Zero, &mut c, &mut scratch);
        c[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_transposes() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // (2, 3)
        let b = [1.0, 0.0, 2.0, 1.0, 0.0, 3.0]; // (3, 2)
        let [a, b] = [Operand::matrix(&a, 3), Operand::matrix(&b, 2)];
        let mut scratch = [f32::NAN; 48];
        let mut c = [10.0f32; 4];
        multiply(&a, &b, Start::Add, &mut c, &mut scratch);
        assert_eq!(c, [15.0, 21.0, 24.0, 33.0]);
        multiply(&a, &b, Start::Row(&[100.0, 200.0]), &mut c, &mut scratch);
        assert_eq!(c, [105.0, 211.0, 114.0, 223.0]);
        let mut c = [f32::NAN; 9];
        multiply(&a.transposed(), &b.transposed(), Start::Zero, &mut c, &mut scratch);
        assert_eq!(c, [1.0, 6.0, 12.0, 2.0, 9.0, 15.0, 3.0, 12.0, 18.0]);
    }

    /// Whole tiles, edges on both sides, one block of terms and several, each against the definition. Integers make every
    /// sum exact.
    #[test]
    fn every_shape_is_exact() {
        check_shapes::<f32>();
        check_shapes::<f64>();
    }

    fn check_shapes<T: Product>() {
        for (m, k, n) in [(1, 1, 1), (4, 3, 8), (7, 300, 33), (8, 256, 48), (13, 257, 97), (16, 600, 10), (3, 0, 5), (0, 4, 4)] {
            let values = |length: usize, step: usize| -> Vec<T> {
                (0..length).map(|i| T::of(((i * step + i / 11) % 9) as f64 - 4.0)).collect()
            };
            let (a, b) = (values(m * k, 5), values(k * n, 7));
            // `a` as it is, and as the transpose of its transpose.
            let table = |length: usize, step: usize| (0..length).map(|i| i * step).collect::<Vec<_>>();
            let operand = Operand::new(&a, table(m, k), table(k, 1));
            let turned: Vec<T> = (0..m * k).map(|i| a[i % m * k + i / m]).collect();
            let turned = Operand::new(&turned, table(k, m), table(m, 1)).transposed();
            let b_operand = Operand::new(&b, table(k, n), table(n, 1));
            for a_operand in [operand, turned] {
                let mut c = values(m * n, 3);
                let wanted: Vec<T> =
                    (0..m * n).map(|i| (0..k).fold(c[i], |sum, x| sum + a[i / n * k + x] * b[x * n + i % n])).collect();
                multiply(&a_operand, &b_operand, Start::Add, &mut c, &mut vec![T::of(f64::NAN); scratch_len(k, n)]);
                assert_eq!(c, wanted, "({m}, {k}) x ({k}, {n})");
            }
        }
    }

    #[test]
    #[should_panic(expected = "every element lies in the data")]
    fn an_operand_stays_inside_its_data() {
        Operand::new(&[0.0f32; 6], vec![0, 3], vec![0, 1, 3]);
    }
}
