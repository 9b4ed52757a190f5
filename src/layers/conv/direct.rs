//! Convolution as a matrix product with the patches under the window (im2col - Chellapilla et al. 2006). The patches are never
//! stored: on a canvas with zeros around the image, the place of a patch's element is the sum of its pixel's and its tap's, which
//! is all that [`Operand`] needs.

use super::canvas::Canvas;
use crate::layers::Window;
use crate::math::gemm::{self, Operand, Product, Start, multiply, pack, packed_len};

/// Positions that are processed together, if an image has fewer.
const POSITIONS: usize = 256;

/// Weights of one output channel.
fn fan_in(window: &Window) -> usize {
    window.kernel * window.kernel * window.input.channels
}

/// Weights of one input channel.
fn fan_out(window: &Window) -> usize {
    window.kernel * window.kernel * window.output.channels
}

/// Positions of the window on an image.
fn positions(window: &Window) -> usize {
    window.output.height * window.output.width
}

/// Images that are processed together.
fn chunk(window: &Window) -> usize {
    POSITIONS.div_ceil(positions(window))
}

/// Length of the scratch buffer that the other functions need.
pub fn scratch_len(window: &Window, batch: usize) -> usize {
    let (channels, images) = (window.output.channels, chunk(window).min(batch));
    let forward = images * Canvas::of_input(window).shape.len() + packed_len(fan_in(window), channels);
    let backward = images * Canvas::of_grad_output(window).shape.len() + packed_len(fan_out(window), window.input.channels);
    let grad_weight =
        images * Canvas::of_input(window).shape.len() + gemm::scratch_len(chunk(window) * positions(window), channels);
    forward.max(backward).max(grad_weight)
}

/// The output of a convolution.
pub fn forward<T: Product>(
    window: &Window,
    input: &[T],       // (batch, height, width, in)
    weight: &[T],      // (kernel, kernel, in, out)
    bias: &[T],        // (out)
    output: &mut [T],  // (batch, out height, out width, out)
    scratch: &mut [T], // (scratch_len)
) {
    let (packed, space) = scratch.split_at_mut(packed_len(fan_in(window), bias.len()));
    let weight = pack(&Operand::matrix(weight, bias.len()), 0..fan_in(window), packed);
    let canvas = Canvas::of_input(window);
    canvas.clear(chunk(window), space);
    let patches = canvas.patches(chunk(window));
    let inputs = input.chunks(chunk(window) * window.input.len());
    for (input, output) in inputs.zip(output.chunks_mut(chunk(window) * window.output.len())) {
        weight.left_multiply(&patches.on(canvas.draw(input, space)), Start::Row(bias), output);
    }
}

/// The gradient of the weights: `grad w = patches^T grad y`. The order of chunks, and so of the sums, is fixed.
pub fn backward_weight<T: Product>(
    window: &Window,
    input: &[T],           // (batch, height, width, in)
    grad_output: &[T],     // (batch, out height, out width, out)
    grad_weight: &mut [T], // (kernel, kernel, in, out)
    scratch: &mut [T],     // (scratch_len)
) {
    let channels = window.output.channels;
    let (packed, space) = scratch.split_at_mut(gemm::scratch_len(chunk(window) * positions(window), channels));
    let canvas = Canvas::of_input(window);
    canvas.clear(chunk(window), space);
    let patches = canvas.patches(chunk(window));
    grad_weight.fill(T::ZERO);
    let inputs = input.chunks(chunk(window) * window.input.len());
    for (input, grad_output) in inputs.zip(grad_output.chunks(chunk(window) * window.output.len())) {
        let patches = patches.on(canvas.draw(input, space)).transposed();
        multiply(&patches, &Operand::matrix(grad_output, channels), Start::Add, grad_weight, packed);
    }
}

/// The gradient of the input: each pixel sums what the windows over it pass back.
pub fn backward_input<T: Product>(
    window: &Window,
    weight: &[T],         // (kernel, kernel, in, out)
    grad_output: &[T],    // (batch, out height, out width, out)
    grad_input: &mut [T], // (batch, height, width, in)
    scratch: &mut [T],    // (scratch_len)
) {
    let (inputs, channels) = (window.input.channels, window.output.channels);
    let (packed, space) = scratch.split_at_mut(packed_len(fan_out(window), inputs));
    // Element ((ky, kx, o), c) is w[kernel - 1 - ky, kernel - 1 - kx, c, o].
    let taps = (0..window.kernel * window.kernel).rev();
    let rows: Vec<_> = taps.flat_map(|tap| (0..channels).map(move |o| tap * inputs * channels + o)).collect();
    let turned = Operand::new(weight, rows, (0..inputs).map(|c| c * channels).collect::<Vec<_>>());
    let turned = pack(&turned, 0..fan_out(window), packed);
    let canvas = Canvas::of_grad_output(window);
    canvas.clear(chunk(window), space);
    let patches = canvas.patches(chunk(window));
    let grad_outputs = grad_output.chunks(chunk(window) * window.output.len());
    for (grad_output, grad_input) in grad_outputs.zip(grad_input.chunks_mut(chunk(window) * window.input.len())) {
        turned.left_multiply(&patches.on(canvas.draw(grad_output, space)), Start::Zero, grad_input);
    }
}
