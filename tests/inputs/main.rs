//! What comes from outside: links and settings, data files, weights files.

#[path = "../common/mod.rs"]
mod common;
mod data;
mod files;
mod parsers;
mod pictures;
mod settings;
mod weights;
