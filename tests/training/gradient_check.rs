//! Each layer by itself against finite differences in f64: the gradient of `sum of r_i y_i` with random r, with respect to the
//! input and to each parameter. Odd sizes, strides and paddings, 1, 3, 5 and 33 channels, batches of 1 and 3.

use crate::finite_difference::{Tally, normals, rms, sample};
use alexnet_lab::config::{ActivationFunction, LrnRegion, PoolKind};
use alexnet_lab::layers::dropout::Mask;
use alexnet_lab::layers::lrn::Lrn;
use alexnet_lab::layers::{Window, activation, batch_norm, conv, dropout, linear, local, lrn, pool, softmax_loss};
use alexnet_lab::network::{Shape, output_size};
use alexnet_lab::step::peers::Peers;
use alexnet_lab::step::tree::Branch;
use pollster::block_on;

/// Entries of one tensor that are checked.
const ENTRIES: usize = 60;

/// Checks `gradient` of `loss` at `x`. The loss is a sum of terms that are added one by one. Each of the about `terms` additions
/// rounds by half a unit of 2^-52 of a partial sum, whose size is about that of a random walk: `sqrt(terms)`. So the loss's
/// rounding error is a random walk of `sqrt(terms)` steps of `2^-53 sqrt(terms)`: `2^-53 terms`, times 4 for the arithmetic
/// before.
fn check(label: &str, x: &[f64], gradient: &[f64], terms: usize, mut loss: impl FnMut(&[f64]) -> f64) {
    let mut tally = Tally::default();
    let roundoff = 4.0 * 2f64.powi(-53) * terms as f64;
    let scale = rms(gradient);
    let mut moved = x.to_vec();
    for i in sample(label, x.len(), ENTRIES) {
        let outcome = tally.compare(&format!("{label}[{i}]"), gradient[i], scale, roundoff, |t| {
            moved[i] = x[i] + t;
            let loss = loss(&moved);
            moved[i] = x[i];
            loss
        });
        outcome.unwrap();
    }
    tally.finish(label);
}

fn dot(r: &[f64], y: &[f64]) -> f64 {
    r.iter().zip(y).map(|(r, y)| r * y).sum()
}

fn window(height: usize, width: usize, channels: [usize; 2], kernel: usize, stride: usize, padding: usize) -> Window {
    let input = Shape { height, width, channels: channels[0] };
    let size = |side| output_size(side, kernel, stride, padding);
    let output = Shape { height: size(height), width: size(width), channels: channels[1] };
    Window { input, output, kernel, stride, padding }
}

#[test]
fn conv_matches_finite_differences() {
    for (window, batch) in [
        (window(7, 5, [3, 5], 3, 1, 1), 3),
        (window(7, 9, [1, 3], 3, 2, 1), 3),
        (window(5, 5, [5, 1], 5, 1, 2), 1),
        (window(11, 13, [3, 3], 5, 4, 0), 1),
        (window(6, 7, [1, 1], 2, 3, 1), 3),
        (window(3, 3, [3, 5], 1, 1, 0), 3),
        (window(4, 3, [3, 5], 3, 2, 3), 1),
        // 128,000 patch elements per image: the batch is processed in chunks of 2 and 1 images.
        (window(32, 32, [5, 3], 5, 1, 2), 3),
        // In the minimal form.
        (window(7, 5, [32, 33], 3, 1, 1), 3),
        (window(5, 6, [33, 32], 5, 1, 2), 1),
    ] {
        let label = format!("conv {window:?} x{batch}");
        let channels = window.output.channels;
        let x = normals("x", batch * window.input.len());
        let w = normals("w", window.kernel * window.kernel * window.input.channels * channels);
        let b = normals("b", channels);
        let r = normals("r", batch * window.output.len());
        // Buffers that are overwritten start as NaN.
        let scratch = vec![f64::NAN; conv::scratch_len(&window, batch)];
        let mut y = vec![f64::NAN; r.len()];
        let mut loss = |x: &[f64], w: &[f64], b: &[f64]| {
            conv::forward(&window, x, w, b, &mut y, &mut scratch.clone());
            dot(&r, &y)
        };
        let [mut gx, mut gw, mut gb] = [&x, &w, &b].map(|v| vec![f64::NAN; v.len()]);
        conv::backward_parameters(&window, &x, &r, [&mut gw, &mut gb], &mut scratch.clone());
        conv::backward_input(&window, &w, &r, &mut gx, &mut scratch.clone());
        let terms = r.len() * (w.len() / channels + 1);
        check(&format!("{label} input"), &x, &gx, terms, |x| loss(x, &w, &b));
        check(&format!("{label} weight"), &w, &gw, terms, |w| loss(&x, w, &b));
        check(&format!("{label} bias"), &b, &gb, terms, |b| loss(&x, &w, b));
    }
}

#[test]
fn local_matches_finite_differences() {
    for (window, batch) in [
        (window(7, 5, [3, 5], 3, 1, 1), 3),
        (window(7, 9, [1, 3], 3, 2, 1), 3),
        (window(5, 5, [5, 1], 5, 1, 2), 1),
        (window(6, 7, [1, 1], 2, 3, 0), 3),
        (window(3, 3, [3, 5], 1, 1, 0), 3),
        // Windows that lie entirely in the padding.
        (window(4, 3, [3, 5], 3, 2, 3), 1),
    ] {
        let label = format!("local {window:?} x{batch}");
        let (taps, positions) = (window.kernel * window.kernel * window.input.channels, window.output.len());
        let (x, w) = (normals("x", batch * window.input.len()), normals("w", taps * positions));
        let (b, r) = (normals("b", positions), normals("r", batch * positions));
        let scratch = vec![f64::NAN; local::scratch_len(&window, batch)];
        let mut y = vec![f64::NAN; r.len()];
        let mut loss = |x: &[f64], w: &[f64], b: &[f64]| {
            local::forward(&window, x, w, b, &mut y, &mut scratch.clone());
            dot(&r, &y)
        };
        let [mut gx, mut gw, mut gb] = [&x, &w, &b].map(|v| vec![f64::NAN; v.len()]);
        local::backward_parameters(&window, &x, &r, [&mut gw, &mut gb], &mut scratch.clone());
        local::backward_input(&window, &w, &r, &mut gx, &mut scratch.clone());
        let terms = r.len() * (taps + 1);
        check(&format!("{label} input"), &x, &gx, terms, |x| loss(x, &w, &b));
        check(&format!("{label} weight"), &w, &gw, terms, |w| loss(&x, w, &b));
        check(&format!("{label} bias"), &b, &gb, terms, |b| loss(&x, &w, b));
    }
}

#[test]
fn linear_matches_finite_differences() {
    for (batch, inputs, outputs) in [(1, 5, 3), (3, 7, 10), (3, 1, 1)] {
        let label = format!("linear {inputs} -> {outputs} x{batch}");
        let (x, w) = (normals("x", batch * inputs), normals("w", inputs * outputs));
        let (b, r) = (normals("b", outputs), normals("r", batch * outputs));
        let scratch = vec![f64::NAN; linear::scratch_len(inputs, outputs)];
        let mut y = vec![f64::NAN; r.len()];
        let mut loss = |x: &[f64], w: &[f64], b: &[f64]| {
            linear::forward(x, w, b, &mut y, &mut scratch.clone());
            dot(&r, &y)
        };
        let [mut gx, mut gw, mut gb] = [&x, &w, &b].map(|v| vec![f64::NAN; v.len()]);
        linear::backward_parameters(&x, &r, [&mut gw, &mut gb], &mut scratch.clone());
        linear::backward_input(outputs, &w, &r, &mut gx, &mut scratch.clone());
        let terms = r.len() * (inputs + 1);
        check(&format!("{label} input"), &x, &gx, terms, |x| loss(x, &w, &b));
        check(&format!("{label} weight"), &w, &gw, terms, |w| loss(&x, w, &b));
        check(&format!("{label} bias"), &b, &gb, terms, |b| loss(&x, &w, b));
    }
}

#[test]
fn activation_matches_finite_differences() {
    use ActivationFunction::{LeakyRelu, Relu, Sigmoid, Tanh};
    for function in [Relu, Sigmoid, Tanh, LeakyRelu] {
        // Farther from the kink at 0 than the largest step.
        let x: Vec<f64> = normals("x", 45).into_iter().map(|x| x + 0.1 * x.signum()).collect();
        let r = normals("r", x.len());
        let (mut y, mut grad) = (vec![f64::NAN; x.len()], vec![f64::NAN; x.len()]);
        activation::forward(function, &x, &mut y);
        activation::backward(function, &y, &r, &mut grad);
        check(&format!("{function:?}"), &x, &grad, r.len(), |x| {
            activation::forward(function, x, &mut y);
            dot(&r, &y)
        });
    }
}

#[test]
fn lrn_matches_finite_differences() {
    for (n, channels, beta) in [
        (5, 1, 0.75),
        (5, 3, 0.75),
        (5, 20, 0.75),
        (5, 20, 0.6),
        (4, 5, 0.75),
        (2, 5, 1.3),
        (1, 3, 0.75),
        (15, 5, 0.75),
        (3, 7, 0.0),
    ] {
        for region in [LrnRegion::Channels, LrnRegion::Map] {
            let lrn = Lrn { n, k: 0.7, alpha: 0.5, beta, region };
            let shape = Shape { height: 2, width: 3, channels };
            let x = normals("x", 3 * shape.len());
            let r = normals("r", x.len());
            let (mut y, mut grad) = (vec![f64::NAN; x.len()], vec![f64::NAN; x.len()]);
            lrn::backward(&lrn, shape, &x, &r, &mut grad);
            check(&format!("{lrn:?} {channels} channels"), &x, &grad, r.len() * n, |x| {
                lrn::forward(&lrn, shape, x, &mut y);
                dot(&r, &y)
            });
        }
    }
}

#[test]
fn batch_norm_matches_finite_differences() {
    for (rows, channels) in [(45, 1), (45, 3), (15, 5), (3, 3), (600, 2)] {
        let label = format!("batch_norm {rows} rows, {channels} channels");
        let images = Branch::new(3, 0..3);
        let x = normals("x", rows * channels);
        let (gamma, beta, r) = (normals("gamma", channels), normals("beta", channels), normals("r", x.len()));
        let mut y = vec![f64::NAN; x.len()];
        let mut loss = |x: &[f64], gamma: &[f64], beta: &[f64]| {
            let (mut mean, mut variance) = (vec![f64::NAN; channels], vec![f64::NAN; channels]);
            block_on(batch_norm::statistics(x, &images, &mut mean, &mut variance, &mut Peers::none())).unwrap();
            batch_norm::forward(x, [&mean, &variance], [gamma, beta], 1e-3, &mut y);
            dot(&r, &y)
        };
        let (mut mean, mut variance) = (vec![f64::NAN; channels], vec![f64::NAN; channels]);
        block_on(batch_norm::statistics(&x, &images, &mut mean, &mut variance, &mut Peers::none())).unwrap();
        let [mut gx, mut gg, mut gb] = [&x, &gamma, &beta].map(|v| vec![f64::NAN; v.len()]);
        let statistics = [&mean[..], &variance];
        batch_norm::backward_parameters(&x, statistics, 1e-3, &r, [&mut gg, &mut gb]);
        batch_norm::backward_input(&x, rows, statistics, &gamma, 1e-3, &r, [&gg, &gb], &mut gx);
        let terms = 4 * r.len();
        check(&format!("{label} input"), &x, &gx, terms, |x| loss(x, &gamma, &beta));
        check(&format!("{label} gamma"), &gamma, &gg, terms, |gamma| loss(&x, gamma, &beta));
        check(&format!("{label} beta"), &beta, &gb, terms, |beta| loss(&x, &gamma, beta));
    }
}

#[test]
fn pool_matches_finite_differences() {
    for kind in [PoolKind::Max, PoolKind::Avg] {
        for (window, batch) in [
            (window(7, 5, [3, 3], 3, 2, 1), 3),
            (window(7, 9, [1, 1], 3, 2, 0), 1),
            (window(6, 8, [5, 5], 2, 2, 0), 3),
            (window(5, 7, [3, 3], 2, 3, 1), 1),
            (window(4, 4, [5, 5], 3, 1, 1), 3),
            // The last windows stick out.
            (Window { output: Shape { height: 4, width: 3, channels: 3 }, ..window(8, 6, [3, 3], 3, 2, 0) }, 2),
        ] {
            // Distinct values 0.05 apart, shuffled: no step changes a winner.
            let n = batch * window.input.len();
            let x: Vec<f64> = alexnet_lab::rng::permutation(3, 0, n).into_iter().map(|i| 0.05 * f64::from(i)).collect();
            let r = normals("r", batch * window.output.len());
            let (mut y, mut grad) = (vec![f64::NAN; r.len()], vec![f64::NAN; n]);
            pool::forward(kind, &window, &x, &mut y);
            pool::backward(kind, &window, &x, &y, &r, &mut grad);
            check(&format!("{kind:?} {window:?} x{batch}"), &x, &grad, 10 * r.len(), |x| {
                pool::forward(kind, &window, x, &mut y);
                dot(&r, &y)
            });
        }
    }
}

#[test]
fn dropout_matches_finite_differences() {
    for probability in [0.1, 0.5, 0.9] {
        let mask = Mask { seed: 3, step: 5, layer: 17, first: 0, probability };
        let (x, r) = (normals("x", 50), normals("r", 50));
        let (mut y, mut grad) = (vec![f64::NAN; 50], vec![f64::NAN; 50]);
        dropout::apply(&mask, &r, &mut grad);
        check(&format!("dropout {probability}"), &x, &grad, 10 * r.len(), |x| {
            dropout::apply(&mask, x, &mut y);
            dot(&r, &y)
        });
    }
}

#[test]
fn softmax_loss_matches_finite_differences() {
    for (labels, classes) in [(vec![2], 3), (vec![0, 9, 4], 10), (vec![1, 1, 0], 2)] {
        let z: Vec<f64> = normals("z", labels.len() * classes).into_iter().map(|z| 3.0 * z).collect();
        let (mut p, mut grad) = (vec![f64::NAN; z.len()], vec![f64::NAN; z.len()]);
        softmax_loss::forward(&z, &labels, labels.len(), &mut p);
        softmax_loss::backward(&p, &labels, labels.len(), &mut grad);
        check(&format!("softmax_loss {labels:?} of {classes}"), &z, &grad, z.len(), |z| {
            softmax_loss::forward(z, &labels, labels.len(), &mut p).0
        });
    }
}

/// An LRN gradient that wrongly has a_j^2 in place of a_i a_j must not pass.
#[test]
fn an_lrn_gradient_without_the_cross_terms_is_noticed() {
    let lrn = Lrn { n: 5, k: 0.7, alpha: 0.5, beta: 0.75, region: LrnRegion::Channels };
    let shape = Shape { height: 1, width: 1, channels: 7 };
    let (x, r) = (normals("x", 7), normals("r", 7));
    let mut y = vec![0.0; 7];
    // The gradient without neighbours: g_j s_j^-beta - 2 alpha beta g_j a_j^2 s_j^(-beta - 1).
    lrn::forward(&lrn, shape, &x, &mut y);
    let own = |j: usize| {
        let s = (y[j] / x[j]).powf(-1.0 / lrn.beta);
        r[j] * s.powf(-lrn.beta) * (1.0 - 2.0 * lrn.alpha * lrn.beta * x[j] * x[j] / s)
    };
    let wrong: Vec<f64> = (0..7).map(own).collect();
    let noticed = (0..7).filter(|j| {
        let f = |t: f64| {
            let (mut moved, mut y) = (x.clone(), vec![0.0; 7]);
            moved[*j] += t;
            lrn::forward(&lrn, shape, &moved, &mut y);
            dot(&r, &y)
        };
        Tally::default().compare("lrn", wrong[*j], 1.0, 1e-14, f).is_err()
    });
    assert_eq!(noticed.count(), 7);
}
