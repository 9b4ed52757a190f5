//! The two float types of the CPU backend: `f32` trains, `f64` is for finite differences.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// What the layers need of a float.
pub trait Float:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + Sum
    + Send
    + Sync
    + 'static
{
    const ZERO: Self;
    const ONE: Self;
    const INFINITY: Self;

    fn of(value: f64) -> Self;
    fn from_f32(value: f32) -> Self;
    fn to_f32(self) -> f32;
    fn to_f64(self) -> f64;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn sqrt(self) -> Self;
    fn tanh(self) -> Self;
    fn powf(self, exponent: Self) -> Self;
    fn is_nan(self) -> bool;

    /// `c = a b + beta c` on strided matrices.
    ///
    /// # Safety
    /// `a`, `b` and `c` are valid for (m, k), (k, n) and (m, n) elements at these strides; `c` overlaps neither.
    #[allow(clippy::too_many_arguments)] // the signature of every BLAS
    unsafe fn gemm(
        m: usize,
        k: usize,
        n: usize,
        a: *const Self,
        a_strides: [isize; 2],
        b: *const Self,
        b_strides: [isize; 2],
        beta: Self,
        c: *mut Self,
        c_strides: [isize; 2],
    );
}

macro_rules! float {
    ($type:ident, $gemm:ident, $exp:path, $tanh:path) => {
        impl Float for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const INFINITY: Self = $type::INFINITY;

            #[inline]
            fn of(value: f64) -> Self {
                value as $type
            }

            #[inline]
            fn from_f32(value: f32) -> Self {
                value.into()
            }

            #[inline]
            fn to_f32(self) -> f32 {
                self as f32
            }

            #[inline]
            fn to_f64(self) -> f64 {
                self.into()
            }

            #[inline]
            fn exp(self) -> Self {
                $exp(self)
            }

            #[inline]
            fn ln(self) -> Self {
                $type::ln(self)
            }

            #[inline]
            fn sqrt(self) -> Self {
                $type::sqrt(self)
            }

            #[inline]
            fn tanh(self) -> Self {
                $tanh(self)
            }

            #[inline]
            fn powf(self, exponent: Self) -> Self {
                $type::powf(self, exponent)
            }

            #[inline]
            fn is_nan(self) -> bool {
                $type::is_nan(self)
            }

            #[inline]
            unsafe fn gemm(
                m: usize,
                k: usize,
                n: usize,
                a: *const Self,
                [row_a, column_a]: [isize; 2],
                b: *const Self,
                [row_b, column_b]: [isize; 2],
                beta: Self,
                c: *mut Self,
                [row_c, column_c]: [isize; 2],
            ) {
                // SAFETY: the caller's promise is the same.
                unsafe {
                    matrixmultiply::$gemm(m, k, n, 1.0, a, row_a, column_a, b, row_b, column_b, beta, c, row_c, column_c);
                }
            }
        }
    };
}

float!(f32, sgemm, super::exp::exp, super::exp::tanh);
float!(f64, dgemm, f64::exp, f64::tanh);
