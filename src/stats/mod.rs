//! What the page draws besides the loss: gradient histograms and activation statistics.
//!
//! Statistics of parts of a batch add up to those of the whole.

mod activations;
mod blocks;
mod gradients;

pub use activations::{ACTIVATION_BINS, ActivationStats, Moments, SATURATED, Spread, activation_bin, see};
pub use gradients::{GRADIENT_BINS, GRADIENT_FLOOR, GradientStats, SQRT2_MANTISSA};

use crate::math::float::Float;
use blocks::{blocks, sum_of_squares};
use serde::Serialize;

/// All statistics at one step. Rows are in the order of the network's tensors and blocks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    pub step: u64,
    /// Gradient of each tensor of the network (weights, biases, gammas, betas).
    pub parameters: Vec<GradientStats>,
    /// The Euclidean norm of each tensor itself, after the step.
    pub norms: Vec<f32>,
    /// Gradient of the loss with respect to each block's activation, on the last training batch.
    pub activation_gradients: Vec<GradientStats>,
    /// Each block's activations on the probe batch, in evaluation mode.
    pub activations: Vec<ActivationStats>,
}

/// The Euclidean norm.
pub fn norm<T: Float>(values: &[T]) -> f32 {
    let mut squares = 0.0;
    blocks(values, 0.0, |block| squares += sum_of_squares(block, 0.0));
    squares.sqrt() as f32
}
