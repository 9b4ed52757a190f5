//! The two families of kernels against each other: the same inputs, over many shapes. `kernels.rs` and `matches_cpu.rs` check
//! that each of them is also right.
//!
//! Tolerances as in `kernels.rs`: each side sums n products of factors in [-1, 1) in a different order.

use crate::common::*;
use alexnet_lab::config::ActivationFunction;
use alexnet_lab::gpu::family::Family;
use alexnet_lab::gpu::recorder::StepParams;
use alexnet_lab::gpu::view::{View, padded};
use alexnet_lab::layers::dropout::Units;
use alexnet_lab::layers::fused::{After, Before, GradInput};
use alexnet_lab::layers::{Window, conv, linear};
use alexnet_lab::network::{Shape, output_size};

const FUNCTIONS: [Option<ActivationFunction>; 5] = [
    None,
    Some(ActivationFunction::Relu),
    Some(ActivationFunction::LeakyRelu),
    Some(ActivationFunction::Sigmoid),
    Some(ActivationFunction::Tanh),
];

/// For sums of `n` products of factors below 1.
fn tolerance(n: usize) -> f32 {
    2.0 * n as f32 * f32::EPSILON
}

/// A slope of at most 1 passes on the sum's error; the error of the functions is that of `tests/gpu/activation.rs`.
const FUNCTION: f32 = 1e-5;

struct Conv {
    batch: usize,
    window: Window,
    function: Option<ActivationFunction>,
}

/// Numbers of one family, each with its name and tolerance.
type Results = Vec<(&'static str, Vec<f32>, f32)>;

fn conv_by(family: Family, case: &Conv) -> Results {
    let Conv { batch, window, function } = case;
    let (inputs, channels) = (window.input.channels, window.output.channels);
    let taps = window.kernel * window.kernel;
    let (pixels, fan_in) = (batch * window.output.height * window.output.width, taps * inputs);
    let mut recorder = recorder_of(family, *batch, StepParams::default());
    let r = &mut recorder;
    let input = upload(r, &random(1, batch * window.input.len()), inputs);
    // The rows that pad the weight's input channels are 0.
    let rows = |tap: usize| [random(2 + tap as u32, inputs * channels), vec![0.0; (padded(inputs) - inputs) * channels]].concat();
    let weight = upload(r, &(0..taps).flat_map(rows).collect::<Vec<f32>>(), channels);
    let bias = upload(r, &random(200, channels), channels);
    let grad_output = upload(r, &random(201, pixels * channels), channels);
    let activated = upload(r, &random(202, batch * window.input.len()), inputs);
    let output = empty(r, pixels * channels, channels);
    let [grad_input, grad_alone, grad_before] = [(); 3].map(|()| empty(r, batch * window.input.len(), inputs));
    let partial = r.buffer("partial", conv::partial_len(r, window)).unwrap();
    conv::record_forward(r, "conv", window, *function, &input, &weight, &bias, &output).unwrap();
    let before = function.map(|function| Before { function, output: &activated, grad_input: &grad_before });
    let kept = conv::Kept::new(r, window, &partial, 0);
    // Without a function in front, and then with one: a kernel may serve both.
    for (view, before) in [(&grad_alone, None), (&grad_input, before)] {
        let to = GradInput { view, dropout: None, before, function: *function };
        conv::record_backward(r, "conv", window, &input, &grad_output, &weight, &kept, Some(to)).unwrap();
    }
    r.take().run(device());

    let grad_alone = download(&grad_alone, inputs);
    assert_close("grad_input without and with a function in front", &grad_alone, &download(&grad_input, inputs), 0.0);
    let mut results = vec![
        ("output", download(&output, channels), tolerance(fan_in + 1) + FUNCTION),
        ("grad_input", download(&grad_input, inputs), tolerance(taps * channels)),
        ("grad_weight", sum_of_splits(&kept.partial, kept.splits, channels), tolerance(pixels)),
    ];
    if function.is_some() {
        // Derivatives of at most 1; two more roundings for tanh and the sigmoid.
        results.push(("grad_before", download(&grad_before, inputs), tolerance(taps * channels + 2)));
    }
    results
}

fn sum_of_splits(view: &View, splits: usize, channels: usize) -> Vec<f32> {
    let values = download(view, channels);
    let length = values.len() / splits;
    (0..length).map(|i| values[i..].iter().step_by(length).sum()).collect()
}

fn assert_same(case: &str, [registers, tiled]: [Results; 2]) {
    assert_eq!(registers.len(), tiled.len());
    for ((name, registers, tolerance), (_, tiled, _)) in registers.iter().zip(&tiled) {
        assert!(registers.iter().any(|value| *value != 0.0), "{case}: {name} is 0 everywhere");
        assert_close(&format!("{case}: {name}, tiled (GPU) against registers (CPU)"), tiled, registers, *tolerance);
    }
}

#[test]
fn convolutions_of_both_families_agree() {
    // batch, height, width, in, out, kernel, stride, padding
    let cases = [
        (1, 1, 1, 1, 1, 1, 1, 0),
        (17, 5, 3, 7, 9, 1, 1, 0),
        (3, 6, 5, 4, 4, 2, 1, 1),
        (2, 7, 9, 3, 16, 3, 1, 0),
        (7, 9, 5, 6, 70, 3, 2, 1),
        (2, 5, 5, 130, 5, 3, 1, 2),
        (1, 12, 13, 9, 40, 4, 4, 0),
        (2, 15, 14, 3, 6, 7, 2, 2),
        (1, 13, 17, 2, 10, 9, 4, 1),
        // Many rows of outputs, where the larger tiles are faster: 64 and 32 channels wide.
        (17, 23, 24, 3, 64, 3, 1, 1),
        (13, 33, 31, 4, 29, 3, 1, 1),
        (9, 31, 33, 40, 3, 1, 1, 0),
        // The default network's shapes, with fewer images.
        (2, 32, 32, 3, 32, 5, 1, 2),
        (2, 16, 16, 32, 64, 5, 1, 2),
        (3, 8, 8, 64, 96, 3, 1, 1),
        // The shapes of 227 x 227 pixels, with smaller images.
        (2, 35, 35, 3, 96, 11, 4, 0),
        (1, 5, 5, 96, 256, 5, 1, 2),
        (1, 4, 4, 256, 384, 3, 1, 1),
    ];
    for (i, case @ (batch, height, width, inputs, channels, kernel, stride, padding)) in cases.into_iter().enumerate() {
        let input = Shape { height, width, channels: inputs };
        let size = |size| output_size(size, kernel, stride, padding);
        let output = Shape { height: size(height), width: size(width), channels };
        let window = Window { input, output, kernel, stride, padding };
        let conv = Conv { batch, window, function: FUNCTIONS[i % FUNCTIONS.len()] };
        assert_same(&format!("{case:?} {:?}", conv.function), FAMILIES.map(|family| conv_by(family, &conv)));
    }
}

fn linear_by(family: Family, [batch, inputs, outputs]: [usize; 3], limit: u64, function: Option<ActivationFunction>) -> Results {
    let limited = device().with_binding_limit(limit).with_family(family);
    let mut recorder = recorder_on(limited, batch, StepParams { seed: 3, step: 8, dropout: 0.25, ..Default::default() });
    let r = &mut recorder;
    let size = linear::Size { inputs, outputs };
    let input = upload(r, &random(1, batch * inputs), inputs);
    let weight = upload(r, &random(2, inputs * outputs), outputs);
    let bias = upload(r, &random(3, outputs), outputs);
    let grad_output = upload(r, &random(4, batch * outputs), outputs);
    let [output, dropped] = [(); 2].map(|()| empty(r, batch * outputs, outputs));
    let [grad_weight, grad_bias] = [inputs * outputs, outputs].map(|n| empty(r, n, outputs));
    let [grad_input, grad_before] = [(); 2].map(|()| empty(r, batch * inputs, inputs));
    let after = After { function, dropout: Some((Units { layer: 6, features: outputs }, &dropped)) };
    linear::record_forward(r, "fc", size, after, &input, &weight, &bias, &output).unwrap();
    let before = function.map(|function| Before { function, output: &input, grad_input: &grad_before });
    let to = GradInput { view: &grad_input, dropout: Some(Units { layer: 5, features: inputs }), before, function };
    let gradients = [&grad_weight, &grad_bias];
    linear::record_backward(r, "fc", size, &input, &grad_output, &weight, gradients, Some(to)).unwrap();
    r.take().run(device());
    // With a quarter of the units dropped, the remaining ones count 4/3 times.
    let kept = 4.0 / 3.0;
    let mut results = vec![
        ("output", download(&output, outputs), tolerance(inputs + 1) + FUNCTION),
        ("dropped", download(&dropped, outputs), kept * (tolerance(inputs + 1) + FUNCTION)),
        ("grad_input", download(&grad_input, inputs), kept * tolerance(outputs)),
        ("grad_weight", download(&grad_weight, outputs), tolerance(batch)),
        ("grad_bias", download(&grad_bias, outputs), tolerance(batch)),
    ];
    if function.is_some() {
        results.push(("grad_before", download(&grad_before, inputs), kept * tolerance(outputs + 2)));
    }
    results
}

#[test]
fn fully_connected_layers_of_both_families_agree() {
    let sizes: [[usize; 3]; 5] = [[1, 4, 1], [5, 36, 7], [16, 256, 10], [17, 1024, 256], [33, 260, 130]];
    for (i, size @ [batch, inputs, outputs]) in sizes.into_iter().enumerate() {
        let half = (inputs / 2).next_multiple_of(64).max(64);
        for chunks in [u64::MAX, (half * padded(outputs)) as u64 * 4] {
            // Only weights are split; the limit may not be below the other buffers.
            let limit = chunks.max(4 * padded(batch * inputs.max(padded(outputs))) as u64);
            let function = FUNCTIONS[i % FUNCTIONS.len()];
            let results = FAMILIES.map(|family| linear_by(family, size, limit, function));
            assert_same(&format!("{size:?} {function:?}, limit {limit}"), results);
        }
    }
}

#[test]
fn the_tiled_family_gives_the_same_bits_every_time() {
    let shape = |channels| Shape { height: 9, width: 7, channels };
    let window = Window { input: shape(6), output: shape(18), kernel: 3, stride: 1, padding: 1 };
    let conv = Conv { batch: 17, window, function: Some(ActivationFunction::Tanh) };
    let bits = |results: Results| -> Vec<u32> { results.iter().flat_map(|result| &result.1).map(|x| x.to_bits()).collect() };
    let first = bits(conv_by(Family::Tiled, &conv));
    assert!((0..3).all(|_| bits(conv_by(Family::Tiled, &conv)) == first));
}
