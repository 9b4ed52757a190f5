//! The minimal form against the direct one, which finite differences check.

use super::*;
use crate::network::{Shape, output_size};
use crate::rng::{self, Stream};

/// Most that the minimal form's error may be, in errors of the direct form.
const WORSE: f64 = 4.0;
const PASSES: [Pass; 3] = [Pass::Forward, Pass::BackwardInput, Pass::BackwardWeight];

fn window([height, width]: [usize; 2], [inputs, outputs]: [usize; 2], kernel: usize, padding: usize) -> Window {
    let input = Shape { height, width, channels: inputs };
    let size = |side| output_size(side, kernel, 1, padding);
    let output = Shape { height: size(height), width: size(width), channels: outputs };
    Window { input, output, kernel, stride: 1, padding }
}

/// Standard normal numbers that both types represent.
fn normals(name: &str, len: usize) -> Vec<f32> {
    let bits = |i| rng::hash(7, Stream::Weights, 0, rng::name_hash(name), i);
    (0..len as u32).map(|i| rng::normal(bits(2 * i), bits(2 * i + 1)) as f32).collect()
}

/// Input, weights, bias and the output's gradient.
struct Data<T> {
    window: Window,
    input: Vec<T>,
    weight: Vec<T>,
    bias: Vec<T>,
    grad_output: Vec<T>,
}

impl Data<f32> {
    /// The input is that of a layer after ReLU.
    fn new(window: Window, batch: usize) -> Self {
        let [inputs, outputs] = [window.input.channels, window.output.channels];
        Data {
            window,
            input: normals("input", batch * window.input.len()).into_iter().map(|x| x.max(0.0)).collect(),
            weight: normals("weight", window.kernel * window.kernel * inputs * outputs),
            bias: normals("bias", outputs),
            grad_output: normals("gradient", batch * window.output.len()),
        }
    }

    fn wide(&self) -> Data<f64> {
        let wide = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect();
        let Data { window, input, weight, bias, grad_output } = self;
        Data { window: *window, input: wide(input), weight: wide(weight), bias: wide(bias), grad_output: wide(grad_output) }
    }
}

impl<T: Product> Data<T> {
    /// Output, gradient of the input and gradient of the weights. Buffers start as NaN.
    fn results(&self, minimal: bool) -> [Vec<T>; 3] {
        let Data { window, input, weight, bias, grad_output } = self;
        let nan = |len: usize| vec![T::of(f64::NAN); len];
        let [mut y, mut gx, mut gw] = [grad_output.len(), input.len(), weight.len()].map(nan);
        let batch = input.len() / window.input.len();
        if minimal {
            let [forward, input_form, weight_form] = PASSES.map(|pass| form(window, pass).expect("a minimal form"));
            let scratch = || nan(scratch_len(window, batch));
            minimal::forward(forward, window, input, weight, bias, &mut y, &mut scratch());
            minimal::backward_input(input_form, window, weight, grad_output, &mut gx, &mut scratch());
            minimal::backward_weight(weight_form, window, input, grad_output, &mut gw, &mut scratch());
        } else {
            let scratch = || nan(direct::scratch_len(window, batch));
            direct::forward(window, input, weight, bias, &mut y, &mut scratch());
            direct::backward_input(window, weight, grad_output, &mut gx, &mut scratch());
            direct::backward_weight(window, input, grad_output, &mut gw, &mut scratch());
        }
        [y, gx, gw]
    }
}

/// RMS and largest difference, relative to the RMS of `exact`.
fn error<T: Product>(values: &[T], exact: &[f64]) -> [f64; 2] {
    let rms = |values: &mut dyn Iterator<Item = f64>| (values.map(|x| x * x).sum::<f64>() / exact.len() as f64).sqrt();
    let off = || values.iter().zip(exact).map(|(x, exact)| x.to_f64() - exact);
    assert!(off().all(|off| !off.is_nan()), "every value is written");
    let scale = rms(&mut exact.iter().copied());
    [rms(&mut off()), off().fold(0.0, |most: f64, off| most.max(off.abs()))].map(|error| error / scale)
}

/// The convolutions of the network at widths 1, 0.5 and 2, and of the original architecture.
#[test]
fn the_minimal_form_rounds_little_more_than_the_direct_one() {
    for (side, channels, kernel) in [
        (16, [32, 64], 5),
        (8, [64, 96], 3),
        (8, [96, 96], 3),
        (8, [96, 64], 3),
        (8, [32, 48], 3),
        (8, [48, 48], 3),
        (8, [48, 32], 3),
        (27, [96, 256], 5),
        (16, [64, 128], 5),
        (8, [192, 192], 3),
    ] {
        let window = window([side; 2], channels, kernel, kernel / 2);
        let data = Data::new(window, if side > 8 { 2 } else { 8 });
        let exact = data.wide().results(false);
        let [direct, minimal] = [false, true].map(|minimal| data.results(minimal));
        for (i, pass) in ["output", "grad input", "grad weight"].into_iter().enumerate() {
            let [direct, minimal] = [&direct, &minimal].map(|results| error(&results[i], &exact[i]));
            let worse = [0, 1].map(|i| minimal[i] / direct[i]);
            println!("{kernel}x{kernel} {channels:?} on {side}: {pass}: {worse:.2?}");
            assert!(worse.iter().all(|worse| *worse <= WORSE), "{window:?}: {pass}: direct {direct:?}, minimal {minimal:?}");
        }
    }
}

/// Tiles that reach over the edge, sides shorter than a tile, less and more padding than usual, several groups of tiles. In f64
/// both forms differ by the rounding of a sum of at most some thousand products, times the transforms' factor.
#[test]
fn every_shape_agrees_with_the_direct_form() {
    for (sides, channels, kernel, padding, batch) in [
        ([7, 5], [32, 40], 3, 1, 3),
        ([9, 11], [33, 32], 5, 2, 2),
        ([13, 14], [32, 32], 3, 0, 3),
        ([6, 5], [32, 32], 5, 0, 1),
        ([5, 6], [35, 33], 3, 2, 2),
        ([1, 2], [32, 32], 5, 2, 2),
        ([27, 27], [32, 32], 5, 2, 1),
        ([8, 8], [32, 48], 3, 1, 20),
    ] {
        let window = window(sides, channels, kernel, padding);
        let data = Data::new(window, batch).wide();
        for (result, exact) in data.results(true).iter().zip(&data.results(false)) {
            let [_, most] = error(result, exact);
            assert!(most < 1e-12, "{window:?} x{batch}: {most:e}");
        }
    }
}

/// Who would notice if no convolution took the minimal form?
#[test]
fn shapes_take_their_forms() {
    let products = |window: &Window, pass| form(window, pass).map(|form| (form.products(), form.direct_products()));
    for (window, expected) in [
        (window([32, 32], [3, 32], 5, 2), [None; 3]),
        (window([16, 16], [32, 64], 5, 2), [Some((36, 100)), Some((36, 100)), Some((42, 100))]),
        (window([8, 8], [64, 96], 3, 1), [Some((24, 72)); 3]),
        (window([8, 8], [96, 64], 3, 1), [Some((24, 72)); 3]),
        (window([8, 8], [16, 24], 3, 1), [None; 3]),
        (window([8, 8], [64, 64], 1, 0), [None; 3]),
        (window([64, 64], [64, 64], 11, 5), [None; 3]),
        (window([13, 13], [256, 384], 3, 1), [None; 3]),
    ] {
        assert_eq!(PASSES.map(|pass| products(&window, pass)), expected, "{window:?}");
    }
    let strided = Window { stride: 2, ..window([8, 8], [64, 96], 3, 1) };
    assert_eq!(form(&strided, Pass::Forward), None);
    // The public functions call it.
    let data = Data::new(window([8, 8], [64, 96], 3, 1), 2);
    let scratch = vec![0.0; scratch_len(&data.window, 2)];
    let mut y = vec![f32::NAN; data.grad_output.len()];
    forward(&data.window, &data.input, &data.weight, &data.bias, &mut y, &mut scratch.clone());
    let [[minimal, ..], [direct, ..]] = [true, false].map(|minimal| data.results(minimal));
    assert!(y == minimal && y != direct);
}

/// An image's output and gradient do not depend on the others in the batch, and each run gives the same bits.
#[test]
fn an_image_is_computed_alone() {
    for window in [window([8, 8], [32, 48], 3, 1), window([16, 16], [32, 64], 5, 2), window([13, 13], [32, 32], 3, 1)] {
        let data = Data::new(window, 11);
        let all = data.results(true);
        assert!(all == data.results(true));
        let (input, output) = (window.input.len(), window.output.len());
        for images in [0..1, 3..4, 2..9] {
            let part = Data {
                window,
                input: data.input[images.start * input..images.end * input].to_vec(),
                weight: data.weight.clone(),
                bias: data.bias.clone(),
                grad_output: data.grad_output[images.start * output..images.end * output].to_vec(),
            };
            let [y, gx, _] = part.results(true);
            assert!(y == all[0][images.start * output..images.end * output], "{window:?} {images:?}");
            assert!(gx == all[1][images.start * input..images.end * input], "{window:?} {images:?}");
        }
    }
}

/// The histograms count zeros: those of dead channels must be exact.
#[test]
fn a_dead_channel_has_no_gradient() {
    for window in [window([8, 8], [32, 48], 3, 1), window([16, 16], [32, 64], 5, 2)] {
        let mut data = Data::new(window, 3);
        let [inputs, outputs] = [window.input.channels, window.output.channels];
        data.input.iter_mut().skip(5).step_by(inputs).for_each(|x| *x = 0.0);
        data.grad_output.iter_mut().skip(7).step_by(outputs).for_each(|g| *g = -0.0);
        let [_, _, gw] = data.results(true);
        for (i, g) in gw.iter().enumerate() {
            assert_eq!(*g == 0.0, i / outputs % inputs == 5 || i % outputs == 7, "{window:?}: weight {i}");
        }
    }
}

/// A run that diverges is found by its values.
#[test]
fn what_is_not_finite_reaches_the_result() {
    for window in [window([8, 8], [32, 48], 3, 1), window([13, 13], [32, 32], 5, 2)] {
        let data = Data::new(window, 2);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in [0, window.input.len() / 2, window.input.len() - 1] {
                let spoil = |values: &[f32]| {
                    let mut values = values.to_vec();
                    values[place] = bad;
                    values
                };
                let spoilt = [
                    Data { input: spoil(&data.input), ..Data::new(window, 2) },
                    Data { weight: spoil(&data.weight[..]), ..Data::new(window, 2) },
                    Data { grad_output: spoil(&data.grad_output), ..Data::new(window, 2) },
                ];
                for data in spoilt {
                    let (minimal, direct) = (data.results(true), data.results(false));
                    for (minimal, direct) in minimal.iter().flatten().zip(direct.iter().flatten()) {
                        assert!(direct.is_finite() || !minimal.is_finite(), "{window:?}: {bad} at {place}");
                    }
                }
            }
        }
    }
}
