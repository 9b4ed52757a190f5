//! The GPU backend: one device for all tests, which run side by side.

mod activation;
mod common;
mod families;
mod kernels;
mod layers;
mod matches_cpu;
mod shaders;
mod stats;
