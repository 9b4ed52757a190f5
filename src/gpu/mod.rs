//! The machinery of the GPU backend, which knows no layer: a device, kernels, and recordings of dispatches over buffers.
//!
//! * [`device`]: adapter, device, failures. `pipelines`: compiled side by side. [`family`]: two families of kernels for matrix
//!   products.
//! * [`kernels`]: the table of kernels. `unroll`: their loops, written out. [`recorder`]: dispatches, recorded and replayed.
//! * [`view`]: where a tensor lies. [`readback`]: how records come back. `profile`: what each dispatch takes.
//!
//! What graphics cards like is told in [`family`].
//!
//! # What software adapters like
//!
//! Measured at batch 16 on two cores, each kernel against others in the same run. Chromium's adapter (SwiftShader) works on four
//! threads at once, component by component. It loads each component of each thread alone, under a mask, also where all threads
//! want the same: a load costs about as much as four multiply-adds. Every trip of a loop copies every sum, and so does a
//! `continue`. So:
//! * Large tiles: a 512x512x512 product runs at 4.2 GFLOP/s with 4x8 sums a thread, 5.7 with 8x16, 6.8 with 16x16, 8.2 with
//!   16x32. Matrix times vector is no slower than anything else; `fma` is 15 % slower; unrolling alone gains nothing.
//! * A row of pixels, loaded once for all taps of a kernel's row, saves most loads: conv2 forward 124 -> 55 ms, backward_input
//!   113 -> 51, backward_weight 157 -> 57 (there with one loop for three, and no branch in it), conv4's 47 -> 26, 46 -> 28 and
//!   73 -> 26: all convolutions together 950 -> 405 ms. Lavapipe gains as much: conv2 forward 60 -> 20 ms.
//! * Compiling: 0.05 ms a multiply-add written out. Twice the tile would be another fifth faster (conv2 forward 37 ms), but
//!   compiles for 1.3 s instead of 0.3, on lavapipe likewise. `&&` is a branch and slow to compile.
//!   One version of a kernel crashed the compiler of a software adapter; the kernels here have no long chains of conditions.
//! * Few dispatches: the activation function and dropout go with the kernel in front and, back, with the one behind
//!   ([`crate::layers::fused`]); both gradients of a layer are one dispatch, and batch normalisation one a pass. A step takes 26 (with
//!   LRN 30, with batch normalisation 40), where it took 38, 42 and 94.
//! * `subgroupBroadcast` of weights loaded by one thread each gains 30 % at equal tiles, less with shared rows; not used.

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
