//! The ten classes: each has a few parts, in hundredths of the object's size; x points ahead, y down.

/// The outline of a part.
#[derive(Clone, Copy)]
pub enum Form {
    /// Centre and radii.
    Ellipse(i8, i8, i8, i8),
    /// The upper half of an ellipse.
    Dome(i8, i8, i8, i8),
    /// Four corners (x, y), clockwise on screen. If two of them are equal, it is a triangle.
    Quad([i8; 8]),
}

use Form::{Dome, Ellipse, Quad};

/// The background's paint: cuts a part out of those before it.
pub const GROUND: u8 = 0;
pub const BODY: u8 = 1;
pub const DETAIL: u8 = 2;

/// Names of the classes, in the order of their labels.
pub const CLASSES: [&str; 10] = ["fish", "house", "tree", "boat", "car", "cat face", "flower", "mug", "rocket", "umbrella"];

/// Indices in [`PARTS`] after the classes: two distractors, and the object that lies across the image.
pub const DISTRACTOR: usize = 10;
pub const OCCLUDER: usize = 12;

/// The parts of each class with their paint, from back to front.
pub const PARTS: [&[(u8, Form)]; 13] = [
    // fish
    &[
        (BODY, tri(-95, -48, -35, 0, -95, 48)),
        (DETAIL, tri(-25, -30, 5, -66, 32, -30)),
        (BODY, Ellipse(12, 0, 66, 40)),
        (DETAIL, tri(-22, 8, 14, 0, -10, 26)),
        (DETAIL, Ellipse(50, -10, 10, 10)),
    ],
    // house
    &[
        (BODY, rect(34, -84, 54, -30)),
        (BODY, rect(-62, -16, 62, 76)),
        (DETAIL, tri(-82, -12, 0, -86, 82, -12)),
        (DETAIL, rect(-14, 24, 14, 76)),
        (DETAIL, rect(-48, 4, -26, 28)),
        (DETAIL, rect(26, 4, 48, 28)),
    ],
    // tree
    &[
        (DETAIL, rect(-13, 10, 13, 95)),
        (BODY, Ellipse(0, -48, 44, 44)),
        (BODY, Ellipse(-38, -6, 40, 38)),
        (BODY, Ellipse(38, -6, 40, 38)),
    ],
    // boat
    &[
        (BODY, rect(-5, -90, 5, 40)),
        (DETAIL, tri(12, -82, 72, 24, 12, 24)),
        (DETAIL, tri(-12, -60, -12, 24, -58, 24)),
        (BODY, Quad([-90, 36, 90, 36, 58, 78, -58, 78])),
    ],
    // car
    &[
        (BODY, Quad([-46, -50, 34, -50, 62, -4, -64, -4])),
        (BODY, rect(-95, -6, 95, 40)),
        (DETAIL, Quad([-38, -40, -8, -40, -8, -6, -52, -6])),
        (DETAIL, Quad([4, -40, 28, -40, 48, -6, 4, -6])),
        (DETAIL, Ellipse(-52, 40, 24, 24)),
        (DETAIL, Ellipse(52, 40, 24, 24)),
    ],
    // cat face
    &[
        (BODY, tri(-72, -88, -8, -40, -64, 0)),
        (BODY, tri(72, -88, 64, 0, 8, -40)),
        (BODY, Ellipse(0, 12, 70, 60)),
        (DETAIL, Ellipse(-28, -2, 12, 16)),
        (DETAIL, Ellipse(28, -2, 12, 16)),
        (DETAIL, tri(-12, 26, 12, 26, 0, 40)),
        (DETAIL, rect(-20, 50, 20, 56)),
    ],
    // flower
    &[
        (DETAIL, rect(-5, 0, 5, 98)),
        (DETAIL, Ellipse(26, 62, 26, 11)),
        (BODY, Ellipse(0, -66, 23, 28)),
        (BODY, Ellipse(38, -40, 28, 24)),
        (BODY, Ellipse(-38, -40, 28, 24)),
        (BODY, Ellipse(24, 2, 24, 27)),
        (BODY, Ellipse(-24, 2, 24, 27)),
        (DETAIL, Ellipse(0, -28, 20, 20)),
    ],
    // mug
    &[
        (BODY, Ellipse(44, 8, 42, 42)),
        (GROUND, Ellipse(44, 8, 24, 24)),
        (BODY, Quad([-66, -58, 42, -58, 36, 78, -60, 78])),
        (DETAIL, Ellipse(-12, -58, 54, 16)),
        (DETAIL, rect(-62, 18, 38, 40)),
    ],
    // rocket
    &[
        (DETAIL, tri(-20, 10, -20, 66, -62, 80)),
        (DETAIL, tri(20, 10, 62, 80, 20, 66)),
        (DETAIL, tri(-18, 66, 18, 66, 0, 99)),
        (BODY, rect(-27, -40, 27, 66)),
        (DETAIL, Dome(0, -40, 27, 56)),
        (DETAIL, Ellipse(0, -8, 14, 14)),
    ],
    // umbrella
    &[
        (DETAIL, rect(-5, -84, 5, 86)),
        (DETAIL, Quad([-5, 80, 30, 66, 32, 80, 4, 94])),
        (BODY, Dome(0, 14, 92, 88)),
        (DETAIL, tri(-24, 14, 0, -74, 24, 14)),
        (GROUND, Ellipse(-56, 14, 30, 16)),
        (GROUND, Ellipse(56, 14, 30, 16)),
    ],
    // distractors, occluder
    &[(3, Ellipse(0, 0, 100, 70))],
    &[(4, rect(-80, -80, 80, 80))],
    &[(5, rect(-128, -2, 127, 2))],
];

/// Scales that make objects of all classes cover the same area: proportional to 1 / sqrt(the area of the parts).
pub const SIZES: [f32; 13] = [1.058, 0.856, 0.911, 1.006, 0.927, 0.883, 1.026, 0.866, 1.111, 1.014, 1.0, 1.0, 1.0];

/// A rectangle from corner to corner.
const fn rect(left: i8, top: i8, right: i8, bottom: i8) -> Form {
    Quad([left, top, right, top, right, bottom, left, bottom])
}

/// A triangle.
const fn tri(x0: i8, y0: i8, x1: i8, y1: i8, x2: i8, y2: i8) -> Form {
    Quad([x0, y0, x1, y1, x2, y2, x2, y2])
}
