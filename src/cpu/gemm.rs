//! Matrix products on slices, by the `matrixmultiply` crate.

use super::Float;

/// A matrix that is stored row by row, or its transpose.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    strides: [isize; 2],
}

impl<'a, T: Float> Matrix<'a, T> {
    /// `data` as rows of `columns` values each.
    ///
    /// # Panics
    /// When `data` is not a whole number of rows.
    pub fn new(data: &'a [T], columns: usize) -> Self {
        let rows = data.len() / columns;
        assert_eq!(rows * columns, data.len(), "a matrix has whole rows");
        Matrix { data, rows, columns, strides: [columns as isize, 1] }
    }

    /// The transpose; nothing is moved.
    pub fn transposed(self) -> Self {
        let [row, column] = self.strides;
        Matrix { rows: self.columns, columns: self.rows, strides: [column, row], ..self }
    }
}

/// `c = a b + beta c` with `a` (m, k), `b` (k, n) and `c` (m, n) stored row by row.
///
/// # Panics
/// When the shapes do not fit together.
pub fn multiply<T: Float>(a: Matrix<T>, b: Matrix<T>, beta: T, c: &mut [T]) {
    assert_eq!(a.columns, b.rows, "inner dimensions");
    assert_eq!(a.rows * b.columns, c.len(), "shape of the product");
    let c_strides = [b.columns as isize, 1];
    // SAFETY: both matrices hold rows * columns elements at their strides by construction, `c` does by the assertion
    // above, and `c` is borrowed mutably, so it overlaps neither.
    unsafe {
        T::gemm(
            a.rows,
            a.columns,
            b.columns,
            a.data.as_ptr(),
            a.strides,
            b.data.as_ptr(),
            b.strides,
            beta,
            c.as_mut_ptr(),
            c_strides,
        );
    }
}

/// One product of two (n, n) matrices a call, answered with its first element: the pure rate that `bench` and
/// `benches/peers` compare a training step with.
pub fn square(n: usize) -> impl FnMut() -> f32 {
    let n = n.max(1);
    let values = |step: usize| (0..n * n).map(move |i| (i * step % 7) as f32 - 3.0).collect::<Vec<_>>();
    let (a, b, mut c) = (values(3), values(5), vec![0.0; n * n]);
    move || {
        multiply(Matrix::new(&a, n), Matrix::new(&b, n), 0.0, &mut c);
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
        let mut c = [10.0f32; 4];
        multiply(Matrix::new(&a, 3), Matrix::new(&b, 2), 1.0, &mut c);
        assert_eq!(c, [15.0, 21.0, 24.0, 33.0]);
        let mut c = [0.0f32; 9];
        multiply(Matrix::new(&a, 3).transposed(), Matrix::new(&b, 2).transposed(), 0.0, &mut c);
        assert_eq!(c, [1.0, 6.0, 12.0, 2.0, 9.0, 15.0, 3.0, 12.0, 18.0]);
    }

    #[test]
    fn a_square_product_sums_over_a_row_and_a_column() {
        // a = (-3, 0, 3, -1; ...), the first column of b = (-3, 3, 2, 1).
        assert_eq!(square(4)(), 9.0 + 0.0 + 6.0 - 1.0);
    }
}
