//! The program as it is started from a shell.

#![cfg(not(target_arch = "wasm32"))]

mod commands;
mod common;
mod lessons;
mod outputs;
mod readme;
