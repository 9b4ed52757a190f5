//! From a data set to the bytes of one batch: order, augmentation and size. Both backends start from these bytes.

use super::{Dataset, IMAGE, Images, SIDE};
use crate::config::Config;
use crate::network::Shape;
use crate::rng::{self, Stream};

/// What a backend needs for one forward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub pixels: Vec<u8>,  // (batch, height, width, 3)
    pub labels: Vec<u32>, // (batch)
}

/// The order in which an epoch visits the first `train_size` training images, and where the epoch stands.
pub struct Order {
    seed: u32,
    train_size: usize,
    shard: usize,
    /// The epoch of `order`; `None` before the first.
    epoch: Option<u32>,
    order: Vec<u32>,
}

impl Order {
    pub fn new(seed: u32, train_size: usize, shard: usize) -> Order {
        Order { seed, train_size, shard: shard.max(1), epoch: None, order: vec![] }
    }

    /// The order of a run with these settings.
    pub fn of(config: &Config, dataset: &Dataset) -> Order {
        let train_size = (config.train_size as usize).min(dataset.train_total).max(1);
        Order::new(config.seed, train_size, dataset.shard)
    }

    /// Whether both visit the same images in the same order.
    pub fn is_like(&self, other: &Order) -> bool {
        (self.seed, self.train_size, self.shard) == (other.seed, other.train_size, other.shard)
    }

    /// The indices of batch `step`, which depend only on the constructor's arguments and `step`. If the batch size does not
    /// divide an epoch, its last batch is filled up from the next epoch. `step * batch` is below 2^64: see
    /// [`crate::weights::MOST_STEPS`].
    pub fn indices(&mut self, step: u64, batch: usize) -> Vec<u32> {
        let first = step * batch as u64;
        (first..first + batch as u64).map(|position| self.at(position)).collect()
    }

    fn at(&mut self, position: u64) -> u32 {
        let epoch = (position / self.train_size as u64) as u32;
        if self.epoch != Some(epoch) {
            self.order = self.permutation(epoch);
            self.epoch = Some(epoch);
        }
        self.order[(position % self.train_size as u64) as usize]
    }

    /// The first epoch shuffles within each shard, so it needs the shards one after another; later ones shuffle all images.
    fn permutation(&self, epoch: u32) -> Vec<u32> {
        let whole = rng::permutation(self.seed, epoch, self.train_size);
        if epoch > 0 {
            return whole;
        }
        let shards = 0..self.train_size.div_ceil(self.shard);
        let shard_of = |index: &&u32| **index as usize / self.shard;
        shards.flat_map(|shard| whole.iter().filter(move |index| shard_of(index) == shard)).copied().collect()
    }
}

/// Gathers `indices` of `images`, resized to `shape`. `augment` gives (seed, step) of the random crops and flips.
///
/// Pixels outside the image get `border`, the byte of each channel that becomes zero after normalisation.
pub fn gather(images: &Images, indices: &[u32], shape: Shape, border: [u8; 3], augment: Option<(u32, u64)>) -> Batch {
    let mut pixels = Vec::with_capacity(indices.len() * shape.len());
    for (slot, index) in indices.iter().enumerate() {
        let image = images.image(*index as usize);
        let moved = augment
            .map(|(seed, step)| crop_and_flip(image, border, rng::hash(seed, Stream::Augment, step as u32, 0, slot as u32)));
        resize(moved.as_deref().unwrap_or(image), shape, &mut pixels);
    }
    let labels = indices.iter().map(|index| u32::from(images.labels[*index as usize])).collect();
    Batch { pixels, labels }
}

/// Shifts by -4 to 4 pixels on both axes and mirrors half of the images, depending on the hash.
fn crop_and_flip(image: &[u8], border: [u8; 3], bits: u32) -> Vec<u8> {
    let (dy, dx, flip) = ((bits >> 1) % 9, (bits >> 12) % 9, bits & 1 == 1);
    let mut moved = Vec::with_capacity(IMAGE);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let x = if flip { SIDE - 1 - x } else { x };
            // Coordinates on the image with a border of 4 pixels.
            let (y, x) = ((y + dy as usize).wrapping_sub(4), (x + dx as usize).wrapping_sub(4));
            if y < SIDE && x < SIDE {
                moved.extend_from_slice(&image[(y * SIDE + x) * 3..][..3]);
            } else {
                moved.extend_from_slice(&border);
            }
        }
    }
    moved
}

/// Resizes by nearest neighbour; copies an image that has the right size.
fn resize(image: &[u8], shape: Shape, pixels: &mut Vec<u8>) {
    if shape.height == SIDE && shape.width == SIDE {
        pixels.extend_from_slice(image);
        return;
    }
    for y in 0..shape.height {
        for x in 0..shape.width {
            let (y, x) = (y * SIDE / shape.height, x * SIDE / shape.width);
            pixels.extend_from_slice(&image[(y * SIDE + x) * 3..][..3]);
        }
    }
}

impl Dataset {
    /// The bytes that become zero after normalisation.
    pub fn border(&self) -> [u8; 3] {
        self.normalisation.mean.map(|mean| (mean * 255.0).round() as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_epoch_goes_shard_by_shard_and_every_epoch_visits_all() {
        let mut order = Order::new(1, 10, 4);
        let epochs: Vec<u32> = order.indices(0, 30);
        assert!(epochs[..4].iter().all(|i| *i < 4) && epochs[4..8].iter().all(|i| (4..8).contains(i)));
        for epoch in epochs.chunks(10) {
            let mut sorted = epoch.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<_>>());
        }
        assert_ne!(epochs[10..20], epochs[20..30]);
        assert_eq!(Order::new(1, 10, 4).indices(3, 7), epochs[21..28]);
        // Any epoch may come first, even the largest.
        assert_eq!(Order::new(1, 1, 1).indices(u64::from(u32::MAX), 2), [0, 0]);
    }

    #[test]
    fn augmentation_shifts_by_at_most_four_and_mirrors() {
        let pixels: Vec<u8> = (0..SIDE * SIDE).flat_map(|i| [(i / SIDE) as u8 + 1, (i % SIDE) as u8 + 1, 0]).collect();
        let images = Images { pixels, labels: vec![3] };
        let shape = Shape { height: SIDE, width: SIDE, channels: 3 };
        let (mut shifts, mut flips) = (std::collections::BTreeSet::new(), 0);
        for step in 0..400 {
            let batch = gather(&images, &[0], shape, [0; 3], Some((1, step)));
            // Pixel (16, 16) and its right neighbour are always inside.
            let at = |y: usize, x: usize| &batch.pixels[(y * SIDE + x) * 3..][..2];
            let flip = at(16, 17)[1] < at(16, 16)[1];
            flips += u32::from(flip);
            shifts.insert(i32::from(at(16, 16)[0]) - 17);
        }
        assert_eq!(shifts.into_iter().collect::<Vec<_>>(), (-4..=4).collect::<Vec<_>>());
        // 200 expected, standard deviation 10.
        assert!((150..250).contains(&flips), "{flips}");
        assert_eq!(gather(&images, &[0], shape, [0; 3], None).pixels, images.pixels);
    }
}
