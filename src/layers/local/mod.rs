//! Locally connected layer, a convolution whose weights are not shared: each position has its own.
//! `y[b,i,j,o] = bias[i,j,o] + sum over ky, kx, c of x[b, s i + ky - p, s j + kx - p, c] w[i,j,ky,kx,c,o]` - LeCun 1989 ("Generalization
//! and network design strategies"); the `local` layers of cuda-convnet.
//!
//! Each position is a fully connected layer of its own, whose input is the patch under the window. So are its gradients; each pixel of
//! the input sums what the windows over it pass back. A tap outside the image has weights too, which are never used.

mod record;

pub use record::*;

use super::{Window, linear};
use crate::math::gemm::Product;

/// Length of the scratch buffer that the other functions need: a position's patches and outputs, and a product's own.
pub fn scratch_len(window: &Window, batch: usize) -> usize {
    let (taps, channels) = (patch_len(window), window.output.channels);
    batch * (taps + channels) + linear::scratch_len(taps, channels)
}

/// Inputs of a position.
fn patch_len(window: &Window) -> usize {
    window.kernel * window.kernel * window.input.channels
}

fn positions(window: &Window) -> usize {
    window.output.height * window.output.width
}

/// The output of the layer.
pub fn forward<T: Product>(
    window: &Window,
    input: &[T],       // (batch, height, width, in)
    weight: &[T],      // (out height, out width, kernel, kernel, in, out)
    bias: &[T],        // (out height, out width, out)
    output: &mut [T],  // (batch, out height, out width, out)
    scratch: &mut [T], // (scratch_len)
) {
    let [taps, channels] = [patch_len(window), window.output.channels];
    let (patches, outputs, scratch) = parts(window, input.len() / window.input.len(), scratch);
    for position in 0..positions(window) {
        gather_patches(window, position, input, patches);
        let weight = &weight[position * taps * channels..][..taps * channels];
        linear::forward(patches, weight, &bias[position * channels..][..channels], outputs, scratch);
        for (image, row) in output.chunks_exact_mut(window.output.len()).zip(outputs.chunks_exact(channels)) {
            image[position * channels..][..channels].copy_from_slice(row);
        }
    }
}

/// The gradients of weight and bias.
pub fn backward_parameters<T: Product>(
    window: &Window,
    input: &[T],                   // (batch, height, width, in)
    grad_output: &[T],             // (batch, out height, out width, out)
    [weight, bias]: [&mut [T]; 2], // (out height, out width, kernel, kernel, in, out), (out height, out width, out)
    scratch: &mut [T],             // (scratch_len)
) {
    let [taps, channels] = [patch_len(window), window.output.channels];
    let (patches, rows, scratch) = parts(window, input.len() / window.input.len(), scratch);
    for position in 0..positions(window) {
        gather_patches(window, position, input, patches);
        gather_rows(window, position, grad_output, rows);
        let weight = &mut weight[position * taps * channels..][..taps * channels];
        linear::backward_parameters(patches, rows, [weight, &mut bias[position * channels..][..channels]], scratch);
    }
}

/// The gradient of the input.
pub fn backward_input<T: Product>(
    window: &Window,
    weight: &[T],         // (out height, out width, kernel, kernel, in, out)
    grad_output: &[T],    // (batch, out height, out width, out)
    grad_input: &mut [T], // (batch, height, width, in)
    scratch: &mut [T],    // (scratch_len)
) {
    let [taps, channels] = [patch_len(window), window.output.channels];
    let (patches, rows, scratch) = parts(window, grad_input.len() / window.input.len(), scratch);
    grad_input.fill(T::ZERO);
    for position in 0..positions(window) {
        gather_rows(window, position, grad_output, rows);
        let weight = &weight[position * taps * channels..][..taps * channels];
        linear::backward_input(channels, weight, rows, patches, scratch);
        for (image, patch) in grad_input.chunks_exact_mut(window.input.len()).zip(patches.chunks_exact(taps)) {
            each_row_of_taps(window, position, |tap, at, length| {
                for (grad, part) in image[at..at + length].iter_mut().zip(&patch[tap..]) {
                    *grad += *part;
                }
            });
        }
    }
}

/// Cuts the scratch buffer: patches (batch, taps), rows (batch, out), and the rest.
fn parts<'a, T>(window: &Window, batch: usize, scratch: &'a mut [T]) -> (&'a mut [T], &'a mut [T], &'a mut [T]) {
    let (patches, rest) = scratch.split_at_mut(batch * patch_len(window));
    let (rows, rest) = rest.split_at_mut(batch * window.output.channels);
    (patches, rows, rest)
}

/// Calls `visit(tap, at, length)` for each row of the window inside the image: elements `tap..` of the patch are elements `at..` of the
/// image.
fn each_row_of_taps(window: &Window, position: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let Window { input, output, kernel, stride, padding } = *window;
    let (row, column) = (position / output.width, position % output.width);
    let columns = window.taps(column, input.width);
    if columns.is_empty() {
        return;
    }
    for tap in window.taps(row, input.height) {
        let (y, x) = (row * stride + tap - padding, column * stride + columns.start - padding);
        visit(
            (tap * kernel + columns.start) * input.channels,
            (y * input.width + x) * input.channels,
            columns.len() * input.channels,
        );
    }
}

/// The patch of each image under the window at `position`; 0 outside the image.
fn gather_patches<T: Product>(window: &Window, position: usize, input: &[T], patches: &mut [T]) {
    patches.fill(T::ZERO);
    for (image, patch) in input.chunks_exact(window.input.len()).zip(patches.chunks_exact_mut(patch_len(window))) {
        each_row_of_taps(window, position, |tap, at, length| patch[tap..tap + length].copy_from_slice(&image[at..at + length]));
    }
}

/// The output's gradient of each image at `position`.
fn gather_rows<T: Product>(window: &Window, position: usize, grad_output: &[T], rows: &mut [T]) {
    let channels = window.output.channels;
    for (image, row) in grad_output.chunks_exact(window.output.len()).zip(rows.chunks_exact_mut(channels)) {
        row.copy_from_slice(&image[position * channels..][..channels]);
    }
}
