//! Records the tiled family's kernels, `shaders/conv_tiled.wgsl`. Arguments as in `record.rs`.

use super::constants::{blocks, constants, taps};
use crate::config::ActivationFunction;
use crate::error::Result;
use crate::gpu::family::Tile;
use crate::gpu::kernels::{CONV_TILED_BACKWARD_INPUT, CONV_TILED_BACKWARD_WEIGHT, CONV_TILED_FORWARD, Constant};
use crate::gpu::recorder::Recorder;
use crate::gpu::view::View;
use crate::layers::Window;
use crate::layers::fused::{self, GradInput};

/// Workgroups that keep a graphics card busy; the weight gradient is split until there are that many.
const BUSY: usize = 1024;
/// Fewest output pixels that are worth a split.
const LEAST_PIXELS: usize = 64;

pub fn record_forward(
    recorder: &mut Recorder,
    label: &str,
    window: &Window,
    function: Option<ActivationFunction>,
    views: &[&View],
) -> Result<()> {
    let (pixels, blocks) = (recorder.batch * window.output.height * window.output.width, blocks(window.output.channels));
    let tile = Tile::for_sums(pixels, blocks);
    let constants = tiled(window, tile, &[("FUNCTION", fused::code(function).into())]);
    recorder.dispatch(label, &CONV_TILED_FORWARD, &constants, views, tile.count(pixels, blocks))
}

fn record_backward_input(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    views: &[&View],
    grad_input: GradInput,
) -> Result<()> {
    let label = format!("{name}.backward_input");
    let (pixels, blocks) = (recorder.batch * window.input.height * window.input.width, blocks(window.input.channels));
    let tile = Tile::for_sums(pixels, blocks);
    let constants = tiled(window, tile, &[]);
    let groups = tile.count(pixels, blocks);
    fused::record_backward(recorder, &label, &CONV_TILED_BACKWARD_INPUT, &constants, views, Some(grad_input), groups)
}

/// How the weight gradient is computed.
struct Split {
    tile: Tile,
    /// Tiles of one split.
    tiles: usize,
    splits: usize,
    pixels_a_split: usize,
}

fn split(recorder: &Recorder, window: &Window) -> Split {
    let (rows, blocks) = (4 * taps(window) + 1, blocks(window.output.channels));
    let tile = Tile::for_split_sums();
    let tiles = tile.count(rows, blocks);
    let pixels = recorder.batch * window.output.height * window.output.width;
    let pixels_a_split = pixels.div_ceil(BUSY.div_ceil(tiles)).max(LEAST_PIXELS);
    Split { tile, tiles, splits: pixels.div_ceil(pixels_a_split), pixels_a_split }
}

pub fn splits(recorder: &Recorder, window: &Window) -> usize {
    split(recorder, window).splits
}

pub fn record_backward(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    for_weight @ [_, grad_output, _]: [&View; 3],
    weight: &View,
    grad_input: Option<GradInput>,
) -> Result<()> {
    let Split { tile, tiles, splits, pixels_a_split } = split(recorder, window);
    let constants = tiled(window, tile, &[("SPLITS", splits.into()), ("PIXELS_A_SPLIT", pixels_a_split.into())]);
    let label = format!("{name}.backward_weight");
    recorder.dispatch(&label, &CONV_TILED_BACKWARD_WEIGHT, &constants, &for_weight, tiles * splits)?;
    if let Some(grad_input) = grad_input {
        record_backward_input(recorder, name, window, &[grad_output, weight], grad_input)?;
    }
    Ok(())
}

fn tiled(window: &Window, tile: Tile, own: &[(&'static str, Constant)]) -> Vec<(&'static str, Constant)> {
    let mut constants = constants(window, own);
    constants.extend(tile.constants());
    constants
}
