//! Batch normalisation: `y = gamma (x - mean) / sqrt(variance + epsilon) + beta`, each channel over batch, height and width -
//! Ioffe and Szegedy 2015, algorithm 1.
//!
//! Training normalises with the batch's mean and biased variance; the running variance uses the unbiased one (PyTorch's
//! convention). Backward, with m the number of rows, x' the normalised input and g the gradient of y (the same paper, section 3):
//!
//! `grad gamma = sum g x'`, `grad beta = sum g`,
//! `grad x = gamma / sqrt(variance + epsilon) * (g - grad beta / m - x' grad gamma / m)`

use super::fused::{After, GradInput, code};
use super::{grad_bias, sum_rows};
use crate::config::ActivationFunction;
use crate::error::Result;
use crate::gpu::family::Family;
use crate::gpu::kernels::{
    BATCH_NORM_BACKWARD, BATCH_NORM_FORWARD, BATCH_NORM_JOIN_GRADIENTS, BATCH_NORM_JOIN_STATISTICS, BATCH_NORM_PARTIAL_GRADIENTS,
    BATCH_NORM_PARTIAL_STATISTICS, Constant, Kernel, WORKGROUP,
};
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{ALIGNMENT, View, padded};
use crate::math::float::Float;
use crate::network::Shape;
use crate::step::peers::{Gone, Peers};
use crate::step::tree::Branch;

/// Mean and biased variance of each channel over the batch: each group of images in two passes over its own rows, then joined.
pub async fn statistics<T: Float>(
    input: &[T], // (own rows, channels)
    branch: &Branch,
    mean: &mut [T],     // (channels)
    variance: &mut [T], // (channels)
    peers: &mut Peers<'_, T>,
) -> Result<(), Gone> {
    let channels = mean.len();
    let (length, image) = (1 + 2 * channels, input.len() / branch.images());
    let (mut sums, mut space) = (vec![T::ZERO; branch.sums() * length], vec![T::ZERO; Branch::space(length, branch.images())]);
    branch.take(sums.chunks_exact_mut(length), &mut space, join_statistics, &mut |images, sum| {
        statistics_of(&input[images.start * image..images.end * image], sum);
    });
    let all = peers.join(branch, sums, join_statistics, || ()).await?;
    let share = T::ONE / all[0];
    mean.copy_from_slice(&all[1..1 + channels]);
    variance.iter_mut().zip(&all[1 + channels..]).for_each(|(variance, squares)| *variance = *squares * share);
    Ok(())
}

/// Number of rows, then means (channels), then sums of squares about the means (channels).
fn statistics_of<T: Float>(
    input: &[T],          // (rows, channels)
    statistics: &mut [T], // (1 + 2 channels)
) {
    let channels = statistics.len() / 2;
    let rows = input.len() / channels;
    let [number, rest @ ..] = statistics else { return };
    let (mean, squares) = rest.split_at_mut(channels);
    *number = T::of(rows as f64);
    let share = T::ONE / *number;
    sum_rows(rows, mean, |row, sum| {
        for (sum, x) in sum.iter_mut().zip(&input[row * channels..][..channels]) {
            *sum += *x;
        }
    });
    mean.iter_mut().for_each(|mean| *mean = *mean * share);
    sum_rows(rows, squares, |row, sum| {
        for ((sum, x), mean) in sum.iter_mut().zip(&input[row * channels..][..channels]).zip(&*mean) {
            let centred = *x - *mean;
            *sum += centred * centred;
        }
    });
}

/// Joins the statistics of other rows: number of rows, means, sums of squares about the means - Chan, Golub and LeVeque 1983.
fn join_statistics<T: Float>(sum: &mut [T], other: &[T]) {
    let ([rows, sum @ ..], [other_rows, other @ ..]) = (sum, other) else { return };
    let all = *rows + *other_rows;
    let (share, weight) = (*other_rows / all, *rows * *other_rows / all);
    let channels = other.len() / 2;
    let (means, squares) = sum.split_at_mut(channels);
    let (other_means, other_squares) = other.split_at(channels);
    for (((mean, squares), other_mean), other_squares) in means.iter_mut().zip(squares).zip(other_means).zip(other_squares) {
        let apart = *other_mean - *mean;
        *mean += apart * share;
        *squares += *other_squares + apart * apart * weight;
    }
    *rows = all;
}

/// `running = (1 - momentum) running + momentum batch`, with the unbiased variance `m / (m - 1)` times the biased one.
/// A single row has no unbiased variance; its variance of 0 is used as it is.
pub fn update_running<T: Float>(
    batch: &[T],       // (2, channels): mean and biased variance of the batch
    running: &mut [T], // (2, channels): mean and unbiased variance
    rows: usize,
    momentum: f64,
) {
    let channels = running.len() / 2;
    let unbiased = T::of(rows as f64 / (rows.max(2) - 1) as f64);
    let (momentum, rest) = (T::of(momentum), T::of(1.0 - momentum));
    for (i, (running, batch)) in running.iter_mut().zip(batch).enumerate() {
        let batch = if i < channels { *batch } else { *batch * unbiased };
        *running = rest * *running + momentum * batch;
    }
}

/// Normalises with the given statistics: the batch's in training, the running ones in evaluation.
pub fn forward<T: Float>(
    input: &[T],                 // (rows, channels)
    [mean, variance]: [&[T]; 2], // (channels)
    [gamma, beta]: [&[T]; 2],    // (channels)
    epsilon: f64,
    output: &mut [T], // (rows, channels)
) {
    let scale: Vec<T> = inverse_deviation(variance, epsilon).zip(gamma).map(|(inverse, gamma)| inverse * *gamma).collect();
    for (x, y) in input.chunks_exact(mean.len()).zip(output.chunks_exact_mut(mean.len())) {
        for ((((y, x), mean), scale), beta) in y.iter_mut().zip(x).zip(mean).zip(&scale).zip(beta) {
            *y = (*x - *mean) * *scale + *beta;
        }
    }
}

/// The gradients of gamma and beta, from these rows alone, in training mode.
pub fn backward_parameters<T: Float>(
    input: &[T],                 // (own rows, channels)
    [mean, variance]: [&[T]; 2], // (channels), of the batch
    epsilon: f64,
    grad_output: &[T],                      // (own rows, channels)
    [grad_gamma, grad_beta]: [&mut [T]; 2], // (channels)
) {
    let channels = mean.len();
    let inverse: Vec<T> = inverse_deviation(variance, epsilon).collect();
    grad_bias(grad_output, grad_beta);
    sum_rows(input.len() / channels, grad_gamma, |row, sum| {
        let (x, g) = (&input[row * channels..][..channels], &grad_output[row * channels..][..channels]);
        for ((((sum, x), g), mean), inverse) in sum.iter_mut().zip(x).zip(g).zip(mean).zip(&inverse) {
            *sum += *g * ((*x - *mean) * *inverse);
        }
    });
}

/// The gradient of the input, in training mode.
pub fn backward_input<T: Float>(
    input: &[T],                 // (own rows, channels)
    rows: usize,                 // of all parts
    [mean, variance]: [&[T]; 2], // (channels), of the batch
    gamma: &[T],                 // (channels)
    epsilon: f64,
    grad_output: &[T],                  // (own rows, channels)
    [grad_gamma, grad_beta]: [&[T]; 2], // (channels), of all parts
    grad_input: &mut [T],               // (own rows, channels)
) {
    let channels = mean.len();
    let inverse: Vec<T> = inverse_deviation(variance, epsilon).collect();
    let share = T::ONE / T::of(rows as f64);
    // grad x = scale g - offset - slope (x - mean), for each channel.
    let scale: Vec<T> = inverse.iter().zip(gamma).map(|(inverse, gamma)| *inverse * *gamma).collect();
    let offset: Vec<T> = scale.iter().zip(grad_beta).map(|(scale, sum)| *scale * *sum * share).collect();
    let slope: Vec<T> =
        scale.iter().zip(grad_gamma).zip(&inverse).map(|((scale, sum), inverse)| *scale * *sum * share * *inverse).collect();
    let rows = input.chunks_exact(channels).zip(grad_output.chunks_exact(channels));
    for ((x, g), grad) in rows.zip(grad_input.chunks_exact_mut(channels)) {
        let constants = mean.iter().zip(&scale).zip(&offset).zip(&slope);
        for (((grad, x), g), (((mean, scale), offset), slope)) in grad.iter_mut().zip(x).zip(g).zip(constants) {
            *grad = *scale * *g - *offset - *slope * (*x - *mean);
        }
    }
}

/// `1 / sqrt(variance + epsilon)` of each channel.
fn inverse_deviation<T: Float>(variance: &[T], epsilon: f64) -> impl Iterator<Item = T> {
    variance.iter().map(move |variance| T::ONE / (*variance + T::of(epsilon)).sqrt())
}

// ---- on the GPU ----

/// Threads of a workgroup that take whole channels: `LANES` in `batch_norm.wgsl`.
const LANES: usize = 4;

/// A layer's constants on the GPU, and what its passes keep.
pub struct Kept {
    rows: usize,
    channels: usize,
    /// Rows that a thread sums; all rows where a pass is one dispatch.
    chunk: usize,
    epsilon: f64,
    partials: View,   // (chunks, blocks, 2), vec4s
    statistics: View, // of the batch, as statistics_len says
}

/// Words of a layer's statistics on the GPU: means (padded channels), then variances (padded channels) from the next multiple of
/// [`ALIGNMENT`] on. Batch and running statistics both have this form.
pub fn statistics_len(channels: usize) -> usize {
    padded(channels).next_multiple_of(ALIGNMENT) + padded(channels)
}

impl Kept {
    /// `statistics`: (statistics_len), where a forward pass in training leaves the batch's statistics.
    ///
    /// # Errors
    /// [`crate::error::Error::TooLarge`].
    pub fn new(recorder: &mut Recorder, name: &str, shape: Shape, epsilon: f64, statistics: View) -> Result<Kept> {
        let (rows, channels) = (recorder.batch * shape.height * shape.width, shape.channels);
        let chunk = match recorder.family() {
            Family::Registers => rows,
            // Short chunks keep many threads busy; at most 16 chunks for each thread that joins them.
            Family::Tiled => rows.div_ceil(16 * WORKGROUP).max(16),
        };
        let partials = match recorder.family() {
            Family::Registers => recorder.nothing()?[0].clone(),
            Family::Tiled => recorder.buffer(&format!("{name}.partials"), 2 * rows.div_ceil(chunk) * padded(channels))?,
        };
        Ok(Kept { rows, channels, chunk, epsilon, partials, statistics })
    }

    fn constants(&self, whole: bool, Beside { after, before }: Beside) -> Vec<(&'static str, Constant)> {
        // About as many runs as a run has rows.
        let run = self.chunk.isqrt().next_power_of_two();
        let own = [
            ("ROWS", self.rows.into()),
            ("CHANNELS", self.channels.into()),
            ("CHANNEL_BLOCKS", self.blocks().into()),
            ("CHUNK", self.chunk.into()),
            ("CHUNKS", self.chunks().into()),
            ("WHOLE", whole.into()),
            ("AT_ONCE", (if whole { 1usize } else { 8 }).into()),
            ("SHARES", self.chunks().div_ceil(WORKGROUP).into()),
            ("RUN", run.into()),
            ("EPSILON", (self.epsilon as f32).into()),
            ("VARIANCE", (padded(self.channels).next_multiple_of(ALIGNMENT) / 4).into()),
        ];
        [&own[..], &after.constants(), &[("ACTIVATION_BEFORE", code(before).into())]].concat()
    }

    fn blocks(&self) -> usize {
        padded(self.channels) / 4
    }

    fn chunks(&self) -> usize {
        self.rows.div_ceil(self.chunk)
    }

    /// Records the kernels of a pass over the batch: either one that takes whole channels, or three that sum chunks, join the
    /// chunks, and go over all rows.
    fn record(&self, recorder: &mut Recorder, name: &str, part: Step, join: Step, last: Step, beside: Beside) -> Result<()> {
        let whole = recorder.family() == Family::Registers;
        let mut step = |(kernel, views): Step, beside, groups| {
            let label = format!("{name}.{}", kernel.entry);
            recorder.dispatch(&label, kernel, &self.constants(whole, beside), views, groups)
        };
        if whole {
            return step(last, beside, self.blocks().div_ceil(LANES));
        }
        // The first kernels are the same for all neighbouring layers.
        step(part, Beside::default(), workgroups(self.chunks() * self.blocks()))?;
        step(join, Beside::default(), self.blocks())?;
        step(last, beside, workgroups(self.rows * self.blocks()))
    }
}

/// What a pass does for the layers around this one.
#[derive(Clone, Copy, Default)]
struct Beside<'a> {
    after: After<'a>,
    /// Only in backward.
    before: Option<ActivationFunction>,
}

/// A kernel and its views.
type Step<'a> = (&'static Kernel, &'a [&'a View]);

/// Records [`forward`] and what comes `after`: with the `running` statistics in evaluation, else
/// with the batch's, which are computed first.
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    kept: &Kept,
    running: Option<&View>,    // (statistics_len)
    [gamma, beta]: [&View; 2], // (padded channels)
    after: After,
    input: &View,  // (rows, padded channels)
    output: &View, // (rows, padded channels)
) -> Result<()> {
    let [params, dropped] = after.views(recorder)?;
    let views = [input, running.unwrap_or(&kept.statistics), gamma, beta, output, &params, &dropped];
    let beside = Beside { after, before: None };
    if running.is_some() {
        let (label, groups) = (format!("{name}.forward"), workgroups(kept.rows * kept.blocks()));
        return recorder.dispatch(&label, &BATCH_NORM_FORWARD, &kept.constants(false, beside), &views, groups);
    }
    let part: Step = (&BATCH_NORM_PARTIAL_STATISTICS, &[input, &kept.partials]);
    let join: Step = (&BATCH_NORM_JOIN_STATISTICS, &[&kept.partials, &kept.statistics]);
    kept.record(recorder, name, part, join, (&BATCH_NORM_FORWARD, &views), beside)
}

/// Records [`backward_parameters`] and [`backward_input`], after [`record_forward`] in training. `input` is also the output of an
/// activation function in front.
pub fn record_backward<'a>(
    recorder: &mut Recorder,
    name: &str,
    kept: &Kept,
    gamma: &View,                         // (padded channels)
    [grad_gamma, grad_beta]: [&View; 2],  // (padded channels)
    input: &View,                         // (rows, padded channels)
    grad_output: &View,                   // (rows, padded channels)
    grad_input: impl Into<GradInput<'a>>, // (rows, padded channels)
) -> Result<()> {
    let GradInput { view: grad_input, before, .. } = grad_input.into();
    let [nothing, ..] = recorder.nothing()?;
    let (partials, statistics) = (&kept.partials, &kept.statistics);
    let part: Step = (&BATCH_NORM_PARTIAL_GRADIENTS, &[input, partials, statistics, grad_output]);
    let join: Step = (&BATCH_NORM_JOIN_GRADIENTS, &[partials, grad_gamma, grad_beta]);
    let grad_before = before.map_or(&nothing, |before| before.grad_input);
    let views = [input, statistics, gamma, grad_output, grad_gamma, grad_beta, grad_input, grad_before];
    let beside = Beside { before: before.map(|before| before.function), ..Beside::default() };
    kept.record(recorder, name, part, join, (&BATCH_NORM_BACKWARD, &views), beside)
}

/// Factors that make the batch's variances unbiased for the running statistics: (statistics_len), 1 for means and in the gap.
pub fn unbiased(channels: usize, rows: usize) -> Vec<f32> {
    let mut factors = vec![1.0; statistics_len(channels)];
    let factor = rows as f64 / (rows.max(2) - 1) as f64;
    factors[padded(channels).next_multiple_of(ALIGNMENT)..].fill(factor as f32);
    factors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_survive_a_large_mean() {
        // Values 1000 + 0..3 in turn: variance 1.25. Sums of squares would lose it: 1e6 * 2^-24 * 300 rows.
        let input: Vec<f32> = (0..1200).map(|i| 1000.0 + (i % 4) as f32).collect();
        let (mut mean, mut variance) = ([0.0], [0.0]);
        let branch = Branch::new(12, 0..12);
        pollster::block_on(statistics(&input, &branch, &mut mean, &mut variance, &mut Peers::none())).unwrap();
        // Blocks of 256 values near 1000 sum exactly up to 2^24 / 1000; the division rounds once.
        assert!((mean[0] - 1001.5).abs() < 2e-4 && (variance[0] - 1.25).abs() < 2e-4, "{mean:?} {variance:?}");
    }

    #[test]
    fn the_statistics_of_groups_are_those_of_all_rows() {
        // Three groups of unequal size, each as its number of rows, means and sums of squares about them; two channels.
        let rows: [[f64; 2]; 6] = [[1.0, -3.0], [2.0, 5.0], [4.0, 1.0], [8.0, 1.0], [16.0, 2.0], [3.0, 9.0]];
        let of = |rows: &[[f64; 2]]| {
            let mean = [0, 1].map(|c| rows.iter().map(|row| row[c]).sum::<f64>() / rows.len() as f64);
            let squares = [0, 1].map(|c: usize| rows.iter().map(|row| (row[c] - mean[c]).powi(2)).sum::<f64>());
            [&[rows.len() as f64][..], &mean, &squares].concat()
        };
        let mut joined = of(&rows[..3]);
        join_statistics(&mut joined, &of(&rows[3..4]));
        join_statistics(&mut joined, &of(&rows[4..]));
        for (found, wanted) in joined.iter().zip(of(&rows)) {
            assert!((found - wanted).abs() < 1e-12, "{joined:?}");
        }
    }

    #[test]
    fn running_statistics_take_the_unbiased_variance() {
        let mut running = [0.0, 1.0f64];
        update_running(&[2.0, 3.0], &mut running, 4, 0.1);
        assert!((running[0] - 0.2).abs() < 1e-15 && (running[1] - (0.9 + 0.1 * 4.0)).abs() < 1e-15, "{running:?}");
        update_running(&[2.0, 0.0], &mut running, 1, 1.0);
        assert_eq!(running, [2.0, 0.0]);
    }
}
