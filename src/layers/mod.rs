//! The layers, one file each: the formula with its source, forward and backward on the CPU as plain functions on slices, and
//! below them, or in `record.rs`, their recording on the GPU.
//!
//! The backward pass of a layer with parameters is two functions: the first layer does not need its input's gradient, and nothing
//! in the pass waits for the gradients of parameters.
//!
//! The CPU functions are generic over [`Float`], so that finite differences can check them in `f64`. They take the
//! batch size from the length of the slices, and overwrite their outputs.

pub mod activation;
pub mod batch_norm;
pub mod conv;
pub mod dropout;
pub mod fused;
pub mod input;
pub mod linear;
pub mod local;
pub mod lrn;
pub mod noise;
pub mod pool;
pub mod softmax_loss;

use crate::math::float::Float;
use crate::network::{Kind, Layer, Shape};
use std::ops::Range;

/// How a convolution, local layer or pooling slides over its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub input: Shape,
    pub output: Shape,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

impl Window {
    /// The window of a convolution, local layer or pooling; of any other layer, a window of one pixel.
    pub fn of(layer: &Layer) -> Window {
        let (kernel, stride, padding) = match layer.kind {
            Kind::Conv { kernel, stride, padding, .. }
            | Kind::Local { kernel, stride, padding, .. }
            | Kind::Pool { kernel, stride, padding, .. } => (kernel, stride, padding),
            _ => (1, 1, 0),
        };
        Window { input: layer.input, output: layer.output, kernel, stride, padding }
    }

    /// The taps `k` of the kernel for which `position * stride + k - padding` lies inside an axis of `size` elements.
    pub fn taps(&self, position: usize, size: usize) -> Range<usize> {
        let start = position * self.stride;
        let last = (size + self.padding).saturating_sub(start).min(self.kernel);
        self.padding.saturating_sub(start).min(last)..last
    }
}

/// Rows that are added up one by one before their sum joins the total.
const BLOCK: usize = 256;

/// Sums over `rows`, in two stages so that the rounding error grows with `BLOCK + rows / BLOCK` and not with `rows`: `add` adds
/// one row's terms to its accumulator. Overwrites `total`.
fn sum_rows<T: Float>(rows: usize, total: &mut [T], mut add: impl FnMut(usize, &mut [T])) {
    total.fill(T::ZERO);
    let mut partial = vec![T::ZERO; total.len()];
    for first in (0..rows).step_by(BLOCK) {
        partial.fill(T::ZERO);
        for row in first..rows.min(first + BLOCK) {
            add(row, &mut partial);
        }
        for (total, partial) in total.iter_mut().zip(&partial) {
            *total += *partial;
        }
    }
}

/// The gradient of a bias: `grad_bias[c] = sum over rows of grad_output[row, c]`.
fn grad_bias<T: Float>(grad_output: &[T], grad_bias: &mut [T]) {
    let channels = grad_bias.len();
    sum_rows(grad_output.len() / channels, grad_bias, |row, sum| {
        for (sum, g) in sum.iter_mut().zip(&grad_output[row * channels..][..channels]) {
            *sum += *g;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_stay_inside() {
        let shape = Shape { height: 5, width: 5, channels: 1 };
        let window = Window { input: shape, output: shape, kernel: 3, stride: 2, padding: 1 };
        assert_eq!([0, 1, 2].map(|o| window.taps(o, 5)), [1..3, 0..3, 0..2]);
        // A window that lies entirely in the padding has no taps.
        let window = Window { padding: 4, ..window };
        assert!(window.taps(0, 5).is_empty() && window.taps(6, 5).is_empty());
    }
}
