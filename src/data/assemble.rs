//! From the contents of files to one data set: no part twice, images with their labels, and separate test images.

use super::emnist::Emnist;
use super::held_out::finish;
use super::idx::{Holds, Idx};
use super::names::{self, Skipped, Split};
use super::pictures::Pictures;
use super::{Dataset, Images, MOST, Normalisation, cifar10, cifar100, is_kept, moments};
use crate::error::{Error, Note, Result};

const FASHION: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// A set of records.
#[derive(Clone, Copy, PartialEq)]
pub enum Cifar {
    Ten,
    Hundred,
}

/// Records of one set.
pub struct Batch {
    pub set: Cifar,
    pub file: String,
    /// The batches are sorted by it.
    pub name: String,
    pub split: Split,
    pub images: Images,
}

pub struct IdxFile {
    pub file: String,
    /// What the name says.
    pub split: Option<Split>,
    pub emnist: Option<Emnist>,
    pub idx: Idx,
}

/// What has been read so far.
#[derive(Default)]
pub struct Gathered {
    batches: Vec<Batch>,
    idx: Vec<IdxFile>,
    /// The best reason among the skipped files, to be given if there is no data.
    refused: Option<(Weight, Error)>,
    passed_over: Skipped,
    pub pictures: Pictures,
}

/// How much a reason explains.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Note,
    Unknown,
    Empty,
    Format,
}

impl Gathered {
    pub fn has_data(&self) -> bool {
        !self.batches.is_empty() || !self.idx.is_empty()
    }

    /// Takes note of a file beside the data.
    pub fn note(&mut self, path: &str) {
        self.keep(Weight::Note, Error::UnknownFile { file: path.into() });
    }

    /// Skips an unsupported file.
    pub fn refuse(&mut self, path: &str, why: Error) {
        match why {
            Error::UnknownFile { .. } => self.pass_over_for(path, Weight::Unknown, why),
            Error::EmptyFile { .. } => self.pass_over_for(path, Weight::Empty, why),
            _ => self.pass_over_for(path, Weight::Format, why),
        }
    }

    fn pass_over_for(&mut self, path: &str, weight: Weight, why: Error) {
        self.pass_over(path);
        self.keep(weight, why);
    }

    pub fn pass_over(&mut self, path: &str) {
        self.passed_over.add(path);
    }

    fn keep(&mut self, weight: Weight, why: Error) {
        if self.refused.as_ref().is_none_or(|(other, _)| *other < weight) {
            self.refused = Some((weight, why));
        }
    }

    pub fn add_batch(&mut self, batch: Batch) -> Result<()> {
        if let Some(IdxFile { file, .. }) = self.idx.first() {
            return Err(Error::MixedFiles { file: batch.file, other: file.clone() });
        }
        if let Some(other) = self.batches.iter().find(|other| other.set != batch.set) {
            return Err(Error::MixedFiles { file: batch.file, other: other.file.clone() });
        }
        let same = |other: &&mut Batch| other.split == batch.split && other.images == batch.images;
        if let Some(other) = self.batches.iter_mut().find(same) {
            // The order of the batches must not depend on which copy came first.
            if (&batch.name, &batch.file) < (&other.name, &other.file) {
                (other.name, other.file) = (batch.name, batch.file);
            }
            return Ok(());
        }
        let differs = |other: &&Batch| cifar10::is_batch_name(&batch.name) && other.name == batch.name;
        if let Some(other) = self.batches.iter().find(differs) {
            return Err(Error::DuplicateFile { file: batch.file, other: other.file.clone() });
        }
        self.batches.push(batch);
        Ok(())
    }

    /// Refuses an IDX file that belongs to another data set than the files read so far.
    pub fn expect(&self, file: &str, emnist: Option<Emnist>) -> Result<()> {
        let batch = self.batches.first().map(|batch| &batch.file);
        let other = self.idx.iter().find(|other| other.emnist != emnist).map(|other| &other.file);
        match batch.or(other) {
            Some(other) => Err(Error::MixedFiles { file: file.into(), other: other.clone() }),
            None => Ok(()),
        }
    }

    pub fn add_idx(&mut self, file: IdxFile) {
        let apart = |other: &IdxFile| other.split.zip(file.split).is_some_and(|(one, other)| one != other);
        if let Some(other) = self.idx.iter_mut().find(|other| other.idx == file.idx && !apart(other)) {
            other.split = other.split.or(file.split);
        } else {
            self.idx.push(file);
        }
    }

    pub fn assemble(mut self) -> Result<Dataset> {
        let pictures = std::mem::take(&mut self.pictures);
        if !self.has_data() && pictures.is_empty() {
            return Err(self.refused.map_or(Error::NoFiles, |(_, why)| why));
        }
        let is_data = self.has_data();
        if is_data {
            pictures.paths().for_each(|path| self.pass_over(path));
        }
        let passed_over = std::mem::take(&mut self.passed_over);
        let mut set = match (is_data, self.idx.is_empty()) {
            (false, _) => pictures.assemble(),
            (true, true) => self.assemble_cifar(),
            (true, false) => self.assemble_idx(),
        }?;
        if passed_over.count > 0 {
            set.notes.push(Note::PassedOver { files: passed_over.told(), count: passed_over.count });
        }
        Ok(set)
    }

    fn assemble_cifar(mut self) -> Result<Dataset> {
        self.batches.sort_by(|one, other| (&one.name, &one.file).cmp(&(&other.name, &other.file)));
        let (mut train, mut test) = (Images::default(), Images::default());
        for (split, images) in [(Split::Train, &mut train), (Split::Test, &mut test)] {
            let of_split = || self.batches.iter().filter(|batch| batch.split == split);
            images.reserve(of_split().map(|batch| batch.images.len()).sum()); // once, not by doubling
            for batch in &mut self.batches {
                if batch.split == split {
                    images.append(std::mem::take(&mut batch.images));
                }
            }
        }
        let found = [train.len(), test.len()];
        for images in [&mut train, &mut test] {
            let count = images.len();
            if count > MOST {
                *images = images.select((0..count).filter(|index| is_kept(*index, count)));
            }
        }
        let set = match self.batches[0].set {
            Cifar::Ten => Dataset::cifar10(),
            Cifar::Hundred => Dataset {
                name: "CIFAR-100".into(),
                classes: cifar100::classes(),
                normalisation: Normalisation::of(&train.pixels),
                ..Dataset::cifar10()
            },
        };
        finish(set, train, test, found)
    }

    fn assemble_idx(mut self) -> Result<Dataset> {
        let fashion_path = self.idx.iter().any(|file| file.file.to_lowercase().contains("fashion"));
        let (emnist, integers) = (self.idx[0].emnist, self.idx.iter().any(|file| file.idx.integers));
        self.find_splits();
        let ((train, train_count), (test, test_count)) = (self.take_pair(Split::Train)?, self.take_pair(Split::Test)?);
        let (name, classes) = match (emnist, family(fashion_path, &train.labels, &test.labels)) {
            (Some(set), _) => (set.title(), set.classes()),
            (_, Family::Fashion) => ("Fashion-MNIST", FASHION.map(String::from).into()),
            _ if integers => ("QMNIST", digits()),
            (_, Family::Digits) => ("MNIST", digits()),
            (_, Family::Unknown) => ("IDX images", digits()),
        };
        let (mean, std) = moments(train.pixels.iter().copied());
        let set = Dataset {
            name: name.into(),
            classes,
            normalisation: Normalisation { mean: [mean; 3], std: [std; 3] },
            ..Dataset::cifar10()
        };
        let mut set = finish(set, train, test, [train_count, test_count])?;
        if emnist.is_some() {
            set.notes.push(Note::Transposed);
        }
        Ok(set)
    }

    /// Finds the split of files whose names do not say it: by the labels of the published sets, else by the file with the same
    /// number of items, else by size, the larger ones for training.
    fn find_splits(&mut self) {
        for file in &mut self.idx {
            let labels = if file.idx.holds == Holds::Labels { &file.idx.bytes[..] } else { &[] };
            file.split = file.split.or(match (family(false, labels, &[]), family(false, &[], labels)) {
                (Family::Unknown, Family::Unknown) => None,
                (_, Family::Unknown) => Some(Split::Train),
                _ => Some(Split::Test),
            });
        }
        let known: Vec<_> = self.idx.iter().map(|file| (file.split, file.idx.holds, file.idx.count)).collect();
        let most = known.iter().map(|(_, _, count)| *count).max();
        for file in self.idx.iter_mut().filter(|file| file.split.is_none()) {
            let partner = known
                .iter()
                .find(|(split, holds, count)| split.is_some() && *holds != file.idx.holds && *count == file.idx.count);
            let by_size = if Some(file.idx.count) == most { Split::Train } else { Split::Test };
            file.split = partner.map_or(Some(by_size), |(split, ..)| *split);
        }
    }

    /// Images of one split with their labels, and the number in the files. Empty when both files are missing.
    fn take_pair(&mut self, split: Split) -> Result<(Images, usize)> {
        let mut take = |holds: Holds| {
            let mut found = self.idx.extract_if(.., |file| file.split == Some(split) && file.idx.holds == holds);
            match (found.next(), found.next()) {
                (Some(one), Some(other)) => Err(Error::DuplicateFile { file: other.file, other: one.file }),
                (one, _) => Ok(one),
            }
        };
        match (take(Holds::Images)?, take(Holds::Labels)?) {
            (None, None) => Ok((Images::default(), 0)),
            (Some(one), None) | (None, Some(one)) => {
                let wanted = partner(&one.file, split, one.idx.holds);
                Err(Error::MissingPartner { file: one.file, wanted })
            }
            (Some(images), Some(labels)) if images.idx.count != labels.idx.count => Err(Error::CountMismatch {
                images: images.idx.count as u64,
                image_file: images.file,
                labels: labels.idx.count as u64,
                label_file: labels.file,
            }),
            (Some(images), Some(labels)) => {
                let pixels = images.idx.pixels(images.emnist.is_some());
                Ok((Images { pixels, labels: labels.idx.bytes }, images.idx.count))
            }
        }
    }
}

/// The name of the file that belongs to `file`.
fn partner(file: &str, split: Split, holds: Holds) -> String {
    let name = names::base(file);
    let labels = if name.contains("qmnist") { "labels-idx2-int" } else { "labels-idx1-ubyte" };
    let (from, to) = if holds == Holds::Images { ("images-idx3-ubyte", labels) } else { (labels, "images-idx3-ubyte") };
    let prefix = if split == Split::Train { "train" } else { "t10k" };
    if name.contains(from) { name.replace(from, to) } else { format!("{prefix}-{to}") }
}

enum Family {
    Fashion,
    Digits,
    Unknown,
}

/// Which of the two data sets in this format it is, by the first labels of the published files.
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
