//! Images with labels, always 32x32x3 bytes, from the built-in shards or from files; one decoder a file.

pub mod archive;
pub mod batch;
pub mod cifar10;
pub mod files;
pub mod idx;
#[cfg(not(target_arch = "wasm32"))]
mod native;
pub mod shard;
pub mod source;

pub use files::{read_files, read_sources};

/// Side of a stored image.
pub const SIDE: usize = 32;
/// Bytes of a stored image: (height, width, channels) = (32, 32, 3).
pub const IMAGE: usize = SIDE * SIDE * 3;

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
        let mut images = Images::default();
        for index in indices {
            images.pixels.extend_from_slice(self.image(index));
            images.labels.push(self.labels[index]);
        }
        images
    }

    pub fn append(&mut self, mut more: Images) {
        self.pixels.append(&mut more.pixels);
        self.labels.append(&mut more.labels);
    }
}

/// A data set, whole or still arriving.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Shown to the user: `CIFAR-10 (10,000 of 50,000)`, `Fashion-MNIST`, ...
    pub name: String,
    pub classes: Vec<String>,
    /// Mean and standard deviation of each channel on the scale 0 to 1.
    pub mean: [f32; 3],
    pub std: [f32; 3],
    /// What has arrived so far.
    pub train: Images,
    pub test: Images,
    /// How many there will be.
    pub train_total: usize,
    pub test_total: usize,
    /// Training images a shard; the first epoch goes shard by shard, so that it can start with the first.
    pub shard: usize,
}
