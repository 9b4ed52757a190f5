//! The folders, files and tools that build the page: a part of `build`.

use crate::outcome::{Outcome, about, fail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository that the program was compiled from, or its new place if `cargo run` finds it moved.
pub fn repository() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

/// The folders of a build.
pub struct Page {
    pub root: PathBuf,
    pub dist: PathBuf,
    /// Intermediate files, and for each step the hash of its last inputs.
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

/// Runs a tool to its end, with its messages on standard error. `hint` says what to do if the tool fails.
pub fn finish(mut command: Command, hint: &str) -> Outcome {
    command.stdout(std::io::stderr());
    complete(command, hint)
}

/// The same for a tool whose output goes elsewhere.
pub fn complete(mut command: Command, hint: &str) -> Outcome {
    let name = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => fail!("{name} ended with {status}. See its messages above. {hint}"),
        Err(error) => fail!("{name} could not be started: {error}. {hint}"),
    }
}

/// Every file at or below `path`, sorted; none if there is no such path.
pub fn walk(path: &Path) -> Outcome<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(if path.exists() { vec![path.into()] } else { vec![] });
    }
    let below: Vec<Vec<PathBuf>> = list(path)?.iter().map(|entry| walk(entry)).collect::<Outcome<_>>()?;
    Ok(below.concat())
}

/// The entries of a folder, sorted.
pub fn list(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(about(folder))?;
    let mut paths = entries.map(|entry| Ok(entry.map_err(about(folder))?.path())).collect::<Outcome<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Copies a file, and makes the folders that it needs.
pub fn copy(file: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to.parent().expect("a file is in a folder")).map_err(about(to))?;
    fs::copy(file, to).map_err(about(to))?;
    Ok(())
}
