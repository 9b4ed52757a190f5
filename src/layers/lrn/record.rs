//! Records the kernels of local response normalisation: `shaders/lrn.wgsl` across channels, `lrn_map.wgsl` within a map.

use super::constants::Lrn;
use crate::config::LrnRegion;
use crate::error::Result;
use crate::gpu::kernels::{Constant, LRN_BACKWARD, LRN_FORWARD, LRN_MAP_BACKWARD, LRN_MAP_FORWARD};
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::{View, padded, stored};
use crate::layers::fused::{self, GradInput};
use crate::network::Shape;

/// What the layer keeps from its forward pass: within a map, s of every value, which would cost too much to compute again; across
/// channels, nothing.
pub struct Kept(Option<View>);

impl Kept {
    /// # Errors
    /// [`crate::error::Error::TooLarge`].
    pub fn new(recorder: &mut Recorder, name: &str, lrn: &Lrn, shape: Shape) -> Result<Kept> {
        Ok(Kept(match lrn.region {
            LrnRegion::Channels => None,
            LrnRegion::Map => Some(recorder.buffer(&format!("{name}.denominators"), recorder.batch * stored(shape))?),
        }))
    }
}

/// Records [`super::forward`].
pub fn record_forward(
    recorder: &mut Recorder,
    name: &str,
    lrn: &Lrn,
    shape: Shape,
    kept: &Kept,
    input: &View,  // (batch, shape)
    output: &View, // (batch, shape)
) -> Result<()> {
    let (vectors, constants) = constants(recorder, lrn, shape);
    let label = format!("{name}.forward");
    match &kept.0 {
        None => recorder.dispatch(&label, &LRN_FORWARD, &constants, &[input, output], workgroups(vectors)),
        Some(s) => recorder.dispatch(&label, &LRN_MAP_FORWARD, &constants, &[input, output, s], workgroups(vectors)),
    }
}

/// Records [`super::backward`].
pub fn record_backward<'a>(
    recorder: &mut Recorder,
    name: &str,
    lrn: &Lrn,
    shape: Shape,
    kept: &Kept,
    input: &View,                         // (batch, shape)
    grad_output: &View,                   // (batch, shape)
    grad_input: impl Into<GradInput<'a>>, // (batch, shape)
) -> Result<()> {
    let (vectors, constants) = constants(recorder, lrn, shape);
    let (label, to) = (format!("{name}.backward"), Some(grad_input.into()));
    let (kernel, views) = match &kept.0 {
        None => (&LRN_BACKWARD, vec![input, grad_output]),
        Some(s) => (&LRN_MAP_BACKWARD, vec![input, grad_output, s]),
    };
    fused::record_backward(recorder, &label, kernel, &constants, &views, to, workgroups(vectors))
}

fn constants(recorder: &Recorder, lrn: &Lrn, shape: Shape) -> (usize, Vec<(&'static str, Constant)>) {
    let blocks = padded(shape.channels) / 4;
    let vectors = recorder.batch * shape.height * shape.width * blocks;
    let mut constants = vec![
        ("VECTORS", vectors.into()),
        ("CHANNEL_BLOCKS", blocks.into()),
        ("BELOW", lrn.below().into()),
        ("ABOVE", lrn.above().into()),
        ("K", (lrn.k as f32).into()),
        ("ALPHA", (lrn.alpha as f32).into()),
        ("BETA", (lrn.beta as f32).into()),
    ];
    match lrn.region {
        // No window reaches further than all channels.
        LrnRegion::Channels => constants.push(("REACH", lrn.below().max(lrn.above()).div_ceil(4).min(blocks).into())),
        LrnRegion::Map => constants.extend([("HEIGHT", shape.height.into()), ("WIDTH", shape.width.into())]),
    }
    (vectors, constants)
}
