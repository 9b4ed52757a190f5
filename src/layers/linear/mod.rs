//! Fully connected layer: `y = x W + b`.
//!
//! `grad W = x^T grad y`, `grad b = sum over the batch of grad y`, `grad x = grad y W^T`.

mod record;

pub use record::*;

use super::grad_bias;
use crate::math::gemm::{self, Operand, Product, Start, multiply};

/// Length of the scratch buffer that the other functions need, for any batch.
pub fn scratch_len(inputs: usize, outputs: usize) -> usize {
    [(inputs, outputs), (usize::MAX, outputs), (outputs, inputs)]
        .map(|(depth, columns)| gemm::scratch_len(depth, columns))
        .into_iter()
        .max()
        .unwrap_or(0)
}

/// The output of a fully connected layer.
pub fn forward<T: Product>(
    input: &[T],       // (batch, in)
    weight: &[T],      // (in, out)
    bias: &[T],        // (out)
    output: &mut [T],  // (batch, out)
    scratch: &mut [T], // (scratch_len)
) {
    let input = Operand::matrix(input, weight.len() / bias.len());
    multiply(&input, &Operand::matrix(weight, bias.len()), Start::Row(bias), output, scratch);
}

/// The gradients of weight and bias.
pub fn backward_parameters<T: Product>(
    input: &[T],                   // (batch, in)
    grad_output: &[T],             // (batch, out)
    [weight, bias]: [&mut [T]; 2], // (in, out), (out)
    scratch: &mut [T],             // (scratch_len)
) {
    grad_bias(grad_output, bias);
    let input = Operand::matrix(input, weight.len() / bias.len()).transposed();
    multiply(&input, &Operand::matrix(grad_output, bias.len()), Start::Zero, weight, scratch);
}

/// The gradient of the input.
pub fn backward_input<T: Product>(
    outputs: usize,
    weight: &[T],         // (in, out)
    grad_output: &[T],    // (batch, out)
    grad_input: &mut [T], // (batch, in)
    scratch: &mut [T],    // (scratch_len)
) {
    let weight = Operand::matrix(weight, outputs).transposed();
    multiply(&Operand::matrix(grad_output, outputs), &weight, Start::Zero, grad_input, scratch);
}
