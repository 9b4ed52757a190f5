//! The native program: `serve` (the default), `build`, `train`, `bench`, `check` and `lesson`, one file each.

mod bench;
mod bindings;
mod build;
mod check;
mod guide;
mod interrupt;
mod lesson;
mod npm;
mod outcome;
mod output;
mod profile;
mod serve;
mod settings;
mod share;
mod single;
mod slides;
mod tools;
mod train;

use clap::{Parser, Subcommand};
use outcome::say;
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
    /// Build the page if its sources have changed, and serve it on this machine (default)
    Serve(serve::Arguments),
    /// Build the page into dist/, a folder of static files for any web server
    Build(build::Arguments),
    /// Measure the cost of a training step and print it as JSON
    Bench(bench::Arguments),
    /// Compare the gradients computed by this machine's graphics adapter with those of the CPU
    Check(check::Arguments),
    /// Measure the claim of one of the page's lessons with several seeds
    Lesson(lesson::Arguments),
    /// Train without the page and write a log, weights or predictions
    Train(Box<train::Arguments>),
}

fn main() -> ExitCode {
    // A file size limit is an error like a full disk; it does not end the program.
    #[cfg(unix)]
    // SAFETY: an ignored signal runs no code.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
    let program = Program::parse();
    let outcome = match program.command.unwrap_or(Command::Serve(program.serve)) {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Build(arguments) => build::command(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Lesson(arguments) => lesson::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.sentence.is_empty() {
                say!("alexnet-lab: {}", failure.sentence);
            }
            ExitCode::from(failure.status)
        }
    }
}
