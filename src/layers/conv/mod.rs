//! Convolution: `y[b,i,j,o] = bias[o] + sum over ky, kx, c of x[b, s i + ky - p, s j + kx - p, c] w[ky,kx,c,o]` - LeCun et
//! al. 1998, section II; cross-correlation, as everywhere in this field.
//!
//! On the CPU, the three products of training are matrix products with the patches under the window (im2col - Chellapilla et al.
//! 2006). The patches are never stored: on a canvas with zeros around the image, the place of a patch's element is the sum of its
//! pixel's and its tap's, which is all that [`Operand`] needs. The input's gradient is itself a convolution of the output's
//! gradient (with zeros between its pixels where the stride is not 1) with the flipped weights.

mod constants;
mod record;
mod tiled;

pub use record::*;

use super::{Window, grad_bias};
use crate::math::gemm::{self, Operand, Product, Start, multiply, pack, packed_len};
use crate::network::Shape;

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

/// The gradients of weight and bias, with `grad w = patches^T grad y`. The order of chunks, and so of the sums, is fixed.
pub fn backward_parameters<T: Product>(
    window: &Window,
    input: &[T],                                // (batch, height, width, in)
    grad_output: &[T],                          // (batch, out height, out width, out)
    [grad_weight, grad_of_bias]: [&mut [T]; 2], // (kernel, kernel, in, out), (out)
    scratch: &mut [T],                          // (scratch_len)
) {
    grad_bias(grad_output, grad_of_bias);
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

/// An image with zeros around it, so that no window reaches over its edge.
struct Canvas {
    shape: Shape,
    image: Shape,
    /// Where the image's first pixel lies, in rows and in columns; negative when the window never sees it.
    origin: isize,
    /// Distance between the image's pixels.
    spacing: usize,
    /// The positions of the window, and the distance between them.
    positions: Shape,
    stride: usize,
    kernel: usize,
}

impl Canvas {
    fn of_input(window: &Window) -> Canvas {
        let Window { input, output, kernel, stride, padding } = *window;
        let shape = Shape { height: input.height + 2 * padding, width: input.width + 2 * padding, ..input };
        Canvas { shape, image: input, origin: padding as isize, spacing: 1, positions: output, stride, kernel }
    }

    fn of_grad_output(window: &Window) -> Canvas {
        let Window { input, output, kernel, stride, padding } = *window;
        let shape = Shape { height: input.height + kernel - 1, width: input.width + kernel - 1, ..output };
        let origin = kernel as isize - 1 - padding as isize;
        Canvas { shape, image: output, origin, spacing: stride, positions: input, stride: 1, kernel }
    }

    /// Whether the canvas is the image.
    fn is_image(&self) -> bool {
        self.shape == self.image && self.spacing == 1 && self.origin == 0
    }

    /// Clears the space for `images` canvases.
    fn clear<T: Product>(&self, images: usize, space: &mut [T]) {
        if !self.is_image() {
            let length = space.len().min(images * self.shape.len());
            space[..length].fill(T::ZERO);
        }
    }

    /// Along an axis of `size`, those of `count` pixels that lie on the canvas, and their places.
    fn places(&self, count: usize, size: usize) -> impl Iterator<Item = (usize, usize)> {
        let place = |pixel: usize| self.origin + (pixel * self.spacing) as isize;
        (0..count).map(move |pixel| (pixel, place(pixel))).filter_map(move |(pixel, place)| {
            let place = usize::try_from(place).ok().filter(|place| *place < size)?;
            Some((pixel, place))
        })
    }

    /// Draws each image on its canvas; `space` has been cleared.
    fn draw<'a, T: Product>(&self, images: &'a [T], space: &'a mut [T]) -> &'a [T] {
        if self.is_image() {
            return images;
        }
        let (shape, channels) = (self.shape, self.shape.channels);
        let count = images.len() / self.image.len();
        let canvases = space.chunks_exact_mut(shape.len());
        for (canvas, image) in canvases.zip(images.chunks_exact(self.image.len())) {
            for (y, top) in self.places(self.image.height, shape.height) {
                let row = &image[y * self.image.width * channels..][..self.image.width * channels];
                let canvas = &mut canvas[top * shape.width * channels..][..shape.width * channels];
                if self.spacing == 1 && self.origin >= 0 && self.image.width + self.origin as usize <= shape.width {
                    canvas[self.origin as usize * channels..][..row.len()].copy_from_slice(row);
                    continue;
                }
                for (x, left) in self.places(self.image.width, shape.width) {
                    canvas[left * channels..][..channels].copy_from_slice(&row[x * channels..][..channels]);
                }
            }
        }
        &space[..count * shape.len()]
    }

    /// The patches under the window, on up to `images` canvases.
    fn patches(&self, images: usize) -> Patches {
        let (shape, positions, kernel) = (self.shape, self.positions, self.kernel);
        let place = move |y: usize, x: usize| (y * shape.width + x) * shape.channels;
        let mut rows = Vec::with_capacity(images * positions.height * positions.width);
        for image in 0..images {
            for y in 0..positions.height {
                rows.extend((0..positions.width).map(|x| image * shape.len() + place(y * self.stride, x * self.stride)));
            }
        }
        let taps = (0..kernel).flat_map(|y| (0..kernel).map(move |x| place(y, x)));
        let columns = taps.flat_map(|tap| (0..shape.channels).map(move |channel| tap + channel)).collect();
        Patches { canvas: shape.len(), positions: positions.height * positions.width, rows, columns }
    }
}

/// Where the elements of the patches lie: a row for each position, a column for each weight of an output channel.
struct Patches {
    /// Elements of a canvas, and positions on it.
    canvas: usize,
    positions: usize,
    rows: Vec<usize>,
    columns: Vec<usize>,
}

impl Patches {
    /// The matrix of patches of these canvases: (images * positions, kernel * kernel * channels).
    fn on<'a, T: Product>(&'a self, canvases: &'a [T]) -> Operand<'a, T> {
        let rows = &self.rows[..canvases.len() / self.canvas * self.positions];
        Operand::new(canvases, rows, &self.columns[..])
    }
}
