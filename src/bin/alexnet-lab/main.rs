//! The native program: `serve` (the default), `build`, `train`, `bench` and `check`, one file each.

mod build;
mod serve;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "alexnet-lab", version, about)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Build the page if its sources changed, and serve it on this machine (the default)
    Serve(serve::Arguments),
    /// Build the page into dist/, a folder of static files for any host
    Build,
}

/// Why the program ends early: one sentence for standard error.
///
/// Any [`std::error::Error`] becomes one through `?`; its sentence is the error's own.
pub struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(error.to_string())
    }
}

pub type Outcome<T = ()> = Result<T, Failure>;

/// Ends with a sentence, formatted like `format!`.
#[macro_export]
macro_rules! fail {
    ($($sentence:tt)*) => { return Err($crate::Failure(format!($($sentence)*))) };
}

fn main() -> ExitCode {
    // clap itself ends with 2 for a flag that it does not understand.
    let outcome = match Program::parse().command.unwrap_or(Command::Serve(serve::Arguments::default())) {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Build => build::run().map(|dist| println!("{}", dist.display())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(sentence)) => {
            eprintln!("alexnet-lab: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// The repository that the program was compiled from; `cargo run` names it anew if it has moved.
fn repository() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}
