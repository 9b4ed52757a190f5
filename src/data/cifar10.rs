//! The binary version of CIFAR-10: `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, 10,000 records each.
//!
//! A record has 3073 bytes: the label, then 1024 bytes of red, of green and of blue, each 32 rows of 32
//! (<https://www.cs.toronto.edu/~kriz/cifar.html>).

use super::{Dataset, IMAGE, Images, Normalisation, SIDE};
use crate::error::{Error, Result};

pub const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
/// Mean and standard deviation of each channel over the 50,000 training images, on the scale 0 to 1.
pub const NORMALISATION: Normalisation = Normalisation { mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616] };
/// Bytes of a record.
pub const RECORD: usize = 1 + IMAGE;
/// Bytes of a whole batch file; a file may have fewer records, but not more.
pub const BATCH_FILE: usize = 10_000 * RECORD;

/// Whether `name`, without its folder, is that of a batch file.
pub fn is_batch_name(name: &str) -> bool {
    name == "test_batch.bin" || (1..=5).any(|i| name == format!("data_batch_{i}.bin"))
}

/// Whether a file that begins with `start` and has `length` bytes, if known, can consist of records.
pub fn may_be_records(start: &[u8], length: Option<u64>) -> bool {
    length.is_none_or(|length| length.is_multiple_of(RECORD as u64)) && start.iter().step_by(RECORD).all(|label| *label < 10)
}

/// Whether the bytes are records, for a file whose name does not say.
pub fn looks_like_records(bytes: &[u8]) -> bool {
    !bytes.is_empty() && may_be_records(bytes, Some(bytes.len() as u64))
}

/// The images of a file of records.
///
/// # Errors
/// [`Error::CifarTruncated`] or [`Error::CifarLabel`].
pub fn decode(file: &str, bytes: &[u8]) -> Result<Images> {
    let found = bytes.len() as u64;
    // The labels are checked first: they tell a file of another kind from a truncated one.
    for (record, byte) in bytes.iter().step_by(RECORD).enumerate() {
        if usize::from(*byte) >= CLASSES.len() {
            return Err(Error::CifarLabel { file: file.into(), byte: (record * RECORD) as u64, label: u32::from(*byte) });
        }
    }
    if !bytes.len().is_multiple_of(RECORD) {
        return Err(Error::CifarTruncated { file: file.into(), found, record: found / RECORD as u64, byte: found });
    }
    let mut images = Images { pixels: Vec::with_capacity(bytes.len() / RECORD * IMAGE), labels: vec![] };
    for record in bytes.chunks_exact(RECORD) {
        images.labels.push(record[0]);
        interleave(&record[1..], &mut images.pixels);
    }
    Ok(images)
}

/// (3, 32, 32) to (32, 32, 3).
pub fn interleave(planes: &[u8], pixels: &mut Vec<u8>) {
    let (red, rest) = planes.split_at(SIDE * SIDE);
    let (green, blue) = rest.split_at(SIDE * SIDE);
    for ((r, g), b) in red.iter().zip(green).zip(blue) {
        pixels.extend_from_slice(&[*r, *g, *b]);
    }
}

/// `images` as a batch file.
pub fn encode(images: &Images) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(images.len() * RECORD);
    for (index, label) in images.labels.iter().enumerate() {
        bytes.push(*label);
        for channel in 0..3 {
            bytes.extend(images.image(index).iter().skip(channel).step_by(3));
        }
    }
    bytes
}

impl Dataset {
    /// The built-in data set before its first shard: 10,000 training and 2,000 test images to come.
    pub fn cifar10() -> Dataset {
        Dataset::to_come("CIFAR-10", &CLASSES, NORMALISATION, 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(labels: &[u8]) -> Vec<u8> {
        let record = |label: &u8| {
            let planes = [10, 20, 30].map(|base| (0..1024).map(move |i| base + (i / 32) as u8));
            [*label].into_iter().chain(planes.into_iter().flatten()).collect::<Vec<u8>>()
        };
        labels.iter().flat_map(record).collect()
    }

    #[test]
    fn planes_become_pixels() {
        let bytes = records(&[3, 9]);
        let images = decode("f", &bytes).unwrap();
        assert_eq!(images.labels, [3, 9]);
        // Row 5 of the second image.
        assert_eq!(images.image(1)[5 * 96..][..6], [15, 25, 35, 15, 25, 35]);
        assert_eq!(encode(&images), bytes);
        assert!(looks_like_records(&bytes) && !looks_like_records(&bytes[1..]) && !looks_like_records(&[]));
    }

    #[test]
    fn errors_name_the_byte() {
        let bytes = records(&[1, 2]);
        let file = || "f".to_string();
        let cut = Error::CifarTruncated { file: file(), found: 3100, record: 1, byte: 3100 };
        assert_eq!(decode("f", &bytes[..3100]), Err(cut));
        assert_eq!(decode("f", &records(&[1, 10])), Err(Error::CifarLabel { file: file(), byte: 3073, label: 10 }));
    }
}
