//! Local response normalisation: `b_i = a_i / s_i^beta`, `s_i = k + alpha * sum of a_j^2 over the neighbours j of i` -
//! Krizhevsky et al. 2012, section 3.3. The paper's form: alpha is not divided by the number of neighbours (PyTorch and cuda-convnet
//! divide).
//!
//! The neighbours are n channels of the same pixel (`channels.rs`), as in the paper, or n x n pixels of the same channel (`map.rs`), as
//! in cuda-convnet's network with an error of 18 %. Along an axis, the window of i reaches from `i - floor(n / 2)` to
//! `i + n - 1 - floor(n / 2)`, clipped at both ends. Backward, with g the gradient of b and the sum over all i whose window holds j:
//!
//! `grad a_j = g_j s_j^-beta - 2 alpha beta a_j * sum of g_i a_i s_i^(-beta - 1)`

mod channels;
mod constants;
mod map;
mod record;

pub use constants::Lrn;
pub use record::*;

use crate::config::LrnRegion;
use crate::math::float::Float;
use crate::network::Shape;

/// The normalised activations.
pub fn forward<T: Float>(
    lrn: &Lrn,
    shape: Shape,
    input: &[T],      // (batch, shape)
    output: &mut [T], // (batch, shape)
) {
    match lrn.region {
        LrnRegion::Channels => channels::forward(lrn, shape.channels, input, output),
        LrnRegion::Map => map::forward(lrn, shape, input, output),
    }
}

/// The gradient of the input.
pub fn backward<T: Float>(
    lrn: &Lrn,
    shape: Shape,
    input: &[T],          // (batch, shape)
    grad_output: &[T],    // (batch, shape)
    grad_input: &mut [T], // (batch, shape)
) {
    match lrn.region {
        LrnRegion::Channels => channels::backward(lrn, shape.channels, input, grad_output, grad_input),
        LrnRegion::Map => map::backward(lrn, shape, input, grad_output, grad_input),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTANTS: Lrn = Lrn { n: 4, k: 1.0, alpha: 1.0, beta: 1.0, region: LrnRegion::Channels };

    #[test]
    fn an_even_window_reaches_further_down() {
        let (mut b, shape) = ([0.0f64; 5], Shape { height: 1, width: 1, channels: 5 });
        forward(&CONSTANTS, shape, &[1.0, 1.0, 1.0, 1.0, 1.0], &mut b);
        // Window sizes: channels {0, 1}, {0, 1, 2}, {0 to 3}, {1 to 4}, {2 to 4}.
        assert_eq!(b, [1.0 / 3.0, 1.0 / 4.0, 1.0 / 5.0, 1.0 / 5.0, 1.0 / 4.0]);
    }

    #[test]
    fn a_window_within_a_map_holds_its_pixels_and_no_other_channel() {
        let (mut b, shape) = ([0.0f64; 24], Shape { height: 3, width: 4, channels: 2 });
        // The second channel is 0: it must stay so, and add nothing.
        let a: Vec<f64> = (0..24).map(|i| f64::from(1 - i % 2)).collect();
        forward(&Lrn { n: 3, region: LrnRegion::Map, ..CONSTANTS }, shape, &a, &mut b);
        let counts = [4, 6, 6, 4, 6, 9, 9, 6, 4, 6, 6, 4].map(|count| 1.0 / f64::from(1 + count));
        assert_eq!(b, std::array::from_fn(|i| if i % 2 == 0 { counts[i / 2] } else { 0.0 }));
    }
}
