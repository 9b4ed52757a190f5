//! Pooling over windows that may overlap - Krizhevsky et al. 2012, section 3.4 - of the largest value or of the average.
//!
//! Max: the gradient goes to the window's winner, which is the first of equal ones in row-major order. Average: over the
//! elements inside the image only (`count_include_pad=False`), and the gradient is shared among them equally.

use super::Window;
use super::fused::{self, GradInput};
use crate::config::PoolKind;
use crate::config::PoolKind::{Avg, Max};
use crate::error::Result;
use crate::gpu::kernels::{Constant, POOL_BACKWARD_AVG, POOL_BACKWARD_MAX, POOL_FORWARD_AVG, POOL_FORWARD_MAX};
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{View, padded};
use crate::math::float::Float;
use crate::network::Shape;

/// The pooled images.
pub fn forward<T: Float>(
    kind: PoolKind,
    window: &Window,
    input: &[T],      // (batch, height, width, channels)
    output: &mut [T], // (batch, out height, out width, channels)
) {
    for (image, output) in input.chunks_exact(window.input.len()).zip(output.chunks_exact_mut(window.output.len())) {
        positions(window, |position, taps| {
            let y = &mut output[position..][..window.input.channels];
            match kind {
                Max => maxima(image, taps, y),
                Avg => averages(image, taps, y),
            }
        });
    }
}

/// The gradient of the input.
pub fn backward<T: Float>(
    kind: PoolKind,
    window: &Window,
    input: &[T],          // (batch, height, width, channels)
    output: &[T],         // (batch, out height, out width, channels), from `forward`
    grad_output: &[T],    // as the output
    grad_input: &mut [T], // as the input
) {
    let channels = window.input.channels;
    let mut left = vec![T::ZERO; channels];
    grad_input.fill(T::ZERO);
    for (i, grad_image) in grad_input.chunks_exact_mut(window.input.len()).enumerate() {
        let image = &input[i * window.input.len()..][..window.input.len()];
        positions(window, |position, taps| {
            let place = i * window.output.len() + position;
            let (y, g) = (&output[place..][..channels], &grad_output[place..][..channels]);
            match kind {
                Max => {
                    left.copy_from_slice(g);
                    taps.each(|pixel| to_winner(&image[pixel..][..channels], y, &mut left, &mut grad_image[pixel..][..channels]));
                }
                Avg => {
                    let share = taps.share();
                    taps.each(|pixel| {
                        for (grad, g) in grad_image[pixel..][..channels].iter_mut().zip(g) {
                            *grad += *g * share;
                        }
                    });
                }
            }
        });
    }
}

/// The part of a window that lies inside the image.
struct Taps {
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    /// Elements of a row of the image, and channels.
    row: usize,
    channels: usize,
}

impl Taps {
    /// Calls `visit(pixel)` in row-major order with the element at which each pixel starts.
    fn each(&self, mut visit: impl FnMut(usize)) {
        for y in self.rows.clone() {
            for x in self.columns.clone() {
                visit(y * self.row + x * self.channels);
            }
        }
    }

    /// What each tap contributes to the average.
    fn share<T: Float>(&self) -> T {
        T::ONE / T::of((self.rows.len() * self.columns.len()).max(1) as f64)
    }
}

/// Calls `visit(position, taps)` for each window of an image; `position` is the element of the output at which it starts.
fn positions(window: &Window, mut visit: impl FnMut(usize, &Taps)) {
    let channels = window.input.channels;
    let range = |position: usize, size: usize| {
        let taps = window.taps(position, size);
        let start = (position * window.stride + taps.start).saturating_sub(window.padding);
        start..start + taps.len()
    };
    for y in 0..window.output.height {
        let rows = range(y, window.input.height);
        for x in 0..window.output.width {
            let columns = range(x, window.input.width);
            let taps = Taps { rows: rows.clone(), columns, row: window.input.width * channels, channels };
            visit((y * window.output.width + x) * channels, &taps);
        }
    }
}

/// The largest value of each channel. NaN wins, so that it is not lost.
fn maxima<T: Float>(image: &[T], taps: &Taps, y: &mut [T]) {
    y.fill(-T::INFINITY);
    taps.each(|pixel| {
        for (y, value) in y.iter_mut().zip(&image[pixel..]) {
            *y = if (*value > *y) | value.is_nan() { *value } else { *y };
        }
    });
}

/// The first tap that has the maximum takes what is left of the gradient.
fn to_winner<T: Float>(values: &[T], maxima: &[T], left: &mut [T], grad: &mut [T]) {
    for (((grad, left), value), y) in grad.iter_mut().zip(left).zip(values).zip(maxima) {
        let wins = (*value == *y) | value.is_nan();
        *grad += if wins { *left } else { T::ZERO };
        *left = if wins { T::ZERO } else { *left };
    }
}

fn averages<T: Float>(image: &[T], taps: &Taps, y: &mut [T]) {
    y.fill(T::ZERO);
    taps.each(|pixel| {
        for (y, value) in y.iter_mut().zip(&image[pixel..]) {
            *y += *value;
        }
    });
    let share = taps.share();
    y.iter_mut().for_each(|y| *y = *y * share);
}

// ---- on the GPU ----

/// What the GPU's forward pass keeps for its backward pass.
pub struct Kept {
    /// The place of each window's winner: (batch, out height, out width, padded channels), a byte each; max only.
    winners: Option<View>,
}

impl Kept {
    /// # Errors
    /// [`crate::error::Error::TooLarge`].
    pub fn new(recorder: &mut Recorder, name: &str, kind: PoolKind, window: &Window) -> Result<Kept> {
        let words = vectors(recorder, window.output);
        let winners = if kind == Max { Some(recorder.buffer(&format!("{name}.winners"), words)?) } else { None };
        Ok(Kept { winners })
    }
}

/// Records [`forward`].
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    kept: &Kept,
    input: &View,  // (batch, input)
    output: &View, // (batch, output)
) -> Result<()> {
    let (label, groups) = (format!("{name}.forward"), workgroups(vectors(recorder, window.output)));
    match &kept.winners {
        Some(winners) => recorder.dispatch(&label, &POOL_FORWARD_MAX, &constants(window), &[input, output, winners], groups),
        None => recorder.dispatch(&label, &POOL_FORWARD_AVG, &constants(window), &[input, output], groups),
    }
}

/// Records [`backward`], after [`record_forward`].
pub fn record_backward<'a>(
    recorder: &mut Recorder,
    name: &str,
    window: &Window,
    kept: &Kept,
    grad_output: &View,                   // (batch, output)
    grad_input: impl Into<GradInput<'a>>, // (batch, input)
) -> Result<()> {
    let (label, groups) = (format!("{name}.backward"), workgroups(vectors(recorder, window.input)));
    let constants = constants(window);
    let grad_input = Some(grad_input.into());
    let (kernel, views) = match &kept.winners {
        Some(winners) => (&POOL_BACKWARD_MAX, vec![winners, grad_output]),
        None => (&POOL_BACKWARD_AVG, vec![grad_output]),
    };
    fused::record_backward(recorder, &label, kernel, &constants, &views, grad_input, groups)
}

fn vectors(recorder: &Recorder, shape: Shape) -> usize {
    recorder.batch * shape.height * shape.width * padded(shape.channels) / 4
}

fn constants(window: &Window) -> [(&'static str, Constant); 8] {
    assert!(window.kernel <= 16 && window.padding < window.kernel, "a winner's place is a byte, and no window is all padding");
    [
        ("HEIGHT", window.input.height.into()),
        ("WIDTH", window.input.width.into()),
        ("CHANNEL_BLOCKS", (padded(window.input.channels) / 4).into()),
        ("OUT_HEIGHT", window.output.height.into()),
        ("OUT_WIDTH", window.output.width.into()),
        ("KERNEL", window.kernel.into()),
        ("STRIDE", window.stride.into()),
        ("PADDING", window.padding.into()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window {
        input: Shape { height: 3, width: 3, channels: 1 },
        output: Shape { height: 2, width: 2, channels: 1 },
        kernel: 3,
        stride: 2,
        padding: 1,
    };

    #[test]
    fn the_first_of_equal_values_takes_the_gradient() {
        let input = [5.0, 5.0, 0.0, 5.0, 5.0, 0.0, 0.0, 0.0, 0.0f32];
        let (mut y, mut grad) = ([0.0; 4], [0.0; 9]);
        forward(Max, &WINDOW, &input, &mut y);
        backward(Max, &WINDOW, &input, &y, &[1.0, 2.0, 3.0, 4.0], &mut grad);
        assert_eq!(y, [5.0, 5.0, 5.0, 5.0]);
        assert_eq!(grad, [1.0, 2.0, 0.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn the_average_leaves_the_padding_out() {
        let input = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0f32];
        let mut y = [0.0; 4];
        forward(Avg, &WINDOW, &input, &mut y);
        assert_eq!(y, [3.0, 4.0, 6.0, 7.0]);
    }

    #[test]
    fn nan_is_not_lost() {
        let mut input = [1.0f32; 9];
        input[0] = f32::NAN;
        let mut y = [0.0; 4];
        forward(Max, &WINDOW, &input, &mut y);
        assert!(y[0].is_nan() && y[3] == 1.0, "{y:?}");
    }
}
