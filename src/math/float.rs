//! The two float types of the CPU backend: `f32` for training, `f64` for finite differences.

use super::exp;
use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// What the layers need from a float type.
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

    /// `self b + c`, rounded once where the machine has an instruction for it.
    fn mul_add(self, b: Self, c: Self) -> Self;
}

macro_rules! float {
    ($type:ident, $exp:path, $tanh:path) => {
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

            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                if cfg!(any(target_arch = "aarch64", target_feature = "fma")) { $type::mul_add(self, b, c) } else { self * b + c }
            }
        }
    };
}

float!(f32, exp::exp, exp::tanh);
float!(f64, f64::exp, f64::tanh);

/// Whether all values are finite: `0 x` is 0 for a finite x, else NaN. Eight sums let the loop use SIMD.
pub fn all_finite<T: Float>(values: &[T]) -> bool {
    let mut sums = [T::ZERO; 8];
    let chunks = values.chunks_exact(8);
    let rest: T = chunks.remainder().iter().map(|x| *x * T::ZERO).sum();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += *x * T::ZERO;
        }
    }
    sums.iter().copied().sum::<T>() + rest == T::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_that_is_not_finite_is_found_wherever_it_is() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for i in 0..19 {
                let mut values = [f32::MAX; 19];
                assert!(all_finite(&values));
                values[i] = bad;
                assert!(!all_finite(&values));
            }
        }
    }
}
