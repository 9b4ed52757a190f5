//! Images with zeros around them, and the patches under a window.

use crate::layers::Window;
use crate::math::gemm::{Operand, Product};
use crate::network::Shape;

/// An image with zeros around it, so that no window reaches over its edge.
pub struct Canvas {
    pub shape: Shape,
    pub image: Shape,
    /// Where the image's first pixel lies, in rows and in columns; negative when the window never sees it.
    pub origin: isize,
    /// Distance between the image's pixels.
    pub spacing: usize,
    /// The positions of the window, and the distance between them.
    pub positions: Shape,
    pub stride: usize,
    pub kernel: usize,
}

impl Canvas {
    pub fn of_input(window: &Window) -> Canvas {
        let Window { input, output, kernel, stride, padding } = *window;
        let shape = Shape { height: input.height + 2 * padding, width: input.width + 2 * padding, ..input };
        Canvas { shape, image: input, origin: padding as isize, spacing: 1, positions: output, stride, kernel }
    }

    pub fn of_grad_output(window: &Window) -> Canvas {
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
    pub fn clear<T: Product>(&self, images: usize, space: &mut [T]) {
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
    pub fn draw<'a, T: Product>(&self, images: &'a [T], space: &'a mut [T]) -> &'a [T] {
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
    pub fn patches(&self, images: usize) -> Patches {
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
pub struct Patches {
    /// Elements of a canvas, and positions on it.
    canvas: usize,
    positions: usize,
    rows: Vec<usize>,
    columns: Vec<usize>,
}

impl Patches {
    /// The matrix of patches of these canvases: (images * positions, kernel * kernel * channels).
    pub fn on<'a, T: Product>(&'a self, canvases: &'a [T]) -> Operand<'a, T> {
        let rows = &self.rows[..canvases.len() / self.canvas * self.positions];
        Operand::new(canvases, rows, &self.columns[..])
    }
}
