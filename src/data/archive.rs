//! Packed files: gzip, and the tar archive that CIFAR-10's binary version comes in. Unpacking stops at a limit, so that
//! a small file cannot fill the memory.

use super::cifar10;
use super::source::Input;
use crate::error::{Error, Result};
use flate2::bufread::MultiGzDecoder;
use std::io::{self, Read};

/// The most bytes that are unpacked of an archive; CIFAR-10's has about 184 million.
const ARCHIVE_LIMIT: u64 = 256 << 20;
/// Where a tar archive has the word `ustar`, in its first header.
const USTAR: std::ops::Range<usize> = 257..262;

pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Whether the bytes, packed or not, start like a tar archive.
pub fn is_tar(bytes: &[u8]) -> bool {
    let mut start = [0; USTAR.end];
    let read = if is_gzip(bytes) { MultiGzDecoder::new(bytes).read_exact(&mut start) } else { (&*bytes).read_exact(&mut start) };
    read.is_ok() && &start[USTAR] == b"ustar"
}

/// Unpacks a gzip file of at most `limit` bytes of content.
///
/// # Errors
/// Those of [`Input::problem`] with the byte near which the data is damaged, or [`Error::FileTooLarge`].
pub fn gunzip(file: &str, packed: Input<impl Read>, limit: u64) -> Result<Vec<u8>> {
    let mut decoder = MultiGzDecoder::new(packed);
    let mut bytes = Vec::new();
    let outcome = decoder.by_ref().take(limit + 1).read_to_end(&mut bytes);
    if bytes.len() as u64 > limit {
        return Err(Error::FileTooLarge { file: file.into(), found: bytes.len() as u64, limit });
    }
    outcome.map(|_| bytes).map_err(|e| decoder.get_ref().problem(file, &e))
}

/// Calls `take` with the name, without its folder, and the bytes of every batch file in a `.tar` or, `zipped`, a `.tar.gz`.
///
/// # Errors
/// What `take` answers, those of [`Input::problem`], [`Error::FileTooLarge`], [`Error::CifarOversized`], or
/// [`Error::ArchiveWithoutData`].
pub fn read_batches(
    file: &str,
    mut packed: Input<impl Read>,
    zipped: bool,
    mut take: impl FnMut(&str, Vec<u8>) -> Result<()>,
) -> Result<()> {
    let mut found = 0;
    let counted = |name: &str, bytes| {
        found += 1;
        take(name, bytes)
    };
    if zipped {
        let mut decoder = MultiGzDecoder::new(packed);
        let outcome = walk(file, &mut decoder, counted);
        outcome.map_err(|e| decoder.get_ref().problem(file, &e))??;
    } else {
        let outcome = walk(file, &mut packed, counted);
        outcome.map_err(|e| packed.problem(file, &e))??;
    }
    if found == 0 {
        return Err(Error::ArchiveWithoutData { file: file.into() });
    }
    Ok(())
}

/// The outer error is the reader's, the inner one has its own sentence.
fn walk(file: &str, reader: impl Read, mut take: impl FnMut(&str, Vec<u8>) -> Result<()>) -> io::Result<Result<()>> {
    let mut limited = reader.take(ARCHIVE_LIMIT + 1);
    let mut outcome = members(&mut limited, &mut take);
    if matches!(outcome, Ok(Ok(()))) {
        // What follows the last member is read too, since the checksum comes after it.
        outcome = io::copy(&mut limited, &mut io::sink()).map(|_| Ok(()));
    }
    if limited.limit() == 0 {
        return Ok(Err(Error::FileTooLarge { file: file.into(), found: ARCHIVE_LIMIT + 1, limit: ARCHIVE_LIMIT }));
    }
    outcome
}

fn members(reader: impl Read, take: &mut impl FnMut(&str, Vec<u8>) -> Result<()>) -> io::Result<Result<()>> {
    let mut archive = tar::Archive::new(reader);
    for member in archive.entries()? {
        let mut member = member?;
        let path = member.path()?.to_string_lossy().into_owned();
        let name = super::files::base_name(&path);
        if !member.header().entry_type().is_file() || !cifar10::is_batch_name(name) {
            continue;
        }
        let (size, most) = (member.size(), cifar10::BATCH_FILE as u64);
        if size > most {
            return Ok(Err(Error::CifarOversized { file: path, found: size, byte: most }));
        }
        let mut bytes = Vec::with_capacity(size as usize);
        member.read_to_end(&mut bytes)?;
        if bytes.len() as u64 != size {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("the archive ends within {name}")));
        }
        if let Err(error) = take(name, bytes) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

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

    fn names(packed: &[u8]) -> Result<Vec<(String, usize)>> {
        let mut names = vec![];
        read_batches("a", Input::new(packed), is_gzip(packed), |name, bytes| {
            names.push((name.to_string(), bytes.len()));
            Ok(())
        })?;
        Ok(names)
    }

    #[test]
    fn the_batch_files_of_an_archive_are_found() {
        let archive = tar(&[("c/readme.html", 10), ("c/data_batch_2.bin", 700), ("c/test_batch.bin", 5)]);
        assert!(is_tar(&archive) && is_tar(&gzip(&archive)) && !is_tar(&gzip(b"ustar")));
        let expected = vec![("data_batch_2.bin".into(), 700), ("test_batch.bin".into(), 5)];
        assert_eq!(names(&archive).unwrap(), expected);
        assert_eq!(names(&gzip(&archive)).unwrap(), expected);
        assert_eq!(names(&tar(&[("c/data_batch_2", 3)])), Err(Error::ArchiveWithoutData { file: "a".into() }));
    }

    #[test]
    fn damage_is_told_with_its_byte() {
        let archive = tar(&[("data_batch_1.bin", 3000)]);
        // The file is cut within the member, which has bytes 512 to 3512.
        assert!(matches!(names(&archive[..2000]), Err(Error::CompressedTruncated { byte: 2000, .. })));
        let packed = gzip(&archive);
        for cut in [20, packed.len() / 2, packed.len() - 1] {
            let error = names(&packed[..cut]).unwrap_err();
            assert!(matches!(error, Error::CompressedTruncated { byte, .. } if byte == cut as u64), "{error}");
        }
        let mut wrong_checksum = packed.clone();
        let end = packed.len();
        wrong_checksum[end - 6] ^= 1;
        assert!(matches!(names(&wrong_checksum), Err(Error::Compressed { byte, .. }) if byte == end as u64));
        assert!(matches!(gunzip("a", Input::new(&wrong_checksum[..]), 1 << 20), Err(Error::Compressed { .. })));
    }

    #[test]
    fn unpacking_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 1 << 20]);
        assert!(bomb.len() < 1 << 13);
        let too_large = Error::FileTooLarge { file: "a".into(), found: 1001, limit: 1000 };
        assert_eq!(gunzip("a", Input::new(&bomb[..]), 1000), Err(too_large));
        assert_eq!(gunzip("a", Input::new(&bomb[..]), 1 << 20).unwrap().len(), 1 << 20);
        // A header that announces more than a batch file has.
        let mut archive = tar(&[("data_batch_1.bin", 0)]);
        let mut header = tar::Header::from_byte_slice(&archive[..512]).clone();
        header.set_size(1 << 40);
        header.set_cksum();
        archive[..512].copy_from_slice(header.as_bytes());
        assert!(matches!(names(&archive), Err(Error::CifarOversized { found, .. }) if found == 1 << 40));
    }
}
