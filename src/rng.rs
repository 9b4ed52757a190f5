//! Randomness as a function: the same arguments give the same bits on every backend, in any order.
//!
//! `hash(seed, stream, step, layer, index)` mixes five words. Nothing is drawn from a running state, so a switch that adds or
//! removes a consumer shifts nothing else. `shaders/common.wgsl` holds the same function.

/// What a random number is for. Streams never share bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// Initial weights: `step` 0, `layer` the layer's name, `index` twice the weight's index, and that plus 1.
    Weights = 1,
    /// Order of the training images: `step` the epoch, `layer` 0, `index` the position.
    Order = 2,
    /// Dropout masks: `step`, the layer's name, `index` the activation's index in (batch, features).
    Dropout = 3,
    /// Crop and flip: `step`, `layer` 0, `index` the image's position in the batch.
    Augment = 4,
    /// Toy objects: `step` the split, `layer` the image, `index` counts the numbers drawn for it.
    Toy = 5,
    /// Noise after batch normalisation: `step`, the layer's name, `index` 0 for the layer, or 1 plus the value's index in (batch,
    /// height, width, channels).
    Noise = 6,
}

/// One round of mixing: the 32-bit finaliser `lowbias32` (Wellons, "Prospecting for hash functions", 2018).
pub fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// 32 random bits that depend on all five arguments.
pub fn hash(seed: u32, stream: Stream, step: u32, layer: u32, index: u32) -> u32 {
    let mut h = mix(seed ^ 0x9e37_79b9);
    for word in [stream as u32, step, layer, index] {
        h = mix(h.wrapping_add(0x9e37_79b9) ^ word);
    }
    h
}

/// A number in [0, 1) from the upper 24 bits, exact in `f32`.
pub fn uniform(bits: u32) -> f32 {
    (bits >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// A standard normal number from two words (Box and Muller 1958).
pub fn normal(a: u32, b: u32) -> f64 {
    // 1 - uniform is in (0, 1], so the logarithm is finite.
    let radius = (-2.0 * (1.0 - f64::from(uniform(a))).ln()).sqrt();
    radius * (std::f64::consts::TAU * f64::from(uniform(b))).cos()
}

/// A layer's name as the `layer` word: FNV-1a, 32 bits.
pub fn name_hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |h, byte| (h ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A permutation of `0..n` for (`seed`, `epoch`): the Fisher-Yates shuffle with hashed choices.
pub fn permutation(seed: u32, epoch: u32, n: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    for i in (1..n).rev() {
        let bits = hash(seed, Stream::Order, epoch, 0, i as u32);
        // The upper half of a 64-bit product picks uniformly, up to 2^-32 * n.
        let j = ((u64::from(bits) * (i as u64 + 1)) >> 32) as usize;
        order.swap(i, j);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutation_holds_every_index_once() {
        let mut order = permutation(7, 3, 1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn every_argument_changes_the_bits() {
        let base = hash(1, Stream::Dropout, 2, 3, 4);
        for other in [
            hash(2, Stream::Dropout, 2, 3, 4),
            hash(1, Stream::Augment, 2, 3, 4),
            hash(1, Stream::Dropout, 3, 3, 4),
            hash(1, Stream::Dropout, 2, 4, 4),
            hash(1, Stream::Dropout, 2, 3, 5),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn uniform_and_normal_have_the_right_moments() {
        let n = 100_000;
        let bits = |i| hash(5, Stream::Weights, 0, 9, i);
        let mean_uniform = (0..n).map(|i| f64::from(uniform(bits(i)))).sum::<f64>() / f64::from(n);
        // Standard errors: 0.29 / sqrt(n) = 0.0009 and 1 / sqrt(n) = 0.0032; four of them are allowed.
        assert!((mean_uniform - 0.5).abs() < 0.0037, "{mean_uniform}");
        let draws: Vec<f64> = (0..n).map(|i| normal(bits(2 * i), bits(2 * i + 1))).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.0127, "{mean}");
        assert!((variance - 1.0).abs() < 0.018, "{variance}");
    }
}
