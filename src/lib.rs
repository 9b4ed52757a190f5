//! AlexNet Lab: a scaled AlexNet that trains on WebGPU and on the CPU, with every component on a switch.
//!
//! One training step, from top to bottom:
//!
//! 1. [`config`] holds every setting, declared once; [`network`] turns it into a list of layers with shapes, tensors
//!    and costs.
//! 2. [`trainer::Trainer::step`] picks the images of the step ([`data::batch::Order`]), gathers their bytes
//!    ([`data::batch::gather`]) and hands them to the [`backend`].
//! 3. A backend goes through the list forward, takes the loss, and goes back: [`backend::cpu`] calls the functions in
//!    [`layers`], [`backend::gpu`] replays the kernels that the same files recorded from `shaders/`.
//! 4. [`optimizer`] updates the flat parameter buffer, unless something was NaN or infinite.
//! 5. Losses come back when they are done ([`trainer::Trainer::records`]); [`stats`] are reduced where the tensors are.
//!
//! Whatever is random is a function of its arguments ([`rng`]), so equal settings give equal runs. [`weights`] writes
//! and reads safetensors, [`pytorch`] writes a script that loads them; [`error`] has every sentence a user can meet; `web` is all
//! that a browser sees of this.
//!
//! The rooms stand here from the ground up: each uses what stands above it in this list, never what stands below. `tests/house.rs`
//! sees to it.

pub mod backend;
pub mod config;
pub mod data;
pub mod error;
pub mod gpu;
pub mod layers;
pub mod math;
pub mod network;
pub mod optimizer;
pub mod pytorch;
pub mod rng;
pub mod stats;
pub mod step;
pub mod trainer;
pub mod weights;

#[cfg(target_arch = "wasm32")]
mod web;
