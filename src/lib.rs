//! AlexNet Lab: a scaled AlexNet that trains on WebGPU and on the CPU, with every component on a switch.
//!
//! One training step, from top to bottom:
//!
//! 1. [`config`] holds every setting, declared once; [`network`] turns the settings into a list of layers with shapes, tensors
//!    and costs.
//! 2. [`trainer::Trainer::step`] picks the images of the step ([`data::batch::Order`]), gathers their bytes
//!    ([`data::batch::gather`]) and hands them to the [`backend`].
//! 3. A backend runs the list forward, takes the loss, and runs it backward: [`backend::cpu`] calls the functions in
//!    [`layers`], [`backend::gpu`] replays the kernels from `shaders/` that the same files recorded.
//! 4. [`optimizer`] updates the flat parameter buffer, unless a value was NaN or infinite.
//! 5. Losses come back later ([`trainer::Trainer::records`]). [`stats`] are computed where the tensors are.
//!
//! All randomness is a function of its arguments ([`rng`]), so equal settings give equal runs. [`weights`] writes and reads
//! safetensors; [`pytorch`] writes a script that loads them. [`error`] has every error message for the user. `web` is the
//! browser's interface to all this.
//!
//! The modules stand on floors. Each imports only from its own floor and those below it; `tests/house.rs` lists the floors and
//! checks the imports.

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
