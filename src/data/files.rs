//! Files that the user gives: which data set they are, by content and name, and the data set they make together.

use super::archive::{gunzip, is_gzip, is_tar, read_batches};
use super::idx::Holds;
use super::source::{Input, Source};
use super::{Dataset, IMAGE, Images, cifar10, idx};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::io::{BufRead, Read};

/// The longest file that is read; `cifar-10-binary.tar.gz` has about 170 million bytes.
pub const LONGEST_FILE: u64 = 256 << 20;

const FASHION: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// [`read_sources`] of files that are in memory: (name or path, content).
///
/// # Errors
/// Those of [`read_sources`].
pub fn read_files(files: Vec<(String, Vec<u8>)>) -> Result<Dataset> {
    read_sources(files.into_iter().map(|(name, bytes)| Ok(Source::from_bytes(name, bytes))))
}

/// A data set from files in any order, which are read one after another.
///
/// CIFAR-10: any of `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, the archive that holds them
/// (`.tar.gz`, `.tar`), or files of such records under other names. MNIST and Fashion-MNIST: the four IDX files, or the two
/// for training. Each also as `.gz`. A file is for testing when its name says `test` or `t10k`. The same part given
/// twice with the same content is read once; notes that come with the data sets (`.txt`, `.html`, `.md`, dot files)
/// are passed over.
///
/// Without test files the last tenth of the training images is held out for testing, and the title says so. Fashion-MNIST
/// is told from MNIST by `fashion` in a path, else by the first ten labels of the published files; IDX files that
/// are neither get the digits as class names. Mean and standard deviation of IDX images are those of the training images
/// after padding; CIFAR-10 has the published ones.
///
/// # Errors
/// The decoders' errors, and those on files that do not fit together. There is always a training and a test image.
pub fn read_sources<R: Read>(files: impl IntoIterator<Item = Result<Source<R>>>) -> Result<Dataset> {
    let mut parts = Parts::default();
    let mut passed_over = None;
    for file in files {
        let file = file?;
        if is_note(&file.name) {
            passed_over = Some(file.name);
        } else {
            parts.read(file)?;
        }
    }
    match passed_over {
        Some(file) if parts.0.is_empty() => Err(Error::UnknownFile { file }),
        _ => parts.assemble(),
    }
}

/// The name without its folder, for both kinds of separator.
pub fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Whether a file is one of those that lie beside the data.
pub(super) fn is_note(path: &str) -> bool {
    let name = base_name(path);
    name.starts_with('.') || [".txt", ".html", ".md"].iter().any(|end| name.ends_with(end))
}

/// What a file is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// With the file's name, by which the batches are ordered.
    CifarTrain(String),
    CifarTest,
    Idx(Split, Holds),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Split {
    Train,
    Test,
}

/// What was read so far, each with the file it came from. Of an IDX file one half of [`Images`] is empty.
#[derive(Default)]
struct Parts(BTreeMap<Part, (String, Images)>);

impl Parts {
    fn read<R: Read>(&mut self, source: Source<R>) -> Result<()> {
        let (file, found) = (source.name.as_str(), source.length);
        if found > LONGEST_FILE {
            return Err(Error::FileTooLarge { file: file.into(), found, limit: LONGEST_FILE });
        }
        let mut input = Input::new(source.content);
        let (empty, zipped, tar) = match input.fill_buf() {
            Ok(start) => (start.is_empty(), is_gzip(start), is_tar(start)),
            Err(error) => return Err(input.problem(file, &error)),
        };
        if empty {
            return Err(Error::EmptyFile { file: file.into() });
        }
        let lower = base_name(file).to_lowercase();
        if tar || [".tar", ".tar.gz", ".tgz"].iter().any(|end| lower.ends_with(end)) {
            return read_batches(file, input, zipped, |name, batch| {
                self.add(cifar_part(name), file, cifar10::decode(&format!("{file}: {name}"), &batch)?)
            });
        }
        let name = lower.strip_suffix(".gz").unwrap_or(&lower); // a browser may have unpacked it
        let bytes = if zipped { gunzip(file, input, idx::LONGEST)? } else { whole(file, input, found)? };
        // The name first: a labels file that is called images is to be told, not to be believed.
        let by_name = Holds::of_name(name);
        if cifar10::is_batch_name(name) || (by_name.is_none() && cifar10::looks_like_records(&bytes)) {
            self.add(cifar_part(name), file, cifar10::decode(file, &bytes)?)
        } else if let Some(holds) = by_name.or_else(|| Holds::of_magic(&bytes)) {
            self.add(Part::Idx(split(name), holds), file, idx::decode(file, &bytes, holds)?)
        } else {
            Err(Error::UnknownFile { file: file.into() })
        }
    }

    fn add(&mut self, part: Part, file: &str, images: Images) -> Result<()> {
        if let Some((other, same)) = self.0.get(&part) {
            return match *same == images {
                true => Ok(()),
                false => Err(Error::DuplicateFile { file: file.into(), other: other.clone() }),
            };
        }
        self.0.insert(part, (file.into(), images));
        Ok(())
    }

    fn assemble(self) -> Result<Dataset> {
        let is_idx = |part: &Part| matches!(part, Part::Idx(..));
        let first = |wanted: bool| self.0.iter().find(|(part, _)| is_idx(part) == wanted).map(|(_, (file, _))| file.clone());
        match (first(false), first(true)) {
            (Some(file), Some(other)) => Err(Error::MixedFiles { file, other }),
            (None, Some(_)) => self.assemble_idx(),
            _ => self.assemble_cifar(),
        }
    }

    fn assemble_cifar(self) -> Result<Dataset> {
        let (mut train, mut test) = (Images::default(), Images::default());
        let for_training = self.0.iter().filter(|(part, _)| **part != Part::CifarTest);
        train.pixels.reserve_exact(for_training.map(|(_, (_, images))| images.pixels.len()).sum()); // once, not by doubling
        for (part, (_, images)) in self.0 {
            if part == Part::CifarTest { &mut test } else { &mut train }.append(images);
        }
        finish(Dataset::cifar10(), train, test)
    }

    fn assemble_idx(mut self) -> Result<Dataset> {
        let fashion_path = self.0.values().any(|(file, _)| file.to_lowercase().contains("fashion"));
        let (train, test) = (self.take_pair(Split::Train)?, self.take_pair(Split::Test)?);
        let (name, classes) = match family(fashion_path, &train.labels, &test.labels) {
            Family::Fashion => ("Fashion-MNIST", FASHION.map(String::from).into()),
            Family::Digits => ("MNIST", digits()),
            Family::Unknown => ("IDX images", digits()),
        };
        let (mean, std) = moments(&train.pixels);
        let set = Dataset { name: name.into(), classes, mean: [mean; 3], std: [std; 3], ..Dataset::cifar10() };
        finish(set, train, test)
    }

    /// Images and labels of one split joined; empty when both are missing.
    fn take_pair(&mut self, split: Split) -> Result<Images> {
        let prefix = if split == Split::Train { "train" } else { "t10k" };
        let missing = |file: String, wanted: &str| Error::MissingPartner { file, wanted: format!("{prefix}-{wanted}-ubyte") };
        match (self.0.remove(&Part::Idx(split, Holds::Images)), self.0.remove(&Part::Idx(split, Holds::Labels))) {
            (None, None) => Ok(Images::default()),
            (Some((file, _)), None) => Err(missing(file, "labels-idx1")),
            (None, Some((file, _))) => Err(missing(file, "images-idx3")),
            (Some((image_file, images)), Some((label_file, labels))) => {
                let (images, labels) = (images.pixels, labels.labels);
                if images.len() / IMAGE != labels.len() {
                    let (images, labels) = ((images.len() / IMAGE) as u64, labels.len() as u64);
                    return Err(Error::CountMismatch { images, image_file, labels, label_file });
                }
                Ok(Images { pixels: images, labels })
            }
        }
    }
}

/// All of a file that is not packed, `length` bytes by its folder's account.
fn whole(file: &str, mut input: Input<impl Read>, length: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length as usize);
    match input.by_ref().take(LONGEST_FILE).read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(input.problem(file, &error)),
    }
}

fn cifar_part(name: &str) -> Part {
    if split(name) == Split::Test { Part::CifarTest } else { Part::CifarTrain(name.into()) }
}

fn split(name: &str) -> Split {
    if name.contains("test") || name.contains("t10k") { Split::Test } else { Split::Train }
}

/// Puts the images into `set` and holds out test images where there are none.
fn finish(set: Dataset, mut train: Images, mut test: Images) -> Result<Dataset> {
    if train.is_empty() {
        return Err(Error::NoTrainingImages);
    }
    let held_out = test.is_empty();
    if held_out {
        let keep = train.len() - train.len().div_ceil(10);
        if keep == 0 {
            return Err(Error::TooFewImages { found: train.len() as u64 });
        }
        test = Images { pixels: train.pixels.split_off(keep * IMAGE), labels: train.labels.split_off(keep) };
    }
    let (train_total, test_total) = (train.len(), test.len());
    Ok(Dataset { train, test, train_total, test_total, held_out, shard: train_total, ..set })
}

enum Family {
    Fashion,
    Digits,
    Unknown,
}

/// Which of the two data sets in this format; by the labels with which the published files begin.
fn family(fashion_path: bool, train: &[u8], test: &[u8]) -> Family {
    let begins = |train_start: [u8; 10], test_start: [u8; 10]| train.starts_with(&train_start) || test.starts_with(&test_start);
    if fashion_path || begins([9, 0, 0, 3, 0, 2, 7, 2, 5, 5], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]) {
        Family::Fashion
    } else if begins([5, 0, 4, 1, 9, 2, 1, 3, 1, 4], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]) {
        Family::Digits
    } else {
        Family::Unknown
    }
}

fn digits() -> Vec<String> {
    (0..10).map(|digit| digit.to_string()).collect()
}

/// Mean and standard deviation of bytes on the scale 0 to 1; the latter at least one step of a byte, for constant images.
fn moments(bytes: &[u8]) -> (f32, f32) {
    let mut counts = [0u64; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let average = |of: &dyn Fn(f64) -> f64| {
        let sum: f64 = counts.iter().enumerate().map(|(byte, count)| of(byte as f64 / 255.0) * *count as f64).sum();
        sum / bytes.len().max(1) as f64
    };
    let mean = average(&|x| x);
    let variance = average(&|x| (x - mean).powi(2));
    (mean as f32, variance.sqrt().max(1.0 / 255.0) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cifar(n: usize, label: u8) -> Vec<u8> {
        cifar10::encode(&Images { pixels: (0..n * IMAGE).map(|i| (i / IMAGE) as u8).collect(), labels: vec![label; n] })
    }

    fn idx_images(n: u8) -> Vec<u8> {
        let header = [0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 28, 0, 0, 0, 28];
        header.into_iter().chain((0..usize::from(n) * 784).map(|i| (i % 256) as u8)).collect()
    }

    fn idx_labels(labels: &[u8]) -> Vec<u8> {
        [0, 0, 8, 1, 0, 0, 0, labels.len() as u8].into_iter().chain(labels.iter().copied()).collect()
    }

    fn read(files: &[(&str, &[u8])]) -> Result<Dataset> {
        read_files(files.iter().map(|(name, bytes)| (name.to_string(), bytes.to_vec())).collect())
    }

    #[test]
    fn batches_are_ordered_by_name_whatever_order_they_come_in() {
        let set = read(&[
            ("c/test_batch.bin", &cifar(2, 7)),
            ("c/data_batch_2.bin", &cifar(1, 2)),
            ("c/readme.html", b"<p>"),
            ("c/data_batch_1.bin", &cifar(3, 1)),
        ])
        .unwrap();
        assert_eq!((&set.train.labels[..], &set.test.labels[..]), (&[1, 1, 1, 2][..], &[7, 7][..]));
        assert_eq!((set.train_total, set.test_total, set.shard), (4, 2, 4));
        assert_eq!(set.title(), "CIFAR-10 (4 for training, 2 for testing)");
    }

    #[test]
    fn without_test_files_the_last_tenth_is_held_out() {
        let set = read(&[("mine", &cifar(11, 4))]).unwrap();
        assert_eq!(set.title(), "CIFAR-10 (9 for training, 2 held out for testing)");
        assert_eq!((set.train.len(), set.train.image(8)[0], set.test.image(0)[0]), (9, 8, 9));
        assert_eq!(read(&[("mine", &cifar(1, 4))]), Err(Error::TooFewImages { found: 1 }));
        assert_eq!(read(&[("test_batch.bin", &cifar(1, 4))]), Err(Error::NoTrainingImages));
        assert_eq!(read(&[]), Err(Error::NoTrainingImages));
    }

    #[test]
    fn idx_files_are_paired_and_named() {
        let (images, labels) = (idx_images(10), idx_labels(&[5, 0, 4, 1, 9, 2, 1, 3, 1, 4]));
        let set = read(&[("train-labels-idx1-ubyte", &labels), ("train-images-idx3-ubyte", &images)]).unwrap();
        assert_eq!((set.title().as_str(), set.classes[3].as_str()), ("MNIST (9 for training, 1 held out for testing)", "3"));
        let fashion = read(&[("Fashion/train-labels-idx1-ubyte", &labels), ("train-images.idx3-ubyte", &images)]).unwrap();
        assert_eq!(fashion.classes[9], "Ankle boot");
        let labels = idx_labels(&[1; 10]);
        let other = read(&[("train-labels-idx1-ubyte", &labels), ("train-images-idx3-ubyte", &images)]).unwrap();
        assert!(other.title().starts_with("IDX images ("));
    }

    #[test]
    fn files_that_do_not_fit_together_are_told() {
        let (images, labels) = (idx_images(2), idx_labels(&[1, 2, 3]));
        let (name, other) = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");
        let code = |files: &[(&str, &[u8])]| {
            let error = read(files).unwrap_err();
            serde_json::to_value(error).unwrap()["code"].as_str().unwrap().to_string()
        };
        assert_eq!(code(&[(name, &images)]), "missing_partner");
        assert_eq!(code(&[(other, &labels)]), "missing_partner");
        assert_eq!(code(&[(name, &images), (other, &labels)]), "count_mismatch");
        assert_eq!(code(&[(name, &labels)]), "idx_magic");
        assert_eq!(code(&[("data_batch_1.bin", &labels)]), "cifar_truncated");
        assert_eq!(code(&[("data_batch_1.bin", &cifar(1, 1)), (name, &images)]), "mixed_files");
        assert_eq!(code(&[("data_batch_1.bin", &cifar(1, 1)), ("x/data_batch_1.bin", &cifar(1, 2))]), "duplicate_file");
        assert_eq!(code(&[("photo.jpg", b"\xff\xd8")]), "unknown_file");
        assert_eq!(code(&[("notes.txt", b"a")]), "unknown_file");
        assert_eq!(code(&[("a", b"")]), "empty_file");
        assert_eq!(code(&[("cifar-10-binary.tar.gz", &[9; 700])]), "compressed");
        let twice: [(&str, &[u8]); 2] = [("data_batch_1.bin", &cifar(2, 1)), ("x/data_batch_1.bin", &cifar(2, 1))];
        assert_eq!(read(&twice).unwrap().train.len() + read(&twice).unwrap().test.len(), 2);
    }

    #[test]
    fn moments_are_those_of_the_bytes() {
        let (mean, std) = moments(&[0, 255, 0, 255]);
        assert_eq!((mean, std), (0.5, 0.5));
        assert_eq!(moments(&[9; 7]).1, 1.0 / 255.0);
        assert_eq!(super::super::thousands(1_060_007), "1,060,007");
    }
}
