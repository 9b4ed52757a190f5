//! Which convolutions take the minimal form, by shape: measured, and fixed here.
//!
//! Time of the direct form over that of the minimal one, batch 32, on one core of an Intel Xeon, minima of 25 runs in turns. The
//! passes are forward, input's gradient and weights' gradient. Error: RMS in f32, over that of the direct form, at batch 8.
//!
//! | kernel, channels, size | native | Chromium, simd128 | relaxed SIMD | error |
//! | --- | --- | --- | --- | --- |
//! | 5x5, 32 to 64, 16x16 | 1.4, 1.3, 1.3 | 2.1, 2.0, 1.6 | 2.1, 2.1, 1.8 | 3.2, 3.3, 1.9 |
//! | 3x3, 64 to 96, 8x8 | 1.8, 1.7, 1.7 | 2.4, 2.4, 2.4 | 2.5, 2.4, 2.3 | 2.3, 2.2, 1.8 |
//! | 3x3, 96 to 96, 8x8 | 1.7, 1.6, 1.8 | 2.3, 2.3, 2.3 | 2.4, 2.4, 2.4 | 2.6, 2.2, 1.8 |
//! | 3x3, 96 to 64, 8x8 | 1.7, 1.6, 1.8 | 2.4, 2.4, 2.4 | 2.5, 2.5, 2.5 | 2.6, 2.0, 1.8 |
//! | 3x3, 48 to 48, 8x8 | 1.4, 1.3, 1.4 | 2.2, 2.2, 2.0 | 2.2, 2.2, 2.2 | 2.0, 1.7, 1.8 |
//! | 3x3, 16 to 24, 8x8: direct | 0.9, 1.0, 0.8 | 1.6, 1.8, 1.4 | 1.7, 1.8, 1.3 | |
//! | 5x5, 16 to 32, 16x16: direct | 0.9, 1.0, 0.8 | 1.7, 1.8, 1.3 | 1.7, 1.7, 1.1 | |
//!
//! Wide vectors gain less: products are faster there, and transforms are not. At batch 1, where the weights are transformed for one
//! image, the layers gain 1.6 and 1.1 (relaxed SIMD), at batch 4, 1.8 and 1.9.
//!
//! Larger tiles need fewer products but are not exact enough: F(4x4, 3x3) has 4.4 errors of the direct form, and the weights'
//! gradient of F(2x2, 5x5) has 4.0, 6.5 at most.

use super::transforms::Axis;
use crate::layers::Window;

/// Fewest channels that are worth the transforms.
const LEAST: usize = 32;
/// Most weights of a tap: the transformed ones must stay in a cache.
const MOST: usize = 192 * 192;

/// The tile of outputs along each axis, and the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub height: Axis,
    pub width: Axis,
    /// Most terms that are added up at a time: the transforms enlarge the rounding errors of long sums.
    pub terms: usize,
}

impl Form {
    /// Products of each pair of channels for a tile of outputs.
    pub fn products(&self) -> usize {
        self.height.products() * self.width.products()
    }

    /// Those of the direct form.
    pub fn direct_products(&self) -> usize {
        let Form { height, width, .. } = self;
        height.outputs() * height.taps() * width.outputs() * width.taps()
    }
}

/// The three products of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    Forward,
    BackwardInput,
    BackwardWeight,
}

/// The minimal form that this pass through a convolution takes; without one, it takes the direct form. The number of images has
/// no say, because an image's result must not depend on the others.
pub fn form(window: &Window, pass: Pass) -> Option<Form> {
    let Window { input, output, kernel, stride, .. } = *window;
    let (least, weights) = (input.channels.min(output.channels), input.channels * output.channels);
    if stride != 1 || least < LEAST || weights > MOST {
        return None;
    }
    let (height, width, terms) = match (kernel, pass) {
        (3, _) => (Axis::F2R3, Axis::F4R3, 128),
        (5, Pass::Forward | Pass::BackwardInput) => (Axis::F2R5, Axis::F2R5, 48),
        (5, Pass::BackwardWeight) => (Axis::F2R5Split, Axis::F2R5, 48),
        _ => return None,
    };
    Some(Form { height, width, terms })
}
