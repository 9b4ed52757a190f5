//! Records the fully connected layer's kernels, `shaders/linear.wgsl` and, in the tiled family, `linear_tiled.wgsl`.

use crate::error::Result;
use crate::gpu::family::{Family, Tile};
use crate::gpu::kernels::{
    Constant, Kernel, LINEAR_BACKWARD, LINEAR_FORWARD, LINEAR_TILED_BACKWARD_INPUT, LINEAR_TILED_BACKWARD_WEIGHT,
    LINEAR_TILED_FORWARD,
};
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{ALIGNMENT, View};
use crate::layers::fused::{self, After, GradInput};
use std::ops::Range;

/// Images that one thread computes.
const IMAGES: usize = 4;

/// Sizes of a layer as stored: multiples of 4.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub inputs: usize,
    /// Not padded.
    pub outputs: usize,
}

impl Size {
    fn stored_outputs(self) -> usize {
        self.outputs.next_multiple_of(4)
    }

    /// Ranges of input rows whose weights fit in one binding; each starts where a view may start.
    fn chunks(self, recorder: &Recorder) -> impl Iterator<Item = Range<usize>> + use<> {
        let fit = (recorder.binding_limit() / 4) as usize / self.stored_outputs();
        let most = (fit / ALIGNMENT).max(1) * ALIGNMENT;
        (0..self.inputs).step_by(most).map(move |start| start..(start + most).min(self.inputs))
    }
}

/// Also applies the bias and `after`.
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    size: Size,
    after: After,
    input: &View,  // (batch, in)
    weight: &View, // (in, out)
    bias: &View,   // (out)
    output: &View, // (batch, out)
) -> Result<()> {
    let blocks = size.stored_outputs() / 4;
    let [params, dropped] = after.views(recorder)?;
    for rows in size.chunks(recorder) {
        let constants = constants(size, &rows, &after.constants());
        let views = [input, &chunk(weight, size, &rows), bias, output, &params, &dropped];
        if recorder.family() == Family::Tiled {
            let product = (Tile::for_sums(recorder.batch, blocks), recorder.batch, blocks);
            record_tiled(recorder, name, &LINEAR_TILED_FORWARD, &rows, constants, &views, product)?;
            continue;
        }
        let groups = workgroups(blocks) * recorder.batch.div_ceil(IMAGES);
        recorder.dispatch(&label(name, &LINEAR_FORWARD, &rows), &LINEAR_FORWARD, &constants, &views, groups)?;
    }
    Ok(())
}

/// The gradients of weight and bias, and of the input if needed.
pub fn record_backward(
    recorder: &mut Recorder,
    name: &str,
    size: Size,
    input: &View,                         // (batch, in)
    grad_output: &View,                   // (batch, out)
    weight: &View,                        // (in, out)
    [grad_weight, grad_bias]: [&View; 2], // (in, out), (out)
    grad_input: Option<GradInput>,        // (batch, in)
) -> Result<()> {
    let (blocks, params) = (size.stored_outputs() / 4, recorder.params.clone());
    for rows in size.chunks(recorder) {
        let constants = constants(size, &rows, &[("FUNCTION", fused::code(None).into())]);
        let (weight, grad_weight) = (&chunk(weight, size, &rows), &chunk(grad_weight, size, &rows));
        let for_weight = [input, grad_output, grad_weight, grad_bias];
        if recorder.family() == Family::Tiled {
            // Four more rows for the bias.
            let product = (Tile::for_sums_by_fours(rows.len() + 4, blocks), rows.len() + 4, blocks);
            record_tiled(recorder, name, &LINEAR_TILED_BACKWARD_WEIGHT, &rows, constants.clone(), &for_weight, product)?;
            if grad_input.is_none() {
                continue;
            }
            let tile = Tile::for_sums(recorder.batch, rows.len() / 4);
            let (label, groups) = (label(name, &LINEAR_TILED_BACKWARD_INPUT, &rows), tile.count(recorder.batch, rows.len() / 4));
            let (constants, views) = ([&constants[..], &tile.constants()].concat(), [grad_output, weight, &params]);
            fused::record_backward(recorder, &label, &LINEAR_TILED_BACKWARD_INPUT, &constants, &views, grad_input, groups)?;
            continue;
        }
        // One more row of threads for the bias.
        let weight_groups = workgroups(blocks) * (rows.len() / 4 + 1);
        let input_groups = workgroups(rows.len() / 4) * recorder.batch.div_ceil(IMAGES);
        let groups = weight_groups + if grad_input.is_some() { input_groups } else { 0 };
        let (label, views) = (label(name, &LINEAR_BACKWARD, &rows), [&for_weight[..], &[weight, &params]].concat());
        fused::record_backward(recorder, &label, &LINEAR_BACKWARD, &constants, &views, grad_input, groups)?;
    }
    Ok(())
}

/// The label of a chunk: `fc6.forward`, and `fc6.forward[4096..9216]` for a later one.
fn label(name: &str, kernel: &Kernel, rows: &Range<usize>) -> String {
    let chunk = if rows.start == 0 { String::new() } else { format!("[{}..{}]", rows.start, rows.end) };
    format!("{name}.{}{chunk}", kernel.entry)
}

/// Records a product of (rows, 4 * blocks) sums in tiles.
fn record_tiled(
    recorder: &mut Recorder,
    name: &str,
    kernel: &'static Kernel,
    rows: &Range<usize>,
    mut constants: Vec<(&'static str, Constant)>,
    views: &[&View],
    (tile, height, blocks): (Tile, usize, usize),
) -> Result<()> {
    constants.extend(tile.constants());
    recorder.dispatch(&label(name, kernel, rows), kernel, &constants, views, tile.count(height, blocks))
}

fn chunk(weight: &View, size: Size, rows: &Range<usize>) -> View {
    weight.slice(rows.start * size.stored_outputs(), rows.len() * size.stored_outputs())
}

fn constants(size: Size, rows: &Range<usize>, further: &[(&'static str, Constant)]) -> Vec<(&'static str, Constant)> {
    let own = [
        ("IN_BLOCKS", (size.inputs / 4).into()),
        ("OUT_BLOCKS", (size.stored_outputs() / 4).into()),
        ("OUT_CHANNELS", size.outputs.into()),
        ("FIRST_BLOCK", (rows.start / 4).into()),
        ("CHUNK_BLOCKS", (rows.len() / 4).into()),
        ("FIRST", (rows.start == 0).into()),
        ("LAST", (rows.end == size.inputs).into()),
    ];
    [&own[..], further].concat()
}
