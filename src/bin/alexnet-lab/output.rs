//! Files that the program writes. None is opened before there is something to write. An existing file is replaced as a whole or
//! not at all: the new one grows beside it and is then renamed.

use crate::outcome::{Outcome, fail, misuse, unwritten};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The unfinished file beside its target.
static PART: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Refuses outputs that cannot be written, and two outputs in one file. Opens nothing.
pub fn check(outputs: &[(&str, &Path)]) -> Outcome {
    for (index, (flag, path)) in outputs.iter().enumerate() {
        if let Some((other, _)) = outputs[..index].iter().find(|(_, other)| !is_stream(path) && is_same(path, other)) {
            misuse!("--{other} and --{flag} name the same file, {}. Choose two different files.", path.display());
        }
        if is_stream(path) {
            continue;
        }
        let target = target(path);
        if target.is_dir() {
            fail!("{} is a folder. Choose a file in it.", path.display());
        }
        let folder = folder_of(&target);
        if !folder.is_dir() {
            fail!("{}: the folder {} does not exist. Create it first.", path.display(), folder_of(path).display());
        }
        if target.metadata().is_ok_and(|old| old.permissions().readonly()) {
            fail!("{} is write-protected. Choose another file.", path.display());
        }
    }
    Ok(())
}

/// Checks that a file can be created beside each output.
pub fn try_out(outputs: &[(&str, &Path)]) -> Outcome {
    outputs.iter().filter(|(_, path)| !is_stream(path)).try_for_each(|(_, path)| Part::beside(path).map(drop))
}

/// Whether a file begins like one that the program wrote: lines of JSON, weights or a script.
pub fn is_ours(path: &Path) -> bool {
    let mut start = vec![];
    let read = File::open(path).and_then(|file| file.take(16).read_to_end(&mut start));
    // A weights file begins with the length of its header in eight bytes.
    read.is_ok() && (start.starts_with(b"{") || start.get(4..9) == Some(b"\0\0\0\0{") || start.starts_with(br#""""The network"#))
}

/// Whether two paths mean the same file, which need not exist.
pub fn is_same(one: &Path, other: &Path) -> bool {
    target(one) == target(other)
}

/// Whether a file lies in a folder, or in one below it.
pub fn is_within(path: &Path, folder: &Path) -> bool {
    target(path).starts_with(target(folder))
}

/// Replaces the file's content with `bytes`.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Outcome {
    if is_stream(path) {
        return fs::write(path, bytes).map_err(unwritten(path));
    }
    let mut part = Part::beside(path)?;
    part.file.write_all(bytes).and_then(|()| part.file.sync_all()).map_err(unwritten(path))?;
    part.take_place().map(drop)
}

/// Removes the unfinished file before the program ends.
pub fn abandon() {
    if let Some(path) = PART.lock().ok().and_then(|mut part| part.take()) {
        let _ = fs::remove_file(path);
    }
}

/// A file that grows by whole lines and can be read meanwhile. The first lines create it.
pub struct Log {
    path: PathBuf,
    /// Appends to the existing lines.
    append: bool,
    /// The open file and its length.
    file: Option<(File, u64)>,
}

impl Log {
    pub fn new(path: &Path, append: bool) -> Log {
        Log { path: path.into(), append, file: None }
    }

    /// Writes all of `lines`, with their line ends, or none of them.
    pub fn write(&mut self, lines: &str) -> Outcome {
        let failed = unwritten(&self.path);
        match &mut self.file {
            None if is_stream(&self.path) => {
                let mut file = OpenOptions::new().append(true).open(&self.path).map_err(&failed)?;
                file.write_all(lines.as_bytes()).map_err(failed)?;
                self.file = Some((file, 0));
            }
            None if self.append && self.path.exists() => {
                self.file = Some(opened_behind(&self.path).map_err(failed)?);
                return self.write(lines);
            }
            None => {
                let mut part = Part::beside(&self.path)?;
                part.file.write_all(lines.as_bytes()).map_err(failed)?;
                self.file = Some((part.take_place()?, lines.len() as u64));
            }
            Some((file, length)) => {
                file.write_all(lines.as_bytes()).map_err(|error| {
                    // Removes a partly written line; the lines before it stay. A stream has no length.
                    let _ = file.set_len(*length).and_then(|()| file.seek(SeekFrom::Start(*length)));
                    failed(error)
                })?;
                *length += lines.len() as u64;
            }
        }
        Ok(())
    }
}

/// A file to append to, and its length. A last line without an end gets one.
fn opened_behind(path: &Path) -> std::io::Result<(File, u64)> {
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last == *b"\n" {
        return Ok((file, length));
    }
    file.write_all(b"\n")?;
    Ok((file, length + 1))
}

/// An unfinished file beside its target. It is removed unless it takes the target's place.
struct Part {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Part {
    fn beside(path: &Path) -> Outcome<Part> {
        let target = target(path);
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = target.with_file_name(name);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&part).map_err(unwritten(path))?;
        *PART.lock().expect("no thread panics") = Some(part.clone());
        Ok(Part { file, path: part, target })
    }

    /// Renames the file to its target and returns it, still open.
    fn take_place(self) -> Outcome<File> {
        if let Ok(old) = self.target.metadata() {
            // The new file keeps the old one's permissions, if the system allows it.
            let _ = self.file.set_permissions(old.permissions());
        }
        fs::rename(&self.path, &self.target).map_err(unwritten(&self.target))?;
        self.file.try_clone().map_err(unwritten(&self.target))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        abandon();
    }
}

/// The file that the bytes go to: a symbolic link is followed.
fn target(path: &Path) -> PathBuf {
    let name = || Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(name).unwrap_or_else(|| path.into())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A terminal, a pipe or a device, which cannot be replaced.
fn is_stream(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir())
}
