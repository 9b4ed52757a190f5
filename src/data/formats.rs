//! Files that the lab does not read. They are recognised by their first bytes, so that each error can say what to do instead.

use super::names;
use crate::error::Error;

/// Bytes of an image of STL-10, (3, 96, 96).
const STL_10: u64 = 3 * 96 * 96;

/// What a file is, judged by its first bytes, its path and, if known, its length; `None` for one that the lab may read. `file` is
/// its name in messages.
pub fn refusal(file: &str, path: &str, start: &[u8], length: Option<u64>) -> Option<Error> {
    let (file, name) = (file.to_string(), names::plain(path));
    if let Some(format) = packing(start) {
        return Some(match zipped(start) {
            Some(member) if member.ends_with(b".npy") => Error::Numpy { file },
            Some(member) if member.ends_with(b"data.pkl") => Error::Pickle { file },
            _ => Error::Packed { file, format: format.into() },
        });
    }
    let begins = |starts: &[&[u8]]| starts.iter().any(|bytes| start.starts_with(bytes));
    let text = start.trim_ascii_start().to_ascii_lowercase();
    if begins(&[b"\x93NUMPY"]) {
        Some(Error::Numpy { file })
    } else if matches!(start, [0x80, 2..=5, ..]) || begins(&[b"(dp", b"(lp"]) {
        Some(Error::Pickle { file })
    } else if begins(&[b"MATLAB 5.0 MAT-file", b"MATLAB 7"]) {
        Some(Error::Matlab { file })
    } else if begins(&[b"PAR1"]) {
        Some(Error::Parquet { file })
    } else if begins(&[b"\x89HDF\r\n\x1a\n"]) {
        Some(Error::Hdf5 { file })
    } else if begins(&[b"version https://git-lfs"]) {
        Some(Error::LfsPointer { file })
    } else if [&b"<!doctype"[..], b"<html", b"<?xml"].iter().any(|start| text.starts_with(start)) {
        Some(Error::WebPage { file })
    } else if is_stl_10(&name, length) {
        Some(Error::Stl10 { file })
    } else if is_table(&name, start) {
        Some(Error::Table { file })
    } else {
        None
    }
}

/// Whether the name is that of a picture, so that thousands of files need not be opened.
pub fn is_picture_name(path: &str) -> bool {
    let ends = [".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".avif", ".heic"];
    let name = names::plain(path);
    ends.iter().any(|end| name.ends_with(end))
}

pub fn is_picture(start: &[u8]) -> bool {
    match start {
        [0xff, 0xd8, 0xff, ..] | [0x89, b'P', b'N', b'G', ..] | [b'G', b'I', b'F', b'8', ..] => true,
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] | [b'P', b'2'..=b'6', b'\n' | b' ', ..] => true,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => true,
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => true,
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
            ["avif", "heic", "mif1"].iter().any(|b| brand.starts_with(b.as_bytes()))
        }
        _ => false,
    }
}

/// The format of a packed file. Gzip, tar and zip are unpacked, but not what is packed again inside.
fn packing(start: &[u8]) -> Option<&'static str> {
    let starts: [(&[u8], &str); 9] = [
        (b"\x1f\x8b", "gzip"),
        (b"PK\x03\x04", "ZIP"),
        (b"PK\x05\x06", "ZIP"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"\xfd7zXZ\0", "XZ"),
        (b"BZh", "bzip2"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"\x1f\x9d", "compress"),
    ];
    starts.iter().find(|(bytes, _)| start.starts_with(bytes)).map(|(_, format)| *format)
}

/// Whether a zip archive is one of files, and not a format that is packed as one.
pub fn is_archive(file: &str, start: &[u8]) -> bool {
    matches!(refusal(file, file, start, None), Some(Error::Packed { .. }))
}

/// The name of the first file in a zip archive.
fn zipped(start: &[u8]) -> Option<&[u8]> {
    let length = usize::from(u16::from_le_bytes(*start.get(26..28)?.first_chunk()?));
    start.get(30..30 + length)
}

/// By name, since one file has only pixels and another only labels.
fn is_stl_10(name: &str, length: Option<u64>) -> bool {
    match name.trim_end_matches(".gz") {
        "train_x.bin" | "test_x.bin" | "unlabeled_x.bin" => length.is_none_or(|length| length.is_multiple_of(STL_10)),
        "train_y.bin" | "test_y.bin" => true,
        _ => false,
    }
}

/// Text with columns.
fn is_table(name: &str, start: &[u8]) -> bool {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or(start);
    let is_text = line.iter().all(|byte| (b' '..0x7f).contains(byte) || matches!(byte, b'\t' | b'\r'))
        && line.iter().any(u8::is_ascii_alphanumeric);
    let columns = line.iter().filter(|byte| matches!(byte, b',' | b'\t' | b';')).count();
    is_text && (columns > 1 || columns > 0 && [".csv", ".tsv"].iter().any(|end| name.trim_end_matches(".gz").ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &str, start: &[u8], length: u64) -> String {
        let Some(error) = refusal(path, path, start, Some(length)) else { return String::new() };
        serde_json::to_value(error).unwrap()["code"].as_str().unwrap().into()
    }

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        let zip = |member: &str| [b"PK\x03\x04".as_slice(), &[0; 22], &[member.len() as u8, 0, 0, 0], member.as_bytes()].concat();
        let expected: [(&str, &[u8]); 17] = [
            ("numpy", b"\x93NUMPY\x01\0"),
            ("numpy", &zip("x_test.npy")),
            ("pickle", &zip("mnist/data.pkl")),
            ("pickle", b"\x80\x02}q\x01(U\x0bbatch_label"),
            ("packed", &zip("t10k-images-idx3-ubyte")),
            ("packed", b"7z\xbc\xaf\x27\x1c\0\x04"),
            ("packed", b"\xfd7zXZ\0"),
            ("matlab", b"MATLAB 5.0 MAT-file, Platform: GLNXA64"),
            ("matlab", b"MATLAB 7.3 MAT-file"),
            ("parquet", b"PAR1\x15\x04"),
            ("hdf5", b"\x89HDF\r\n\x1a\n"),
            ("lfs_pointer", b"version https://git-lfs.github.com/spec/v1\n"),
            ("web_page", b"\n<!DOCTYPE html>\n<html>"),
            ("web_page", b"<?xml version=\"1.0\"?><Error>"),
            ("table", b"label,pixel0,pixel1\n5,0,0\n"),
            ("table", b"5,0,0,0,0\r\n0,0"),
            ("", b"\0\0\x08\x03\0\0\0\x01"),
        ];
        for (wanted, start) in expected {
            assert_eq!(code("some file", start, 999), wanted, "{:?}", String::from_utf8_lossy(start));
        }
        assert_eq!(code("id.csv", b"id,label\n", 9), "table");
        assert_eq!(code("STL10/train_X.bin", &[200; 99], 138_240_000), "stl10");
        assert_eq!(code("train_y.bin", &[1, 10], 5000), "stl10");
    }
}
