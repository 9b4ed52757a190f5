//! Fully connected layer: `y = x W + b`.
//!
//! `grad W = x^T grad y`, `grad b = sum over the batch of grad y`, `grad x = grad y W^T`.

mod record;

pub use record::*;

use super::{Gradients, grad_bias};
use crate::cpu::Float;
use crate::cpu::gemm::{self, Operand, Start, multiply};

/// Length of the scratch buffer that [`forward`] and [`backward`] need.
pub fn scratch_len(inputs: usize, outputs: usize, batch: usize) -> usize {
    [(inputs, outputs), (batch, outputs), (outputs, inputs)]
        .map(|(depth, columns)| gemm::scratch_len(depth, columns))
        .into_iter()
        .max()
        .unwrap_or(0)
}

/// The output of a fully connected layer.
pub fn forward<T: Float>(
    input: &[T],       // (batch, in)
    weight: &[T],      // (in, out)
    bias: &[T],        // (out)
    output: &mut [T],  // (batch, out)
    scratch: &mut [T], // (scratch_len)
) {
    let input = Operand::matrix(input, weight.len() / bias.len());
    multiply(&input, &Operand::matrix(weight, bias.len()), Start::Row(bias), output, scratch);
}

/// The gradients of weight, bias and input.
pub fn backward<T: Float>(
    input: &[T],       // (batch, in)
    weight: &[T],      // (in, out)
    grad_output: &[T], // (batch, out)
    grad: Gradients<T>,
    scratch: &mut [T], // (scratch_len)
) {
    let features = grad.bias.len();
    grad_bias(grad_output, grad.bias);
    let grad_output = Operand::matrix(grad_output, features);
    let input = Operand::matrix(input, weight.len() / features).transposed();
    multiply(&input, &grad_output, Start::Zero, grad.weight, scratch);
    if let Some(grad_input) = grad.input {
        multiply(&grad_output, &Operand::matrix(weight, features).transposed(), Start::Zero, grad_input, scratch);
    }
}
