//! What several tests share.

use alexnet_lab::data::{Dataset, IMAGE, Images, Normalisation};
use alexnet_lab::rng::{Stream, hash};

/// A learnable data set of ten classes: stripes whose period and colour depend on the class, with noise.
pub fn striped(train: usize, test: usize) -> Dataset {
    Dataset {
        name: "striped".into(),
        classes: (0..10).map(|class| format!("class {class}")).collect(),
        normalisation: Normalisation { mean: [0.5; 3], std: [0.25; 3] },
        train: stripes(train, 0),
        test: stripes(test, 1),
        train_total: train,
        test_total: test,
        held_out: false,
        held_back: Default::default(),
        shard: train,
        notes: vec![],
    }
}

fn stripes(n: usize, salt: u32) -> Images {
    let labels: Vec<u8> = (0..n).map(|i| (i % 10) as u8).collect();
    let mut pixels = Vec::with_capacity(n * IMAGE);
    for (i, label) in labels.iter().enumerate() {
        for at in 0..IMAGE {
            let (row, channel) = (at / 96, at % 3);
            let stripe = (row / (1 + usize::from(label % 5))) % 2;
            let base = if stripe == 1 && channel == usize::from(label / 5) { 160 } else { 60 };
            let noise = hash(salt, Stream::Augment, 0, i as u32, at as u32) % 64;
            pixels.push(base + noise as u8);
        }
    }
    Images { pixels, labels }
}
