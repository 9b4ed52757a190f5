//! Packed files: gzip, tar archives such as that of CIFAR-10's binary version, and zip archives. Unpacking stops at a limit, so a
//! small file cannot keep the lab busy without end; what is kept in memory has narrower limits of its own.

use super::source::problem;
use crate::error::{Error, Result};
use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive};
use std::cell::Cell;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

/// The most bytes that are unpacked from an archive; CIFAR-10's has about 184 million, ten thousand photographs some 500 million.
const ARCHIVE_LIMIT: u64 = 2 << 30;
/// Bytes of a packed file that are read at a time.
const PIECE: u64 = 256 << 10;
/// Where a tar archive has the word `ustar`, in its first header.
const USTAR: std::ops::Range<usize> = 257..262;

pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Whether the bytes start like a tar archive.
pub fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(USTAR) == Some(b"ustar")
}

pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Called with the path, length and content of a file in an archive.
pub type Take<'a> = dyn FnMut(&str, u64, &mut dyn Read) -> io::Result<Result<()>> + 'a;

/// Calls `take` with every file in a tar archive. The outer error is the reader's.
///
/// # Errors
/// Those of `take`, and [`Error::FileTooLarge`].
pub fn members(file: &str, reader: &mut dyn Read, take: &mut Take) -> io::Result<Result<()>> {
    let mut limited = reader.take(ARCHIVE_LIMIT + 1);
    let mut outcome = walk(&mut limited, take);
    if matches!(outcome, Ok(Ok(()))) {
        // The bytes after the last member are read too, because the checksum follows them.
        outcome = io::copy(&mut limited, &mut io::sink()).map(|_| Ok(()));
    }
    if limited.limit() == 0 {
        return Ok(Err(too_large(file)));
    }
    outcome
}

fn too_large(file: &str) -> Error {
    Error::FileTooLarge { file: file.into(), found: ARCHIVE_LIMIT + 1, limit: ARCHIVE_LIMIT }
}

fn walk(reader: impl Read, take: &mut Take) -> io::Result<Result<()>> {
    let mut archive = tar::Archive::new(reader);
    for member in archive.entries()? {
        let member = member?;
        if !member.header().entry_type().is_file() {
            continue;
        }
        let (path, size) = (member.path()?.to_string_lossy().into_owned(), member.size());
        if let Err(error) = take(&path, size, &mut Whole { content: member, left: size })? {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// A zip archive. Its list of files stands at its end, so it is read from a file that can seek.
pub struct Zip<R> {
    content: Option<R>,
    read: Rc<Reached>,
}

/// How far an archive was read, and whether the file itself could not be read.
#[derive(Default)]
struct Reached {
    byte: Cell<u64>,
    failed: Cell<bool>,
}

impl<R: Read + Seek> Zip<R> {
    pub fn new(content: R) -> Zip<R> {
        Zip { content: Some(content), read: Rc::default() }
    }

    /// [`members`] of this archive.
    pub fn members(&mut self, file: &str, take: &mut Take) -> io::Result<Result<()>> {
        let content = self.content.take().expect("an archive is read once");
        let content = Watched { content, position: 0, read: self.read.clone() };
        let (mut buffer, mut left) = (vec![0; RECOMMENDED_BUFFER_SIZE], ARCHIVE_LIMIT);
        let archive = ZipArchive::from_seekable(content, &mut buffer).map_err(damaged)?;
        let mut entries = archive.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().map_err(damaged)? {
            if entry.is_dir() {
                continue;
            }
            let packed = |format: &str| Ok(Err(Error::Packed { file: file.into(), format: format.into() }));
            if entry.flags().is_encrypted() {
                return packed("ZIP, with a password");
            }
            let (path, size) = (String::from_utf8_lossy(entry.file_path().as_ref()).into_owned(), entry.uncompressed_size_hint());
            left = left.saturating_sub(size);
            if left == 0 {
                return Ok(Err(too_large(file)));
            }
            let local = archive.get_entry(entry.wayfinder()).map_err(damaged)?;
            let piece = entry.compressed_size_hint().clamp(1, PIECE) as usize;
            let reader = BufReader::with_capacity(piece, local.reader());
            let content: Box<dyn Read> = match entry.compression_method() {
                CompressionMethod::STORE => Box::new(local.verifying_reader(reader)),
                CompressionMethod::DEFLATE => Box::new(local.verifying_reader(DeflateDecoder::new(reader))),
                other => return packed(&format!("ZIP, {}", other.name().unwrap_or("?"))),
            };
            if let Err(error) = take(&path, size, &mut Whole { content: content.take(size), left: size })? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// The error to report when reading ended with `error`.
    pub fn problem(&self, file: &str, error: &io::Error) -> Error {
        problem(file, self.read.byte.get(), self.read.failed.get(), error)
    }
}

fn damaged(error: rawzip::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Notes how far it has been read.
struct Watched<R> {
    content: R,
    position: u64,
    read: Rc<Reached>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer).inspect_err(|_| self.read.failed.set(true))?;
        self.position += count as u64;
        self.read.byte.set(self.position);
        Ok(count)
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.content.seek(to)?;
        Ok(self.position)
    }
}

/// A file that must be as long as its archive says.
struct Whole<R> {
    content: R,
    left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.left = self.left.saturating_sub(count as u64);
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends inside a file"));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar(members: &[(&str, usize)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, size) in members {
            let mut header = tar::Header::new_ustar();
            header.set_size(*size as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, &vec![7; *size][..]).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn names(mut archive: &[u8]) -> io::Result<Vec<(String, usize)>> {
        let mut names = vec![];
        let outcome = members("a", &mut archive, &mut |name, size, content| {
            let mut bytes = vec![];
            content.read_to_end(&mut bytes)?;
            assert_eq!(bytes.len() as u64, size);
            names.push((name.to_string(), bytes.len()));
            Ok(Ok(()))
        })?;
        outcome.unwrap();
        Ok(names)
    }

    #[test]
    fn the_files_of_an_archive_are_found() {
        let archive = tar(&[("c/readme.html", 10), ("c/data_batch_2.bin", 700)]);
        assert!(is_tar(&archive) && !is_tar(b"ustar"));
        assert_eq!(names(&archive).unwrap(), [("c/readme.html".into(), 10), ("c/data_batch_2.bin".into(), 700)]);
    }

    #[test]
    fn an_archive_that_ends_within_a_file_is_told() {
        // The member has bytes 512 to 3512.
        let archive = tar(&[("data_batch_1.bin", 3000)]);
        assert_eq!(names(&archive[..2000]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn unpacking_stops_at_the_limit() {
        let mut archive = tar(&[("a", 0)]);
        let mut header = tar::Header::from_byte_slice(&archive[..512]).clone();
        header.set_size(1 << 40);
        header.set_cksum();
        archive[..512].copy_from_slice(header.as_bytes());
        archive.truncate(512);
        let mut endless = (&archive[..]).chain(io::repeat(0));
        let outcome = members("a", &mut endless, &mut |_, _, content| io::copy(content, &mut io::sink()).map(|_| Ok(())));
        assert!(matches!(outcome.unwrap(), Err(Error::FileTooLarge { limit: ARCHIVE_LIMIT, .. })));
    }
}
