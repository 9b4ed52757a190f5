//! The IDX files of MNIST and Fashion-MNIST (<https://yann.lecun.org/exdb/mnist/>): big-endian, a magic number, then
//! images as (count, rows, columns) bytes or labels as (count) bytes.
//!
//! Grey becomes three equal channels; images smaller than 32x32 are centred on zeros (28 gets 2 on each side).

use super::{IMAGE, Images, SIDE};
use crate::error::{Error, Result};

/// Starts of a file: two zeros, 8 for unsigned bytes, the number of dimensions.
pub const IMAGES_MAGIC: [u8; 4] = [0, 0, 8, 3];
pub const LABELS_MAGIC: [u8; 4] = [0, 0, 8, 1];
/// The most images in a file, which is what MNIST has.
const MOST: u64 = 60_000;
/// The longest file that is read.
pub const LONGEST: u64 = 16 + MOST * (SIDE * SIDE) as u64;

/// What an IDX file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    Images,
    Labels,
}

impl Holds {
    /// What the first bytes say.
    pub fn of_magic(bytes: &[u8]) -> Option<Holds> {
        match bytes.first_chunk() {
            Some(&IMAGES_MAGIC) => Some(Holds::Images),
            Some(&LABELS_MAGIC) => Some(Holds::Labels),
            _ => None,
        }
    }

    /// What the name says: `train-images-idx3-ubyte`, `t10k-labels.idx1-ubyte`, ...
    pub fn of_name(name: &str) -> Option<Holds> {
        if !name.contains("idx") && !name.contains("ubyte") {
            None
        } else if name.contains("images") || name.contains("idx3") {
            Some(Holds::Images)
        } else if name.contains("labels") || name.contains("idx1") {
            Some(Holds::Labels)
        } else {
            None
        }
    }

    fn magic(self) -> [u8; 4] {
        match self {
            Holds::Images => IMAGES_MAGIC,
            Holds::Labels => LABELS_MAGIC,
        }
    }
}

/// Decodes a file that should hold `wanted`; the other half of the answer is empty.
///
/// # Errors
/// [`Error::EmptyFile`], [`Error::IdxMagic`], [`Error::IdxHeader`], [`Error::IdxTruncated`], [`Error::IdxOversized`] or
/// [`Error::IdxLabel`].
pub fn decode(file: &str, bytes: &[u8], wanted: Holds) -> Result<Images> {
    check_magic(file, bytes, wanted)?;
    let count = header(file, bytes, 4, "count", MOST)?;
    match wanted {
        Holds::Images => {
            let rows = header(file, bytes, 8, "rows", SIDE as u64)?;
            let columns = header(file, bytes, 12, "columns", SIDE as u64)?;
            let body = body(file, bytes, 16, count * rows * columns)?;
            Ok(Images { pixels: expand(body, count as usize, rows as usize, columns as usize), labels: vec![] })
        }
        Holds::Labels => {
            let labels = body(file, bytes, 8, count)?;
            if let Some(at) = labels.iter().position(|label| *label > 9) {
                let label = u32::from(labels[at]);
                return Err(Error::IdxLabel { file: file.into(), byte: 8 + at as u64, label, most: 9 });
            }
            Ok(Images { pixels: vec![], labels: labels.to_vec() })
        }
    }
}

fn check_magic(file: &str, bytes: &[u8], wanted: Holds) -> Result<()> {
    if bytes.is_empty() {
        return Err(Error::EmptyFile { file: file.into() });
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let found = &bytes[..bytes.len().min(4)];
    if found != wanted.magic() {
        let holds = match wanted {
            Holds::Images => "images",
            Holds::Labels => "labels",
        };
        let (found, magic) = (hex(found), hex(&wanted.magic()));
        return Err(Error::IdxMagic { file: file.into(), found, holds: holds.into(), magic });
    }
    Ok(())
}

/// The number at `byte` of the header, in `1..=most`.
fn header(file: &str, bytes: &[u8], byte: usize, field: &str, most: u64) -> Result<u64> {
    let Some(word) = bytes.get(byte..byte + 4).and_then(|word| word.first_chunk()) else {
        return Err(Error::IdxTruncated { file: file.into(), announced: byte as u64 + 4, found: bytes.len() as u64 });
    };
    let found = u64::from(u32::from_be_bytes(*word));
    if !(1..=most).contains(&found) {
        return Err(Error::IdxHeader { file: file.into(), byte: byte as u64, field: field.into(), found, most });
    }
    Ok(found)
}

/// The `length` bytes after the header; the file must end there.
fn body<'a>(file: &str, bytes: &'a [u8], start: usize, length: u64) -> Result<&'a [u8]> {
    let (announced, found) = (start as u64 + length, bytes.len() as u64);
    match found.cmp(&announced) {
        std::cmp::Ordering::Less => Err(Error::IdxTruncated { file: file.into(), announced, found }),
        std::cmp::Ordering::Greater => Err(Error::IdxOversized { file: file.into(), announced, found }),
        std::cmp::Ordering::Equal => Ok(&bytes[start..]),
    }
}

/// (count, rows, columns) to (count, 32, 32, 3).
fn expand(grey: &[u8], count: usize, rows: usize, columns: usize) -> Vec<u8> {
    let (top, left) = ((SIDE - rows) / 2, (SIDE - columns) / 2);
    let mut pixels = vec![0; count * IMAGE];
    for (row, line) in grey.chunks_exact(columns).enumerate() {
        let (image, y) = (row / rows, row % rows + top);
        let start = image * IMAGE + (y * SIDE + left) * 3;
        for (pixel, byte) in pixels[start..].chunks_exact_mut(3).zip(line) {
            pixel.fill(*byte);
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(count: u32, rows: u32, columns: u32, body: usize) -> Vec<u8> {
        let numbers = [count, rows, columns].into_iter().flat_map(u32::to_be_bytes);
        IMAGES_MAGIC.into_iter().chain(numbers).chain((0..body).map(|i| (i % 251) as u8 + 1)).collect()
    }

    fn labels(labels: &[u8]) -> Vec<u8> {
        LABELS_MAGIC.into_iter().chain((labels.len() as u32).to_be_bytes()).chain(labels.iter().copied()).collect()
    }

    #[test]
    fn grey_is_centred_and_tripled() {
        let decoded = decode("f", &images(2, 28, 28, 2 * 784), Holds::Images).unwrap();
        assert_eq!(decoded.pixels.len(), 2 * IMAGE);
        for y in 0..SIDE {
            for x in 0..SIDE {
                let inside = (2..30).contains(&y) && (2..30).contains(&x);
                let grey = if inside { ((784 + (y - 2) * 28 + x - 2) % 251) as u8 + 1 } else { 0 };
                assert_eq!(decoded.pixels[IMAGE + (y * SIDE + x) * 3..][..3], [grey; 3], "({y}, {x})");
            }
        }
        assert_eq!(decode("f", &labels(&[7, 0, 9]), Holds::Labels).unwrap().labels, [7, 0, 9]);
    }

    #[test]
    fn errors_name_the_byte() {
        let good = images(2, 3, 4, 24);
        let file = || "f".to_string();
        let error = |bytes: &[u8], holds| decode("f", bytes, holds).unwrap_err();
        assert_eq!(error(&good[..39], Holds::Images), Error::IdxTruncated { file: file(), announced: 40, found: 39 });
        assert_eq!(error(&good[..10], Holds::Images), Error::IdxTruncated { file: file(), announced: 12, found: 10 });
        let long = [&good[..], &[0]].concat();
        assert_eq!(error(&long, Holds::Images), Error::IdxOversized { file: file(), announced: 40, found: 41 });
        assert!(matches!(error(&good, Holds::Labels), Error::IdxMagic { found, .. } if found == "00 00 08 03"));
        assert!(matches!(error(&good[..2], Holds::Images), Error::IdxMagic { found, .. } if found == "00 00"));
        let header = |bytes: &[u8]| match error(bytes, Holds::Images) {
            Error::IdxHeader { byte, found, .. } => (byte, found),
            other => panic!("{other}"),
        };
        assert_eq!(header(&images(u32::MAX, 28, 28, 0)), (4, u64::from(u32::MAX)));
        assert_eq!(header(&images(1, 33, 28, 0)), (8, 33));
        assert_eq!(header(&images(1, 28, 0, 0)), (12, 0));
        let label = Error::IdxLabel { file: file(), byte: 9, label: 10, most: 9 };
        assert_eq!(error(&labels(&[9, 10]), Holds::Labels), label);
    }
}
