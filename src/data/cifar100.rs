//! The binary version of CIFAR-100: `train.bin` and `test.bin`, with the 100 fine classes.
//!
//! A record has 3074 bytes: the label among 20 coarse classes, the label among 100 fine ones, then an image as in [`super::cifar10`]
//! (<https://www.cs.toronto.edu/~kriz/cifar.html>).

use super::cifar10::{self, interleave};
use super::{IMAGE, Images};
use crate::error::{Error, Result};

/// Bytes of a record.
pub const RECORD: usize = 2 + IMAGE;
const COARSE: u8 = 20;

/// The fine classes, in the order of their labels.
const NAMES: &str = "apple, aquarium fish, baby, bear, beaver, bed, bee, beetle, bicycle, bottle, bowl, boy, bridge, bus, butterfly, camel, \
    can, castle, caterpillar, cattle, chair, chimpanzee, clock, cloud, cockroach, couch, crab, crocodile, cup, dinosaur, \
    dolphin, elephant, flatfish, forest, fox, girl, hamster, house, kangaroo, keyboard, lamp, lawn mower, leopard, lion, \
    lizard, lobster, man, maple tree, motorcycle, mountain, mouse, mushroom, oak tree, orange, orchid, otter, palm tree, \
    pear, pickup truck, pine tree, plain, plate, poppy, porcupine, possum, rabbit, raccoon, ray, road, rocket, rose, sea, \
    seal, shark, shrew, skunk, skyscraper, snail, snake, spider, squirrel, streetcar, sunflower, sweet pepper, table, \
    tank, telephone, television, tiger, tractor, train, trout, tulip, turtle, wardrobe, whale, willow tree, wolf, woman, \
    worm";
const CLASSES: u8 = 100;

/// What the fine labels stand for.
pub fn classes() -> Vec<String> {
    NAMES.split(", ").map(String::from).collect()
}

/// Whether a file that begins with `start` and has `length` bytes, if known, can consist of such records, and not of those of
/// CIFAR-10.
pub fn may_be_records(start: &[u8], length: Option<u64>) -> bool {
    let whole = length.is_none_or(|length| length.is_multiple_of(RECORD as u64));
    let coarse = start.iter().step_by(RECORD).all(|label| *label < COARSE);
    let fine = start.iter().skip(1).step_by(RECORD).all(|label| *label < CLASSES);
    start.len() >= RECORD && whole && coarse && fine && !cifar10::may_be_records(start, length)
}

/// The images of a file of records, with their fine labels.
///
/// # Errors
/// [`Error::Cifar100Truncated`] or [`Error::IdxLabel`].
pub fn decode(file: &str, bytes: &[u8]) -> Result<Images> {
    let found = bytes.len() as u64;
    if !bytes.len().is_multiple_of(RECORD) {
        return Err(Error::Cifar100Truncated { file: file.into(), found, record: found / RECORD as u64 });
    }
    let mut images = Images { pixels: Vec::with_capacity(bytes.len() / RECORD * IMAGE), labels: vec![] };
    for (record, content) in bytes.chunks_exact(RECORD).enumerate() {
        let label = content[1];
        if label >= CLASSES {
            let (byte, most) = ((record * RECORD + 1) as u64, u32::from(CLASSES) - 1);
            return Err(Error::IdxLabel { file: file.into(), byte, label: u32::from(label), least: 0, most });
        }
        images.labels.push(label);
        interleave(&content[2..], &mut images.pixels);
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(labels: &[[u8; 2]]) -> Vec<u8> {
        labels.iter().flat_map(|labels| labels.iter().copied().chain((0..IMAGE).map(|at| 120 + (at / 1024) as u8))).collect()
    }

    #[test]
    fn records_have_their_fine_label() {
        let bytes = records(&[[19, 99], [0, 3], [7, 42]]);
        let images = decode("f", &bytes).unwrap();
        assert_eq!((images.labels.as_slice(), &images.image(2)[..4]), (&[99, 3, 42][..], &[120, 121, 122, 120][..]));
        assert!(may_be_records(&bytes, Some(bytes.len() as u64)) && !may_be_records(&bytes, Some(bytes.len() as u64 + 1)));
        assert!(!may_be_records(&records(&[[20, 5]]), None) && !may_be_records(&records(&[[5, 100]]), None));
        assert!(classes().len() == usize::from(CLASSES) && classes().is_sorted() && classes()[42] == "leopard");
    }

    #[test]
    fn errors_name_the_byte() {
        let file = || "f".to_string();
        let label = Error::IdxLabel { file: file(), byte: 3075, label: 100, least: 0, most: 99 };
        assert_eq!(decode("f", &records(&[[1, 2], [1, 100]])), Err(label));
        let cut = Error::Cifar100Truncated { file: file(), found: 3080, record: 1 };
        assert_eq!(decode("f", &records(&[[1, 2], [1, 3]])[..3080]), Err(cut));
    }
}
