//! Data sets from the file system, for the program and the tests.

use super::files::{LONGEST_FILE, is_note, read_sources};
use super::source::Source;
use super::{Dataset, shard::Index};
use crate::config::Config;
use crate::error::{Error, Result};
use std::fs::File;
use std::path::{Path, PathBuf};

impl Dataset {
    /// The built-in data set that the settings name, whole; `www_data` is the folder `www/data`.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Shard`].
    pub fn whole(config: &Config, www_data: &Path) -> Result<Dataset> {
        if config.data != "toy" {
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

    /// A data set from files, and from folders whose files are all of it; see [`read_sources`].
    ///
    /// # Errors
    /// [`Error::File`], and those of [`read_sources`].
    pub fn load(paths: &[PathBuf]) -> Result<Dataset> {
        let mut files = Vec::new();
        for path in paths {
            if path.is_dir() {
                files.extend(files_in(path)?);
            } else {
                files.push(path.clone());
            }
        }
        read_sources(files.iter().map(|path| open(path)))
    }
}

/// The files in a folder, sorted, without the folders in it and without notes.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e| file_error(folder, e);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() && !is_note(&path.display().to_string()) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn open(path: &Path) -> Result<Source<File>> {
    let failed = |e| file_error(path, e);
    let content = File::open(path).map_err(failed)?;
    let length = content.metadata().map_err(failed)?.len();
    Ok(Source { name: path.display().to_string(), length, content })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let found = std::fs::metadata(path).map_err(|e| file_error(path, e))?.len();
    if found > LONGEST_FILE {
        return Err(Error::FileTooLarge { file: path.display().to_string(), found, limit: LONGEST_FILE });
    }
    std::fs::read(path).map_err(|e| file_error(path, e))
}

fn file_error(path: &Path, error: std::io::Error) -> Error {
    Error::File { path: path.display().to_string(), why: error.to_string() }
}
