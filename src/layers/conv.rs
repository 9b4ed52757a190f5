//! Convolution: `y[b,i,j,o] = bias[o] + sum over ky, kx, c of x[b, s i + ky - p, s j + kx - p, c] w[ky,kx,c,o]` - LeCun et
//! al. 1998, section II; cross-correlation, as everywhere in this field.
//!
//! On the CPU the patches under the window become the rows of a matrix (im2col - Chellapilla et al. 2006), a few images at
//! a time, and the three products of training are matrix products with it.

mod record;
mod tiled;

pub use record::*;

use super::{Gradients, Window, fill_rows, grad_bias};
use crate::cpu::Float;
use crate::cpu::gemm::{Matrix, multiply};

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
