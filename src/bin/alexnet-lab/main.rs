//! The native program: `serve` (the default), `build`, `train`, `bench`, `check` and `lesson`, one file each.

mod bench;
mod bindings;
mod build;
mod check;
mod interrupt;
mod lesson;
mod output;
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
/// As the shell says of what Ctrl+C ended: 128 and the number of the signal.
const INTERRUPTED: u8 = 130;

impl Failure {
    fn new(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), status: FAILED }
    }

    fn misuse(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), status: MISUSED }
    }

    /// After Ctrl+C; what there is to say has been said.
    fn interrupted() -> Failure {
        Failure { sentence: String::new(), status: INTERRUPTED }
    }

    /// Another sentence behind.
    fn and(self, sentence: &str) -> Failure {
        let all = format!("{} {sentence}", self.sentence);
        Failure { sentence: all.trim_end().into(), ..self }
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

/// A line on standard output; one that cannot be written, on a full disk or to a pipe that is closed, ends the program with a sentence.
#[macro_export]
macro_rules! tell {
    ($($text:tt)*) => {{
        use std::io::Write;
        writeln!(std::io::stdout(), $($text)*).map_err($crate::output::unwritten("Standard output".as_ref()))?
    }};
}

/// A line on standard error. Nobody may read it; the work goes on all the same.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

fn main() -> ExitCode {
    // A file that may not grow is an error like a full disk, not the end of the program.
    #[cfg(unix)]
    // SAFETY: of a signal that is ignored, no code runs.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
    let program = Program::parse();
    let outcome = match program.command.unwrap_or(Command::Serve(program.serve)) {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Build => build::run().and_then(|dist| {
            tell!("{}", dist.display());
            Ok(())
        }),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Lesson(arguments) => lesson::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { sentence, status }) => {
            if !sentence.is_empty() {
                say!("alexnet-lab: {sentence}");
            }
            ExitCode::from(status)
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
