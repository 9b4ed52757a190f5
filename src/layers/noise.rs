//! Noise after batch normalisation: `y = s x + m`, drawn anew at every step - after Santurkar et al. 2018, section 2.2, which
//! asks whether batch normalisation helps because it keeps the distribution of a layer's inputs stable.
//!
//! With the strength q, and u uniform in -1 to 1 (one for the layer, another for each value): `m = q (u_layer + u_value / 5)`,
//! `s = 1 + q (u'_layer / 2 + u'_value / 5)`. At q = 0.5 the shifts are the paper's. The paper draws for each unit what is drawn
//! here for the layer, whose percentiles would not move otherwise. The paper's factors are 1 to 1.25 in the mean; here they are
//! 0.75 to 1.25, so that evaluation passes its input on.
//!
//! All draws are functions of seed, step, layer and index ([`crate::rng`]), so backward computes them again.

use crate::error::Result;
use crate::gpu::kernels::NOISE_APPLY;
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{View, padded};
use crate::math::float::Float;
use crate::network::Layer;
use crate::rng::{self, Stream};
use crate::step::Share;

/// The noise of one step in one layer.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    pub seed: u32,
    pub step: u64,
    /// [`rng::name_hash`] of the layer's name.
    pub layer: u32,
    /// Index of this part's first value in (batch, height, width, channels).
    pub first: usize,
    /// q, above 0.
    pub strength: f32,
}

impl Noise {
    /// The noise of a noise layer in a part of a step; `None` when there is none.
    pub fn of(share: &Share, layer: &Layer) -> Option<Noise> {
        let (seed, step, strength) = (share.seed, share.step, share.noise);
        let (name, first) = (rng::name_hash(&layer.name), share.first * layer.output.len());
        (strength > 0.0).then_some(Noise { seed, step, layer: name, first, strength })
    }

    /// Two numbers in [-1, 1). The index is 0 for the layer, and 1 plus the index in the batch for a value.
    fn draw(&self, index: usize) -> [f32; 2] {
        let bits = rng::hash(self.seed, Stream::Noise, self.step as u32, self.layer, index as u32);
        [bits & 0xffff, bits >> 16].map(|half| half as f32 / 32768.0 - 1.0)
    }

    /// Shift and factor of each value of (rows, channels), in order.
    fn draws(&self) -> impl Iterator<Item = [f32; 2]> {
        let layer = self.draw(0);
        (1 + self.first..).map(move |index| {
            let value = self.draw(index);
            [self.strength * (layer[0] + 0.2 * value[0]), 1.0 + self.strength * (0.5 * layer[1] + 0.2 * value[1])]
        })
    }
}

/// Both are (rows, channels).
pub fn forward<T: Float>(noise: &Noise, input: &[T], output: &mut [T]) {
    for ((y, x), draw) in output.iter_mut().zip(input).zip(noise.draws()) {
        let [shift, scale] = draw.map(T::from_f32);
        *y = scale * *x + shift;
    }
}

/// Both are (rows, channels).
pub fn backward<T: Float>(noise: &Noise, grad_output: &[T], grad_input: &mut [T]) {
    for ((grad, g), [_, scale]) in grad_input.iter_mut().zip(grad_output).zip(noise.draws()) {
        *grad = T::from_f32(scale) * *g;
    }
}

/// Records [`forward`] or, with `back`, [`backward`]. Strength, seed and step come with each step; strength 0 passes the input
/// on.
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
    fn shifts_and_factors_are_the_layers_with_each_values_own() {
        let (steps, count) = (400, 1000);
        let mut means = [vec![], vec![]];
        for step in 0..steps {
            let noise = Noise { seed: 1, step, layer: rng::name_hash("conv1.noise"), first: 0, strength: 0.5 };
            let (mut shifts, mut factors) = (vec![0.0f64; count], vec![0.0f64; count]);
            forward(&noise, &vec![0.0; count], &mut shifts);
            backward(&noise, &vec![1.0; count], &mut factors);
            for (values, means) in [shifts, factors].into_iter().zip(&mut means) {
                let mean = values.iter().sum::<f64>() / count as f64;
                let far = values.iter().map(|x| (x - mean).abs()).fold(0.0, f64::max);
                // 0.5 / 5, and the error of the mean, 0.1 * 0.577 / sqrt(1000) = 0.0018; four of them are allowed.
                assert!((0.09..0.108).contains(&far), "{far}");
                means.push(mean);
            }
        }
        // Uniform within 0.5 and 0.25: deviations 0.289 and 0.144, and their errors by 400 draws; four of them are allowed.
        for (means, center, reach) in [(&means[0], 0.0, 0.5), (&means[1], 1.0, 0.25)] {
            let mean = means.iter().sum::<f64>() / steps as f64;
            let deviation = (means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / steps as f64).sqrt();
            assert!((mean - center).abs() < 4.0 * 0.577 * reach / 20.0, "{mean}");
            assert!((deviation - 0.577 * reach).abs() < 4.0 * 0.577 * reach * (0.8f64 / 4.0 / 400.0).sqrt(), "{deviation}");
        }
    }
}
