//! Convolution: `y[b,i,j,o] = bias[o] + sum over ky, kx, c of x[b, s i + ky - p, s j + kx - p, c] w[ky,kx,c,o]` - LeCun et
//! al. 1998, section II; cross-correlation, as everywhere in this field.
//!
//! On the CPU, the three products of training are matrix products in one of two forms: `direct.rs`, which is also the measure of
//! the other's error, and `minimal.rs`, which needs fewer multiplications. `forms.rs` says which. The input's gradient is itself
//! a convolution of the output's gradient (with zeros between its pixels where the stride is not 1) with the flipped weights.

mod canvas;
mod constants;
mod direct;
mod forms;
mod minimal;
mod record;
#[cfg(test)]
mod tests;
mod tiled;
mod tiles;
mod transforms;

pub use forms::{Form, Pass, form};
pub use record::*;

use super::{Window, grad_bias};
use crate::math::gemm::Product;

/// Length of the scratch buffer that the other functions need.
pub fn scratch_len(window: &Window, batch: usize) -> usize {
    let of_pass = |pass| match form(window, pass) {
        Some(form) => minimal::scratch_len(form, window, pass, batch),
        None => direct::scratch_len(window, batch),
    };
    [Pass::Forward, Pass::BackwardInput, Pass::BackwardWeight].map(of_pass).into_iter().max().unwrap_or(0)
}

/// The output of a convolution.
pub fn forward<T: Product>(
    window: &Window,
    input: &[T],       // (batch, height, width, in)
    weight: &[T],      // (kernel, kernel, in, out)
    bias: &[T],        // (out)
    output: &mut [T],  // (batch, out height, out width, out)
    scratch: &mut [T], // (scratch_len)
) {
    match form(window, Pass::Forward) {
        Some(form) => minimal::forward(form, window, input, weight, bias, output, scratch),
        None => direct::forward(window, input, weight, bias, output, scratch),
    }
}

/// The gradients of weight and bias, summed over the images in a fixed order.
pub fn backward_parameters<T: Product>(
    window: &Window,
    input: &[T],                                // (batch, height, width, in)
    grad_output: &[T],                          // (batch, out height, out width, out)
    [grad_weight, grad_of_bias]: [&mut [T]; 2], // (kernel, kernel, in, out), (out)
    scratch: &mut [T],                          // (scratch_len)
) {
    grad_bias(grad_output, grad_of_bias);
    match form(window, Pass::BackwardWeight) {
        Some(form) => minimal::backward_weight(form, window, input, grad_output, grad_weight, scratch),
        None => direct::backward_weight(window, input, grad_output, grad_weight, scratch),
    }
}

/// The gradient of the input: each pixel sums what the windows over it pass back.
pub fn backward_input<T: Product>(
    window: &Window,
    weight: &[T],         // (kernel, kernel, in, out)
    grad_output: &[T],    // (batch, out height, out width, out)
    grad_input: &mut [T], // (batch, height, width, in)
    scratch: &mut [T],    // (scratch_len)
) {
    match form(window, Pass::BackwardInput) {
        Some(form) => minimal::backward_input(form, window, weight, grad_output, grad_input, scratch),
        None => direct::backward_input(window, weight, grad_output, grad_input, scratch),
    }
}
