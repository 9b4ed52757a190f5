//! The machinery of the GPU backend, which knows no layer: a device, kernels, and recordings of dispatches over buffers.
//!
//! * [`device`]: adapter, device, failures. `pipelines`: compiled side by side. [`family`]: two families of kernels for matrix
//!   products.
//! * [`kernels`]: the table of kernels. `unroll`: their loops, written out. [`recorder`]: dispatches, recorded and replayed.
//! * [`view`]: where a tensor lies. [`readback`]: how records come back. `profile`: how long each dispatch takes.
//!   `clock`: the time.
//!
//! [`family`] says what is fast on graphics cards.
//!
//! # What is fast on software adapters
//!
//! Measured at batch 16 on two cores, each kernel against others in the same run. Chromium's adapter (SwiftShader) works on four
//! threads at once, component by component. It loads each component of each thread separately, under a mask, even where all
//! threads want the same one. A load costs about as much as four multiply-adds. Every trip of a loop copies every sum, and so
//! does a `continue`. So:
//! * Large tiles: a 512x512x512 product runs at 4.2 GFLOP/s with 4x8 sums per thread, 5.7 with 8x16, 6.8 with 16x16, 8.2 with
//!   16x32. Matrix times vector is no slower than anything else; `fma` is 15 % slower; unrolling alone gains nothing.
//! * A row of pixels, loaded once for all taps of a kernel's row, saves most loads: conv2 forward 124 -> 55 ms, backward_input
//!   113 -> 51, backward_weight 157 -> 57 (with one loop instead of three, and no branch in it), conv4 47 -> 26, 46 -> 28 and 73
//!   -> 26; all convolutions together 950 -> 405 ms. Lavapipe gains as much: conv2 forward 60 -> 20 ms.
//! * Compile time: 0.05 ms for each multiply-add written out. Tiles of twice the size would be another fifth faster (conv2
//!   forward 37 ms), but compile for 1.3 s instead of 0.3, and on lavapipe likewise. `&&` is a branch and slow to compile.
//! * Few dispatches: forward, the activation function and dropout run in the kernel of the layer before; backward, in the kernel
//!   of the layer after ([`crate::layers::fused`]). Both gradients of a layer are one dispatch, and batch normalisation is one
//!   per pass. A step takes 26 dispatches (30 with LRN, 40 with batch normalisation) instead of 38, 42 and 94.
//! * `subgroupBroadcast` of weights loaded by one thread each gains 30 % at equal tiles, less with shared rows; not used.
//! * An early version of a kernel crashed a software adapter's compiler.

pub(crate) mod clock;
pub mod device;
pub mod family;
pub mod kernels;
pub(crate) mod pipelines;
#[cfg(not(target_arch = "wasm32"))]
pub mod profile;
pub mod readback;
pub mod recorder;
mod unroll;
pub mod view;
