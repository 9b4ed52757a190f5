//! Every parser on arbitrary bytes and on damaged files: an error or a value, never a panic.

use alexnet_lab::config::{Config, Kind, SETTINGS};
use alexnet_lab::data::files::read_files;
use alexnet_lab::data::{Dataset, IMAGE, Images, Normalisation, cifar10, shard};
use alexnet_lab::error::Note;
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::io::Write;

/// Names that the parsers distinguish, and some without meaning.
const NAMES: [&str; 22] = [
    "data_batch_1.bin",
    "data_batch_5.bin",
    "test_batch.bin",
    "data_batch_1.bin.gz",
    "cifar-10-binary.tar.gz",
    "a.tar",
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
    "train-images.idx3-ubyte",
    "fashion/train-labels-idx1-ubyte",
    "photo",
    "readme.txt",
    "data_batch_1 (1).bin",
    "emnist-letters-train-images-idx3-ubyte",
    "emnist-letters-train-labels-idx1-ubyte.gz",
    "qmnist-test-labels-idx2-int",
    "a/b/cat/1.png",
    "a/test/mine.bin",
    "train_y.bin",
    "numbers.csv",
];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// All different, and different from the images of another `n`.
fn images(n: usize) -> Images {
    Images { pixels: (0..n * IMAGE).map(|i| (i * 7 / 5 + n) as u8).collect(), labels: (0..n as u8).map(|i| i % 10).collect() }
}

fn tar(names: &[&str]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (at, name) in names.iter().enumerate() {
        let bytes = cifar10::encode(&images(2 + at));
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("c/{name}"), &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

fn idx_images() -> Vec<u8> {
    let header = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28];
    header.into_iter().chain((0..3 * 784).map(|i| i as u8)).collect()
}

/// A whole set of each format.
fn valid_sets() -> Vec<Vec<(&'static str, Vec<u8>)>> {
    let labels = vec![0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 9];
    let mut other = idx_images();
    other[16..].iter_mut().for_each(|byte| *byte = byte.wrapping_add(7));
    let row = |class: u8| (0..32).map(move |at| if at == 3 { class } else { 0 });
    let integers = [0, 0, 12, 2, 0, 0, 0, 3, 0, 0, 0, 8].into_iter().chain([5, 0, 9].into_iter().flat_map(row)).collect();
    vec![
        vec![("data_batch_1.bin", cifar10::encode(&images(3))), ("test_batch.bin", cifar10::encode(&images(1)))],
        vec![("cifar-10-binary.tar.gz", gzip(&tar(&["data_batch_1.bin", "test_batch.bin"])))],
        vec![("a.tar", tar(&["batches.meta.txt", "data_batch_3.bin"]))],
        vec![("train-images-idx3-ubyte", idx_images()), ("train-labels-idx1-ubyte", labels.clone())],
        vec![("train-images-idx3-ubyte.gz", gzip(&idx_images())), ("train-labels-idx1-ubyte.gz", gzip(&labels))],
        vec![("qmnist-train-images-idx3-ubyte", idx_images()), ("qmnist-train-labels-idx2-int", integers)],
        vec![
            ("emnist-balanced-test-images-idx3-ubyte", other),
            ("emnist-balanced-train-images-idx3-ubyte", idx_images()),
            ("emnist-balanced-train-labels-idx1-ubyte", labels.clone()),
            ("emnist-balanced-test-labels-idx1-ubyte", labels),
        ],
    ]
}

#[derive(Clone, Debug)]
enum Damage {
    Set(usize, u8),
    Flip(usize, u8),
    Cut(usize),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
}

/// Positions are taken modulo the length, half of them near the start, where the headers are.
fn damage() -> impl Strategy<Value = Damage> {
    let at = || prop_oneof![0usize..64, any::<usize>()];
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        4 => (at(), 0u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        1 => at().prop_map(Damage::Cut),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => (at(), 1usize..40).prop_map(|(at, n)| Damage::Remove(at, n)),
    ]
}

fn apply(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        let length = bytes.len().max(1);
        match damage {
            _ if bytes.is_empty() => {}
            Damage::Set(at, byte) => bytes[at % length] = *byte,
            Damage::Flip(at, bit) => bytes[at % length] ^= 1 << bit,
            Damage::Cut(at) => bytes.truncate(at % length),
            Damage::Insert(at, more) => drop(bytes.splice(at % length..at % length, more.iter().copied())),
            Damage::Remove(at, n) => drop(bytes.drain(at % length..(at % length + n).min(length))),
        }
    }
    bytes
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    prop::collection::vec(damage(), 1..6)
}

/// What holds for every data set, so that training meets no surprise.
fn check_set(set: &Dataset) {
    for (images, total) in [(&set.train, set.train_total), (&set.test, set.test_total)] {
        assert!(!images.is_empty() && images.len() == total && images.pixels.len() == images.len() * IMAGE);
        assert!(images.labels.iter().all(|label| usize::from(*label) < set.classes.len()));
    }
    let Normalisation { mean, std } = set.normalisation;
    assert!(mean.iter().chain(&std).all(|x| x.is_finite()) && std.iter().all(|std| *std > 0.0));
}

fn read_checked(files: Vec<(String, Vec<u8>)>) {
    match read_files(files) {
        Ok(set) => check_set(&set),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A sheet of 2 x 2 tiles and the index that describes it.
fn valid_shard() -> (String, Vec<u8>) {
    let mut webp = Vec::new();
    image_webp::WebPEncoder::new(&mut webp).encode(&images(4).pixels, 64, 64, image_webp::ColorType::Rgb8).unwrap();
    (shard_index(&webp), webp)
}

fn shard_index(webp: &[u8]) -> String {
    use sha2::Digest;
    let sha256 = |bytes: &[u8]| -> String { sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect() };
    let entry = serde_json::json!({"file": "a", "count": 4, "bytes": webp.len(), "sha256": sha256(webp),
        "pixels": sha256(&images(4).pixels), "labels": "0123"});
    serde_json::json!({"name": "", "citation": "", "url": "", "licence": "", "classes": cifar10::CLASSES, "side": 32,
        "columns": 2, "train": [entry], "test": []})
    .to_string()
}

fn four_images() -> Dataset {
    Dataset { train_total: 4, ..Dataset::cifar10() }
}

#[test]
fn the_undamaged_files_are_read() {
    for files in valid_sets() {
        let name = files[0].0;
        let set = read_files(files.into_iter().map(|(name, bytes)| (name.into(), bytes)).collect());
        check_set(&set.unwrap_or_else(|error| panic!("{name}: {error}")));
    }
    let (index, webp) = valid_shard();
    let mut set = four_images();
    set.add_shard(&index, "a", &webp).unwrap();
    assert_eq!(set.train.labels, [0, 1, 2, 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn arbitrary_files(
        files in prop::collection::vec((0..NAMES.len(), prop::collection::vec(any::<u8>(), 0..200)), 0..4),
        start in prop::sample::select(vec![&b""[..], b"\x1f\x8b\x08\x00", b"\0\0\x08\x03\0\0\0\x01", b"\0\0\x08\x01\0\0\0",
            b"\0\0\x0c\x02\0\0\0\x01\0\0\0\x08", b"PK\x03\x04", b"\x93NUMPY", b"\x80\x02", b"RIFF"]),
    ) {
        read_checked(files.into_iter().map(|(name, bytes)| (NAMES[name].into(), [start, &bytes].concat())).collect());
    }

    #[test]
    fn arbitrary_bytes_packed(bytes in prop::collection::vec(any::<u8>(), 0..2000), name in 0..NAMES.len()) {
        read_checked(vec![(NAMES[name].into(), gzip(&bytes))]);
    }

    #[test]
    fn damaged_files(which in 0usize..7, file in any::<usize>(), damages in damages(), rename in prop::option::of(0..NAMES.len())) {
        let mut files = valid_sets().swap_remove(which);
        let file = file % files.len();
        files[file].1 = apply(std::mem::take(&mut files[file].1), &damages);
        if let Some(name) = rename {
            files[file].0 = NAMES[name];
        }
        read_checked(files.into_iter().map(|(name, bytes)| (name.into(), bytes)).collect());
    }

    /// Records with any labels and a remainder: read exactly when every label is a class and nothing remains.
    #[test]
    fn records_of_any_labels(labels in prop::collection::vec(0u8..11, 0..8), rest in prop_oneof![3 => Just(0usize), 1 => 1..3073usize]) {
        let whole = Images { pixels: (0..labels.len() * IMAGE).map(|i| (i / IMAGE) as u8).collect(), labels: labels.clone() };
        let bytes = [cifar10::encode(&whole), vec![0; rest]].concat();
        let good = rest == 0 && labels.len() >= 2 && labels.iter().all(|label| *label < 10);
        prop_assert_eq!(read_files(vec![("data_batch_1.bin".into(), bytes.clone())]).is_ok(), good);
        read_checked(vec![("mine".into(), bytes)]);
    }

    /// IDX files with arbitrary headers and contents: read exactly when everything fits together.
    #[test]
    fn idx_files_of_any_sizes(
        (count, items) in prop_oneof![(2u32..6).prop_map(|n| (n, n)), (0u32..6, 0u32..6)],
        (rows, columns) in prop_oneof![Just((28u32, 28u32)), (0u32..34, 0u32..34)],
        labels in prop::collection::vec(0u8..11, 0..6),
        announced in prop::option::weighted(0.2, 0u32..6),
        more in prop_oneof![3 => Just(0i64), 1 => -2i64..3],
    ) {
        let body = (i64::from(items * rows * columns) + more).max(0) as usize;
        let header = [count, rows, columns].into_iter().flat_map(u32::to_be_bytes);
        let image_file: Vec<u8> = [0, 0, 8, 3].into_iter().chain(header).chain((0..body).map(|i| (i / (rows * columns).max(1) as usize) as u8)).collect();
        // Mostly as many labels as images.
        let labels: Vec<u8> = if labels.len() % 2 == 0 { vec![3; count as usize] } else { labels };
        let label_count = announced.unwrap_or(labels.len() as u32);
        let label_file: Vec<u8> =
            [0, 0, 8, 1].into_iter().chain(label_count.to_be_bytes()).chain(labels.iter().copied()).collect();

        let good_images = (1..=32).contains(&rows) && (1..=32).contains(&columns) && body as u64 == u64::from(count * rows * columns);
        let good_labels = label_count as usize == labels.len() && labels.iter().all(|label| *label < 10);
        let good = good_images && good_labels && count as usize == labels.len() && count >= 2;
        let files = vec![("train-images-idx3-ubyte".into(), image_file), ("train-labels-idx1-ubyte".into(), label_file)];
        let outcome = read_files(files);
        prop_assert_eq!(outcome.is_ok(), good, "{:?}", outcome.err());
        if let Ok(set) = outcome {
            check_set(&set);
        }
    }

    /// A gzip file's checksum shields its content from damage, so an archive is damaged before it is packed.
    #[test]
    fn damaged_archives_packed_again(damages in damages()) {
        let archive = apply(tar(&["data_batch_1.bin", "test_batch.bin"]), &damages);
        read_checked(vec![("cifar-10-binary.tar.gz".into(), gzip(&archive))]);
    }

    /// The sheet's checksum in the index is recomputed, so that the damage reaches the decoder.
    #[test]
    fn damaged_shards(damages in damages()) {
        let webp = apply(valid_shard().1, &damages);
        let mut set = four_images();
        match set.add_shard(&shard_index(&webp), "a", &webp) {
            Ok(()) => prop_assert_eq!(set.train.pixels.len(), 4 * IMAGE),
            Err(_) => prop_assert_eq!(set, four_images()),
        }
    }

    #[test]
    fn damaged_indexes(damages in damages(), text in ".{0,200}") {
        let (index, webp) = valid_shard();
        let damaged = String::from_utf8_lossy(&apply(index.into_bytes(), &damages)).into_owned();
        for index in [damaged, text] {
            let mut set = four_images();
            match set.add_shard(&index, "a", &webp) {
                Ok(()) => prop_assert_eq!(set.train.pixels.len(), 4 * IMAGE),
                Err(_) => prop_assert_eq!(set, four_images()),
            }
        }
    }

    #[test]
    fn arbitrary_sheets(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        // A RIFF header of the right length and a lossless chunk of 64 x 64 pixels, then anything.
        let chunk = [&[0x2f, 0x3f, 0xc0, 0x0f, 0x00][..], &bytes].concat();
        let mut webp = b"RIFF".to_vec();
        webp.extend((chunk.len() as u32 + 12).to_le_bytes());
        webp.extend(b"WEBPVP8L");
        webp.extend((chunk.len() as u32).to_le_bytes());
        webp.extend(&chunk);
        let _ = shard::decode_sheet(&webp, 64, 64);
        let _ = shard::decode_sheet(&bytes, 64, 64);
    }

    #[test]
    fn arbitrary_fragments(text in prop_oneof![".{0,80}", "(#?v=[0-9a]{0,12})?(&[a-z_]{1,12}=[-+.e0-9a-z%]{0,12}){0,6}"]) {
        check_config(&Config::from_fragment(&text).0);
    }

    #[test]
    fn arbitrary_values_of_known_keys(pairs in pairs()) {
        let (config, notes) = Config::from_pairs(pairs.iter().map(|(key, value)| (*key, value.as_str())));
        check_config(&config);
        // A note names the value used instead: for the last value of a key, the configuration has that value.
        for (at, (key, value)) in pairs.iter().enumerate() {
            if pairs[at + 1..].iter().all(|(later, _)| later != key) {
                let mut alone = Config::default();
                if alone.set(key, value).is_ok_and(|clamped| !clamped) {
                    prop_assert_eq!(config.get(key), alone.get(key));
                } else {
                    prop_assert!(notes.iter().any(|note| named(note) == *key), "no note on {}={}", key, value);
                }
            }
        }
    }

    #[test]
    fn a_fragment_comes_back(pairs in pairs()) {
        let mut config = Config::default();
        for (key, value) in &pairs {
            let before = config.clone();
            if config.set(key, value).is_err() {
                prop_assert_eq!(&config, &before);
            }
        }
        prop_assert_eq!(Config::from_fragment(&config.to_fragment()), (config.clone(), vec![]));
        prop_assert_eq!(Config::from_fragment(&format!("#{}", config.to_fragment())).0, config);
    }
}

fn named(note: &Note) -> &str {
    match note {
        Note::Clamped { key, .. } | Note::NotUnderstood { key, .. } | Note::UnknownKey { key } => key,
        Note::NewerVersion { .. } => "v",
        _ => unreachable!("no fragment gives files or loses a helper"),
    }
}

/// Every value is one that the table allows.
fn check_config(config: &Config) {
    for setting in SETTINGS {
        let value = config.get(setting.key).unwrap();
        let number = || value.parse::<f64>().unwrap();
        let allowed = match setting.kind {
            Kind::Choice { options } => options.contains(&value.as_str()),
            Kind::Switch => value == "true" || value == "false",
            Kind::Integer { min, max } => number().fract() == 0.0 && (f64::from(min)..=f64::from(max)).contains(&number()),
            Kind::Number { min, max, .. } => (min..=max).contains(&number()),
        };
        assert!(allowed, "{} = {value}", setting.key);
    }
}

/// Keys of the table with values of their kind, of another kind, and of none.
fn pairs() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let pair = (0..SETTINGS.len()).prop_flat_map(|at| {
        let words: Vec<String> = match SETTINGS[at].kind {
            Kind::Choice { options } => options.iter().map(|word| word.to_string()).collect(),
            Kind::Switch => vec!["true".into(), "false".into(), "1".into(), "0".into(), String::new()],
            Kind::Integer { min, max } => vec![min.to_string(), max.to_string(), "1e3".into()],
            Kind::Number { min, max, .. } => vec![min.to_string(), max.to_string(), "-0".into()],
        };
        let value = prop_oneof![
            prop::sample::select(words),
            (0.0f64..1.0).prop_map(|x| x.to_string()),
            (0.0f64..1e-3).prop_map(|x| format!("{x:e}")),
            any::<u32>().prop_map(|x| x.to_string()),
            any::<f64>().prop_map(|x| x.to_string()),
            "[^&=]{0,60}",
        ];
        (Just(SETTINGS[at].key), value)
    });
    prop::collection::vec(pair, 0..12)
}
