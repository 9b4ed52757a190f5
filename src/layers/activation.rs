//! The activation functions and their derivatives, which are taken from the stored output y:
//!
//! | function | y | dy/dx |
//! | --- | --- | --- |
//! | relu (Nair and Hinton 2010) | max(x, 0) | 1 if y > 0, else 0 |
//! | leaky_relu (Maas et al. 2013) | x if x > 0, else 0.01 x | 1 if y > 0, else 0.01 |
//! | sigmoid | 1 / (1 + e^-x) | y (1 - y) |
//! | tanh | tanh x | 1 - y^2 |

use crate::cpu::Float;
use crate::error::Result;
use crate::gpu::kernels::{ACTIVATION_FORWARD, Kernel};
use crate::gpu::recorder::{Constant, Recorder, View, padded, workgroups};
use crate::network::ActivationFunction::{self, LeakyRelu, Relu, Sigmoid, Tanh};
use crate::network::Shape;

/// Slope of the leaky ReLU below 0.
pub const LEAKY_SLOPE: f64 = 0.01;

/// Any shape; input and output have the same.
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

/// The function's number in `common.wgsl`; a number that is none of them leaves values as they are.
pub fn code(function: Option<ActivationFunction>) -> u32 {
    match function {
        Some(Relu) => 0,
        Some(Sigmoid) => 1,
        Some(Tanh) => 2,
        Some(LeakyRelu) => 3,
        None => 4,
    }
}

/// `name`: the layer's; `input`, `output`: (batch, shape).
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    function: ActivationFunction,
    shape: Shape,
    input: &View,
    output: &View,
) -> Result<()> {
    let (vectors, constants) = constants(recorder, function, shape);
    let label = format!("{name}.forward");
    recorder.dispatch(&label, &ACTIVATION_FORWARD, &constants, &[input, output], workgroups(vectors))
}

/// Where a layer's backward pass leaves the gradient of its input. A view alone will do.
#[derive(Clone, Copy)]
pub struct GradInput<'a> {
    pub view: &'a View,
    /// The activation function in front of the layer, which the same kernel goes back through.
    pub before: Option<Before<'a>>,
}

#[derive(Clone, Copy)]
pub struct Before<'a> {
    pub function: ActivationFunction,
    pub output: &'a View,
    pub grad_input: &'a View,
}

impl<'a> From<&'a View> for GradInput<'a> {
    fn from(view: &'a View) -> Self {
        GradInput { view, before: None }
    }
}

/// Records a kernel whose bindings end with the gradient of its input and those of `pass_through_activation` in `common.wgsl`;
/// `views` are the others.
pub fn record_backward(
    recorder: &mut Recorder,
    label: &str,
    kernel: &'static Kernel,
    constants: &[(&str, Constant)],
    views: &[&View],
    grad_input: GradInput,
    workgroups: usize,
) -> Result<()> {
    let nothing = recorder.nothing()?;
    let before = grad_input.before;
    let through = before.map_or([&nothing[0], &nothing[1]], |before| [before.output, before.grad_input]);
    let function = code(before.map(|before| before.function));
    let constants = [constants, &[("ACTIVATION_BEFORE", function.into())]].concat();
    let views = [views, &[grad_input.view], &through].concat();
    recorder.dispatch(label, kernel, &constants, &views, workgroups)
}

fn constants(recorder: &Recorder, function: ActivationFunction, shape: Shape) -> (usize, [(&'static str, Constant); 3]) {
    let vectors = recorder.batch * shape.height * shape.width * padded(shape.channels) / 4;
    (vectors, [("VECTORS", vectors.into()), ("CHANNELS", shape.channels.into()), ("FUNCTION", code(Some(function)).into())])
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
