//! Images and gradients in tiles, and their transforms for minimal filtering.

use super::canvas::Canvas;
use super::forms::Form;
use super::transforms::Transform;
use crate::layers::Window;
use crate::math::gemm::{Product, Steps};
use crate::network::Shape;
use std::ops::Range;

/// Tiles that are processed together.
const TILES: usize = 48;
/// Weights that are transformed together; a tap has more.
pub const WEIGHTS: usize = 256;

/// A tensor in tiles: the canvas is large enough for whole tiles.
pub struct Tiled {
    pub form: Form,
    pub canvas: Canvas,
    transform: Transform,
    /// Tiles of an image.
    pub down: usize,
    pub across: usize,
    /// Rows of tiles that are processed together.
    pub rows: usize,
}

impl Tiled {
    /// The tiles of `batch` images under the window.
    fn new(form: Form, canvas: Canvas, transform: Transform, batch: usize) -> Tiled {
        let Form { height, width, .. } = form;
        let (down, across) =
            (canvas.positions.height.div_ceil(height.outputs()), canvas.positions.width.div_ceil(width.outputs()));
        let beyond = if let Transform::Data = transform { height.taps() - 1 } else { 0 };
        let shape = Shape { height: down * height.outputs() + beyond, width: across * width.outputs() + beyond, ..canvas.shape };
        Tiled {
            form,
            canvas: Canvas { shape, ..canvas },
            transform,
            down,
            across,
            rows: TILES.div_ceil(across).min(batch * down).max(1),
        }
    }

    pub fn of_input(form: Form, window: &Window, batch: usize) -> Tiled {
        Tiled::new(form, Canvas::of_input(window), Transform::Data, batch)
    }

    pub fn of_grad_output(form: Form, window: &Window, batch: usize) -> Tiled {
        Tiled::new(form, Canvas::of_grad_output(window), Transform::Data, batch)
    }

    /// The output's gradient, where each pixel belongs to one tile.
    pub fn of_grad_positions(form: Form, window: &Window, batch: usize) -> Tiled {
        let output = window.output;
        let canvas = Canvas { shape: output, image: output, origin: 0, spacing: 1, positions: output, stride: 1, kernel: 1 };
        Tiled::new(form, canvas, Transform::GradOutputs, batch)
    }

    /// Tiles that are processed together.
    pub fn count(&self) -> usize {
        self.rows * self.across
    }

    /// Elements of tiles, or of weights, that are transformed along one axis only.
    pub fn half_len(&self, channels: usize) -> usize {
        let (lines, taps) = (self.canvas.shape.height * self.across * channels, self.form.height.taps() * WEIGHTS);
        self.form.width.products() * lines.max(taps)
    }

    /// The parts of the images that rows `group` of tiles lie on: image, first row on it, rows.
    pub fn parts(&self, group: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
        let images = group.start / self.down..group.end.div_ceil(self.down);
        let down = self.down;
        images.map(move |image| {
            let first = image * down;
            (image, group.start.max(first) - first..group.end.min(first + down) - first)
        })
    }

    /// Transforms rows `group` of the tiles: `to[p]` is (tiles, channels), and `apart` elements from the next.
    pub fn transform<T: Product>(
        &self,
        images: &[T],
        group: Range<usize>,
        [space, half]: [&mut [T]; 2],
        to: &mut [T],
        apart: usize,
    ) {
        let (Form { height, width, .. }, shape) = (self.form, self.canvas.shape);
        let (channels, line, length) = (shape.channels, self.across * shape.channels, self.canvas.image.len());
        let (points, beyond) = (width.products(), shape.height - self.down * height.outputs());
        let mut place = 0;
        for (image, rows) in self.parts(group) {
            let image = self.canvas.draw(&images[image * length..][..length], space);
            let mut next = 0;
            for row in 0..rows.len() {
                // Just before they are needed, so that they are still in the nearest cache.
                let last = (row + 1) * height.outputs() + beyond;
                for (y, half) in (next..last).zip(half.chunks_exact_mut(points * line).skip(next)) {
                    let from = &image[(rows.start * height.outputs() + y) * shape.width * channels..];
                    let from = (from, Steps { value: channels, run: width.outputs() * channels });
                    width.apply(self.transform, from, (half, Steps { value: line, run: channels }), self.across, channels);
                }
                next = last;
                let from = (&half[row * height.outputs() * points * line..], Steps { value: points * line, run: line });
                let to = (&mut to[place..], Steps { value: points * apart, run: apart });
                height.apply(self.transform, from, to, points, line);
                place += line;
            }
        }
    }
}

/// Distance between the matrices of two pairs of points. Were it a power of two, all would fall into the same places of a cache.
pub fn apart(tiles: usize, channels: usize) -> usize {
    (tiles * channels).next_multiple_of(32) + 16
}
