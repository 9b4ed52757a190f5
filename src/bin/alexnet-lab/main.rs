//! The native program: `serve` (the default), `build`, `train`, `bench`, `check` and `lesson`, one file each.

mod bench;
mod bindings;
mod build;
mod check;
mod lesson;
mod profile;
mod serve;
mod settings;
mod train;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "alexnet-lab", version, about, args_conflicts_with_subcommands = true)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Arguments,
}

#[derive(Subcommand)]
enum Command {
    /// Build the page if its sources changed, and serve it on this machine (the default)
    Serve(serve::Arguments),
    /// Build the page into dist/, a folder of static files for any host
    Build,
    /// Measure a training step and print what it costs as JSON
    Bench(bench::Arguments),
    /// Compare the gradients of this machine's graphics adapter with those of the CPU
    Check(check::Arguments),
    /// Measure the claim of one of the page's lessons over several seeds
    Lesson(lesson::Arguments),
    /// Train without the page, and write a log, weights or predictions
    Train(Box<train::Arguments>),
}

/// Why the program ends early: one sentence for standard error, and the exit status.
///
/// Any [`std::error::Error`] becomes one through `?`; its sentence is the error's own.
pub struct Failure {
    sentence: String,
    status: u8,
}

/// The program could not do what was asked.
const FAILED: u8 = 1;
/// What was asked makes no sense; clap ends with the same.
const MISUSED: u8 = 2;

impl Failure {
    fn new(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), status: FAILED }
    }

    fn misuse(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), status: MISUSED }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::new(error.to_string())
    }
}

pub type Outcome<T = ()> = Result<T, Failure>;

/// Ends with a sentence, formatted like `format!`.
#[macro_export]
macro_rules! fail {
    ($($sentence:tt)*) => { return Err($crate::Failure::new(format!($($sentence)*))) };
}

/// The same for flags that do not go together.
#[macro_export]
macro_rules! misuse {
    ($($sentence:tt)*) => { return Err($crate::Failure::misuse(format!($($sentence)*))) };
}

fn main() -> ExitCode {
    let program = Program::parse();
    let outcome = match program.command.unwrap_or(Command::Serve(program.serve)) {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Build => build::run().map(|dist| println!("{}", dist.display())),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Lesson(arguments) => lesson::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("alexnet-lab: {}", failure.sentence);
            ExitCode::from(failure.status)
        }
    }
}

/// Names the path that an input or output error is about.
fn about(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::new(format!("{path}: {error}"))
}

/// The repository that the program was compiled from; `cargo run` names it anew if it has moved.
fn repository() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}
