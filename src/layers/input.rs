//! From bytes to the first layer's input: `(byte / 255 - mean) / std` in each channel.
//!
//! The CPU does this in [`crate::cpu::Cpu`] when it takes a batch.

use crate::error::Result;
use crate::gpu::kernels::INPUT_NORMALISE;
use crate::gpu::recorder::{Recorder, View, workgroups};
use crate::network::Shape;

pub fn record(
    recorder: &mut Recorder,
    shape: Shape,
    mean: [f32; 3],
    std: [f32; 3],
    pixels: &View, // bytes (batch, height, width, 3)
    output: &View, // (batch, height, width, 4)
) -> Result<()> {
    let count = recorder.batch * shape.height * shape.width;
    let constants = [
        ("PIXELS", count.into()),
        ("MEAN_0", mean[0].into()),
        ("MEAN_1", mean[1].into()),
        ("MEAN_2", mean[2].into()),
        ("STD_0", std[0].into()),
        ("STD_1", std[1].into()),
        ("STD_2", std[2].into()),
    ];
    recorder.dispatch("input.normalise", &INPUT_NORMALISE, &constants, &[pixels, output], workgroups(count))
}
