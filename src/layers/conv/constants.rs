//! What the recordings of the two families of kernels need.

use crate::gpu::kernels::Constant;
use crate::gpu::view::padded;
use crate::layers::Window;

/// (ky, kx, vec4s of input channels)
pub fn taps(window: &Window) -> usize {
    window.kernel * window.kernel * blocks(window.input.channels)
}

pub fn blocks(channels: usize) -> usize {
    padded(channels) / 4
}

/// The constants of `conv_tiled.wgsl` that are not a tile's, and a kernel's `own`.
pub fn constants(window: &Window, own: &[(&'static str, Constant)]) -> Vec<(&'static str, Constant)> {
    let (input, output) = (window.input, window.output);
    let mut constants = vec![
        ("IN_HEIGHT", input.height.into()),
        ("IN_WIDTH", input.width.into()),
        ("IN_CHANNELS", input.channels.into()),
        ("IN_BLOCKS", blocks(input.channels).into()),
        ("OUT_HEIGHT", output.height.into()),
        ("OUT_WIDTH", output.width.into()),
        ("OUT_CHANNELS", output.channels.into()),
        ("OUT_BLOCKS", blocks(output.channels).into()),
        ("KERNEL", window.kernel.into()),
        ("STRIDE", window.stride.into()),
        ("PADDING", window.padding.into()),
    ];
    constants.extend(own);
    constants
}
