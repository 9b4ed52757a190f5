//! The program as users start it from a shell.

#![cfg(not(target_arch = "wasm32"))]

mod commands;
mod common;
mod lessons;
mod outputs;
mod papers;
mod readme;
