//! Pictures in folders, as people have them: every format beside what Pillow reads in it, and which picture is for what.

use super::files::tar;
use alexnet_lab::data::files::read_files;
use alexnet_lab::data::picture::decode;
use alexnet_lab::data::{Dataset, IMAGE};
use alexnet_lab::error::{Error, Note, Result};
use flate2::read::DeflateDecoder;
use image::{ImageFormat, Rgb, RgbImage};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::LazyLock;

/// The pictures and what Pillow makes of them, by name: `tests/golden/pictures.py`.
static GOLDEN: LazyLock<HashMap<String, Vec<u8>>> =
    LazyLock::new(|| unzip(&std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pictures.zip")).unwrap()));

/// The files of an archive.
fn unzip(bytes: &[u8]) -> HashMap<String, Vec<u8>> {
    let archive = rawzip::ZipArchive::from_slice(bytes).unwrap();
    let mut files = HashMap::new();
    for entry in archive.entries() {
        let entry = entry.unwrap();
        let mut content = vec![];
        DeflateDecoder::new(archive.get_entry(entry.wayfinder()).unwrap().data()).read_to_end(&mut content).unwrap();
        files.insert(entry.file_path().try_normalize().unwrap().as_ref().to_string(), content);
    }
    files
}

/// A PNG of 40 x 40 pixels that differs from that of another number.
fn png(number: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(40, 40, |x, y| {
        let byte = |salt: u32| {
            let mixed = (x / 8 + 5 * (y / 8) + 25 * number + (salt << 24)).wrapping_mul(2_654_435_761);
            ((mixed ^ mixed >> 15).wrapping_mul(2_246_822_519) >> 24) as u8
        };
        Rgb([byte(1), byte(2), byte(3)])
    });
    let mut bytes = Cursor::new(vec![]);
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn read(files: &[(String, Vec<u8>)]) -> Result<Dataset> {
    read_files(files.to_vec())
}

/// `count` pictures in each of the folders; all differ.
fn folders(names: &[&str], count: u32) -> Vec<(String, Vec<u8>)> {
    let numbered = names.iter().zip(0..);
    numbered.flat_map(|(name, at)| (0..count).map(move |n| (format!("{name}/{n}.png"), png(at * 1000 + n)))).collect()
}

/// The images of a part with their classes' names.
fn images(set: &Dataset, test: bool) -> HashSet<(Vec<u8>, String)> {
    let part = if test { &set.test } else { &set.train };
    (0..part.len()).map(|at| (part.image(at).to_vec(), set.classes[usize::from(part.labels[at])].clone())).collect()
}

#[test]
fn every_format_is_read_as_pillow_reads_it() {
    let files = &*GOLDEN;
    let names: Vec<&String> = files.keys().filter(|name| !name.ends_with(".rgb")).collect();
    assert!(names.len() > 20);
    for name in names {
        let found = decode(&files[name]).unwrap_or_else(|| panic!("{name} is not read"));
        let expected = &files[&format!("{name}.rgb")];
        assert_eq!((found.len(), expected.len()), (IMAGE, IMAGE), "{name}");
        let apart: Vec<u32> = found.iter().zip(expected).map(|(a, b)| u32::from(a.abs_diff(*b))).collect();
        let (largest, mean) = (*apart.iter().max().unwrap(), f64::from(apart.iter().sum::<u32>()) / IMAGE as f64);
        // Lossy formats leave the last bits of their transforms and of the upsampling of colours to the decoder.
        let lossy = ["jpg", "lossy.webp"].iter().any(|end| name.ends_with(end));
        let (limit, usual) = if lossy { (3, 0.5) } else { (1, 0.2) };
        assert!(largest <= limit && mean <= usual, "{name}: at most {largest} apart, on average {mean}");
    }
    let exact = decode(&files["exact.png"]).unwrap();
    assert_eq!(exact, files["exact.png.rgb"], "a picture of 32 x 32 stays as it is");
}

#[test]
fn what_is_no_picture_is_not_read() {
    let whole = png(1);
    for bytes in [&b""[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", &whole[..whole.len() / 2], b"<!doctype html>"] {
        assert_eq!(decode(bytes), None);
    }
}

#[test]
fn folders_are_classes_and_a_tenth_of_each_is_held_out_by_content() {
    let mut files = folders(&["photos/dog", "photos/cat", "photos/owl"], 25);
    files.truncate(53); // three owls
    let set = read(&files).unwrap();
    assert_eq!(set.classes, ["cat", "dog", "owl"]);
    assert_eq!(set.title(), "Pictures (46 for training, 7 held out for testing)");
    let of = |labels: &[u8], class| labels.iter().filter(|label| **label == class).count();
    assert_eq!([0, 1, 2].map(|class| of(&set.test.labels, class)), [3, 3, 1]);
    assert_eq!(set.notes, []);
    // Other names and another order change nothing: neither the parts nor the order of the images.
    let other = |path: &str, n: u32| format!("{}/{n}.png", path.rsplit_once('/').unwrap().0.replace("photos", "other"));
    let renamed: Vec<_> = files.iter().rev().zip(100..).map(|((path, bytes), n)| (other(path, n), bytes.clone())).collect();
    let again = read(&renamed).unwrap();
    assert_eq!((&again.train, &again.test), (&set.train, &set.test));
    // Mean and deviation are those of the training images, channel by channel.
    let red: Vec<f64> = set.train.pixels.iter().step_by(3).map(|byte| f64::from(*byte) / 255.0).collect();
    let mean = red.iter().sum::<f64>() / red.len() as f64;
    assert!((f64::from(set.normalisation.mean[0]) - mean).abs() < 1e-6);
}

#[test]
fn equal_pictures_are_on_one_side_only() {
    // Each picture three times, under other names.
    let once = folders(&["cat", "dog"], 10);
    let thrice: Vec<_> =
        (0..3).flat_map(|copy| once.iter().map(move |(path, bytes)| (format!("{path}.{copy}.png"), bytes.clone()))).collect();
    let set = read(&thrice).unwrap();
    let only = |test| images(&set, test).into_iter().map(|(pixels, _)| pixels).collect::<HashSet<_>>();
    assert!(only(true).is_disjoint(&only(false)));
    assert_eq!((set.test.len(), only(true).len(), set.train.len(), only(false).len()), (2, 2, 18, 18));
    assert_eq!(set.notes, [Note::EqualPictures { count: 40 }]);
}

#[test]
fn folders_above_say_what_the_pictures_are_for() {
    let mut files = folders(&["p/train/cat", "p/train/dog"], 4);
    let tests = ["p/Val/cat/a.png", "p/Val/cat/b.png", "p/Val/dog/a.png", "p/Val/dog/b.png"];
    files.extend(tests.iter().zip(7000..).map(|(path, number)| (path.to_string(), png(number))));
    let set = read(&files).unwrap();
    assert_eq!((set.held_out, set.train.len(), set.test.len()), (false, 8, 4));
    // A training picture that is a test picture too is not used for training.
    files.push(("p/train/dog/copy.png".into(), files.last().unwrap().1.clone()));
    let set = read(&files).unwrap();
    assert_eq!((set.train.len(), set.test.len(), &set.notes[..]), (8, 4, &[Note::EqualPictures { count: 1 }][..]));
}

#[test]
fn a_broken_picture_is_named_and_skipped() {
    let mut files = folders(&["cat", "dog"], 3);
    files.push(("cat/broken.jpg".into(), b"\xff\xd8\xff\xe0".to_vec()));
    files.push(("cover.png".into(), png(9)));
    files.push(("notes.txt".into(), b"mine".to_vec()));
    let set = read(&files).unwrap();
    let broken = Note::BrokenPictures { files: "broken.jpg".into(), count: 1 };
    assert_eq!((set.train.len() + set.test.len(), set.notes), (6, vec![broken, Note::OutsideFolders { count: 1 }]));
}

#[test]
fn what_is_no_set_of_classes_says_so() {
    let says = |files: &[(String, Vec<u8>)]| read(files).unwrap_err();
    assert_eq!(says(&folders(&["cat"], 3)), Error::PictureFolders { file: "cat/0.png".into() });
    assert_eq!(says(&[("holiday.png".into(), png(1))]), Error::PictureFolders { file: "holiday.png".into() });
    assert_eq!(says(&folders(&["train", "test"], 2)), Error::PictureFolders { file: "train/0.png".into() });
    assert_eq!(says(&[("cat/1.png".into(), png(1)), ("dog/1.png".into(), png(2))]), Error::SinglePictures);
    let many: Vec<String> = (0..201).map(|class| format!("c{class}")).collect();
    let many = folders(&many.iter().map(String::as_str).collect::<Vec<_>>(), 1);
    assert_eq!(says(&many), Error::TooManyClasses { found: 201, limit: 200 });
}

/// A zip archive, packed or stored.
fn zip(files: &[(String, Vec<u8>)], method: rawzip::CompressionMethod) -> Vec<u8> {
    let mut output = vec![];
    let mut archive = rawzip::ZipArchiveWriter::new(&mut output);
    archive.new_dir("photos/").create().unwrap();
    for (path, content) in files {
        let (mut entry, config) = archive.new_file(path).compression_method(method).start().unwrap();
        if method == rawzip::CompressionMethod::STORE {
            let mut writer = config.wrap(&mut entry);
            std::io::copy(&mut &content[..], &mut writer).unwrap();
            let (_, descriptor) = writer.finish().unwrap();
            entry.finish(descriptor).unwrap();
        } else {
            let mut writer = config.wrap(flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default()));
            std::io::copy(&mut &content[..], &mut writer).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
    }
    archive.finish().unwrap();
    output
}

#[test]
fn an_archive_is_read_like_its_folder() {
    let files = folders(&["photos/cat", "photos/dog"], 5);
    let set = read(&files).unwrap();
    let deflate = rawzip::CompressionMethod::DEFLATE;
    for archive in [zip(&files, deflate), zip(&files, rawzip::CompressionMethod::STORE), tar(&files)] {
        let found = read(&[("photos".into(), archive)]).unwrap();
        assert_eq!((&found.train, &found.test, &found.classes), (&set.train, &set.test, &set.classes));
    }
    // Data sets in a zip archive, too.
    let idx = |magic: u8, body: &[u8]| [&[0, 0, 8, magic, 0, 0, 0, 10][..], body].concat();
    let pixels: Vec<u8> = [0, 0, 0, 28, 0, 0, 0, 28].into_iter().chain((0..7840).map(|at| (at / 7) as u8)).collect();
    let digits = [
        ("train-images-idx3-ubyte".to_string(), idx(3, &pixels)),
        ("train-labels-idx1-ubyte".into(), idx(1, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 0])),
    ];
    assert_eq!(read(&[("digits.zip".into(), zip(&digits, deflate))]).unwrap().train_total, 9);
    let packed = read(&[("a.zip".into(), zip(&[("images.gz".into(), vec![0x1f, 0x8b, 8, 0])], deflate))]);
    assert_eq!(packed, Err(Error::Packed { file: "a.zip: images.gz".into(), format: "gzip".into() }));
    // A wrong byte is noticed by the checksum alone.
    let mut stored = zip(&digits, rawzip::CompressionMethod::STORE);
    stored[4000] ^= 1;
    assert!(matches!(read(&[("digits.zip".into(), stored)]), Err(Error::Compressed { .. })));
    // A damaged one says so, and where.
    let mut damaged = zip(&files, deflate);
    let middle = damaged.len() / 3;
    damaged[middle..middle + 40].fill(0x55);
    let found = read(&[("photos.zip".into(), damaged)]);
    assert!(matches!(&found, Ok(set) if set.notes.iter().any(|note| matches!(note, Note::BrokenPictures { .. }))), "{found:?}");
    let cut = zip(&files, deflate)[..middle].to_vec();
    assert!(matches!(read(&[("photos.zip".into(), cut)]), Err(Error::Compressed { .. } | Error::CompressedTruncated { .. })));
}

#[test]
fn pictures_beside_a_data_set_are_passed_over() {
    let batch: Vec<u8> = (0..20 * 3073).map(|at| if at % 3073 == 0 { (at / 3073 % 10) as u8 } else { (at / 5) as u8 }).collect();
    let mut files = folders(&["cat", "dog"], 2);
    files.push(("data_batch_1.bin".into(), batch));
    let set = read(&files).unwrap();
    assert_eq!(
        (set.name.as_str(), set.notes.last()),
        ("CIFAR-10", Some(&Note::PassedOver { files: "0.png, 1.png, 0.png".into(), count: 4 }))
    );
}

/// Bytes with some of them changed, perhaps cut off.
fn damage(mut bytes: Vec<u8>, changes: &[(usize, u8)], cut: Option<usize>) -> Vec<u8> {
    for (at, byte) in changes {
        let at = at % bytes.len();
        bytes[at] ^= byte;
    }
    bytes.truncate(cut.map_or(bytes.len(), |cut| cut % bytes.len()));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_damaged_picture_is_read_or_named(
        which in any::<usize>(),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
        cut in prop::option::weighted(0.3, any::<usize>()),
    ) {
        let mut pictures: Vec<_> = GOLDEN.iter().filter(|(name, _)| !name.ends_with(".rgb")).collect();
        pictures.sort();
        let (name, bytes) = pictures[which % pictures.len()];
        let mut files = folders(&["cat", "dog"], 3);
        files.push((format!("cat/{name}"), damage(bytes.clone(), &changes, cut)));
        let set = read(&files).unwrap();
        prop_assert_eq!((set.train.len() + set.test.len(), set.notes.len()) , if set.notes.is_empty() { (7, 0) } else { (6, 1) });
    }

    #[test]
    fn a_damaged_zip_archive_is_read_or_refused(
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.3, any::<usize>()),
    ) {
        let archive = zip(&folders(&["photos/cat", "photos/dog"], 3), rawzip::CompressionMethod::DEFLATE);
        match read(&[("photos.zip".into(), damage(archive, &changes, cut))]) {
            Ok(set) => prop_assert!(!set.train.is_empty() && !set.test.is_empty()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
