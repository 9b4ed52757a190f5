//! The browser's interface: two modules, one that trains and one that reads files.

mod js;

#[cfg(not(feature = "reader"))]
mod helpers;
#[cfg(not(feature = "reader"))]
mod lab;
#[cfg(feature = "reader")]
mod reader;
