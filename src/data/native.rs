//! Data sets from the file system, for the program and the tests.

use super::Dataset;
use super::files::read_sources;
use super::names::{self, Name};
use super::shard::Index;
use super::source::Source;
use crate::config::{BuiltIn, Config};
use crate::error::{Error, Result};
use std::collections::HashSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

impl Dataset {
    /// The built-in data set that the settings name, whole; `www_data` is the folder `www/data`.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Shard`].
    pub fn whole(config: &Config, www_data: &Path) -> Result<Dataset> {
        if config.data != BuiltIn::Toy {
            return Dataset::load_builtin(www_data);
        }
        let mut set = Dataset::builtin(config);
        set.add_generated(usize::MAX);
        Ok(set)
    }

    /// The built-in photographs, whole.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Shard`].
    pub fn load_builtin(www_data: &Path) -> Result<Dataset> {
        let folder = www_data.join("cifar10");
        let json = String::from_utf8_lossy(&read(&folder.join("index.json"))?).into_owned();
        let index = Index::read(&json)?;
        let mut set = Dataset::cifar10();
        for entry in index.train.iter().chain(&index.test) {
            set.add_shard(&json, &entry.file, &read(&folder.join(&entry.file))?)?;
        }
        Ok(set)
    }

    /// A data set from files and folders; see [`read_sources`].
    ///
    /// # Errors
    /// [`Error::File`], and those of [`read_sources`].
    pub fn load(paths: &[PathBuf]) -> Result<Dataset> {
        Dataset::load_without(paths, &[], &mut |_, _| {})
    }

    /// The same without some files in the folders; these need not exist. `progress` is told how many files have been opened, and of
    /// how many.
    ///
    /// # Errors
    /// As [`Dataset::load`].
    pub fn load_without(paths: &[PathBuf], others: &[&Path], progress: &mut dyn FnMut(usize, usize)) -> Result<Dataset> {
        let others: Vec<PathBuf> = others.iter().filter_map(|path| path.canonicalize().ok()).collect();
        let mut files = Vec::new();
        for path in paths {
            if path.is_dir() {
                // `.` has no name, but its folder may be a class.
                let named = if path.file_name().is_none() { path.canonicalize().ok() } else { None };
                let mut found = Vec::new();
                list(named.as_ref().unwrap_or(path), 0, &mut found, &mut HashSet::new())?;
                let other = |file: &PathBuf| file.canonicalize().is_ok_and(|file| others.contains(&file));
                files.extend(found.into_iter().filter(|(file, _)| !other(file)));
            } else {
                files.push((path.clone(), 0));
            }
        }
        let names: Vec<Name> =
            files.iter().map(|(path, depth)| Name { path: path.display().to_string(), depth: *depth }).collect();
        let mut opened = 0;
        read_sources(&names, |at| {
            opened += 1;
            progress(opened, files.len());
            open(&files[at].0)
        })
    }
}

/// How many levels below the given folder are searched for files.
const DEEPEST: usize = 8;

/// The files in a folder and those below it, sorted, with their depths; without hidden ones. A folder that links lead back to is
/// read once.
fn list(folder: &Path, depth: usize, files: &mut Vec<(PathBuf, usize)>, seen: &mut HashSet<PathBuf>) -> Result<()> {
    let failed = |e| file_error(folder, e);
    if !seen.insert(folder.canonicalize().map_err(failed)?) {
        return Ok(());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    paths.retain(|path| !path.file_name().is_some_and(|name| names::is_litter(&name.to_string_lossy())));
    for path in paths {
        if path.is_file() {
            files.push((path, depth));
        } else if path.is_dir() && depth < DEEPEST {
            list(&path, depth + 1, files, seen)?;
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<Source<File>> {
    let failed = |e| file_error(path, e);
    let content = File::open(path).map_err(failed)?;
    let length = content.metadata().map_err(failed)?.len();
    Ok(Source { name: path.display().to_string(), length, content })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| file_error(path, e))
}

fn file_error(path: &Path, error: std::io::Error) -> Error {
    let why = match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder. Check the path.".into(),
        ErrorKind::PermissionDenied => "this user may not read it. Change its permissions.".into(),
        _ => error.to_string(),
    };
    Error::File { path: path.display().to_string(), why }
}
