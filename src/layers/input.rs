//! From bytes to the first layer's input: `(byte / 255 - mean) / std` in each channel.

use crate::data::Normalisation;
use crate::error::Result;
use crate::gpu::kernels::INPUT_NORMALISE;
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::View;
use crate::math::float::Float;
use crate::network::Shape;

pub fn normalise<T: Float>(
    pixels: &[u8], // (images, height, width, 3)
    normalisation: &Normalisation,
    output: &mut [T], // (images, height, width, 3)
) {
    let [mean, std] = [normalisation.mean, normalisation.std].map(|channels| channels.map(T::from_f32));
    for (x, bytes) in output.chunks_exact_mut(3).zip(pixels.chunks_exact(3)) {
        for c in 0..3 {
            x[c] = (T::of(f64::from(bytes[c])) / T::of(255.0) - mean[c]) / std[c];
        }
    }
}

// ---- on the GPU

pub fn record(
    recorder: &mut Recorder,
    shape: Shape,
    Normalisation { mean, std }: &Normalisation,
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
