//! Draws parts at four times an image's size and averages them down. The arithmetic uses only `+ - * /` on f32, which gives the
//! same bits on every machine.

use super::shapes::Form;
use crate::data::{IMAGE, SIDE};
use crate::rng::mix;

/// Samples along each side of a pixel.
const FINE: usize = 4;
/// Side of the canvas.
pub const CANVAS: usize = FINE * SIDE;

/// How an object is placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Its origin, in samples.
    pub centre: [f32; 2],
    /// How many samples the length 1 has.
    pub size: f32,
    /// t = tan(angle / 2), which gives cosine and sine as quotients: (1 - t^2) / (1 + t^2) and 2 t / (1 + t^2).
    pub tilt: f32,
    /// -1 for a mirror image, else 1.
    pub mirror: f32,
}

/// The pattern of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texture {
    Flat,
    Stripes,
    Checks,
    Dots,
    Noise,
}

/// Cosine and sine of a [`Pose::tilt`].
pub fn turn(tilt: f32) -> [f32; 2] {
    let square = tilt * tilt;
    [(1.0 - square) / (1.0 + square), 2.0 * tilt / (1.0 + square)]
}

/// Two colours and their pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paint {
    pub texture: Texture,
    pub colours: [[u8; 3]; 2],
    /// Periods per sample, along x and y, of the pattern's first direction.
    pub wave: [f32; 2],
}

impl Paint {
    /// The colour at a sample.
    fn at(&self, x: f32, y: f32) -> [u8; 3] {
        // Far enough above 0 that truncation rounds down.
        let (s, t) = (64.0 + x * self.wave[0] + y * self.wave[1], 64.0 + y * self.wave[0] - x * self.wave[1]);
        let (i, j) = (s as u32, t as u32);
        let from_middle = |x: f32, cell: u32| (x - cell as f32 - 0.5) * (x - cell as f32 - 0.5);
        let second = match self.texture {
            Texture::Flat => false,
            Texture::Stripes => i & 1 == 1,
            Texture::Checks => (i + j) & 1 == 1,
            Texture::Dots => from_middle(s, i) + from_middle(t, j) < 0.1,
            Texture::Noise => mix(i ^ (j << 8)) & 1 == 1,
        };
        self.colours[usize::from(second)]
    }
}

/// The number of each sample's paint.
pub struct Canvas(Vec<u8>); // (CANVAS, CANVAS)

impl Canvas {
    /// A canvas covered with paint 0.
    pub fn new() -> Canvas {
        Canvas(vec![0; CANVAS * CANVAS])
    }

    /// Covers the inside of `form` with `paint`.
    #[inline(never)]
    pub fn stamp(&mut self, form: Form, pose: &Pose, paint: u8) {
        let area = Area::of(form);
        let length = pose.size / 100.0;
        let [cos, sin] = turn(pose.tilt).map(|share| share * length);
        let ([rx, ry], [c, s]) = (area.reach, [cos.abs(), sin.abs()]);
        let reach = [c * rx + s * ry, s * rx + c * ry];
        let range = |axis: usize| {
            let end = |x: f32| x.clamp(0.0, CANVAS as f32) as usize;
            end(pose.centre[axis] - reach[axis])..end(pose.centre[axis] + reach[axis] + 1.0)
        };
        let inverse = 1.0 / (length * length);
        for y in range(1) {
            for x in range(0) {
                let (dx, dy) = (x as f32 + 0.5 - pose.centre[0], y as f32 + 0.5 - pose.centre[1]);
                let (u, v) = ((dx * cos + dy * sin) * inverse * pose.mirror, (dy * cos - dx * sin) * inverse);
                if area.holds(u, v) {
                    self.0[y * CANVAS + x] = paint;
                }
            }
        }
    }

    /// How many samples have one of the paints from `first` to `last`.
    #[cfg(test)]
    fn count(&self, first: u8, last: u8) -> usize {
        self.0.iter().filter(|paint| (first..=last).contains(paint)).count()
    }

    /// The image: (32, 32, 3).
    pub fn image(&self, paints: &[Paint]) -> Vec<u8> {
        let mut image = vec![0; IMAGE];
        for (pixel, bytes) in image.chunks_exact_mut(3).enumerate() {
            let mut sums = [0; 3];
            for sample in 0..FINE * FINE {
                let (y, x) = (pixel / SIDE * FINE + sample / FINE, pixel % SIDE * FINE + sample % FINE);
                let colour = paints[usize::from(self.0[y * CANVAS + x])].at(x as f32, y as f32);
                sums.iter_mut().zip(colour).for_each(|(sum, byte)| *sum += usize::from(byte));
            }
            bytes.iter_mut().zip(sums).for_each(|(byte, sum)| *byte = ((sum + FINE * FINE / 2) / (FINE * FINE)) as u8);
        }
        image
    }
}

/// Every form in one representation: the inside of an ellipse and four straight edges. In hundredths.
struct Area {
    centre: [f32; 2],
    /// Radii of the ellipse; infinite for a quad.
    radii: [f32; 2],
    /// a u + b v + c >= 0 inside.
    edges: [[f32; 3]; 4],
    /// How far the form reaches from the origin along each axis.
    reach: [f32; 2],
}

impl Area {
    fn of(form: Form) -> Area {
        let mut area = Area { centre: [0.0; 2], radii: [f32::INFINITY; 2], edges: [[0.0; 3]; 4], reach: [0.0; 2] };
        match form {
            Form::Ellipse(x, y, rx, ry) | Form::Dome(x, y, rx, ry) => {
                area.centre = [x, y].map(f32::from);
                area.radii = [rx, ry].map(f32::from);
                area.reach = [0, 1].map(|axis| area.centre[axis].abs() + area.radii[axis]);
                if matches!(form, Form::Dome(..)) {
                    area.edges[0] = [0.0, -1.0, area.centre[1]];
                }
            }
            Form::Quad(corners) => {
                for (i, edge) in area.edges.iter_mut().enumerate() {
                    let corner = |i: usize| [0, 1].map(|axis| f32::from(corners[i % 4 * 2 + axis]));
                    let (from, to) = (corner(i), corner(i + 1));
                    let (a, b) = (from[1] - to[1], to[0] - from[0]);
                    *edge = [a, b, -a * from[0] - b * from[1]];
                    area.reach = [0, 1].map(|axis| area.reach[axis].max(from[axis].abs()));
                }
            }
        }
        area
    }

    fn holds(&self, u: f32, v: f32) -> bool {
        let (x, y) = ((u - self.centre[0]) / self.radii[0], (v - self.centre[1]) / self.radii[1]);
        x * x + y * y <= 1.0 && self.edges.iter().all(|[a, b, c]| a * u + b * v + c >= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{BODY, CLASSES, DETAIL, PARTS, SIZES};
    use super::*;

    const MIDDLE: Pose = Pose { centre: [64.0; 2], size: 60.0, tilt: 0.0, mirror: 1.0 };

    #[test]
    fn a_rectangle_covers_what_it_should_and_its_mirror_image_the_other_side() {
        let form = Form::Quad([0, 0, 50, 0, 50, 100, 0, 100]);
        let mut canvas = Canvas::new();
        canvas.stamp(form, &MIDDLE, 1);
        canvas.stamp(form, &Pose { mirror: -1.0, ..MIDDLE }, 2);
        assert_eq!((canvas.count(1, 1), canvas.count(2, 2)), (30 * 60, 30 * 60));
        assert_eq!((canvas.0[100 * CANVAS + 70], canvas.0[100 * CANVAS + 58], canvas.0[60 * CANVAS + 70]), (1, 2, 0));
        // A quarter turn: tan(45 degrees) = 1, so x points down and y to the left.
        let mut turned = Canvas::new();
        turned.stamp(form, &Pose { tilt: 1.0, ..MIDDLE }, 1);
        assert_eq!((turned.count(1, 1), turned.0[70 * CANVAS + 30], turned.0[70 * CANVAS + 70]), (30 * 60, 1, 0));
    }

    #[test]
    fn every_corner_turns_the_same_way() {
        for form in PARTS.iter().flat_map(|parts| parts.iter()).map(|(_, form)| *form) {
            let Form::Quad(c) = form else { continue };
            let corner = |i: usize| (i32::from(c[i % 4 * 2]), i32::from(c[i % 4 * 2 + 1]));
            for i in 0..4 {
                let ((x0, y0), (x1, y1), (x2, y2)) = (corner(i), corner(i + 1), corner(i + 2));
                assert!((x1 - x0) * (y2 - y1) >= (y1 - y0) * (x2 - x1), "{c:?}, corner {i}");
            }
        }
    }

    #[test]
    fn every_class_covers_the_same_area_and_fits_in() {
        for (class, (parts, size)) in CLASSES.iter().zip(PARTS.iter().zip(SIZES)) {
            let mut canvas = Canvas::new();
            let pose = Pose { size: 55.0 * size, ..MIDDLE };
            parts.iter().for_each(|(paint, form)| canvas.stamp(*form, &pose, *paint));
            let area = canvas.count(BODY, DETAIL) as f64 / (55.0 * 55.0);
            // A straight edge can gain or lose a row of samples: the mast's two edges, 72 samples long, are 0.05 of the area.
            assert!((area - 1.3).abs() < 0.05, "{class}: {area}");
            let edge = |at: usize| canvas.0[at] + canvas.0[at * CANVAS];
            assert!((0..CANVAS).all(|at| edge(at) == 0), "{class} touches the edge");
        }
    }
}
