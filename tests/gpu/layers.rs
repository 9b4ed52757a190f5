//! The pooling and normalisation kernels against the CPU, with odd sizes, channels that are not a multiple of 4, and batch 1.

use crate::common::*;
use alexnet_lab::config::architectures::Factors;
use alexnet_lab::config::{LrnRegion, PoolKind};
use alexnet_lab::gpu::family::Family;
use alexnet_lab::gpu::recorder::{Recorder, StepParams};
use alexnet_lab::gpu::view::{ALIGNMENT, View, padded};
use alexnet_lab::layers::fused::After;
use alexnet_lab::layers::lrn::Lrn;
use alexnet_lab::layers::{Window, batch_norm, lrn, pool};
use alexnet_lab::network::{Shape, output_size};
use alexnet_lab::optimizer;
use alexnet_lab::step::peers::Peers;
use alexnet_lab::step::tree::Branch;

/// Half a unit in the last place: the relative error of one rounding.
const ROUNDING: f32 = f32::EPSILON / 2.0;

fn window(height: usize, width: usize, channels: usize, [kernel, stride, padding]: [usize; 3]) -> Window {
    let size = |input| output_size(input, kernel, stride, padding);
    let input = Shape { height, width, channels };
    Window { input, output: Shape { height: size(height), width: size(width), channels }, kernel, stride, padding }
}

/// Whole numbers from -3 to 3: many are equal, so that the rule for ties matters.
fn ties(seed: u32, n: usize) -> Vec<f32> {
    random(seed, n).iter().map(|x| (3.4 * x).round()).collect()
}

#[test]
fn pool_matches_the_cpu() {
    let geometries = [[3, 2, 1], [3, 2, 0], [2, 2, 0], [2, 1, 1], [3, 1, 1], [2, 3, 0], [5, 2, 2], [16, 8, 7]];
    for kind in [PoolKind::Max, PoolKind::Avg] {
        for (batch, height, width, channels) in [(1, 16, 17, 1), (3, 17, 19, 6), (2, 16, 16, 8)] {
            for geometry in geometries {
                let window = window(height, width, channels, geometry);
                let what = format!("{kind:?} pooling {geometry:?} of {batch}x{height}x{width}x{channels}");
                let x = ties(1, batch * window.input.len());
                let g = ties(2, batch * window.output.len());
                let (mut y, mut grad) = (vec![0.0; g.len()], vec![0.0; x.len()]);
                pool::forward(kind, &window, &x, &mut y);
                pool::backward(kind, &window, &x, &y, &g, &mut grad);
                let (found_y, found_grad) = pool_on_gpu(kind, &window, batch, &x, &g);
                if kind == PoolKind::Max {
                    // Sums of small whole numbers are exact.
                    assert_close(&format!("{what}, forward"), &found_y, &y, 0.0);
                    assert_close(&format!("{what}, backward"), &found_grad, &grad, 0.0);
                } else {
                    // Values of at most 3: the sum is exact, WGSL's quotient is within 2.5 ulp, the CPU's two roundings within 1.
                    assert_close(&format!("{what}, forward"), &found_y, &y, 3.5 * f32::EPSILON * 3.0);
                    // Up to ceil(kernel / stride)^2 such quotients, of at most 3 each in sum, added with a rounding each.
                    let terms = (geometry[0].div_ceil(geometry[1]) as f32).powi(2);
                    let tolerance = terms * 3.0 * (3.5 * f32::EPSILON + terms * ROUNDING);
                    assert_close(&format!("{what}, backward"), &found_grad, &grad, tolerance);
                }
            }
        }
    }
}

fn pool_on_gpu(kind: PoolKind, window: &Window, batch: usize, x: &[f32], g: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let channels = window.input.channels;
    let mut recorder = recorder(batch, StepParams::default());
    let (input, grad_output) = (upload(&mut recorder, x, channels), upload(&mut recorder, g, channels));
    let (output, grad_input) = (empty(&mut recorder, g.len(), channels), empty(&mut recorder, x.len(), channels));
    let kept = pool::Kept::new(&mut recorder, "test", kind, window).unwrap();
    pool::record_forward(&mut recorder, "test", window, &kept, &input, &output).unwrap();
    pool::record_backward(&mut recorder, "test", window, &kept, &grad_output, &grad_input).unwrap();
    recorder.take().run(device());
    (download(&output, channels), download(&grad_input, channels))
}

#[test]
fn max_pool_does_not_lose_nan_and_infinity() {
    let window = window(4, 4, 4, [2, 2, 0]);
    let mut x = random(3, window.input.len());
    (x[0], x[16 + 5], x[8]) = (f32::NAN, f32::NAN, f32::INFINITY);
    // A window full of -infinity is not an "empty" window.
    for pixel in [10, 11, 14, 15] {
        x[4 * pixel + 2] = f32::NEG_INFINITY;
    }
    let g = random(4, window.output.len());
    let (mut y, mut grad) = (vec![0.0; g.len()], vec![0.0; x.len()]);
    pool::forward(PoolKind::Max, &window, &x, &mut y);
    pool::backward(PoolKind::Max, &window, &x, &y, &g, &mut grad);
    let (found_y, found_grad) = pool_on_gpu(PoolKind::Max, &window, 1, &x, &g);
    assert_eq!(y.iter().filter(|y| y.is_nan()).count(), 2);
    let same = |a: &f32, b: &f32| a == b || (a.is_nan() && b.is_nan());
    assert!(found_y.iter().zip(&y).all(|(a, b)| same(a, b)), "{found_y:?} {y:?}");
    assert_eq!(found_grad, grad);
}

#[test]
fn lrn_matches_the_cpu() {
    for (n, beta, region) in [
        (5, 0.75, LrnRegion::Channels),
        (1, 0.75, LrnRegion::Channels),
        (4, 0.5, LrnRegion::Channels),
        (5, 2.0, LrnRegion::Channels),
        (15, 0.75, LrnRegion::Channels),
        (9, 0.0, LrnRegion::Channels),
        (3, 0.75, LrnRegion::Map),
        (2, 0.5, LrnRegion::Map),
        (7, 2.0, LrnRegion::Map),
    ] {
        for (batch, height, width, channels) in [(1, 1, 1, 1), (2, 3, 5, 6), (1, 4, 3, 13), (2, 2, 2, 32)] {
            let lrn = Lrn { n, k: 0.5, alpha: 0.7, beta, region };
            let shape = Shape { height, width, channels };
            let what = format!("LRN n={n} beta={beta} over {region:?} of {batch}x{height}x{width}x{channels}");
            let count = batch * shape.len();
            let x: Vec<f32> = random(1, count).iter().map(|x| 2.0 * x).collect();
            let g = random(2, count);
            let mut recorder = recorder(batch, StepParams::default());
            let (input, grad_output) = (upload(&mut recorder, &x, channels), upload(&mut recorder, &g, channels));
            let (output, grad_input) = (empty(&mut recorder, count, channels), empty(&mut recorder, count, channels));
            let kept = lrn::Kept::new(&mut recorder, "test", &lrn, shape).unwrap();
            lrn::record_forward(&mut recorder, "test", &lrn, shape, &kept, &input, &output).unwrap();
            lrn::record_backward(&mut recorder, "test", &lrn, shape, &kept, &input, &grad_output, &grad_input).unwrap();
            recorder.take().run(device());
            let (mut y, mut grad) = (vec![0.0; count], vec![0.0; count]);
            lrn::forward(&lrn, shape, &x, &mut y);
            lrn::backward(&lrn, shape, &x, &g, &mut grad);
            let n = if region == LrnRegion::Map { n.min(height) * n.min(width) } else { n };
            // s is a sum of n + 1 positive terms: a relative error of n + 2 roundings on each side. The power multiplies it by
            // beta and adds its own error: 2 ulp for inverseSqrt and the same again for its sqrt; for pow, exp2's 3 + 2 |t| ulp
            // with t = beta log2 s < 13, and log2's absolute 2^-21 below 2, times beta.
            let sums = 2.0 * (n as f32 + 2.0) * ROUNDING;
            let power = if beta == 0.75 { 6.0 * f32::EPSILON } else { 29.0 * f32::EPSILON + beta as f32 / 2f32.powi(21) };
            let relative = beta as f32 * sums + power + 2.0 * ROUNDING;
            // |b| <= 2 k^-beta.
            let bound = 2.0 * 0.5f32.powf(-beta as f32);
            assert_close(&format!("{what}, forward"), &download(&output, channels), &y, relative * bound);
            // Two summands: |g| s^-beta, and 2 alpha beta |a_j| * sum of n terms |g a| s^(-beta-1) whose errors add (one more
            // factor 1/s, and n additions on each side).
            let second = 2.0 * 0.7 * beta as f32 * 2.0 * n as f32 * 2.0 * 0.5f32.powf(-beta as f32 - 1.0);
            let tolerance = relative * bound + second * (relative + sums + 2.0 * (n as f32 + 5.0) * ROUNDING);
            assert_close(&format!("{what}, backward"), &download(&grad_input, channels), &grad, tolerance);
        }
    }
}

struct BatchNorm {
    y: Vec<f32>,
    grad_input: Vec<f32>,
    grad_gamma: Vec<f32>,
    grad_beta: Vec<f32>,
    running: [Vec<f32>; 2],
    evaluated: Vec<f32>,
}

struct Inputs {
    shape: Shape,
    batch: usize,
    x: Vec<f32>,
    g: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    running: [Vec<f32>; 2],
}

const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.3;

fn batch_norm_on_gpu(inputs: &Inputs, family: Family) -> BatchNorm {
    let channels = inputs.shape.channels;
    let r = &mut recorder_of(family, inputs.batch, StepParams::default());
    let (x, g) = (upload(r, &inputs.x, channels), upload(r, &inputs.g, channels));
    let (gamma, beta) = (upload(r, &inputs.gamma, channels), upload(r, &inputs.beta, channels));
    let output = |r: &mut _, values: &[f32]| -> View { empty(r, values.len(), channels) };
    let (y, evaluated, grad_input) = (output(r, &inputs.x), output(r, &inputs.x), output(r, &inputs.x));
    let (grad_gamma, grad_beta) = (output(r, &inputs.gamma), output(r, &inputs.gamma));
    let flat = |r: &mut Recorder, [first, second]: [&[f32]; 2]| -> View {
        let mut values = vec![0.0; batch_norm::statistics_len(channels)];
        values[..channels].copy_from_slice(first);
        let start = values.len() - padded(channels);
        values[start..][..channels].copy_from_slice(second);
        let view = r.buffer("statistics", values.len()).unwrap();
        view.write(device(), bytemuck::cast_slice(&values));
        view
    };
    let running = flat(r, [&inputs.running[0], &inputs.running[1]]);
    // The batch's statistics, followed by their factors.
    let (length, rows) = (running.words(), inputs.batch * inputs.shape.height * inputs.shape.width);
    let factors = length.next_multiple_of(ALIGNMENT);
    let statistics = r.buffer("statistics", factors + length).unwrap();
    statistics.write(device(), bytemuck::cast_slice(&vec![f32::NAN; length]));
    statistics.slice(factors, length).write(device(), bytemuck::cast_slice(&batch_norm::unbiased(channels, rows)));
    let kept = batch_norm::Kept::new(r, "test", inputs.shape, EPSILON, statistics.slice(0, length)).unwrap();
    // Evaluation first: it uses the running statistics from before the update.
    batch_norm::record_forward(r, "test", &kept, Some(&running), [&gamma, &beta], After::default(), &x, &evaluated).unwrap();
    batch_norm::record_forward(r, "test", &kept, None, [&gamma, &beta], After::default(), &x, &y).unwrap();
    batch_norm::record_backward(r, "test", &kept, &gamma, [&grad_gamma, &grad_beta], &x, &g, &grad_input).unwrap();
    // The first flag lets the update through, the second stops another one.
    for flag in [false, true] {
        let not_finite_seen = r.buffer("not_finite_seen", 1).unwrap();
        not_finite_seen.write(device(), bytemuck::bytes_of(&u32::from(flag)));
        let flat = [(); 3].map(|()| r.buffer("parameters", length.next_multiple_of(ALIGNMENT)).unwrap());
        let [result, records] = [4, 4].map(|words| r.buffer("step", words).unwrap());
        let statistics = optimizer::Running { momentum: MOMENTUM, statistics: &statistics, running: &running };
        let parts = [(0..flat[0].words(), Factors::ONE)];
        optimizer::record_update(r, flat.each_ref(), &parts, Some(statistics), &result, &records, &not_finite_seen).unwrap();
    }
    r.take().run(device());
    let part = |start: usize| download(&running.slice(start, padded(channels)), channels);
    BatchNorm {
        y: download(&y, channels),
        grad_input: download(&grad_input, channels),
        grad_gamma: download(&grad_gamma, channels),
        grad_beta: download(&grad_beta, channels),
        running: [part(0), part(running.words() - padded(channels))],
        evaluated: download(&evaluated, channels),
    }
}

/// In f64, from the same f32 numbers.
fn batch_norm_on_cpu(inputs: &Inputs) -> BatchNorm {
    let wide = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let narrow = |values: &[f64]| values.iter().map(|x| *x as f32).collect::<Vec<f32>>();
    let channels = inputs.shape.channels;
    let (x, g, gamma, beta) = (wide(&inputs.x), wide(&inputs.g), wide(&inputs.gamma), wide(&inputs.beta));
    let (mut y, mut evaluated, mut grad_input) = (x.clone(), x.clone(), x.clone());
    let (mut mean, mut variance) = (vec![0.0; channels], vec![0.0; channels]);
    let (mut grad_gamma, mut grad_beta) = (gamma.clone(), gamma.clone());
    let rows = x.len() / channels;
    pollster::block_on(batch_norm::statistics(&x, &Branch::new(1, 0..1), &mut mean, &mut variance, &mut Peers::none())).unwrap();
    batch_norm::forward(&x, [&mean, &variance], [&gamma, &beta], EPSILON, &mut y);
    let statistics = [&mean[..], &variance];
    batch_norm::backward_parameters(&x, statistics, EPSILON, &g, [&mut grad_gamma, &mut grad_beta]);
    batch_norm::backward_input(&x, rows, statistics, &gamma, EPSILON, &g, [&grad_gamma, &grad_beta], &mut grad_input);
    let mut running = wide(&inputs.running.concat());
    batch_norm::forward(&x, [&running[..channels], &running[channels..]], [&gamma, &beta], EPSILON, &mut evaluated);
    batch_norm::update_running(&[mean, variance].concat(), &mut running, rows, MOMENTUM);
    BatchNorm {
        y: narrow(&y),
        grad_input: narrow(&grad_input),
        grad_gamma: narrow(&grad_gamma),
        grad_beta: narrow(&grad_beta),
        running: [narrow(&running[..channels]), narrow(&running[channels..])],
        evaluated: narrow(&evaluated),
    }
}

fn batch_norm_inputs(batch: usize, shape: Shape, mean: f32, deviation: f32) -> Inputs {
    let n = batch * shape.len();
    let positive = |seed| random(seed, shape.channels).iter().map(|x| x + 1.5).collect::<Vec<f32>>();
    Inputs {
        shape,
        batch,
        x: random(1, n).iter().map(|x| mean + deviation * x).collect(),
        g: random(2, n),
        gamma: positive(3),
        beta: random(4, shape.channels),
        running: [random(5, shape.channels), positive(6)],
    }
}

#[test]
fn batch_norm_matches_the_cpu() {
    // Convolutional and linear layers, batch 1, one row, and a mean of 300 deviations.
    let shape = |height, width, channels| Shape { height, width, channels };
    for (batch, shape, mean, deviation) in [
        (1, shape(1, 1, 5), 0.0, 1.0),
        (1, shape(9, 7, 3), 0.0, 1.0),
        (32, shape(1, 1, 13), 0.5, 1.0),
        (5, shape(11, 13, 6), -3.0, 2.0),
        (8, shape(32, 32, 8), 1.0, 1.0),
        (4, shape(17, 16, 4), 300.0, 1.0),
    ] {
        let inputs = batch_norm_inputs(batch, shape, mean, deviation);
        for family in FAMILIES {
            let (found, wanted) = (batch_norm_on_gpu(&inputs, family), batch_norm_on_cpu(&inputs));
            let what = |part: &str| format!("BN of {batch}x{shape:?}, mean {mean}, {family:?}: {part}");
            let rows = (batch * shape.height * shape.width) as f32;
            // The relative error of a sum of r rows is depth * ROUNDING of the sum of sizes.
            let depth = match family {
                // Runs of at most 2 sqrt r additions, and at most sqrt r runs.
                Family::Registers => 3.0 * rows.sqrt(),
                // Chunks of at least 16 additions, up to 16 by a thread, and 64 threads.
                Family::Tiled => (rows / 1024.0).max(16.0) + 16.0 + 64.0,
            };
            let size = mean.abs() + deviation; // of an input
            let mean_error = depth * ROUNDING * size;
            // Centred inputs are off by the mean's error and half an ulp of their own; variance >= 1/4 deviation^2, except in one
            // row.
            let centred = mean_error + ROUNDING * size;
            let spread = if rows == 1.0 { (EPSILON as f32).sqrt() } else { deviation / 2.0 };
            let normalised = centred / spread + 2.0 * (depth * ROUNDING + 2.0 * centred / deviation + 2.5 * f32::EPSILON);
            let (gamma, beta) = (2.5, 1.0);
            assert_close(&what("output"), &found.y, &wanted.y, gamma * normalised + 4.0 * ROUNDING * (2.0 * gamma + beta));
            // Sums of r terms g * normalised with |g| <= 1, |normalised| <= 2 (4 with the error of a small sample).
            let sum = rows * (normalised + 2.0 * depth * ROUNDING);
            assert_close(&what("grad_gamma"), &found.grad_gamma, &wanted.grad_gamma, sum);
            assert_close(&what("grad_beta"), &found.grad_beta, &wanted.grad_beta, rows * depth * ROUNDING);
            // gamma / deviation * (g - mean g - normalised * mean (g normalised)), each bracketed term of size at most 4.
            let bracket = 4.0 * normalised + 4.0 * sum / rows + 8.0 * ROUNDING;
            assert_close(&what("grad_input"), &found.grad_input, &wanted.grad_input, gamma / spread * bracket);
            assert_close(
                &what("running mean"),
                &found.running[0],
                &wanted.running[0],
                mean_error + 4.0 * ROUNDING * (size + 1.0),
            );
            let variance = deviation * deviation;
            let variance_error = 2.0 * deviation * centred + depth * ROUNDING * variance + 6.0 * ROUNDING * (variance + 2.5);
            assert_close(&what("running variance"), &found.running[1], &wanted.running[1], variance_error);
            // Running variance >= 0.5; WGSL's inverseSqrt is within 2 ulp.
            let evaluated = gamma * (ROUNDING * (size + 1.0) + (size + 1.0) * 8.0 * ROUNDING) / 0.5f32.sqrt() + 2.0 * ROUNDING;
            assert_close(&what("evaluation"), &found.evaluated, &wanted.evaluated, 2.0 * evaluated);
        }
    }
}

/// A single row has variance 0, and a factor n / (n - 1) of 1: no NaN anywhere.
#[test]
fn batch_norm_of_one_row_is_finite() {
    let inputs = batch_norm_inputs(1, Shape { height: 1, width: 1, channels: 7 }, 0.0, 1.0);
    let found = batch_norm_on_gpu(&inputs, Family::Registers);
    assert_eq!(found.y, inputs.beta);
    let all = [&found.grad_input, &found.grad_gamma, &found.grad_beta, &found.running[0], &found.running[1]];
    assert!(all.into_iter().flatten().all(|value| value.is_finite()));
}
