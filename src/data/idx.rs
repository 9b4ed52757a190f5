//! The IDX files of MNIST and similar sets (<https://yann.lecun.org/exdb/mnist/>): big-endian, a magic number, then images as
//! (count, rows, columns) bytes or labels as (count) bytes. QMNIST's labels are (count, 8) integers, with the class first
//! (<https://github.com/facebookresearch/qmnist>).
//!
//! Grey becomes three equal channels. Images smaller than 32x32 are centred on zeros: 28x28 gets 2 on each side.

use super::emnist::Emnist;
use super::{IMAGE, MOST, SIDE, is_kept};
use crate::error::{Error, Result};
use std::io::{self, Read};

/// The start of a file: two zeros, 8 for unsigned bytes or 12 for four-byte integers, the number of dimensions.
const IMAGES_MAGIC: [u8; 4] = [0, 0, 8, 3];
const LABELS_MAGIC: [u8; 4] = [0, 0, 8, 1];
const INTEGERS_MAGIC: [u8; 4] = [0, 0, 12, 2];
/// Integers per image in QMNIST's labels.
const INTEGERS: u64 = 8;
/// The most items in a file. If there are more than [`MOST`], some are skipped.
const MOST_ITEMS: u64 = 1_000_000;
/// The most bytes that are counted after the announced ones.
const MOST_REST: u64 = 1 << 30;

/// What an IDX file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    Images,
    Labels,
}

impl Holds {
    /// What the first bytes say, even for a type that is not read.
    pub fn of_magic(bytes: &[u8]) -> Option<Holds> {
        match bytes.first_chunk() {
            Some(&INTEGERS_MAGIC) => Some(Holds::Labels),
            Some([0, 0, 8 | 9 | 11..=14, 1]) => Some(Holds::Labels),
            Some([0, 0, 8 | 9 | 11..=14, 3 | 4]) => Some(Holds::Images),
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

/// The kept part of an IDX file.
#[derive(Debug, PartialEq)]
pub struct Idx {
    pub holds: Holds,
    /// Items in the file.
    pub count: usize,
    rows: usize,
    columns: usize,
    /// Labels of four bytes each.
    pub integers: bool,
    /// The kept items: grey levels, (n, rows, columns), or labels from 0, (n).
    pub bytes: Vec<u8>,
}

/// Reads a file that should hold `wanted`. The outer error is the reader's.
///
/// # Errors
/// [`Error::EmptyFile`], [`Error::IdxMagic`], [`Error::IdxHeader`], [`Error::IdxTruncated`], [`Error::IdxOversized`] or
/// [`Error::IdxLabel`].
pub fn read(file: &str, wanted: Holds, emnist: Option<Emnist>, reader: &mut dyn Read) -> io::Result<Result<Idx>> {
    let mut items = Items { file, reader, found: 0 };
    let magic = items.take(4)?;
    if let Err(error) = check_magic(file, &magic, wanted) {
        return Ok(Err(error));
    }
    let integers = magic == INTEGERS_MAGIC;
    let fields: &[(&str, u64, u64)] = match wanted {
        Holds::Images => &[("count", 1, MOST_ITEMS), ("rows", 1, SIDE as u64), ("columns", 1, SIDE as u64)],
        Holds::Labels if integers => &[("count", 1, MOST_ITEMS), ("columns", INTEGERS, INTEGERS)],
        Holds::Labels => &[("count", 1, MOST_ITEMS)],
    };
    let mut numbers = Vec::new();
    for (field, least, most) in fields {
        match items.number(field, *least, *most)? {
            Ok(number) => numbers.push(number as usize),
            Err(error) => return Ok(Err(error)),
        }
    }
    let size = numbers[1..].iter().product::<usize>() * if integers { 4 } else { 1 };
    let count = numbers[0];
    let (rows, columns) = if wanted == Holds::Images { (numbers[1], numbers[2]) } else { (1, 1) };
    let mut bytes = Vec::new();
    let announced = items.found + (count * size) as u64;
    for index in 0..count {
        let at = items.found;
        let item = items.take(size)?;
        if item.len() < size {
            return Ok(Err(Error::IdxTruncated { file: file.into(), announced, found: items.found }));
        }
        let kept = is_kept(index, count);
        match wanted {
            Holds::Images if kept => bytes.extend_from_slice(&item),
            Holds::Images => {}
            Holds::Labels => match label(file, at, &item, emnist) {
                Ok(label) if kept => bytes.push(label),
                Ok(_) => {}
                Err(error) => return Ok(Err(error)),
            },
        }
    }
    // The remaining bytes are read too: the checksum of a packed file comes after them.
    let found = announced + io::copy(&mut items.reader.take(MOST_REST), &mut io::sink())?;
    Ok(if found > announced {
        Err(Error::IdxOversized { file: file.into(), announced, found })
    } else {
        Ok(Idx { holds: wanted, count, rows, columns, integers, bytes })
    })
}

impl Idx {
    /// The kept images: (n, 32, 32, 3). `transposed` ones are stored column by column.
    pub fn pixels(&self, transposed: bool) -> Vec<u8> {
        let (rows, columns) = if transposed { (self.columns, self.rows) } else { (self.rows, self.columns) };
        let (top, left) = ((SIDE - rows) / 2, (SIDE - columns) / 2);
        let mut pixels = vec![0; self.count.min(MOST) * IMAGE];
        for (grey, image) in self.bytes.chunks_exact(rows * columns).zip(pixels.chunks_exact_mut(IMAGE)) {
            for (at, byte) in grey.iter().enumerate() {
                let (y, x) = if transposed { (at % rows, at / rows) } else { (at / columns, at % columns) };
                image[((y + top) * SIDE + x + left) * 3..][..3].fill(*byte);
            }
        }
        pixels
    }
}

/// Reads a file item by item.
struct Items<'a> {
    file: &'a str,
    reader: &'a mut dyn Read,
    /// Bytes read so far.
    found: u64,
}

impl Items<'_> {
    /// The next `size` bytes, or fewer where the file ends.
    fn take(&mut self, size: usize) -> io::Result<Vec<u8>> {
        let mut item = Vec::with_capacity(size);
        self.reader.take(size as u64).read_to_end(&mut item)?;
        self.found += item.len() as u64;
        Ok(item)
    }

    /// The next number of the header, in `least..=most`.
    fn number(&mut self, field: &str, least: u64, most: u64) -> io::Result<Result<u64>> {
        let (file, byte) = (String::from(self.file), self.found);
        let word = self.take(4)?;
        let Some(word) = word.first_chunk() else {
            return Ok(Err(Error::IdxTruncated { file, announced: byte + 4, found: self.found }));
        };
        let found = u64::from(u32::from_be_bytes(*word));
        if (least..=most).contains(&found) {
            return Ok(Ok(found));
        }
        Ok(Err(Error::IdxHeader { file, byte, field: field.into(), found, least, most }))
    }
}

/// The label in `item`, which is at `byte` of the file.
fn label(file: &str, byte: u64, item: &[u8], emnist: Option<Emnist>) -> Result<u8> {
    let label = item.first_chunk().map_or(u32::from(item[0]), |word| u32::from_be_bytes(*word));
    let (least, classes) = emnist.map_or((0, 10), |set| (set.first_label(), set.classes().len() as u8));
    let (least, most) = (u32::from(least), u32::from(least + classes - 1));
    if !(least..=most).contains(&label) {
        return Err(Error::IdxLabel { file: file.into(), byte, label, least, most });
    }
    Ok((label - least) as u8)
}

fn check_magic(file: &str, found: &[u8], wanted: Holds) -> Result<()> {
    if found.is_empty() {
        return Err(Error::EmptyFile { file: file.into() });
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    if found != wanted.magic() && !(wanted == Holds::Labels && found == INTEGERS_MAGIC) {
        let holds = match wanted {
            Holds::Images => "images",
            Holds::Labels => "labels",
        };
        let (found, magic) = (hex(found), hex(&wanted.magic()));
        return Err(Error::IdxMagic { file: file.into(), found, holds: holds.into(), magic });
    }
    Ok(())
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

    fn decode(mut bytes: &[u8], holds: Holds) -> Result<Idx> {
        read("f", holds, None, &mut bytes).unwrap()
    }

    #[test]
    fn grey_is_centred_and_tripled() {
        let decoded = decode(&images(2, 28, 28, 2 * 784), Holds::Images).unwrap().pixels(false);
        assert_eq!(decoded.len(), 2 * IMAGE);
        for y in 0..SIDE {
            for x in 0..SIDE {
                let inside = (2..30).contains(&y) && (2..30).contains(&x);
                let grey = if inside { ((784 + (y - 2) * 28 + x - 2) % 251) as u8 + 1 } else { 0 };
                assert_eq!(decoded[IMAGE + (y * SIDE + x) * 3..][..3], [grey; 3], "({y}, {x})");
            }
        }
        assert_eq!(decode(&labels(&[7, 0, 9]), Holds::Labels).unwrap().bytes, [7, 0, 9]);
    }

    #[test]
    fn a_transposed_image_is_turned_upright() {
        // Stored as two columns of three.
        let turned = decode(&images(1, 2, 3, 6), Holds::Images).unwrap().pixels(true);
        let upright = [[1, 4], [2, 5], [3, 6]];
        for (y, row) in upright.iter().enumerate() {
            for (x, grey) in row.iter().enumerate() {
                // (32 - 3) / 2 rows above, (32 - 2) / 2 columns beside.
                assert_eq!(turned[((y + 14) * SIDE + x + 15) * 3], *grey, "({y}, {x})");
            }
        }
        assert_eq!(turned.iter().filter(|byte| **byte > 0).count(), 18);
    }

    #[test]
    fn labels_are_also_the_first_of_eight_integers() {
        let rows: [[u32; 8]; 2] = [[7, 1, 2, 3, 4, 5, 6, 0], [0, 3, 2078, 9, 1, 1, 0, 0]];
        let body = rows.into_iter().flatten().flat_map(u32::to_be_bytes);
        let header = INTEGERS_MAGIC.into_iter().chain([2, 8].into_iter().flat_map(u32::to_be_bytes));
        let mut file: Vec<u8> = header.chain(body).collect();
        let read = |file: &[u8]| decode(file, Holds::Labels);
        assert_eq!(read(&file).map(|idx| (idx.bytes, idx.integers)), Ok((vec![7, 0], true)));
        file[12 + 32 + 3] = 10;
        assert!(matches!(read(&file), Err(Error::IdxLabel { byte: 44, label: 10, most: 9, .. })));
        file[11] = 5;
        assert!(matches!(read(&file), Err(Error::IdxHeader { byte: 8, found: 5, least: 8, most: 8, .. })));
    }

    #[test]
    fn of_many_items_some_are_kept_spread_evenly() {
        let bytes: Vec<u8> = (0..150_000u32).map(|i| (i * 10 / 150_000) as u8).collect();
        let read = decode(&labels(&bytes), Holds::Labels).unwrap();
        assert_eq!((read.count, read.bytes.len()), (150_000, MOST));
        for label in 0..10 {
            assert_eq!(read.bytes.iter().filter(|kept| **kept == label).count(), MOST / 10, "{label}");
        }
    }

    #[test]
    fn errors_name_the_byte() {
        let good = images(2, 3, 4, 24);
        let file = || "f".to_string();
        let error = |bytes: &[u8], holds| decode(bytes, holds).unwrap_err();
        assert_eq!(error(&[], Holds::Images), Error::EmptyFile { file: file() });
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
        let label = Error::IdxLabel { file: file(), byte: 9, label: 10, least: 0, most: 9 };
        assert_eq!(error(&labels(&[9, 10]), Holds::Labels), label);
    }
}
