//! The shipped shards, the formats of the complete sets, and Fashion-MNIST as Debian packages it.

use alexnet_lab::data::files::read_files;
use alexnet_lab::data::shard::Index;
use alexnet_lab::data::{Dataset, Images, cifar10};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

fn www_data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("www/data")
}

fn builtin() -> Dataset {
    Dataset::load_builtin(&www_data()).unwrap()
}

#[test]
fn the_shards_are_those_of_the_index_and_balanced() {
    let folder = www_data().join("cifar10");
    let index = Index::read(&std::fs::read_to_string(folder.join("index.json")).unwrap()).unwrap();
    assert_eq!(index.classes, cifar10::CLASSES);
    assert!(index.citation.contains("Krizhevsky") && index.citation.contains("2009"), "{}", index.citation);
    let mut total = 0;
    for (entries, images) in [(&index.train, 10_000), (&index.test, 2_000)] {
        assert_eq!(entries.iter().map(|entry| entry.count).sum::<usize>(), images);
        for entry in entries {
            let bytes = std::fs::read(folder.join(&entry.file)).unwrap();
            let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!((bytes.len() as u64, &found), (entry.bytes, &entry.sha256), "{}", entry.file);
            let shard = index.images(entry, &index.decode(entry, &bytes).unwrap()).unwrap();
            let counts = (0..10).map(|class| shard.labels.iter().filter(|label| **label == class).count());
            assert_eq!(counts.collect::<Vec<_>>(), [100; 10], "{}", entry.file);
            total += bytes.len();
        }
    }
    assert!(total < 20_500_000, "{total} bytes");
}

#[test]
fn the_builtin_set_is_whole_and_has_the_published_colours() {
    let set = builtin();
    assert_eq!((set.train.len(), set.test.len()), (10_000, 2_000));
    assert_eq!((set.train_total, set.test_total, set.shard), (10_000, 2_000, 1_000));
    for (channel, published) in set.normalisation.mean.iter().enumerate() {
        let sum: f64 = set.train.pixels.iter().skip(channel).step_by(3).map(|byte| f64::from(*byte)).sum();
        let mean = sum / 255.0 / (set.train.len() * 32 * 32) as f64;
        // The mean of an image varies by less than 0.17, that of 10,000 by less than 0.0017; four of these are allowed.
        // Channels in the wrong order would differ by 0.0357 or more in blue.
        assert!((mean - f64::from(*published)).abs() < 0.0068, "channel {channel}: {mean}, published {published}");
    }
}

/// Images `range` of `images`.
fn part(images: &Images, range: std::ops::Range<usize>) -> Images {
    Images { pixels: images.pixels[range.start * 3072..range.end * 3072].into(), labels: images.labels[range].into() }
}

#[test]
fn the_shards_as_batch_files_and_as_an_archive_give_the_same_images() {
    let set = builtin();
    let batches = (0..5).map(|i| (format!("data_batch_{}.bin", i + 1), part(&set.train, i * 2000..(i + 1) * 2000)));
    let mut files: Vec<(String, Vec<u8>)> = batches.map(|(name, images)| (name, cifar10::encode(&images))).collect();
    files.push(("test_batch.bin".into(), cifar10::encode(&set.test)));

    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in &files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("cifar-10-batches-bin/{name}"), &bytes[..]).unwrap();
    }
    let archive = archive.into_inner().unwrap().finish().unwrap();

    let (from_files, from_archive) =
        (read_files(files).unwrap(), read_files(vec![("cifar-10-binary.tar.gz".into(), archive)]).unwrap());
    assert_eq!(from_files.train, set.train);
    assert_eq!(from_files.test, set.test);
    assert_eq!(from_archive, from_files);
    assert_eq!(from_files.title(), "CIFAR-10 (10,000 for training, 2,000 for testing)");
}

/// Where Debian's package `dataset-fashion-mnist` installs the files.
const FASHION_MNIST: &str = "/usr/share/datasets/fashion-mnist";

#[test]
fn fashion_mnist_is_read_as_it_is_published() {
    let folder = PathBuf::from(FASHION_MNIST);
    if !folder.is_dir() {
        eprintln!("SKIPPED: {FASHION_MNIST} is missing; install Debian's package dataset-fashion-mnist to run this test");
        return;
    }
    let set = Dataset::load(std::slice::from_ref(&folder)).unwrap();
    assert_eq!(set.title(), "Fashion-MNIST (60,000 for training, 10,000 for testing)");
    for class in 0..10 {
        let count = |images: &Images| images.labels.iter().filter(|label| **label == class).count();
        assert_eq!((count(&set.train), count(&set.test)), (6_000, 1_000), "class {class}");
    }
    // Published for 28x28: mean 0.2860, standard deviation 0.3530. The border of zeros leaves a share of 784/1024.
    let (share, mean, std) = (784.0 / 1024.0, 0.2860f64, 0.3530f64);
    let padded_mean = share * mean;
    let padded_std = (share * (std * std + mean * mean) - padded_mean * padded_mean).sqrt();
    // Half a unit of the published fourth digit in both figures moves either result by at most 1e-4.
    assert!((f64::from(set.normalisation.mean[0]) - padded_mean).abs() < 1e-4, "{} {padded_mean}", set.normalisation.mean[0]);
    assert!((f64::from(set.normalisation.std[0]) - padded_std).abs() < 1e-4, "{} {padded_std}", set.normalisation.std[0]);

    // The names alone, as a file picker gives them, and unpacked: the labels show that it is Fashion-MNIST.
    let names = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"];
    let files = names.map(|name| (name.to_string(), std::fs::read(folder.join(name)).unwrap()));
    let training = read_files(files.into()).unwrap();
    assert_eq!((training.train.len(), training.test.len()), (54_000, 6_000));
    assert_eq!(training.classes, set.classes);
    assert_eq!(training.title(), "Fashion-MNIST (54,000 for training, 6,000 held out for testing)");
}
