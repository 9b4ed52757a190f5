//! The GPU backend: every pass of a training step is a WGSL kernel; only records come back.

pub mod buffers;
pub mod device;
pub mod kernels;
pub mod layout;
pub mod recorder;
pub mod stats;
