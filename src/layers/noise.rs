//! Noise behind batch normalisation: `y = s x + m`, drawn anew at every step - after Santurkar et al. 2018, section 2.2, which
//! asks whether batch normalisation helps because it holds the distribution of a layer's inputs still.
//!
//! With the strength q, and u uniform in -1 to 1 (one for each channel, another for each value):
//! `m = q (u_channel + u_value / 5)`, `s = 1 + q (u'_channel / 2 + u'_value / 5)`. At q = 0.5 the shifts are the paper's; its
//! factors are 1 to 1.25 in the mean and not 0.75 to 1.25, so that here evaluation passes its input on.
//!
//! All draws are functions of seed, step, layer and index ([`crate::rng`]), so backward computes them again.

use crate::cpu::Float;
use crate::error::Result;
use crate::gpu::kernels::NOISE_APPLY;
use crate::gpu::recorder::{Recorder, View, padded, workgroups};
use crate::network::Layer;
use crate::rng::{self, Stream};

/// The noise of one step in one layer.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    pub seed: u32,
    pub step: u64,
    /// [`rng::name_hash`] of the layer's name.
    pub layer: u32,
    pub channels: usize,
    /// The first value's index in (batch, height, width, channels), where a part of a batch starts.
    pub first: usize,
    /// q, above 0.
    pub strength: f32,
}

impl Noise {
    /// The shift and the factor of the value at `index` of (rows, channels).
    fn draw(&self, index: usize) -> [f32; 2] {
        let index = self.first + index;
        let [channel, value] = [index % self.channels, self.channels + index].map(|index| {
            let bits = rng::hash(self.seed, Stream::Noise, self.step as u32, self.layer, index as u32);
            [bits & 0xffff, bits >> 16].map(|half| half as f32 / 32768.0 - 1.0)
        });
        [self.strength * (channel[0] + 0.2 * value[0]), 1.0 + self.strength * (0.5 * channel[1] + 0.2 * value[1])]
    }
}

/// Both are (rows, channels).
pub fn forward<T: Float>(noise: &Noise, input: &[T], output: &mut [T]) {
    for (index, (y, x)) in output.iter_mut().zip(input).enumerate() {
        let [shift, scale] = noise.draw(index).map(T::from_f32);
        *y = scale * *x + shift;
    }
}

/// Both are (rows, channels).
pub fn backward<T: Float>(noise: &Noise, grad_output: &[T], grad_input: &mut [T]) {
    for (index, (grad, g)) in grad_input.iter_mut().zip(grad_output).enumerate() {
        *grad = T::from_f32(noise.draw(index)[1]) * *g;
    }
}

/// Records [`forward`] or, with the name of that pass, [`backward`]; strength, seed and step come with each step. Strength 0
/// passes the input on.
pub fn record(recorder: &mut Recorder, layer: &Layer, back: bool, input: &View, output: &View) -> Result<()> {
    let shape = layer.output;
    let vectors = recorder.batch * shape.height * shape.width * padded(shape.channels) / 4;
    let constants = [
        ("VECTORS", vectors.into()),
        ("CHANNELS", shape.channels.into()),
        ("LAYER", rng::name_hash(&layer.name).into()),
        ("BACK", back.into()),
    ];
    let label = format!("{}.{}", layer.name, if back { "backward" } else { "forward" });
    let params = recorder.params.clone();
    recorder.dispatch(&label, &NOISE_APPLY, &constants, &[input, output, &params], workgroups(vectors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_and_factors_have_their_means_and_ranges() {
        let (channels, rows) = (200, 500);
        let noise = Noise { seed: 1, step: 7, layer: rng::name_hash("conv1.noise"), channels, first: 0, strength: 0.5 };
        let mut y = vec![0.0f64; channels * rows];
        forward(&noise, &vec![0.0; y.len()], &mut y);
        // A channel's mean is its shift, up to 0.5 * 0.2 * 0.58 / sqrt(500) = 0.0026; five of them are allowed.
        let means: Vec<f64> = (0..channels).map(|c| y.iter().skip(c).step_by(channels).sum::<f64>() / rows as f64).collect();
        assert!(means.iter().all(|mean| mean.abs() < 0.513));
        // Uniform: deviation 0.5 * 0.577 = 0.289, its error 0.289 * sqrt(0.8 / 4 / 200) = 0.009; the mean's 0.02.
        let mean = means.iter().sum::<f64>() / channels as f64;
        let deviation = (means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / channels as f64).sqrt();
        assert!(mean.abs() < 0.082 && (deviation - 0.289).abs() < 0.037, "{mean} {deviation}");
        let inside: Vec<f64> = y.iter().enumerate().map(|(i, y)| (y - means[i % channels]).abs()).collect();
        assert!(inside.iter().all(|x| *x < 0.1 + 0.013) && inside.iter().any(|x| *x > 0.09));
        let mut grad = vec![0.0f64; y.len()];
        backward(&noise, &vec![1.0; y.len()], &mut grad);
        let factor = grad.iter().sum::<f64>() / grad.len() as f64;
        // 0.25 * 0.577 / sqrt(200) = 0.01; four of them are allowed.
        assert!((factor - 1.0).abs() < 0.041 && grad.iter().all(|s| (0.65..1.35).contains(s)), "{factor}");
    }
}
