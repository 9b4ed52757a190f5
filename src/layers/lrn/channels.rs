//! Normalisation across the channels of a pixel. Backward computes s again; it is not stored.

use super::constants::Lrn;
use crate::math::float::Float;

/// `denominator[c] = s_c`; `padded` is scratch.
fn sums<T: Float>(lrn: &Lrn, a: &[T], padded: &mut [T], denominator: &mut [T]) {
    for (square, a) in padded[lrn.below()..].iter_mut().zip(a) {
        *square = *a * *a;
    }
    window_sums(padded, lrn.n, denominator);
    let (k, alpha) = (T::of(lrn.k), T::of(lrn.alpha));
    denominator.iter_mut().for_each(|s| *s = k + alpha * *s);
}

/// `sums[c] = padded[c] + ... + padded[c + n - 1]`, each summed afresh: adding and subtracting the ends of a sliding window
/// would leave the rounding error of a large value behind.
fn window_sums<T: Float>(padded: &[T], n: usize, sums: &mut [T]) {
    let channels = sums.len();
    sums.copy_from_slice(&padded[..channels]);
    for shift in 1..n {
        for (sum, value) in sums.iter_mut().zip(&padded[shift..][..channels]) {
            *sum += *value;
        }
    }
}

/// Any number of positions, each with `channels` values.
pub fn forward<T: Float>(lrn: &Lrn, channels: usize, input: &[T], output: &mut [T]) {
    let mut padded = vec![T::ZERO; channels + lrn.n - 1];
    for (a, b) in input.chunks_exact(channels).zip(output.chunks_exact_mut(channels)) {
        sums(lrn, a, &mut padded, b);
        lrn.powers(b);
        for (b, a) in b.iter_mut().zip(a) {
            *b = *a * *b;
        }
    }
}

/// Shapes as in [`forward`].
pub fn backward<T: Float>(lrn: &Lrn, channels: usize, input: &[T], grad_output: &[T], grad_input: &mut [T]) {
    let factor = T::of(2.0 * lrn.alpha * lrn.beta);
    let mut squares = vec![T::ZERO; channels + lrn.n - 1];
    // The windows that hold j reach the other way: `above` channels below it, `below` above.
    let mut terms = squares.clone();
    let (mut s, mut power, mut totals) = (vec![T::ZERO; channels], vec![T::ZERO; channels], vec![T::ZERO; channels]);
    let rows = input.chunks_exact(channels).zip(grad_output.chunks_exact(channels));
    for ((a, g), grad) in rows.zip(grad_input.chunks_exact_mut(channels)) {
        sums(lrn, a, &mut squares, &mut s);
        power.copy_from_slice(&s);
        lrn.powers(&mut power);
        for ((((term, a), g), s), power) in terms[lrn.above()..].iter_mut().zip(a).zip(g).zip(&s).zip(&power) {
            *term = *g * *a * *power / *s;
        }
        window_sums(&terms, lrn.n, &mut totals);
        for ((((grad, a), g), total), power) in grad.iter_mut().zip(a).zip(g).zip(&totals).zip(&power) {
            *grad = *g * *power - factor * *a * *total;
        }
    }
}
