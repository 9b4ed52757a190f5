//! Normalisation within each channel's map: over the pixels around a pixel.

use super::constants::Lrn;
use crate::math::float::Float;
use crate::network::Shape;

/// An image's activations, one after another.
pub fn forward<T: Float>(lrn: &Lrn, shape: Shape, input: &[T], output: &mut [T]) {
    let mut squares = vec![T::ZERO; shape.len()];
    for (a, b) in input.chunks_exact(shape.len()).zip(output.chunks_exact_mut(shape.len())) {
        denominators(lrn, shape, a, &mut squares, b);
        lrn.powers(b);
        for (b, a) in b.iter_mut().zip(a) {
            *b = *a * *b;
        }
    }
}

/// Shapes as in [`forward`].
pub fn backward<T: Float>(lrn: &Lrn, shape: Shape, input: &[T], grad_output: &[T], grad_input: &mut [T]) {
    let factor = T::of(2.0 * lrn.alpha * lrn.beta);
    let zeros = vec![T::ZERO; shape.len()];
    let (mut terms, mut s, mut power) = (zeros.clone(), zeros.clone(), zeros);
    let images = input.chunks_exact(shape.len()).zip(grad_output.chunks_exact(shape.len()));
    for ((a, g), grad) in images.zip(grad_input.chunks_exact_mut(shape.len())) {
        denominators(lrn, shape, a, &mut terms, &mut s);
        power.copy_from_slice(&s);
        lrn.powers(&mut power);
        for ((((term, a), g), s), power) in terms.iter_mut().zip(a).zip(g).zip(&s).zip(&power) {
            *term = *g * *a * *power / *s;
        }
        // The windows that hold a pixel reach the other way.
        window_sums(shape, [lrn.above(), lrn.below()], &terms, grad);
        for (((grad, a), g), power) in grad.iter_mut().zip(a).zip(g).zip(&power) {
            *grad = *g * *power - factor * *a * *grad;
        }
    }
}

/// `s` of an image; `squares` is scratch.
fn denominators<T: Float>(lrn: &Lrn, shape: Shape, a: &[T], squares: &mut [T], s: &mut [T]) {
    for (square, a) in squares.iter_mut().zip(a) {
        *square = *a * *a;
    }
    window_sums(shape, [lrn.below(), lrn.above()], squares, s);
    let (k, alpha) = (T::of(lrn.k), T::of(lrn.alpha));
    s.iter_mut().for_each(|s| *s = k + alpha * *s);
}

/// The sum of each pixel's window, which reaches `below` rows and columns before it and `above` after it.
fn window_sums<T: Float>(shape: Shape, [below, above]: [usize; 2], values: &[T], sums: &mut [T]) {
    let channels = shape.channels;
    for (pixel, sum) in sums.chunks_exact_mut(channels).enumerate() {
        let reach = |at: usize, size: usize| at.saturating_sub(below)..(at + above + 1).min(size);
        sum.fill(T::ZERO);
        for y in reach(pixel / shape.width, shape.height) {
            for x in reach(pixel % shape.width, shape.width) {
                for (sum, value) in sum.iter_mut().zip(&values[(y * shape.width + x) * channels..]) {
                    *sum += *value;
                }
            }
        }
    }
}
