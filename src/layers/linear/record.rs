//! Recording of the fully connected layer's kernels, `shaders/linear.wgsl` and, in the tiled family, `linear_tiled.wgsl`.

use crate::error::Result;
use crate::gpu::family::{Family, Tile};
use crate::gpu::kernels::{
    Kernel, LINEAR_BACKWARD, LINEAR_FORWARD, LINEAR_TILED_BACKWARD_INPUT, LINEAR_TILED_BACKWARD_WEIGHT, LINEAR_TILED_FORWARD,
};
use crate::gpu::recorder::{ALIGNMENT, Constant, Recorder, View, workgroups};
use crate::layers::activation;
use crate::network::ActivationFunction;
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

/// Bias and activation function are applied at once.
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    size: Size,
    function: Option<ActivationFunction>,
    input: &View,  // (batch, in)
    weight: &View, // (in, out)
    bias: &View,   // (out)
    output: &View, // (batch, out)
) -> Result<()> {
    let blocks = size.stored_outputs() / 4;
    for rows in size.chunks(recorder) {
        let constants = constants(size, &rows, function);
        let views = [input, &chunk(weight, size, &rows), bias, output];
        if recorder.family() == Family::Tiled {
            let product = (Tile::for_sums(recorder.batch, blocks), recorder.batch, blocks);
            record_tiled(recorder, name, &LINEAR_TILED_FORWARD, &rows, constants, &views, product)?;
            continue;
        }
        let groups = workgroups(blocks) * recorder.batch.div_ceil(IMAGES);
        record(recorder, name, &LINEAR_FORWARD, &rows, &constants, &views, groups)?;
    }
    Ok(())
}

/// The gradients of weight and bias, and of the input where somebody needs it.
pub fn record_backward(
    recorder: &mut Recorder,
    name: &str,
    size: Size,
    input: &View,                         // (batch, in)
    grad_output: &View,                   // (batch, out)
    weight: &View,                        // (in, out)
    [grad_weight, grad_bias]: [&View; 2], // (in, out), (out)
    grad_input: Option<&View>,            // (batch, in)
) -> Result<()> {
    let blocks = size.stored_outputs() / 4;
    for rows in size.chunks(recorder) {
        let constants = constants(size, &rows, None);
        let (weight, grad_weight) = (&chunk(weight, size, &rows), &chunk(grad_weight, size, &rows));
        if recorder.family() == Family::Tiled {
            // Four rows more for the bias.
            let product = (Tile::for_sums(rows.len() + 4, blocks), rows.len() + 4, blocks);
            let views = [input, grad_output, grad_weight, grad_bias];
            record_tiled(recorder, name, &LINEAR_TILED_BACKWARD_WEIGHT, &rows, constants.clone(), &views, product)?;
            let Some(grad_input) = grad_input else { continue };
            let product = (Tile::for_sums(recorder.batch, rows.len() / 4), recorder.batch, rows.len() / 4);
            let views = [grad_output, weight, grad_input];
            record_tiled(recorder, name, &LINEAR_TILED_BACKWARD_INPUT, &rows, constants, &views, product)?;
            continue;
        }
        // One row of threads more for the bias.
        let for_weight = workgroups(blocks) * (rows.len() / 4 + 1);
        let for_input = workgroups(rows.len() / 4) * recorder.batch.div_ceil(IMAGES);
        let groups = for_weight + if grad_input.is_some() { for_input } else { 0 };
        let nothing = recorder.nothing()?;
        let views = [input, grad_output, grad_weight, grad_bias, weight, grad_input.unwrap_or(&nothing[0])];
        record(recorder, name, &LINEAR_BACKWARD, &rows, &constants, &views, groups)?;
    }
    Ok(())
}

/// One chunk's dispatch: `fc6.forward`, and `fc6.forward[4096..9216]` for a later chunk.
fn record(
    recorder: &mut Recorder,
    name: &str,
    kernel: &'static Kernel,
    rows: &Range<usize>,
    constants: &[(&str, Constant)],
    views: &[&View],
    groups: usize,
) -> Result<()> {
    let chunk = if rows.start == 0 { String::new() } else { format!("[{}..{}]", rows.start, rows.end) };
    recorder.dispatch(&format!("{name}.{}{chunk}", kernel.entry), kernel, constants, views, groups)
}

/// The same by tiles of a product of (rows, 4 * blocks) sums.
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
    record(recorder, name, kernel, rows, &constants, views, tile.count(height, blocks))
}

fn chunk(weight: &View, size: Size, rows: &Range<usize>) -> View {
    weight.slice(rows.start * size.stored_outputs(), rows.len() * size.stored_outputs())
}

fn constants(size: Size, rows: &Range<usize>, function: Option<ActivationFunction>) -> Vec<(&'static str, Constant)> {
    vec![
        ("IN_BLOCKS", (size.inputs / 4).into()),
        ("OUT_BLOCKS", (size.stored_outputs() / 4).into()),
        ("OUT_CHANNELS", size.outputs.into()),
        ("FIRST_BLOCK", (rows.start / 4).into()),
        ("CHUNK_BLOCKS", (rows.len() / 4).into()),
        ("FUNCTION", activation::code(function).into()),
        ("FIRST", (rows.start == 0).into()),
        ("LAST", (rows.end == size.inputs).into()),
    ]
}
