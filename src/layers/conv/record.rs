//! Records the convolution's kernels, which are implicit matrix products: `shaders/conv.wgsl`. `tiled.rs` records those of the
//! tiled family.

use super::constants::{blocks, taps};
use super::tiled;
use crate::config::ActivationFunction;
use crate::error::Result;
use crate::gpu::family::Family;
use crate::gpu::kernels::{CONV_BACKWARD, CONV_BACKWARD_WEIGHT, CONV_FORWARD, Constant};
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{View, padded};
use crate::layers::Window;
use crate::layers::fused::{self, GradInput};

/// The part of an image that one thread of the register family computes.
struct Tile {
    /// Neighbouring pixels of a row.
    pixels: usize,
    /// Tiles in a row.
    row_tiles: usize,
    /// vec4s of channels.
    channels: usize,
}

impl Tile {
    /// For rows of `width` pixels. Large tiles read less, but the program must compile quickly, and its length grows with pixels,
    /// channels and taps of a kernel's row.
    fn new(width: usize, kernel: usize, taps: usize) -> Tile {
        let row_tiles = width.div_ceil((taps / kernel).clamp(4, 16));
        let pixels = width.div_ceil(row_tiles);
        Tile { pixels, row_tiles, channels: if 2 * pixels * kernel <= taps { 2 } else { 1 } }
    }

    /// Threads for `rows` rows of pixels with `channels` channels.
    fn threads(&self, rows: usize, channels: usize) -> usize {
        rows * self.row_tiles * blocks(channels).div_ceil(self.channels)
    }

    /// The constants of a tile of outputs.
    fn constants(&self) -> [(&'static str, Constant); 3] {
        [("PIXELS", self.pixels.into()), ("ROW_TILES", self.row_tiles.into()), ("CHANNELS", self.channels.into())]
    }

    /// The constants of a tile of inputs.
    fn back_constants(&self) -> [(&'static str, Constant); 3] {
        [("BACK_PIXELS", self.pixels.into()), ("BACK_ROW_TILES", self.row_tiles.into()), ("BACK_CHANNELS", self.channels.into())]
    }
}

/// The constants of `conv.wgsl` that are not a tile's.
fn constants(window: &Window) -> Vec<(&'static str, Constant)> {
    let Window { input, output, kernel, stride, padding } = *window;
    vec![
        ("IN_HEIGHT", input.height.into()),
        ("IN_WIDTH", input.width.into()),
        ("LANES", if input.channels == 3 { 3usize } else { 4 }.into()),
        ("ONE_BLOCK", usize::from(blocks(input.channels) == 1).into()),
        ("OUT_HEIGHT", output.height.into()),
        ("OUT_WIDTH", output.width.into()),
        ("OUT_REST", (output.channels % 4).into()),
        ("KERNEL", kernel.into()),
        ("STRIDE", stride.into()),
        ("PADDING", padding.into()),
    ]
}

/// Most pixels times channels times taps of a tile. On SwiftShader a kernel of twice the length takes two to three times as long to
/// compile: conv2's forward kernel 0.75 s for 160, and 0.26 s for 80, which is 1.15 times slower. A backward program has two tiles, and
/// the one for an image's few channels has little to gain.
const TAPS_FORWARD: usize = 128;
const TAPS_BACKWARD: usize = 96;
const TAPS_IMAGE: usize = 40;

/// Threads that keep a software adapter's processor busy; the weight gradient is split until there are that many.
const BUSY: usize = 2048;

/// Also applies bias and activation function; without a function, the output is the convolution's.
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
    let tile = Tile::new(window.output.width, window.kernel, TAPS_FORWARD);
    let threads = tile.threads(recorder.batch * window.output.height, window.output.channels);
    let mut constants = constants(window);
    constants.push(("FUNCTION", fused::code(function).into()));
    constants.extend(tile.constants());
    recorder.dispatch(&label, &CONV_FORWARD, &constants, &views, workgroups(threads))
}

/// How the weight gradient is computed.
struct Split {
    tile: Tile,
    /// Threads of one split: a row of taps, 4 input channels and the tile's output channels each.
    threads: usize,
    splits: usize,
}

fn split(recorder: &Recorder, window: &Window) -> Split {
    let taps_of_tile = if blocks(window.input.channels) == 1 { TAPS_IMAGE } else { TAPS_BACKWARD };
    let tile = Tile::new(window.output.width, window.kernel, taps_of_tile);
    let tiles = recorder.batch * window.output.height * tile.row_tiles;
    let threads = taps(window) / window.kernel * blocks(window.output.channels).div_ceil(tile.channels);
    let tiles_a_split = tiles.div_ceil(BUSY.div_ceil(threads).min(tiles));
    Split { tile, threads, splits: tiles.div_ceil(tiles_a_split) }
}

fn splits(recorder: &Recorder, window: &Window) -> usize {
    match recorder.family() {
        Family::Registers => split(recorder, window).splits,
        Family::Tiled => tiled::splits(recorder, window),
    }
}

/// Length of the partial sums in floats.
pub fn partial_len(recorder: &Recorder, window: &Window) -> usize {
    splits(recorder, window) * (4 * taps(window) + 1) * padded(window.output.channels)
}

/// What a convolution leaves for the optimizer to add up.
pub struct Kept {
    /// Partial sums of the gradients of weight and bias: (splits, kernel * kernel * in (padded) + 1, out), the bias in the last row.
    pub partial: View,
    pub splits: usize,
}

impl Kept {
    /// [`partial_len`] floats of `partials` from `start` on.
    pub fn new(recorder: &Recorder, window: &Window, partials: &View, start: usize) -> Kept {
        Kept { partial: partials.slice(start, partial_len(recorder, window)), splits: splits(recorder, window) }
    }
}

/// Partial sums of the gradients of weight and bias, and the gradient of the input if needed.
pub fn record_backward(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    input: &View,       // (batch, height, width, in)
    grad_output: &View, // (batch, height, width, out)
    weight: &View,      // (kernel, kernel, in, out)
    kept: &Kept,
    grad_input: Option<GradInput>, // (batch, height, width, in)
) -> Result<()> {
    let for_weight = [input, grad_output, &kept.partial];
    if recorder.family() == Family::Tiled {
        return tiled::record_backward(recorder, name, window, for_weight, weight, grad_input);
    }
    let Split { tile, threads, splits } = split(recorder, window);
    let mut constants = constants(window);
    constants.extend(tile.constants());
    // One more thread for every 4 elements of the bias.
    let groups = workgroups((threads + blocks(window.output.channels)) * splits);
    match grad_input {
        None => recorder.dispatch(&format!("{name}.backward_weight"), &CONV_BACKWARD_WEIGHT, &constants, &for_weight, groups),
        Some(grad_input) => {
            let tile = Tile::new(window.input.width, window.kernel, TAPS_BACKWARD);
            constants.extend(tile.back_constants());
            constants.push(("ACTIVATION_BEFORE", fused::code(grad_input.function).into()));
            let groups = groups + workgroups(tile.threads(recorder.batch * window.input.height, window.input.channels));
            let (label, views) = (format!("{name}.backward"), [&for_weight[..], &[weight]].concat());
            fused::record_backward(recorder, &label, &CONV_BACKWARD, &constants, &views, Some(grad_input), groups)
        }
    }
}
