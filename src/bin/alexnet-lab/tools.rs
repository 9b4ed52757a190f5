//! Where the page is built, and the tools that it is built with: a part of `build`.

use crate::outcome::{Outcome, fail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository that the program was compiled from; `cargo run` names it anew if it has moved.
pub fn repository() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

/// Where things are.
pub struct Page {
    pub root: PathBuf,
    pub dist: PathBuf,
    /// Intermediate files, and for each step the hash of the inputs that it was last made from.
    pub work: PathBuf,
}

impl Page {
    /// A tool that npm installed, to be run in the root.
    pub fn tool(&self, name: &str) -> Command {
        let file = if cfg!(windows) { format!("{name}.cmd") } else { name.into() };
        let mut command = Command::new(self.root.join("node_modules/.bin").join(file));
        command.current_dir(&self.root);
        command
    }
}

/// Runs a tool to its end, its messages going to standard error; `hint` is what to do if it cannot be started.
pub fn finish(mut command: Command, hint: &str) -> Outcome {
    command.stdout(std::io::stderr());
    complete(command, hint)
}

/// The same for one whose output goes elsewhere.
pub fn complete(mut command: Command, hint: &str) -> Outcome {
    let name = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => fail!("{name} ended with {status}; its messages above say why. {hint}"),
        Err(error) => fail!("{name} could not be started: {error}. {hint}"),
    }
}
