//! The activation functions and their derivatives, which are taken from the stored output y:
//!
//! | function | y | dy/dx |
//! | --- | --- | --- |
//! | relu (Nair and Hinton 2010) | max(x, 0) | 1 if y > 0, else 0 |
//! | leaky_relu (Maas et al. 2013) | x if x > 0, else 0.01 x | 1 if y > 0, else 0.01 |
//! | sigmoid | 1 / (1 + e^-x) | y (1 - y) |
//! | tanh | tanh x | 1 - y^2 |

use super::fused::After;
use crate::config::ActivationFunction;
use crate::config::ActivationFunction::{LeakyRelu, Relu, Sigmoid, Tanh};
use crate::error::Result;
use crate::gpu::kernels::ACTIVATION_FORWARD;
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{View, padded};
use crate::math::float::Float;
use crate::network::Shape;

/// Slope of the leaky ReLU below 0.
pub const LEAKY_SLOPE: f64 = 0.01;

/// Input and output have the same shape.
pub fn forward<T: Float>(function: ActivationFunction, input: &[T], output: &mut [T]) {
    let slope = T::of(LEAKY_SLOPE);
    match function {
        // `x <= 0` and not `x > 0`: NaN goes through instead of becoming 0.
        Relu => each(input, output, |x| if x <= T::ZERO { T::ZERO } else { x }),
        LeakyRelu => each(input, output, |x| if x <= T::ZERO { slope * x } else { x }),
        Sigmoid => each(input, output, |x| T::ONE / (T::ONE + (-x).exp())),
        Tanh => each(input, output, T::tanh),
    }
}

/// `output` is what [`forward`] gave.
pub fn backward<T: Float>(function: ActivationFunction, output: &[T], grad_output: &[T], grad_input: &mut [T]) {
    let slope = T::of(LEAKY_SLOPE);
    match function {
        Relu => each_pair(output, grad_output, grad_input, |y, g| if y <= T::ZERO { T::ZERO } else { g }),
        LeakyRelu => each_pair(output, grad_output, grad_input, |y, g| if y <= T::ZERO { slope * g } else { g }),
        Sigmoid => each_pair(output, grad_output, grad_input, |y, g| g * y * (T::ONE - y)),
        Tanh => each_pair(output, grad_output, grad_input, |y, g| g * (T::ONE - y * y)),
    }
}

fn each<T: Float>(input: &[T], output: &mut [T], f: impl Fn(T) -> T) {
    for (y, x) in output.iter_mut().zip(input) {
        *y = f(*x);
    }
}

fn each_pair<T: Float>(output: &[T], grad_output: &[T], grad_input: &mut [T], f: impl Fn(T, T) -> T) {
    for ((grad, y), g) in grad_input.iter_mut().zip(output).zip(grad_output) {
        *grad = f(*y, *g);
    }
}

// ---- on the GPU

/// `name`: the layer's; `after`: its function, and dropout if that follows; `input`, `output`: (batch, shape).
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    after: After,
    shape: Shape,
    input: &View,
    output: &View,
) -> Result<()> {
    let vectors = recorder.batch * shape.height * shape.width * padded(shape.channels) / 4;
    let constants = [&[("VECTORS", vectors.into()), ("CHANNELS", shape.channels.into())][..], &after.constants()].concat();
    let [params, dropped] = after.views(recorder)?;
    let (label, views) = (format!("{name}.forward"), [input, output, &params, &dropped]);
    recorder.dispatch(&label, &ACTIVATION_FORWARD, &constants, &views, workgroups(vectors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_goes_through_every_function() {
        for function in [Relu, LeakyRelu, Sigmoid, Tanh] {
            let mut y = [0.0f32];
            forward(function, &[f32::NAN], &mut y);
            assert!(y[0].is_nan(), "{function:?}");
        }
    }
}
