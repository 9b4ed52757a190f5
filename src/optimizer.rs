//! Stochastic gradient descent with momentum and weight decay, on flat buffers - PyTorch's form of Sutskever et al. 2013:
//!
//! `g = grad + weight_decay w`, `v = momentum v + g`, `w = w - learning_rate v`
//!
//! The rate and the decay of a tensor may be multiplied by its own [`Factors`].

use crate::config::architectures::Factors;
use crate::error::Result;
use crate::gpu::kernels::{Constant, OPTIMIZER_COLLECT, OPTIMIZER_UPDATE};
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{ALIGNMENT, View};
use crate::math::float::Float;
use crate::step::Hyper;
use std::ops::Range;

/// One update of parameters that share their factors.
pub fn update<T: Float>(
    hyper: &Hyper,
    gradients: &[T], // as the parameters, all three
    velocities: &mut [T],
    parameters: &mut [T],
) {
    let [rate, momentum, decay] = [hyper.learning_rate, hyper.momentum, hyper.weight_decay].map(T::from_f32);
    for ((w, v), g) in parameters.iter_mut().zip(velocities).zip(gradients) {
        *v = momentum * *v + (*g + decay * *w);
        *w -= rate * *v;
    }
}

// ---- on the GPU

/// Adds up partial sums into the gradients, and notes a NaN or infinity in the loss or a gradient.
pub fn record_collect(
    recorder: &mut Recorder,
    gradients: &View, // (parameters)
    partial: &View,
    segments: &View,        // (tensors, 4): see optimizer.wgsl
    result: &View,          // (2): mean loss, correct
    not_finite_seen: &View, // (1)
) -> Result<()> {
    for range in chunks(recorder, gradients) {
        let constants = constants(range.start, &range, segments.words() / 4, Factors::ONE, None);
        let views = [&gradients.slice(range.start, range.len()), partial, segments, result, not_finite_seen];
        recorder.dispatch("optimizer.collect", &OPTIMIZER_COLLECT, &constants, &views, workgroups(range.len() / 4))?;
    }
    Ok(())
}

/// The running statistics of all batch normalisations.
#[derive(Clone, Copy)]
pub struct Running<'a> {
    pub momentum: f64,
    /// The batch's, flat; from the next multiple of [`ALIGNMENT`] on, a factor for each of them: `batch_norm::unbiased`.
    pub statistics: &'a View,
    pub running: &'a View, // flat
}

/// Everything that a step leaves: its record and, unless a step was not finite, parameters, velocities and running statistics.
pub fn record_update(
    recorder: &mut Recorder,
    [gradients, velocities, parameters]: [&View; 3], // (parameters)
    parts: &[(Range<usize>, Factors)],               // cover the parameters
    running: Option<Running>,
    result: &View,          // (2): mean loss, correct
    records: &View,         // (ring, 4): bits of the mean loss, correct, finite, step
    not_finite_seen: &View, // (1)
) -> Result<()> {
    for range in chunks(recorder, gradients) {
        let own = [gradients, velocities, parameters].map(|flat| flat.slice(range.start, range.len()));
        // With the first range: there are fewer running statistics than parameters.
        let running = running.filter(|_| range.start == 0);
        assert!(running.is_none_or(|running| running.running.words() <= range.len()), "a thread for each running statistic");
        let (nothing, params) = (recorder.nothing()?, recorder.params.clone());
        let [statistics, to] = running.map_or([&nothing[0], &nothing[1]], |running| [running.statistics, running.running]);
        let views = [&own[0], &own[1], &own[2], statistics, to, result, records, not_finite_seen, &params];
        for (part, factors) in parts {
            let part = part.start.max(range.start)..part.end.min(range.end);
            if !part.is_empty() {
                let constants = constants(range.start, &part, 0, *factors, running);
                recorder.dispatch("optimizer.update", &OPTIMIZER_UPDATE, &constants, &views, workgroups(part.len() / 4))?;
            }
        }
    }
    Ok(())
}

/// Of both kernels. `part` and `chunk`, the start of the binding, count from the start of the flat buffer.
fn constants(
    chunk: usize,
    part: &Range<usize>,
    segments: usize,
    factors: Factors,
    running: Option<Running>,
) -> [(&'static str, Constant); 9] {
    let words = running.map_or(0, |running| running.running.words());
    [
        ("BEGIN", ((part.start - chunk) / 4).into()),
        ("VECTORS", ((part.end - chunk) / 4).into()),
        ("FIRST", (chunk / 4).into()),
        ("SEGMENTS", segments.into()),
        ("RATE", (factors.rate as f32).into()),
        ("DECAY", (factors.decay as f32).into()),
        ("RUNNING", (words / 4).into()),
        ("UNBIASED", (words.next_multiple_of(ALIGNMENT) / 4).into()),
        ("STATISTICS_MOMENTUM", running.map_or(0.0, |running| running.momentum as f32).into()),
    ]
}

/// Ranges of a flat buffer that fit in one binding.
pub(crate) fn chunks(recorder: &Recorder, flat: &View) -> impl Iterator<Item = Range<usize>> + use<> {
    let most = (recorder.binding_limit() / 4) as usize / ALIGNMENT * ALIGNMENT;
    let words = flat.words();
    (0..words).step_by(most).map(move |start| start..(start + most).min(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_updates_by_hand() {
        let hyper = Hyper { learning_rate: 0.5, momentum: 0.5, weight_decay: 0.25, ..Hyper::default() };
        let (mut w, mut v) = ([4.0f32], [0.0f32]);
        update(&hyper, &[1.0], &mut v, &mut w); // g = 1 + 1 = 2, v = 2, w = 3
        assert_eq!((w, v), ([3.0], [2.0]));
        update(&hyper, &[0.25], &mut v, &mut w); // g = 0.25 + 0.75 = 1, v = 2, w = 2
        assert_eq!((w, v), ([2.0], [2.0]));
    }
}
