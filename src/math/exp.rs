//! `exp` and `tanh` in f32. They have no branches or tables, so loops over them use SIMD. Unlike the platforms' own functions,
//! they give the same bits everywhere.
//!
//! `x = k ln 2 + r` with |r| <= ln 2 / 2, and `e^x = 2^k (1 + q)`. Taylor's series up to r^7 / 7! gives `q = e^r - 1`; the
//! remainder is below 0.3466^8 / 8! = 5e-9 of the result, a twelfth of the rounding error.

use std::f32::consts::LOG2_E;

/// Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the mantissa.
const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts: the upper 15 bits, whose product with k is exact, and the remainder.
const LN_2_HIGH: f32 = 0.693_145_75;
const LN_2_LOW: f32 = 1.428_606_8e-6;

/// `q` and the two factors whose product is 2^k: each is a normal number even where 2^k is not.
#[inline(always)]
fn parts(x: f32) -> (f32, f32, f32) {
    let rounded = x * LOG2_E + ROUND;
    let k = rounded - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut q = 1.0 / 5040.0;
    for inverse in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0] {
        q = q * r + inverse;
    }
    let k = rounded.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    let half = k >> 1;
    (q * r, power_of_two(half), power_of_two(k.wrapping_sub(half)))
}

/// 2^k for -126 <= k <= 127.
#[inline(always)]
fn power_of_two(k: i32) -> f32 {
    f32::from_bits((k.wrapping_add(127) as u32) << 23)
}

/// e^x. Infinite above 88.7, 0 below -104, NaN for NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let (q, a, b) = parts(x.clamp(-104.0, 89.0));
    (1.0 + q) * a * b
}

/// `tanh |x| = -m / (2 + m)` with `m = e^(-2|x|) - 1 = 2^k q + (2^k - 1)`, accurate to the last bits even near 0.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    // tanh 20 rounds to 1.
    let (q, a, b) = parts((-2.0 * x.abs()).max_or_nan(-40.0));
    let power = a * b;
    let m = power * q + (power - 1.0);
    (-m / (2.0 + m)).copysign(x)
}

trait MaxOrNan {
    /// The larger value; NaN when `self` is NaN.
    fn max_or_nan(self, other: Self) -> Self;
}

impl MaxOrNan for f32 {
    #[inline(always)]
    fn max_or_nan(self, other: f32) -> f32 {
        if self < other { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_2_is_split_exactly() {
        assert_eq!(LN_2_HIGH.to_bits() & 0x1ff, 0);
        let both = f64::from(LN_2_HIGH) + f64::from(LN_2_LOW);
        assert!((both - std::f64::consts::LN_2).abs() < 1e-13 && LN_2_LOW < LN_2_HIGH * 2f32.powi(-15));
    }

    /// Half a unit of rounding each for r, for 1 + q and, at most twice, for the scaling. q has its own, at less than half
    /// the weight. Three units of 2^-23 cover them.
    #[test]
    fn exp_is_within_three_units_in_the_last_place() {
        for i in -87_000..88_700 {
            let x = i as f32 * 1e-3;
            let wanted = f64::from(x).exp();
            assert!((f64::from(exp(x)) / wanted - 1.0).abs() < 3.0 * f64::from(f32::EPSILON), "{x}: {} {wanted}", exp(x));
        }
        assert_eq!([exp(0.0), exp(-200.0), exp(f32::NEG_INFINITY)], [1.0, 0.0, 0.0]);
        assert_eq!([exp(89.0), exp(f32::INFINITY)], [f32::INFINITY; 2]);
        assert!(exp(f32::NAN).is_nan() && exp(-100.0) > 0.0);
    }

    #[test]
    fn tanh_is_within_four_units_in_the_last_place() {
        for i in -20_000..20_000 {
            for x in [i as f32 * 1e-3, i as f32 * 1e-8] {
                let wanted = f64::from(x).tanh();
                let error = (f64::from(tanh(x)) - wanted).abs();
                assert!(error <= 4.0 * f64::from(f32::EPSILON) * wanted.abs(), "{x}: {} {wanted}", tanh(x));
            }
        }
        assert_eq!([tanh(f32::INFINITY), tanh(f32::NEG_INFINITY), tanh(100.0)], [1.0, -1.0, 1.0]);
        assert!(tanh(f32::NAN).is_nan());
    }
}
