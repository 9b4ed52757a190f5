//! Files as people really have them: copies, nested folders, leftovers of systems, unsupported formats.

use alexnet_lab::data::files::read_files;
use alexnet_lab::data::{Dataset, IMAGE, Images, cifar10};
use alexnet_lab::error::{Error, Note, Result};
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// `n` images that differ from those of another `seed`; labels cycle through 0 to 9.
fn images(n: usize, seed: u32) -> Images {
    let mut state = seed;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    Images { pixels: (0..n * IMAGE).map(|_| byte()).collect(), labels: (0..n).map(|i| (i % 10) as u8).collect() }
}

fn batch(n: usize, seed: u32) -> Vec<u8> {
    cifar10::encode(&images(n, seed))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn tar(files: &[(impl AsRef<Path>, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

fn idx(magic: [u8; 4], numbers: &[u32], body: impl IntoIterator<Item = u8>) -> Vec<u8> {
    magic.into_iter().chain(numbers.iter().flat_map(|number| number.to_be_bytes())).chain(body).collect()
}

/// 28 x 28 images that all differ.
fn grey(n: u32) -> Vec<u8> {
    let number = |image: u32| image.to_le_bytes().into_iter().chain((4..784).map(|at| at as u8));
    idx([0, 0, 8, 3], &[n, 28, 28], (0..n).flat_map(number))
}

fn labels(n: u32, label: impl Fn(u32) -> u32) -> Vec<u8> {
    idx([0, 0, 8, 1], &[n], (0..n).map(|at| label(at) as u8))
}

fn read(files: &[(&str, Vec<u8>)]) -> Result<Dataset> {
    read_files(files.iter().map(|(name, bytes)| (name.to_string(), bytes.clone())).collect())
}

fn code(error: &Error) -> String {
    serde_json::to_value(error).unwrap()["code"].as_str().unwrap().into()
}

/// The numbers of training and test images; checks that no image is in both.
fn sizes(set: &Dataset) -> (usize, usize) {
    let test: std::collections::HashSet<_> = (0..set.test.len()).map(|at| set.test.image(at)).collect();
    assert!((0..set.train.len()).all(|at| !test.contains(set.train.image(at))), "a test image is trained on");
    (set.train.len(), set.test.len())
}

/// A folder of this test alone with these files.
fn folder(test: &str, files: &[(&str, Vec<u8>)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("files-{test}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn load(test: &str, files: &[(&str, Vec<u8>)]) -> Result<Dataset> {
    Dataset::load(&[folder(test, files)])
}

#[test]
fn the_same_content_counts_once_whatever_it_is_called() {
    let (one, two) = (batch(30, 1), batch(20, 2));
    let archive = gzip(&tar(&[
        ("cifar-10-batches-bin/data_batch_1.bin", one.clone()),
        ("cifar-10-batches-bin/data_batch_2.bin", two.clone()),
    ]));
    let alone = read(&[("data_batch_1.bin", one.clone()), ("data_batch_2.bin", two.clone())]).unwrap();
    assert_eq!(sizes(&alone), (45, 5));
    for copies in [
        vec![("data_batch_1 (1).bin", one.clone())],
        vec![("data_batch_1 - Copy.bin", one.clone()), ("elsewhere/data_batch_2.bin", two.clone())],
        vec![("data_batch_1.bin.gz", gzip(&one))],
        vec![("cifar-10-binary (1).tar.gz", archive.clone())],
        vec![("mine", two.clone()), ("mine too", one.clone())],
    ] {
        let mut files = vec![("data_batch_1.bin", one.clone()), ("data_batch_2.bin", two.clone())];
        files.extend(copies.clone());
        assert_eq!(read(&files).unwrap(), alone, "{:?}", copies.iter().map(|(name, _)| name).collect::<Vec<_>>());
        files.rotate_left(2);
        assert_eq!(read(&files).unwrap(), alone);
    }
    // The second download alone is the first.
    assert_eq!(read(&[("data_batch_2 (1).bin", two), ("data_batch_1 (1).bin", one)]).unwrap(), alone);
}

#[test]
fn the_same_idx_file_counts_once_whatever_it_is_called() {
    let (images, labels) = (grey(40), labels(40, |at| at % 10));
    let alone = read(&[("train-images-idx3-ubyte", images.clone()), ("train-labels-idx1-ubyte", labels.clone())]).unwrap();
    assert_eq!(sizes(&alone), (36, 4));
    let copies = [
        ("train-images-idx3-ubyte.gz", gzip(&images)),
        ("train-images-idx3-ubyte (1).gz", gzip(&images)),
        ("train-labels-idx1-ubyte (1).gz", gzip(&labels)),
        ("train-images-idx3-ubyte", images.clone()),
        ("copy of labels", labels.clone()),
        ("train-labels-idx1-ubyte", labels.clone()),
    ];
    assert_eq!(read(&copies).unwrap(), alone);
    // The names are meaningless, but the magic numbers are not.
    assert_eq!(read(&[("a", labels.clone()), ("b.bin", images.clone())]).unwrap(), alone);
    let test = (grey(12), self::labels(12, |at| at % 10));
    let renamed = [("a", labels), ("b", images), ("c", test.1), ("d", test.0)];
    // The first twelve images are for testing, and are not trained on.
    assert_eq!(sizes(&read(&renamed).unwrap()), (28, 12));
}

#[test]
fn no_image_is_both_trained_on_and_held_out() {
    // The same batch twice in one file: the content is new, but the images are not.
    let twice = [batch(50, 1), batch(50, 1)].concat();
    let set = read(&[("mine.bin", twice.clone())]).unwrap();
    assert_eq!(sizes(&set), (90, 5));
    assert_eq!(set.notes, [Note::Copies { count: 5 }]);
    // A file with everything, and a file with its test part.
    let set = read(&[("all.bin", [batch(50, 1), batch(10, 2)].concat()), ("test_batch.bin", batch(10, 2))]).unwrap();
    assert_eq!((sizes(&set), &set.notes[..]), ((50, 10), &[Note::Copies { count: 10 }][..]));
    let same = read(&[("data_batch_1.bin", batch(10, 2)), ("test_batch.bin", batch(10, 2))]);
    assert_eq!(same, Err(Error::SameImages));
    let one = cifar10::encode(&Images { pixels: vec![7; 5 * IMAGE], labels: vec![1; 5] });
    assert_eq!(read(&[("mine.bin", one)]), Err(Error::TooFewImages { found: 1 }));
}

#[test]
fn images_that_come_class_by_class_are_mixed() {
    let sorted = Images { labels: (0..100).map(|at| at / 10).collect(), ..images(100, 1) };
    let set = read(&[("mine.bin", cifar10::encode(&sorted))]).unwrap();
    assert_eq!(set.notes, [Note::Sorted]);
    assert_eq!(set.test.labels, (0..10).collect::<Vec<u8>>());
    assert_eq!(&set.train.labels[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    // Each image keeps its label.
    assert_eq!(set.train.image(11), sorted.image(11));
    assert_eq!(set.train.image(1), sorted.image(10));
}

#[test]
fn the_parent_of_the_folder_with_the_data_works() {
    let (train, test) = (batch(20, 1), batch(5, 2));
    let set = load(
        "parent",
        &[
            ("readme.html", b"<p>".to_vec()),
            (".DS_Store", b"\0\0\0\x01Bud1".to_vec()),
            ("cifar-10-batches-bin/data_batch_1.bin", train.clone()),
            ("cifar-10-batches-bin/test_batch.bin", test.clone()),
            ("deeper/than/that/train-images-idx3-ubyte", grey(3)),
        ],
    );
    let set = set.unwrap();
    assert_eq!((sizes(&set), &set.notes[..]), ((20, 5), &[][..]));
    // Files beside the data are read; files below it are not searched for.
    let beside =
        load("beside", &[("data_batch_1.bin", train), ("older/data_batch_1.bin", batch(20, 9)), ("older/test_batch.bin", test)]);
    assert_eq!(sizes(&beside.unwrap()), (18, 2));
    let kaggle = [
        ("train-images-idx3-ubyte/train-images-idx3-ubyte", grey(20)),
        ("train-labels-idx1-ubyte/train-labels-idx1-ubyte", labels(20, |at| at % 10)),
    ];
    assert_eq!(sizes(&load("kaggle", &kaggle).unwrap()), (18, 2));
    let folders = [("set/train/images.bin", batch(20, 1)), ("set/test/images.bin", batch(4, 2))];
    assert_eq!(sizes(&load("folders", &folders).unwrap()), (20, 4));
}

#[test]
fn what_systems_leave_in_folders_stops_nothing() {
    let left = [
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "._data_batch_1.bin",
        "readme.html",
        "batches.meta.txt",
        "SHA256SUMS",
        "data_batch_1.bin.md5",
        ".git/HEAD",
        "__MACOSX/._data_batch_1.bin",
        "LICENSE",
        "load_cifar.py",
    ];
    let mut files: Vec<_> = left.iter().map(|name| (*name, b"\0nothing to read".to_vec())).collect();
    files.push(("data_batch_1.bin", batch(20, 1)));
    let set = load("litter", &files).unwrap();
    assert_eq!((sizes(&set), &set.notes[..]), ((18, 2), &[][..]));
    let packed = tar(&files.iter().map(|(name, bytes)| (*name, bytes.clone())).collect::<Vec<_>>());
    assert_eq!(sizes(&read(&[("a.tar", packed)]).unwrap()), (18, 2));
    // Files that nobody leaves by accident are reported.
    files.push(("cover.png", b"\x89PNG\r\n\x1a\n".to_vec()));
    files.push(("cifar.npz", b"\x93NUMPY".to_vec()));
    let set = load("litter", &files).unwrap();
    assert_eq!(set.notes, [Note::PassedOver { files: "cifar.npz, cover.png".into(), count: 2 }]);
    files.pop();
    files.pop();
    files.pop();
    assert_eq!(code(&load("litter", &files).unwrap_err()), "unknown_file");
}

#[test]
fn a_folder_without_data_says_what_it_holds() {
    let picture = || b"\x89PNG\r\n\x1a\n".to_vec();
    let says = |test: &str, files: &[(&str, Vec<u8>)]| code(&load(test, files).unwrap_err());
    assert_eq!(says("empty", &[]), "no_files");
    assert_eq!(says("hidden", &[(".DS_Store", vec![1])]), "no_files");
    assert_eq!(says("empty-below", &[("a/.keep", vec![])]), "no_files");
    let classes = [
        ("train/cat/1.png", picture()),
        ("train/cat/2.png", picture()),
        ("train/dog/1.png", picture()),
        ("labels.csv", b"id,label\n".to_vec()),
    ];
    assert_eq!(says("classes", &classes), "broken_pictures");
    assert_eq!(says("picture", &[("holiday.jpg", b"\xff\xd8\xff\xe0".to_vec())]), "broken_pictures");
    assert_eq!(says("test-alone", &[("test_batch.bin", batch(3, 1))]), "no_training_images");
}

#[test]
fn cifar_100_is_read_with_its_fine_classes() {
    // (coarse label, fine label, image), as in the published files.
    let records = |n: usize, seed: usize| -> Vec<u8> {
        let byte = |at: usize| ((at * 7 + seed) / 5 + at / 3074 * 31) as u8;
        (0..n * 3074).map(|at| [at / 3074 % 20, at / 3074 % 100].get(at % 3074).map_or(byte(at), |label| *label as u8)).collect()
    };
    let (train, test) = (records(120, 1), records(30, 2));
    let archive =
        gzip(&tar(&[("c/fine_label_names.txt", vec![65]), ("c/test.bin", test.clone()), ("c/train.bin", train.clone())]));
    for files in [
        vec![("cifar-100-binary.tar.gz", archive)],
        vec![("train.bin", train.clone()), ("test.bin", test.clone())],
        vec![("train.bin.gz", gzip(&train)), ("c/test.bin", test.clone())],
    ] {
        let set = read(&files).unwrap();
        assert_eq!((set.name.as_str(), set.classes.len(), set.held_out), ("CIFAR-100", 100, false));
        assert_eq!((sizes(&set), &set.train.labels[97..102]), ((120, 30), &[97, 98, 99, 0, 1][..]));
        // Red, green and blue of the first pixel of the second image.
        let at = 3074 + 2;
        assert_eq!(set.train.image(1)[..3], [train[at], train[at + 1024], train[at + 2048]]);
    }
    assert_eq!(code(&read(&[("train.bin", train.clone()), ("data_batch_1.bin", batch(3, 1))]).unwrap_err()), "mixed_files");
    let mut wrong = train.clone();
    wrong[110 * 3074 + 1] = 100;
    assert_eq!(code(&read(&[("train.bin", wrong)]).unwrap_err()), "idx_label");
}

#[test]
fn formats_that_are_not_read_have_their_own_sentences() {
    let pickle = || b"\x80\x02}q\x01(U\x0bbatch_label".to_vec();
    let files = [
        ("pickle", "cifar-10-batches-py/data_batch_1", pickle()),
        ("pickle", "cifar-10-python.tar.gz", gzip(&tar(&[("c/data_batch_1", pickle()), ("c/readme.html", b"<p>".to_vec())]))),
        ("numpy", "mnist.npz", b"PK\x03\x04\x14\0\0\0\0\0\0\0!\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a\0\0\0x_test.npy".to_vec()),
        ("matlab", "train_32x32.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64".to_vec()),
        ("stl10", "stl10_binary/train_X.bin", vec![99; 2 * 3 * 96 * 96]),
        ("parquet", "train-00000-of-00001.parquet", b"PAR1\x15\x04".to_vec()),
        ("table", "mnist_train.csv", b"5,0,0,0\n".to_vec()),
        ("compressed", "gzip.zip", b"PK\x03\x04\x14\0\0\0\0\0\0\0!\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0gzip/".to_vec()),
        ("web_page", "train-images-idx3-ubyte.gz", b"<!DOCTYPE html><title>403</title>".to_vec()),
        ("lfs_pointer", "data_batch_1.bin", b"version https://git-lfs.github.com/spec/v1\n".to_vec()),
    ];
    for (wanted, name, bytes) in files {
        let error = read(&[(name, bytes)]).unwrap_err();
        assert_eq!(code(&error), wanted, "{name}: {error}");
        assert!(error.to_string().contains(name.rsplit('/').next().unwrap()), "{error}");
    }
}

/// A split of EMNIST's letters with labels 1 to 26, and an image with a single bright corner.
fn letters() -> [(&'static str, Vec<u8>); 2] {
    let pixel = |image: u32, at: u32| {
        if at == 27 {
            255
        } else if at < 4 {
            image.to_le_bytes()[at as usize]
        } else {
            0
        }
    };
    let images = idx([0, 0, 8, 3], &[520, 28, 28], (0..520).flat_map(|image| (0..784).map(move |at| pixel(image, at))));
    [
        ("emnist-letters-train-images-idx3-ubyte.gz", gzip(&images)),
        ("emnist-letters-train-labels-idx1-ubyte.gz", gzip(&labels(520, |at| at % 26 + 1))),
    ]
}

#[test]
fn letters_are_turned_upright_and_have_26_classes() {
    let set = read(&letters()).unwrap();
    assert_eq!((set.name.as_str(), set.classes.len(), set.classes[25].as_str()), ("EMNIST letters", 26, "Z"));
    assert_eq!((sizes(&set), set.train.labels[25]), ((468, 52), 25));
    assert_eq!(set.notes, [Note::Transposed]);
    // The end of the first row is the end of the first column.
    assert_eq!(set.train.image(0)[((2 + 27) * 32 + 2) * 3], 255);
    let zero = ("emnist-letters-train-labels-idx1-ubyte", labels(520, |at| at % 27));
    let wrong = Error::IdxLabel { file: zero.0.into(), byte: 8, label: 0, least: 1, most: 26 };
    assert_eq!(read(&[zero]), Err(wrong));
    let [images, _] = letters();
    assert!(
        matches!(read(&[images]), Err(Error::MissingPartner { wanted, .. }) if wanted == "emnist-letters-train-labels-idx1-ubyte.gz")
    );
    let digits = ("emnist-digits-train-labels-idx1-ubyte", labels(520, |at| at % 10));
    assert_eq!(code(&read(&[letters()[0].clone(), digits]).unwrap_err()), "mixed_files");
}

#[test]
fn of_a_large_set_as_many_images_as_can_be_used_are_read_and_that_is_told() {
    let n = 240_000;
    let files = [
        ("emnist-digits-train-images-idx3-ubyte.gz", gzip(&grey(n))),
        ("emnist-digits-train-labels-idx1-ubyte.gz", gzip(&labels(n, |at| at / 24_000))),
        (
            "emnist-digits-test-images-idx3-ubyte.gz",
            gzip(&idx([0, 0, 8, 3], &[20, 28, 28], (0..20 * 784).map(|at| (at % 233) as u8))),
        ),
        ("emnist-digits-test-labels-idx1-ubyte.gz", gzip(&labels(20, |at| at % 10))),
    ];
    let set = read(&files).unwrap();
    assert_eq!((set.name.as_str(), sizes(&set)), ("EMNIST digits", (60_000, 20)));
    assert!((0..10).all(|class| set.train.labels.iter().filter(|label| **label == class).count() == 6_000));
    assert!(set.notes.contains(&Note::FewerTraining { found: 240_000, used: 60_000 }), "{:?}", set.notes);
    // A file that ends early is reported, even though its header is valid.
    let cut = gzip(&grey(n)[..1000]);
    let error = read(&[("emnist-digits-train-images-idx3-ubyte.gz", cut)]).unwrap_err();
    assert!(matches!(error, Error::IdxTruncated { announced: 188_160_016, found: 1000, .. }), "{error}");
}

#[test]
fn qmnist_is_read() {
    let columns = (0..30u32).flat_map(|at| [at % 10, 0, 7, at, 1, at, 0, 0]).flat_map(u32::to_be_bytes);
    let files = [
        ("qmnist-train-images-idx3-ubyte.gz", gzip(&grey(30))),
        ("qmnist-train-labels-idx2-int.gz", gzip(&idx([0, 0, 12, 2], &[30, 8], columns))),
        ("qmnist-train-labels.tsv.gz", gzip(b"5\t0\t2433\t35\t10\t267001\t0\t0\n")),
    ];
    let set = read(&files).unwrap();
    assert_eq!((set.name.as_str(), sizes(&set), set.train.labels[12]), ("QMNIST", (27, 3), 2));
    assert_eq!(set.notes, [Note::PassedOver { files: "qmnist-train-labels.tsv.gz".into(), count: 1 }]);
}
