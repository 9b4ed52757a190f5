//! The CPU backend and the training loop: formulas, golden values, whole runs.

#[path = "../common/mod.rs"]
mod common;
mod finite_difference;
mod golden;
mod golden_training;
#[path = "../gpu/common.rs"]
mod gpu_common;
mod gradient_check;
mod gradient_check_networks;
mod hints;
mod linear;
mod orders;
mod recipes;
mod toy;
mod trainer;
mod training_cpu;
mod workers;
