//! Images with labels, always 32x32x3 bytes: from the built-in shards, drawn, or from files. Each decoder has its own file.

mod archive;
mod assemble;
pub mod batch;
pub mod cifar10;
pub mod cifar100;
mod emnist;
pub mod files;
mod formats;
mod held_out;
mod idx;
pub mod names;
#[cfg(not(target_arch = "wasm32"))]
mod native;
pub mod picture;
mod pictures;
pub mod shard;
pub mod source;
pub mod toy;

use crate::config::{BuiltIn, Config, Variation};
use crate::error::Note;
use serde::{Deserialize, Serialize};

/// Side of a stored image.
pub const SIDE: usize = 32;
/// Bytes of a stored image: (height, width, channels) = (32, 32, 3).
pub const IMAGE: usize = SIDE * SIDE * 3;
/// The most training images, and the most test images, that are kept from the user's files: the limit of `train_size`.
const MOST: usize = 60_000;

/// Whether image `index` of `count` is kept: one of [`MOST`], spread evenly.
fn is_kept(index: usize, count: usize) -> bool {
    let before = |index: usize| index as u64 * MOST as u64 / count as u64;
    count <= MOST || before(index + 1) > before(index)
}

/// Images in order of arrival.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Images {
    pub pixels: Vec<u8>, // (n, 32, 32, 3)
    pub labels: Vec<u8>, // (n)
}

impl Images {
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// One image: (32, 32, 3).
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * IMAGE..(index + 1) * IMAGE]
    }

    /// The images at `indices`, copied.
    pub fn select(&self, indices: impl IntoIterator<Item = usize>) -> Images {
        let (mut images, indices) = (Images::default(), indices.into_iter());
        images.reserve(indices.size_hint().0);
        for index in indices {
            images.pixels.extend_from_slice(self.image(index));
            images.labels.push(self.labels[index]);
        }
        images
    }

    /// Makes room for `total` images in all.
    pub fn reserve(&mut self, total: usize) {
        let more = total.saturating_sub(self.len());
        self.pixels.reserve_exact(more * IMAGE);
        self.labels.reserve_exact(more);
    }

    pub fn append(&mut self, mut more: Images) {
        self.pixels.append(&mut more.pixels);
        self.labels.append(&mut more.labels);
    }
}

/// How bytes become the network's input: `(byte / 255 - mean) / std` in each channel. Mean and standard deviation are on the
/// scale 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

impl Normalisation {
    /// Of the given images, (n, 32, 32, 3): each channel has its own.
    fn of(pixels: &[u8]) -> Normalisation {
        let [red, green, blue] = [0, 1, 2].map(|channel| moments(pixels.iter().skip(channel).step_by(3).copied()));
        Normalisation { mean: [red.0, green.0, blue.0], std: [red.1, green.1, blue.1] }
    }
}

/// A data set, complete or still arriving. It is serialised without its images, which are sent as bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// `CIFAR-10`, `Fashion-MNIST`, ...
    pub name: String,
    pub classes: Vec<String>,
    pub normalisation: Normalisation,
    /// The images that have arrived so far.
    #[serde(skip)]
    pub train: Images,
    #[serde(skip)]
    pub test: Images,
    /// How many there will be.
    pub train_total: usize,
    pub test_total: usize,
    /// The test images are the last of the training images, because no others were given.
    pub held_out: bool,
    /// What generated training images lack. If they lack something, test images come in pairs: see [`toy`].
    #[serde(skip)]
    pub held_back: Variation,
    /// Training images per shard. The first epoch goes shard by shard, so it can start with the first.
    pub shard: usize,
    /// What was corrected in the user's files.
    #[serde(skip_deserializing)]
    pub notes: Vec<Note>,
}

impl Dataset {
    /// The built-in data set that the settings name, before its first image.
    pub fn builtin(config: &Config) -> Dataset {
        match config.data {
            BuiltIn::Cifar10 => Dataset::cifar10(),
            BuiltIn::Toy => Dataset::toy(config.hold_back),
        }
    }

    /// A built-in data set before its first image.
    fn to_come(name: &str, classes: &[&str], normalisation: Normalisation, shard: usize) -> Dataset {
        Dataset {
            name: name.into(),
            classes: classes.iter().map(|class| String::from(*class)).collect(),
            normalisation,
            train: Images::default(),
            test: Images::default(),
            train_total: 10_000,
            test_total: 2_000,
            held_out: false,
            held_back: Variation::None,
            shard,
            notes: vec![],
        }
    }

    /// Name and sizes: `MNIST (54,000 for training, 6,000 held out for testing)`.
    pub fn title(&self) -> String {
        let note = if self.held_out { "held out for testing" } else { "for testing" };
        format!("{} ({} for training, {} {note})", self.name, thousands(self.train_total), thousands(self.test_total))
    }
}

/// `60,000`.
fn thousands(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", thousands(number / 1000), number % 1000) }
}

/// Mean and standard deviation of bytes on the scale 0 to 1. The latter is at least 1/255, for constant images.
fn moments(bytes: impl Iterator<Item = u8>) -> (f32, f32) {
    let mut counts = [0u64; 256];
    bytes.for_each(|byte| counts[usize::from(byte)] += 1);
    let total = counts.iter().sum::<u64>().max(1) as f64;
    let average = |of: &dyn Fn(f64) -> f64| {
        let sum: f64 = counts.iter().enumerate().map(|(byte, count)| of(byte as f64 / 255.0) * *count as f64).sum();
        sum / total
    };
    let mean = average(&|x| x);
    let variance = average(&|x| (x - mean).powi(2));
    (mean as f32, variance.sqrt().max(1.0 / 255.0) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_bytes() {
        let (mean, std) = moments([0, 255, 0, 255].into_iter());
        assert_eq!((mean, std), (0.5, 0.5));
        assert_eq!(moments([9; 7].into_iter()).1, 1.0 / 255.0);
        assert_eq!(thousands(1_060_007), "1,060,007");
    }
}
