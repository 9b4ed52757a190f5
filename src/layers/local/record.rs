//! Records the locally connected layer's kernels, `shaders/local.wgsl`.

use crate::config::ActivationFunction;
use crate::error::Result;
use crate::gpu::kernels::{Constant, LOCAL_BACKWARD_INPUT, LOCAL_BACKWARD_WEIGHT, LOCAL_FORWARD};
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{View, padded};
use crate::layers::Window;
use crate::layers::fused::{self, GradInput};

/// Images that one thread computes.
const IMAGES: usize = 4;

/// Also applies the bias and `function`.
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    function: Option<ActivationFunction>,
    input: &View,  // (batch, height, width, in)
    weight: &View, // (out height, out width, kernel, kernel, in, out)
    bias: &View,   // (out height, out width, out)
    output: &View, // (batch, out height, out width, out)
) -> Result<()> {
    let mut constants = constants(window);
    constants.push(("FUNCTION", fused::code(function).into()));
    let threads = recorder.batch.div_ceil(IMAGES) * positions(window) * blocks(window.output.channels);
    let views = [input, weight, bias, output];
    recorder.dispatch(&format!("{name}.forward"), &LOCAL_FORWARD, &constants, &views, workgroups(threads))
}

/// The gradients of weight and bias, and of the input if needed.
pub fn record_backward(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    input: &View,                         // (batch, height, width, in)
    grad_output: &View,                   // (batch, out height, out width, out)
    weight: &View,                        // (out height, out width, kernel, kernel, in, out)
    [grad_weight, grad_bias]: [&View; 2], // as the weight; (out height, out width, out)
    grad_input: Option<GradInput>,        // (batch, height, width, in)
) -> Result<()> {
    let constants = constants(window);
    let [inputs, outputs] = [window.input.channels, window.output.channels].map(blocks);
    // One more row for the bias.
    let rows = window.kernel * window.kernel * inputs + 1;
    let (label, groups) = (format!("{name}.backward_weight"), workgroups(positions(window) * rows * outputs));
    let none = [&constants[..], &[("FUNCTION", fused::code(None).into())]].concat();
    recorder.dispatch(&label, &LOCAL_BACKWARD_WEIGHT, &none, &[input, grad_output, grad_weight, grad_bias], groups)?;
    if grad_input.is_none() {
        return Ok(());
    }
    let threads = recorder.batch.div_ceil(IMAGES) * window.input.height * window.input.width * inputs;
    let (label, views) = (format!("{name}.backward_input"), [grad_output, weight]);
    fused::record_backward(recorder, &label, &LOCAL_BACKWARD_INPUT, &none, &views, grad_input, workgroups(threads))
}

fn positions(window: &Window) -> usize {
    window.output.height * window.output.width
}

fn blocks(channels: usize) -> usize {
    padded(channels) / 4
}

fn constants(window: &Window) -> Vec<(&'static str, Constant)> {
    vec![
        ("HEIGHT", window.input.height.into()),
        ("WIDTH", window.input.width.into()),
        ("IN_BLOCKS", blocks(window.input.channels).into()),
        ("OUT_HEIGHT", window.output.height.into()),
        ("OUT_WIDTH", window.output.width.into()),
        ("OUT_BLOCKS", blocks(window.output.channels).into()),
        ("OUT_CHANNELS", window.output.channels.into()),
        ("KERNEL", window.kernel.into()),
        ("STRIDE", window.stride.into()),
        ("PADDING", window.padding.into()),
    ]
}
