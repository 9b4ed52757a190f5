//! Fully connected layer: `y = x W + b`.
//!
//! `grad W = x^T grad y`, `grad b = sum over the batch of grad y`, `grad x = grad y W^T`.

mod record;

pub use record::*;

use super::{Gradients, fill_rows, grad_bias};
use crate::cpu::Float;
use crate::cpu::gemm::{Matrix, multiply};

/// The output of a fully connected layer.
pub fn forward<T: Float>(
    input: &[T],      // (batch, in)
    weight: &[T],     // (in, out)
    bias: &[T],       // (out)
    output: &mut [T], // (batch, out)
) {
    fill_rows(bias, output);
    let weight_matrix = Matrix::new(weight, bias.len());
    multiply(Matrix::new(input, weight.len() / bias.len()), weight_matrix, T::ONE, output);
}

/// The gradients of weight, bias and input.
pub fn backward<T: Float>(
    input: &[T],       // (batch, in)
    weight: &[T],      // (in, out)
    grad_output: &[T], // (batch, out)
    grad: Gradients<T>,
) {
    let features = grad.bias.len();
    grad_bias(grad_output, grad.bias);
    let grad_output = Matrix::new(grad_output, features);
    multiply(Matrix::new(input, weight.len() / features).transposed(), grad_output, T::ZERO, grad.weight);
    if let Some(grad_input) = grad.input {
        multiply(grad_output, Matrix::new(weight, features).transposed(), T::ZERO, grad_input);
    }
}
