//! Convolution: `y[b,i,j,o] = bias[o] + sum over ky, kx, c of x[b, s i + ky - p, s j + kx - p, c] w[ky,kx,c,o]` - LeCun et
//! al. 1998, section II; cross-correlation, as everywhere in this field.
//!
//! On the CPU the patches under the window become the rows of a matrix (im2col - Chellapilla et al. 2006), a few images at
//! a time, and the three products of training are matrix products with it.

use super::activation::{GradInput, record_backward};
use super::{Gradients, Window, fill_rows, grad_bias};
use crate::cpu::Float;
use crate::cpu::gemm::{Matrix, multiply};
use crate::error::Result;
use crate::gpu::kernels::{CONV_BACKWARD_INPUT, CONV_BACKWARD_WEIGHT, CONV_FORWARD};
use crate::gpu::recorder::{Constant, Recorder, View, padded, workgroups};
use crate::network::ActivationFunction;

/// Most elements of the matrix of patches, unless a single image has more: 1 MiB of `f32` stays in the cache.
const PATCHES: usize = 1 << 18;

/// Weights of one output channel.
fn fan_in(window: &Window) -> usize {
    window.kernel * window.kernel * window.input.channels
}

/// Elements of one image's matrix of patches: (height * width of the output, kernel * kernel * in).
fn image_patches(window: &Window) -> usize {
    window.output.height * window.output.width * fan_in(window)
}

/// Images whose patches are held at a time.
fn chunk(window: &Window) -> usize {
    (PATCHES / image_patches(window)).max(1)
}

/// Length of the scratch buffer that [`forward`] and [`backward`] need.
pub fn scratch_len(window: &Window, batch: usize) -> usize {
    chunk(window).min(batch) * image_patches(window)
}

/// The output of a convolution.
pub fn forward<T: Float>(
    window: &Window,
    input: &[T],       // (batch, height, width, in)
    weight: &[T],      // (kernel, kernel, in, out)
    bias: &[T],        // (out)
    output: &mut [T],  // (batch, out height, out width, out)
    scratch: &mut [T], // (scratch_len)
) {
    let images = chunk(window);
    let weight = Matrix::new(weight, bias.len());
    let inputs = input.chunks(images * window.input.len());
    for (input, output) in inputs.zip(output.chunks_mut(images * window.output.len())) {
        let patches = im2col(window, input, scratch);
        fill_rows(bias, output);
        multiply(Matrix::new(patches, fan_in(window)), weight, T::ONE, output);
    }
}

/// The gradients of weight, bias and input, in this order of chunks: always the same sums.
pub fn backward<T: Float>(
    window: &Window,
    input: &[T],       // (batch, height, width, in)
    weight: &[T],      // (kernel, kernel, in, out)
    grad_output: &[T], // (batch, out height, out width, out)
    mut grad: Gradients<T>,
    scratch: &mut [T], // (scratch_len)
) {
    let (images, channels) = (chunk(window), window.output.channels);
    let weight = Matrix::new(weight, channels);
    grad_bias(grad_output, grad.bias);
    grad.weight.fill(T::ZERO);
    let inputs = input.chunks(images * window.input.len());
    for (i, (input, grad_output)) in inputs.zip(grad_output.chunks(images * window.output.len())).enumerate() {
        let grad_output = Matrix::new(grad_output, channels);
        let patches = im2col(window, input, scratch);
        multiply(Matrix::new(patches, fan_in(window)).transposed(), grad_output, T::ONE, grad.weight);
        if let Some(grad_input) = &mut grad.input {
            let grad_patches = &mut scratch[..input.len() / window.input.len() * image_patches(window)];
            multiply(grad_output, weight.transposed(), T::ZERO, grad_patches);
            col2im(window, grad_patches, &mut grad_input[i * images * window.input.len()..][..input.len()]);
        }
    }
}

/// Calls `visit(patch, pixel, length)` for each run of elements that lie side by side in both places: `patch` is the run's
/// start among the patches of one image, `pixel` its start in the image.
fn runs(window: &Window, mut visit: impl FnMut(usize, usize, usize)) {
    let (input, kernel, channels) = (window.input, window.kernel, window.input.channels);
    for y in 0..window.output.height {
        for x in 0..window.output.width {
            let patch = (y * window.output.width + x) * fan_in(window);
            let columns = window.taps(x, input.width);
            if columns.is_empty() {
                continue;
            }
            let left = x * window.stride + columns.start - window.padding;
            for ky in window.taps(y, input.height) {
                let top = y * window.stride + ky - window.padding;
                let row = patch + (ky * kernel + columns.start) * channels;
                visit(row, (top * input.width + left) * channels, columns.len() * channels);
            }
        }
    }
}

/// Copies each patch of `input` into a row; what lies in the padding is 0.
fn im2col<'a, T: Float>(window: &Window, input: &[T], scratch: &'a mut [T]) -> &'a [T] {
    let images = input.len() / window.input.len();
    let patches = &mut scratch[..images * image_patches(window)];
    if window.padding > 0 {
        patches.fill(T::ZERO);
    }
    for (image, patches) in input.chunks_exact(window.input.len()).zip(patches.chunks_exact_mut(image_patches(window))) {
        runs(window, |patch, pixel, length| patches[patch..][..length].copy_from_slice(&image[pixel..][..length]));
    }
    patches
}

/// The transpose of [`im2col`]: adds each row to the pixels that it came from.
fn col2im<T: Float>(window: &Window, grad_patches: &[T], grad_input: &mut [T]) {
    grad_input.fill(T::ZERO);
    let images = grad_input.chunks_exact_mut(window.input.len());
    for (image, patches) in images.zip(grad_patches.chunks_exact(image_patches(window))) {
        runs(window, |patch, pixel, length| {
            for (pixel, g) in image[pixel..][..length].iter_mut().zip(&patches[patch..][..length]) {
                *pixel += *g;
            }
        });
    }
}

// ---- on the GPU

/// Output pixels in a row, and vec4s of channels, that one thread computes.
const TILE: usize = 4;
const PAIR: usize = 2;
/// Threads that keep a graphics card busy; the weight gradient is split until there are as many.
const BUSY: usize = 16_384;

/// Bias and activation function are applied at once; without a function the output is the convolution's.
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    function: Option<ActivationFunction>,
    input: &View,  // (batch, height, width, in)
    weight: &View, // (kernel, kernel, in, out)
    bias: &View,   // (out)
    output: &View, // (batch, height, width, out)
) -> Result<()> {
    let tiles = recorder.batch * window.output.height * window.output.width.div_ceil(TILE);
    let pairs = blocks(window.output.channels).div_ceil(PAIR);
    let constants = constants(window, &[("FUNCTION", super::activation::code(function).into())]);
    let label = format!("{name}.forward");
    recorder.dispatch(&label, &CONV_FORWARD, &constants, &[input, weight, bias, output], workgroups(tiles) * pairs)
}

/// The gradient of the input.
pub fn record_backward_input<'a>(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    grad_output: &View,                   // (batch, height, width, out)
    weight: &View,                        // (kernel, kernel, in, out)
    grad_input: impl Into<GradInput<'a>>, // (batch, height, width, in)
) -> Result<()> {
    let tiles = recorder.batch * window.input.height * window.input.width.div_ceil(TILE);
    let pairs = blocks(window.input.channels).div_ceil(PAIR);
    let label = format!("{name}.backward_input");
    let (constants, views) = (constants(window, &[]), [grad_output, weight]);
    record_backward(recorder, &label, &CONV_BACKWARD_INPUT, &constants, &views, grad_input.into(), workgroups(tiles) * pairs)
}

/// Partial sums of the gradients of weight and bias: (split, kernel * kernel * in + 1, out), the bias in the last row.
#[derive(Clone, Debug)]
pub struct Partial {
    pub view: View,
    pub splits: usize,
    /// Rows of one split: kernel * kernel * in (padded) + 1.
    pub rows: usize,
}

/// How many splits, and how many rows of output pixels each of them sums.
fn splits(recorder: &Recorder, window: &Window) -> (usize, usize) {
    let rows = recorder.batch * window.output.height;
    let threads = (taps(window) + 1) * blocks(window.output.channels).div_ceil(PAIR);
    let rows_a_split = rows.div_ceil(BUSY.div_ceil(threads).min(rows));
    (rows.div_ceil(rows_a_split), rows_a_split)
}

/// Length of the partial sums in floats.
pub fn partial_len(recorder: &Recorder, window: &Window) -> usize {
    splits(recorder, window).0 * (4 * taps(window) + 1) * padded(window.output.channels)
}

/// Partial sums of the gradients of weight and bias, into `view` of [`partial_len`] floats.
pub fn record_backward_weight(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    input: &View,       // (batch, height, width, in)
    grad_output: &View, // (batch, height, width, out)
    view: View,
) -> Result<Partial> {
    let (splits, rows_a_split) = splits(recorder, window);
    let groups = workgroups(taps(window) + 1) * blocks(window.output.channels).div_ceil(PAIR) * splits;
    let constants = constants(window, &[("SPLITS", splits.into()), ("ROWS_A_SPLIT", rows_a_split.into())]);
    let label = format!("{name}.backward_weight");
    recorder.dispatch(&label, &CONV_BACKWARD_WEIGHT, &constants, &[input, grad_output, &view], groups)?;
    Ok(Partial { view, splits, rows: 4 * taps(window) + 1 })
}

/// (ky, kx, vec4s of input channels)
fn taps(window: &Window) -> usize {
    window.kernel * window.kernel * blocks(window.input.channels)
}

fn blocks(channels: usize) -> usize {
    padded(channels) / 4
}

/// Every entry point of the file is compiled, so that constants of the others need some value too.
fn constants(window: &Window, own: &[(&'static str, Constant)]) -> Vec<(&'static str, Constant)> {
    let (input, output) = (window.input, window.output);
    let mut constants = vec![
        ("IN_HEIGHT", input.height.into()),
        ("IN_WIDTH", input.width.into()),
        ("IN_BLOCKS", blocks(input.channels).into()),
        ("OUT_HEIGHT", output.height.into()),
        ("OUT_WIDTH", output.width.into()),
        ("OUT_CHANNELS", output.channels.into()),
        ("OUT_BLOCKS", blocks(output.channels).into()),
        ("KERNEL", window.kernel.into()),
        ("STRIDE", window.stride.into()),
        ("PADDING", window.padding.into()),
    ];
    let others = [("FUNCTION", 0usize.into()), ("SPLITS", 1usize.into()), ("ROWS_A_SPLIT", 1usize.into())];
    constants.extend(own);
    constants.extend(others.iter().filter(|(name, _)| own.iter().all(|(given, _)| given != name)));
    constants
}
