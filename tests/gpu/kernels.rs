//! The kernels of learnt layers, dropout, loss and optimizer against the CPU, over a sweep of shapes.
//!
//! Tolerances: a sum of n products in f32, in any order, is off by at most about n * epsilon * sum |products|. With factors in
//! [-1, 1) and rounding errors in both directions, sqrt(n) * epsilon * sqrt(n) leaves room. Both sides err, hence 2.

use crate::common::*;
use alexnet_lab::config::ActivationFunction;
use alexnet_lab::config::architectures::Factors;
use alexnet_lab::gpu::family::Family;
use alexnet_lab::gpu::recorder::StepParams;
use alexnet_lab::gpu::view::padded;
use alexnet_lab::layers::fused::{After, GradInput};
use alexnet_lab::layers::{Window, activation, batch_norm, conv, dropout, linear, local, softmax_loss};
use alexnet_lab::network::{Shape, output_size};
use alexnet_lab::optimizer;
use alexnet_lab::step::Hyper;

/// For sums of `n` products of factors below 1 (see above).
fn tolerance(n: usize) -> f32 {
    2.0 * n as f32 * f32::EPSILON
}

#[test]
fn conv_matches_the_cpu() {
    // batch, height, width, in, out, kernel, stride, padding
    let cases = [
        (1, 5, 5, 3, 5, 3, 1, 1),
        (2, 8, 7, 4, 8, 5, 1, 2),
        (3, 9, 11, 6, 12, 3, 2, 0),
        (2, 6, 6, 13, 20, 1, 1, 0),
        (1, 23, 19, 3, 9, 11, 4, 0),
        (5, 4, 4, 16, 3, 3, 1, 1),
        (2, 3, 3, 2, 4, 3, 3, 2),
    ];
    for case @ (batch, height, width, inputs, channels, kernel, stride, padding) in cases {
        let input = Shape { height, width, channels: inputs };
        let size = |size| output_size(size, kernel, stride, padding);
        let output = Shape { height: size(height), width: size(width), channels };
        for family in FAMILIES {
            check_conv(family, &format!("{family:?} {case:?}"), batch, &Window { input, output, kernel, stride, padding });
        }
    }
}

fn check_conv(family: Family, case: &str, batch: usize, window: &Window) {
    let (inputs, channels) = (window.input.channels, window.output.channels);
    let taps = window.kernel * window.kernel;
    let x = random(1, batch * window.input.len());
    let w = random(2, taps * inputs * channels);
    let b = random(3, channels);
    let g = random(4, batch * window.output.len());

    let mut scratch = vec![0.0; conv::scratch_len(window, batch)];
    let mut y = vec![0.0; g.len()];
    conv::forward(window, &x, &w, &b, &mut y, &mut scratch);
    let (mut gw, mut gb, mut gx) = (vec![0.0; w.len()], vec![0.0; b.len()], vec![0.0; x.len()]);
    conv::backward_parameters(window, &x, &g, [&mut gw, &mut gb], &mut scratch);
    conv::backward_input(window, &w, &g, &mut gx, &mut scratch);

    let mut recorder = recorder_of(family, batch, StepParams::default());
    let r = &mut recorder;
    // The rows of a weight are padded too.
    let w: Vec<f32> = (0..taps).flat_map(|tap| pad_rows(&w[tap * inputs * channels..][..inputs * channels], inputs)).collect();
    let [input, weight, bias, grad_output] =
        [(&x, inputs), (&w, channels), (&b, channels), (&g, channels)].map(|(v, c)| upload(r, v, c));
    let [output, grad_input] = [(y.len(), channels), (x.len(), inputs)].map(|(n, c)| empty(r, n, c));
    let partial = r.buffer("partial", conv::partial_len(r, window)).unwrap();
    conv::record_forward(r, "conv", window, None, &input, &weight, &bias, &output).unwrap();
    let to = Some((&grad_input).into());
    let kept = conv::Kept::new(r, window, &partial, 0);
    conv::record_backward(r, "conv", window, &input, &grad_output, &weight, &kept, to).unwrap();
    r.take().run(device());

    assert_close(&format!("{case} output"), &download(&output, channels), &y, tolerance(taps * inputs + 1));
    assert_close(&format!("{case} grad_input"), &download(&grad_input, inputs), &gx, tolerance(taps * channels));
    let sums = sum_splits(&download(&kept.partial, channels), kept.splits);
    let pixels = g.len() / channels;
    let padded_inputs = padded(inputs);
    for tap in 0..taps {
        let found = &sums[tap * padded_inputs * channels..][..inputs * channels];
        let wanted = &gw[tap * inputs * channels..][..inputs * channels];
        assert_close(&format!("{case} grad_weight, tap {tap}"), found, wanted, tolerance(pixels));
    }
    assert_close(&format!("{case} grad_bias"), &sums[taps * padded_inputs * channels..], &gb, tolerance(pixels));
}

#[test]
fn local_matches_the_cpu() {
    // batch, height, width, in, out, kernel, stride, padding; in the last one, windows lie entirely in the padding.
    for case @ (batch, height, width, inputs, channels, kernel, stride, padding) in [
        (1, 5, 5, 3, 5, 3, 1, 1),
        (5, 4, 3, 8, 4, 5, 1, 2),
        (3, 7, 9, 6, 12, 3, 2, 0),
        (2, 3, 3, 13, 20, 1, 1, 0),
        (4, 4, 3, 2, 4, 3, 2, 3),
    ] {
        let input = Shape { height, width, channels: inputs };
        let size = |size| output_size(size, kernel, stride, padding);
        let output = Shape { height: size(height), width: size(width), channels };
        check_local(&format!("{case:?}"), batch, &Window { input, output, kernel, stride, padding });
    }
}

fn check_local(case: &str, batch: usize, window: &Window) {
    let (inputs, channels) = (window.input.channels, window.output.channels);
    let (taps, positions) = (window.kernel * window.kernel, window.output.height * window.output.width);
    let x = random(1, batch * window.input.len());
    let w = random(2, positions * taps * inputs * channels);
    let b = random(3, positions * channels);
    let g = random(4, batch * window.output.len());

    let mut scratch = vec![0.0; local::scratch_len(window, batch)];
    let mut y = vec![0.0; g.len()];
    local::forward(window, &x, &w, &b, &mut y, &mut scratch);
    let (mut gw, mut gb, mut gx) = (vec![0.0; w.len()], vec![0.0; b.len()], vec![0.0; x.len()]);
    local::backward_parameters(window, &x, &g, [&mut gw, &mut gb], &mut scratch);
    local::backward_input(window, &w, &g, &mut gx, &mut scratch);

    let mut recorder = recorder(batch, StepParams::default());
    let r = &mut recorder;
    // The rows of each tap's weights are padded too.
    let padded_taps =
        |values: &[f32]| -> Vec<f32> { values.chunks_exact(inputs * channels).flat_map(|tap| pad_rows(tap, inputs)).collect() };
    let [w, gw] = [padded_taps(&w), padded_taps(&gw)];
    let [input, weight, bias, grad_output] =
        [(&x, inputs), (&w, channels), (&b, channels), (&g, channels)].map(|(v, c)| upload(r, v, c));
    let [output, grad_input] = [(y.len(), channels), (x.len(), inputs)].map(|(n, c)| empty(r, n, c));
    let [grad_weight, grad_bias] = [&gw, &gb].map(|values| empty(r, values.len(), channels));
    local::record_forward(r, "local", window, None, &input, &weight, &bias, &output).unwrap();
    let gradients = [&grad_weight, &grad_bias];
    let to = Some((&grad_input).into());
    local::record_backward(r, "local", window, &input, &grad_output, &weight, gradients, to).unwrap();
    r.take().run(device());

    assert_close(&format!("{case} output"), &download(&output, channels), &y, tolerance(taps * inputs + 1));
    assert_close(&format!("{case} grad_input"), &download(&grad_input, inputs), &gx, tolerance(taps * channels));
    assert_close(&format!("{case} grad_weight"), &download(&grad_weight, channels), &gw, tolerance(batch));
    assert_close(&format!("{case} grad_bias"), &download(&grad_bias, channels), &gb, tolerance(batch));
}

/// Appends rows of 0 up to a multiple of 4.
fn pad_rows(values: &[f32], rows: usize) -> Vec<f32> {
    let mut values = values.to_vec();
    values.resize(values.len() / rows * padded(rows), 0.0);
    values
}

fn sum_splits(values: &[f32], splits: usize) -> Vec<f32> {
    let length = values.len() / splits;
    (0..length).map(|i| values[i..].iter().step_by(length).sum()).collect()
}

#[test]
fn the_activation_function_of_a_convolution_is_applied_and_padding_stays_zero() {
    let shape = |channels| Shape { height: 5, width: 6, channels };
    let window = Window { input: shape(3), output: shape(6), kernel: 3, stride: 1, padding: 1 };
    let (x, w, b) = (random(1, 90), pad_rows_of_taps(&random(2, 9 * 3 * 6), 9, 3, 6), random(3, 6));
    let functions =
        [ActivationFunction::Relu, ActivationFunction::Sigmoid, ActivationFunction::Tanh, ActivationFunction::LeakyRelu];
    for (family, function) in FAMILIES.into_iter().flat_map(|family| functions.map(|function| (family, function))) {
        let mut recorder = recorder_of(family, 1, StepParams::default());
        let r = &mut recorder;
        let [input, weight, bias] = [(&x, 3), (&w, 6), (&b, 6)].map(|(v, c)| upload(r, v, c));
        let [plain, output] = [(); 2].map(|()| empty(r, 180, 6));
        conv::record_forward(r, "conv", &window, None, &input, &weight, &bias, &plain).unwrap();
        conv::record_forward(r, "conv", &window, Some(function), &input, &weight, &bias, &output).unwrap();
        r.take().run(device());
        let mut wanted = vec![0.0; 180];
        alexnet_lab::layers::activation::forward(function, &download(&plain, 6), &mut wanted);
        // As in tests/gpu/activation.rs.
        assert_close(&format!("{family:?} {function:?}"), &download(&output, 6), &wanted, 1e-5);
    }
}

fn pad_rows_of_taps(w: &[f32], taps: usize, inputs: usize, outputs: usize) -> Vec<f32> {
    (0..taps).flat_map(|tap| pad_rows(&w[tap * inputs * outputs..][..inputs * outputs], inputs)).collect()
}

#[test]
fn linear_matches_the_cpu_whole_and_in_chunks() {
    FAMILIES.into_iter().for_each(check_linear);
}

fn check_linear(family: Family) {
    for (batch, inputs, outputs) in [(1, 4, 1), (3, 64, 10), (4, 200, 12), (7, 256, 30), (32, 132, 260)] {
        for limit in [u64::MAX, 64 * padded(outputs) as u64 * 4] {
            let (x, w) = (random(1, batch * inputs), random(2, inputs * outputs));
            let (b, g) = (random(3, outputs), random(4, batch * outputs));
            let mut y = vec![0.0; g.len()];
            let mut scratch = vec![0.0; linear::scratch_len(inputs, outputs)];
            linear::forward(&x, &w, &b, &mut y, &mut scratch);
            let (mut gw, mut gb, mut gx) = (vec![0.0; w.len()], vec![0.0; b.len()], vec![0.0; x.len()]);
            linear::backward_parameters(&x, &g, [&mut gw, &mut gb], &mut scratch);
            linear::backward_input(outputs, &w, &g, &mut gx, &mut scratch);

            // Only weights are split; the limit may not be below the other buffers.
            let limit = limit.max(4 * padded(batch * inputs.max(padded(outputs))) as u64);
            let limited = device().with_binding_limit(limit).with_family(family);
            let mut recorder = recorder_on(limited, batch, StepParams::default());
            let r = &mut recorder;
            let size = linear::Size { inputs, outputs };
            let [input, weight, bias, grad_output] =
                [(&x, inputs), (&w, outputs), (&b, outputs), (&g, outputs)].map(|(v, c)| upload(r, v, c));
            let [output, grad_input] = [(y.len(), outputs), (x.len(), inputs)].map(|(n, c)| empty(r, n, c));
            let [grad_weight, grad_bias] = [w.len(), outputs].map(|n| empty(r, n, outputs));
            linear::record_forward(r, "fc", size, After::default(), &input, &weight, &bias, &output).unwrap();
            let (gradients, to) = ([&grad_weight, &grad_bias], Some((&grad_input).into()));
            linear::record_backward(r, "fc", size, &input, &grad_output, &weight, gradients, to).unwrap();
            r.take().run(device());

            let case = format!("{family:?} {batch} x {inputs} -> {outputs}, limit {limit}");
            assert_close(&format!("{case}: output"), &download(&output, outputs), &y, tolerance(inputs + 1));
            assert_close(&format!("{case}: grad_input"), &download(&grad_input, inputs), &gx, tolerance(outputs));
            assert_close(&format!("{case}: grad_weight"), &download(&grad_weight, outputs), &gw, tolerance(batch));
            assert_close(&format!("{case}: grad_bias"), &download(&grad_bias, outputs), &gb, tolerance(batch));
        }
    }
}

/// Dropout as neighbouring layers apply it: after the layer in front, and on the gradient from the layer behind.
#[test]
fn dropout_keeps_the_same_units_as_the_cpu() {
    for family in FAMILIES {
        for (batch, features, probability) in [(1, 1, 0.5), (3, 10, 0.25), (5, 256, 0.9), (2, 7, 0.0)] {
            check_dropout(family, batch, features, probability);
        }
    }
}

fn check_dropout(family: Family, batch: usize, features: usize, probability: f32) {
    let (seed, step, layer) = (9, 4_000_000_000, alexnet_lab::rng::name_hash("fc6.dropout"));
    let mask = dropout::Mask { seed, step: step.into(), layer, first: 0, probability };
    let (x, g, n) = (random(1, batch * features), random(2, batch * features), batch * features);
    let [mut wanted, mut wanted_gradient] = [(); 2].map(|()| vec![0.0; n]);
    dropout::apply(&mask, &x, &mut wanted);
    dropout::apply(&mask, &g, &mut wanted_gradient);

    let mut recorder = recorder_of(family, batch, StepParams { seed, step, dropout: probability, ..Default::default() });
    let r = &mut recorder;
    let shape = Shape { height: 1, width: 1, channels: features };
    let (input, grad_output) = (upload(r, &x, features), upload(r, &g, features));
    // A layer that passes everything on, forward and backward.
    let identity = |rows: usize| (0..rows * features).map(|i| f32::from(i / features == i % features)).collect::<Vec<f32>>();
    let (weight, bias) = (upload(r, &identity(padded(features)), features), upload(r, &vec![0.0; features], features));
    let size = linear::Size { inputs: padded(features), outputs: features };
    let [by_linear, by_norm, by_activation, copy, grad_input, grad_bias] = [(); 6].map(|()| empty(r, n, features));
    let grad_weight = empty(r, padded(features) * features, features);
    let after = |to| After { function: None, dropout: Some((dropout::Units { layer, features }, to)) };
    linear::record_forward(r, "fc", size, after(&by_linear), &input, &weight, &bias, &copy).unwrap();
    // Statistics of mean 0 and variance 1.
    let statistics = r.buffer("statistics", batch_norm::statistics_len(features)).unwrap();
    statistics
        .slice(batch_norm::statistics_len(features) - padded(features), features)
        .write(device(), bytemuck::cast_slice(&vec![1.0f32; features]));
    let kept = batch_norm::Kept::new(r, "bn", shape, 0.0, statistics.clone()).unwrap();
    let gamma = upload(r, &vec![1.0; features], features);
    batch_norm::record_forward(r, "bn", &kept, Some(&statistics), [&gamma, &bias], after(&by_norm), &input, &copy).unwrap();
    activation::record_forward(r, "activation", after(&by_activation), shape, &input, &copy).unwrap();
    let to = GradInput { view: &grad_input, dropout: Some(dropout::Units { layer, features }), before: None, function: None };
    linear::record_backward(r, "fc", size, &input, &grad_output, &weight, [&grad_weight, &grad_bias], Some(to)).unwrap();
    r.take().run(device());

    // WGSL allows a division 2.5 ulp; results are below 10.
    let tolerance = 10.0 * 4.0 * f32::EPSILON;
    for (by, output) in [("linear", &by_linear), ("activation", &by_activation)] {
        assert_close(&format!("{family:?} {by}"), &download(output, features), &wanted, tolerance);
    }
    // 1 / sqrt(1) may be off by 2 ulp more.
    assert_close(&format!("{family:?} bn"), &download(&by_norm, features), &wanted, 2.0 * tolerance);
    assert_close(&format!("{family:?} backward"), &download(&grad_input, features), &wanted_gradient, tolerance);
    assert_close(&format!("{family:?} output"), &download(&copy, features), &x, 0.0);
}

#[test]
fn softmax_loss_matches_the_cpu() {
    for (batch, classes, scale) in [(1, 1, 1.0), (3, 10, 5.0), (70, 7, 90.0), (2, 1000, 1.0)] {
        let logits: Vec<f32> = random(1, batch * classes).iter().map(|z| z * scale).collect();
        let labels: Vec<u32> = (0..batch).map(|i| (i * 7 % classes) as u32).collect();
        let (mut p, mut g) = (vec![0.0; logits.len()], vec![0.0; logits.len()]);
        let (loss, correct) = softmax_loss::forward(&logits, &labels, batch, &mut p);
        softmax_loss::backward(&p, &labels, batch, &mut g);

        let mut recorder = recorder(batch, StepParams::default());
        let r = &mut recorder;
        let z = upload(r, &logits, classes);
        let label_view = r.buffer("labels", batch).unwrap();
        label_view.write(device(), bytemuck::cast_slice(&labels));
        let probabilities = r.buffer("probabilities", batch * padded(classes)).unwrap(); // only classes are written
        let grad = empty(r, logits.len(), classes);
        let result = r.buffer("result", 4).unwrap();
        softmax_loss::record_forward_backward(r, classes, &z, &label_view, &probabilities, &grad, &result).unwrap();
        r.take().run(device());

        // exp is allowed 3 + 2 |x| ulp, of a value below 1 with |x| up to twice the scale: at most 3 ulp where e^x counts.
        let case = format!("{batch} x {classes}");
        assert_close(&format!("{case}: probabilities"), &download(&probabilities, classes), &p, 16.0 * f32::EPSILON);
        assert_close(&format!("{case}: grad"), &download(&grad, classes), &g, 16.0 * f32::EPSILON);
        let result = pollster::block_on(result.read::<f32>(device())).unwrap();
        // The loss is at most 2 * scale + ln(classes); a few roundings of that size.
        let close = 8.0 * f32::EPSILON * (2.0 * scale + 7.0);
        assert_close(&format!("{case}: loss"), &result[..1], &[loss], close);
        assert_eq!(result[1], correct as f32, "{case}: correct");
    }
}

#[test]
fn collect_and_update_match_the_cpu_in_chunks_and_stop_at_what_is_not_finite() {
    // Two tensors of 100 and 260 floats, each at a multiple of 64: the first in three splits, the second in place.
    let n = 128 + 320;
    let (w, v) = (random(1, n), random(2, n));
    let partial = random(3, 300);
    let g = random(4, n);
    let hyper = Hyper { learning_rate: 0.1, momentum: 0.9, weight_decay: 5e-4, ..Hyper::default() };
    let params = StepParams { learning_rate: 0.1, momentum: 0.9, weight_decay: 5e-4, step: 5, slot: 2, ..Default::default() };
    // The second part lies in two chunks.
    let parts = [(0..128, Factors { rate: 0.5, decay: 7.5 }), (128..n, Factors { rate: 0.25, decay: 0.0 })];
    let (fine, nan, infinite) = ((None, 1.25), (Some(f32::NAN), 1.25), (Some(f32::NEG_INFINITY), 1.25));
    for (poison, loss) in [fine, nan, infinite, (None, f32::INFINITY), (None, f32::NAN)] {
        let mut recorder = recorder_with_limit(1, params, 1280);
        let r = &mut recorder;
        let mut g = g.clone();
        g[400] = poison.unwrap_or(g[400]);
        let [gradients, velocities, parameters, partials] = [&g, &v, &w, &partial].map(|values| upload(r, values, 4));
        let segments = r.buffer("segments", 12).unwrap();
        segments.write(device(), bytemuck::cast_slice(&[[0u32, 3, 0, 25], [25, 0, 0, 0], [32, 0, 0, 0]]));
        let result = upload(r, &[loss, 3.0, 0.0, 0.0], 4);
        let [seen, records] = [1, 4 * 4].map(|words| r.buffer("step", words).unwrap());
        optimizer::record_collect(r, &gradients, &partials, &segments, &result, &seen).unwrap();
        let flat = [&gradients, &velocities, &parameters];
        optimizer::record_update(r, flat, &parts, None, &result, &records, &seen).unwrap();
        r.take().run(device());
        let found = download(&parameters, 4);
        let finite = poison.is_none() && loss.is_finite();
        let record = pollster::block_on(records.read::<u32>(device())).unwrap()[8..12].to_vec();
        assert_eq!(record, [loss.to_bits(), 3, u32::from(finite), 5], "{poison:?} {loss}: loss, correct, finite, step");
        if !finite {
            assert_eq!((found, download(&velocities, 4)), (w.clone(), v.clone()), "{poison:?} {loss}");
            continue;
        }
        let mut summed = g.clone();
        (0..100).for_each(|i| summed[i] = partial[i] + partial[100 + i] + partial[200 + i]);
        assert_close("gradients", &download(&gradients, 4), &summed, tolerance(3));
        let (mut v, mut w) = (v.clone(), w.clone());
        for (range, factors) in parts.clone() {
            let (v, w) = (&mut v[range.clone()], &mut w[range.clone()]);
            optimizer::update(&hyper.times(factors), &summed[range], v, w);
        }
        // Five roundings of numbers below 4.
        assert_close("velocities", &download(&velocities, 4), &v, 20.0 * f32::EPSILON);
        assert_close("parameters", &found, &w, 20.0 * f32::EPSILON);
    }
}
