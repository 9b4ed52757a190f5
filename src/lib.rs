//! AlexNet Lab: a scaled AlexNet that trains on WebGPU and on the CPU.

pub mod backend;
pub mod config;
pub mod cpu;
pub mod data;
pub mod error;
pub mod gpu;
pub mod layers;
pub mod network;
pub mod optimizer;
pub mod rng;
pub mod stats;
pub mod trainer;
#[cfg(target_arch = "wasm32")]
mod web;
pub mod weights;
