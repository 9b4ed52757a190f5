//! Local response normalisation: `b_i = a_i / s_i^beta`, `s_i = k + alpha * sum of a_j^2 over the n channels j around i` -
//! Krizhevsky et al. 2012, section 3.3. The paper's form: alpha is not divided by n (PyTorch divides).
//!
//! The window of channel i reaches from `i - floor(n / 2)` to `i + n - 1 - floor(n / 2)`, clipped at both ends. Backward,
//! with g the gradient of b and the sum over all i whose window holds j:
//!
//! `grad a_j = g_j s_j^-beta - 2 alpha beta a_j * sum of g_i a_i s_i^(-beta - 1)`
//!
//! Backward computes s again; it is not stored.

use super::fused::{self, GradInput};
use crate::error::Result;
use crate::gpu::kernels::{Constant, LRN_BACKWARD, LRN_FORWARD};
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{View, padded};
use crate::math::float::Float;
use crate::network::Shape;

/// The layer's constants, in the network's type.
#[derive(Clone, Copy, Debug)]
pub struct Lrn {
    pub n: usize,
    pub k: f64,
    pub alpha: f64,
    pub beta: f64,
}

impl Lrn {
    /// Channels of the window below its own channel.
    fn below(&self) -> usize {
        self.n / 2
    }

    /// Channels of the window above its own channel.
    fn above(&self) -> usize {
        self.n - 1 - self.below()
    }

    /// `denominator[c] = s_c`; `padded` is scratch.
    fn sums<T: Float>(&self, a: &[T], padded: &mut [T], denominator: &mut [T]) {
        let below = self.below();
        for (square, a) in padded[below..].iter_mut().zip(a) {
            *square = *a * *a;
        }
        window_sums(padded, self.n, denominator);
        let (k, alpha) = (T::of(self.k), T::of(self.alpha));
        denominator.iter_mut().for_each(|s| *s = k + alpha * *s);
    }

    /// `s^-beta` in place.
    fn powers<T: Float>(&self, s: &mut [T]) {
        if self.beta == 0.75 {
            s.iter_mut().for_each(|s| *s = quarter_power(*s));
        } else {
            let beta = T::of(-self.beta);
            s.iter_mut().for_each(|s| *s = s.powf(beta));
        }
    }
}

/// `s^-0.75` without `powf`.
fn quarter_power<T: Float>(s: T) -> T {
    let r = T::ONE / s.sqrt();
    r * r.sqrt()
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
        lrn.sums(a, &mut padded, b);
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
    let (mut s, mut power, mut sums) = (vec![T::ZERO; channels], vec![T::ZERO; channels], vec![T::ZERO; channels]);
    let rows = input.chunks_exact(channels).zip(grad_output.chunks_exact(channels));
    for ((a, g), grad) in rows.zip(grad_input.chunks_exact_mut(channels)) {
        lrn.sums(a, &mut squares, &mut s);
        power.copy_from_slice(&s);
        lrn.powers(&mut power);
        for ((((term, a), g), s), power) in terms[lrn.above()..].iter_mut().zip(a).zip(g).zip(&s).zip(&power) {
            *term = *g * *a * *power / *s;
        }
        window_sums(&terms, lrn.n, &mut sums);
        for ((((grad, a), g), sum), power) in grad.iter_mut().zip(a).zip(g).zip(&sums).zip(&power) {
            *grad = *g * *power - factor * *a * *sum;
        }
    }
}

// ---- on the GPU ----

/// Records [`forward`].
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    lrn: &Lrn,
    shape: Shape,
    input: &View,  // (batch, shape)
    output: &View, // (batch, shape)
) -> Result<()> {
    let (vectors, constants) = constants(recorder, lrn, shape);
    recorder.dispatch(&format!("{name}.forward"), &LRN_FORWARD, &constants, &[input, output], workgroups(vectors))
}

/// Records [`backward`].
pub fn record_backward<'a>(
    recorder: &mut Recorder,
    name: &str,
    lrn: &Lrn,
    shape: Shape,
    input: &View,                         // (batch, shape)
    grad_output: &View,                   // (batch, shape)
    grad_input: impl Into<GradInput<'a>>, // (batch, shape)
) -> Result<()> {
    let (vectors, constants) = constants(recorder, lrn, shape);
    let (label, views) = (format!("{name}.backward"), [input, grad_output]);
    fused::record_backward(recorder, &label, &LRN_BACKWARD, &constants, &views, Some(grad_input.into()), workgroups(vectors))
}

fn constants(recorder: &Recorder, lrn: &Lrn, shape: Shape) -> (usize, [(&'static str, Constant); 8]) {
    let blocks = padded(shape.channels) / 4;
    let vectors = recorder.batch * shape.height * shape.width * blocks;
    let constants = [
        ("VECTORS", vectors.into()),
        ("CHANNEL_BLOCKS", blocks.into()),
        ("BELOW", lrn.below().into()),
        ("ABOVE", lrn.above().into()),
        // No window reaches further than all channels.
        ("REACH", lrn.below().max(lrn.above()).div_ceil(4).min(blocks).into()),
        ("K", (lrn.k as f32).into()),
        ("ALPHA", (lrn.alpha as f32).into()),
        ("BETA", (lrn.beta as f32).into()),
    ];
    (vectors, constants)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_window_reaches_further_down() {
        let lrn = Lrn { n: 4, k: 1.0, alpha: 1.0, beta: 1.0 };
        let mut b = [0.0f64; 5];
        forward(&lrn, 5, &[1.0, 1.0, 1.0, 1.0, 1.0], &mut b);
        // Window sizes: channels {0, 1}, {0, 1, 2}, {0 to 3}, {1 to 4}, {2 to 4}.
        assert_eq!(b, [1.0 / 3.0, 1.0 / 4.0, 1.0 / 5.0, 1.0 / 5.0, 1.0 / 4.0]);
    }

    #[test]
    fn the_fast_power_is_the_power() {
        for s in [0.1, 1.0, 2.0, 17.0, 1e10] {
            // Three roundings of a relative error of 2^-53 each, and powf's own.
            assert!((quarter_power(s) / f64::powf(s, -0.75) - 1.0).abs() < 8.0 * f64::EPSILON, "{s}");
        }
    }
}
