//! Recording of the convolution's kernels: implicit matrix products, `shaders/conv.wgsl`; those of the tiled family are
//! recorded in `tiled.rs`.

use super::{Window, tiled};
use crate::error::Result;
use crate::gpu::family::Family;
use crate::gpu::kernels::{CONV_BACKWARD_INPUT, CONV_BACKWARD_WEIGHT, CONV_FORWARD};
use crate::gpu::recorder::{Constant, Recorder, View, padded, workgroups};
use crate::layers::activation::{self, GradInput, record_backward};
use crate::network::ActivationFunction;

/// Output pixels in a row, and vec4s of channels, that one thread computes.
const TILE: usize = 4;
const PAIR: usize = 2;
/// Threads that keep a graphics card busy; the weight gradient is split until there are as many.
const BUSY: usize = 16_384;

/// Bias and activation function are applied at once; without a function the output is the convolution's.
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    function: Option<ActivationFunction>,
    input: &View,  // (batch, height, width, in)
    weight: &View, // (kernel, kernel, in, out)
    bias: &View,   // (out)
    output: &View, // (batch, height, width, out)
) -> Result<()> {
    let label = format!("{name}.forward");
    let views = [input, weight, bias, output];
    if recorder.family() == Family::Tiled {
        return tiled::record_forward(recorder, &label, window, function, &views);
    }
    let tiles = recorder.batch * window.output.height * window.output.width.div_ceil(TILE);
    let pairs = blocks(window.output.channels).div_ceil(PAIR);
    let constants = constants(window, &[("FUNCTION", activation::code(function).into())]);
    recorder.dispatch(&label, &CONV_FORWARD, &constants, &views, workgroups(tiles) * pairs)
}

/// The gradient of the input.
pub fn record_backward_input<'a>(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    grad_output: &View,                   // (batch, height, width, out)
    weight: &View,                        // (kernel, kernel, in, out)
    grad_input: impl Into<GradInput<'a>>, // (batch, height, width, in)
) -> Result<()> {
    let label = format!("{name}.backward_input");
    let views = [grad_output, weight];
    if recorder.family() == Family::Tiled {
        return tiled::record_backward_input(recorder, &label, window, &views, grad_input.into());
    }
    let tiles = recorder.batch * window.input.height * window.input.width.div_ceil(TILE);
    let pairs = blocks(window.input.channels).div_ceil(PAIR);
    let constants = constants(window, &[]);
    record_backward(recorder, &label, &CONV_BACKWARD_INPUT, &constants, &views, grad_input.into(), workgroups(tiles) * pairs)
}

/// Partial sums of the gradients of weight and bias: (split, kernel * kernel * in + 1, out), the bias in the last row.
#[derive(Clone, Debug)]
pub struct Partial {
    pub view: View,
    pub splits: usize,
    /// Rows of one split: kernel * kernel * in (padded) + 1.
    pub rows: usize,
}

/// How many splits, and how many rows of output pixels each of them sums.
fn splits(recorder: &Recorder, window: &Window) -> (usize, usize) {
    let rows = recorder.batch * window.output.height;
    let threads = (taps(window) + 1) * blocks(window.output.channels).div_ceil(PAIR);
    let rows_a_split = rows.div_ceil(BUSY.div_ceil(threads).min(rows));
    (rows.div_ceil(rows_a_split), rows_a_split)
}

/// Length of the partial sums in floats.
pub fn partial_len(recorder: &Recorder, window: &Window) -> usize {
    let splits = match recorder.family() {
        Family::Registers => splits(recorder, window).0,
        Family::Tiled => tiled::splits(recorder, window),
    };
    splits * (4 * taps(window) + 1) * padded(window.output.channels)
}

/// Partial sums of the gradients of weight and bias, into `view` of [`partial_len`] floats.
pub fn record_backward_weight(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    input: &View,       // (batch, height, width, in)
    grad_output: &View, // (batch, height, width, out)
    view: View,
) -> Result<Partial> {
    let label = format!("{name}.backward_weight");
    if recorder.family() == Family::Tiled {
        return tiled::record_backward_weight(recorder, &label, window, input, grad_output, view);
    }
    let (splits, rows_a_split) = splits(recorder, window);
    let groups = workgroups(taps(window) + 1) * blocks(window.output.channels).div_ceil(PAIR) * splits;
    let constants = constants(window, &[("SPLITS", splits.into()), ("ROWS_A_SPLIT", rows_a_split.into())]);
    recorder.dispatch(&label, &CONV_BACKWARD_WEIGHT, &constants, &[input, grad_output, &view], groups)?;
    Ok(Partial { view, splits, rows: 4 * taps(window) + 1 })
}

/// (ky, kx, vec4s of input channels)
pub(super) fn taps(window: &Window) -> usize {
    window.kernel * window.kernel * blocks(window.input.channels)
}

pub(super) fn blocks(channels: usize) -> usize {
    padded(channels) / 4
}

/// Every entry point of the file is compiled, so that constants of the others need some value too.
pub(super) fn constants(window: &Window, own: &[(&'static str, Constant)]) -> Vec<(&'static str, Constant)> {
    let (input, output) = (window.input, window.output);
    let mut constants = vec![
        ("IN_HEIGHT", input.height.into()),
        ("IN_WIDTH", input.width.into()),
        ("IN_BLOCKS", blocks(input.channels).into()),
        ("OUT_HEIGHT", output.height.into()),
        ("OUT_WIDTH", output.width.into()),
        ("OUT_CHANNELS", output.channels.into()),
        ("OUT_BLOCKS", blocks(output.channels).into()),
        ("KERNEL", window.kernel.into()),
        ("STRIDE", window.stride.into()),
        ("PADDING", window.padding.into()),
    ];
    let others = [("FUNCTION", 0usize.into()), ("SPLITS", 1usize.into()), ("ROWS_A_SPLIT", 1usize.into())];
    constants.extend(own);
    constants.extend(others.iter().filter(|(name, _)| own.iter().all(|(given, _)| given != name)));
    constants
}
