//! Pictures in folders, a folder for each class, as a data set that is split by their content.

use super::names::{self, Split};
use super::picture::decode;
use super::{Dataset, IMAGE, Images, MOST, NAMED, Normalisation};
use crate::error::{Error, Note, Result};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashSet};

/// The most classes. A label is a byte.
const CLASSES: usize = 200;
/// How many pictures are decoded together.
const TOGETHER: usize = 256;
/// One of this many pictures of a class is held out for testing.
const ONE_OF: usize = 10;

/// The pictures that have been read so far.
#[derive(Default)]
pub struct Pictures {
    /// Files that are still to be decoded: path, content.
    waiting: Vec<(String, Vec<u8>)>,
    /// Path, pixels (32, 32, 3).
    decoded: Vec<(String, Vec<u8>)>,
    /// The first names of those that could not be decoded, and how many there are.
    broken: (Vec<String>, u64),
}

impl Pictures {
    pub fn add(&mut self, path: String, content: Vec<u8>) {
        self.waiting.push((path, content));
        if self.waiting.len() == TOGETHER {
            self.decode();
        }
    }

    /// The paths of all pictures; of broken ones, the first names.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let paths = self.waiting.iter().chain(&self.decoded).map(|(path, _)| &**path);
        paths.chain(self.broken.0.iter().map(String::as_str))
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.decoded.is_empty() && self.broken.1 == 0
    }

    /// Takes note of a picture that could not be read.
    pub fn broken(&mut self, path: &str) {
        let (names, count) = &mut self.broken;
        if names.len() < NAMED {
            names.push(names::base(path).into());
        }
        *count += 1;
    }

    /// Decodes the waiting files, on all cores.
    fn decode(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        // A browser's worker has one.
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let decode = |files: &[(String, Vec<u8>)]| files.iter().map(|(_, content)| unharmed(content)).collect::<Vec<_>>();
        let pixels: Vec<Option<Vec<u8>>> = if threads == 1 {
            decode(&waiting)
        } else {
            std::thread::scope(|scope| {
                let parts = waiting.chunks(waiting.len().div_ceil(threads).max(1));
                let parts: Vec<_> = parts.map(|part| scope.spawn(move || decode(part))).collect();
                parts.into_iter().flat_map(|part| part.join().expect("panics are caught")).collect()
            })
        };
        for ((path, _), pixels) in waiting.into_iter().zip(pixels) {
            match pixels {
                Some(pixels) => self.decoded.push((path, pixels)),
                None => self.broken(&path),
            }
        }
    }

    /// A data set whose classes are the names of the folders.
    ///
    /// Folders named `train` and `test` (or `val`) above them say what the pictures are for. Otherwise a tenth of each class is held
    /// out for testing. Which ones depends on their pixels alone, and equal pictures are never in both parts.
    ///
    /// # Errors
    /// [`Error::BrokenPictures`], [`Error::PictureFolders`], [`Error::TooManyClasses`], [`Error::NoTrainingImages`],
    /// [`Error::TooFewImages`].
    pub fn assemble(mut self) -> Result<Dataset> {
        self.decode();
        let broken = self.broken;
        let Some((first, _)) = self.decoded.first() else {
            return Err(Error::BrokenPictures { file: broken.0.join(", "), count: broken.1 });
        };
        let first = first.clone();
        let places = Places::of(self.decoded.iter().map(|(path, _)| &**path));
        let classes = in_order(self.decoded.iter().filter_map(|(path, _)| places.class(path)).collect());
        match classes.len() {
            0 | 1 => return Err(Error::PictureFolders { file: first }),
            found if found > CLASSES => return Err(Error::TooManyClasses { found: found as u64, limit: CLASSES as u64 }),
            _ => {}
        }
        let mut outside = 0;
        let mut pictures = Vec::with_capacity(self.decoded.len());
        for (path, pixels) in self.decoded {
            let Some(class) = places.class(&path) else {
                outside += 1;
                continue;
            };
            let label = classes.iter().position(|name| name == class).expect("every class is listed") as u8;
            pictures.push(Picture { hash: Sha256::digest(&pixels).into(), label, split: places.split(&path), pixels });
        }
        // Their order, too, follows from the pixels alone.
        pictures.sort_unstable_by_key(|picture| (picture.hash, picture.label));
        let held_out = pictures.iter().all(|picture| picture.split != Some(Split::Test));
        let tests = if held_out { hold_out(&pictures, classes.len()) } else { given(&pictures) };
        let mut test = Images::default();
        let mut train = Images::default();
        let (mut copies, mut seen) = (0, HashSet::new());
        for picture in &pictures {
            let is_test = if held_out { tests.contains(&picture.hash) } else { picture.split == Some(Split::Test) };
            if is_test && seen.insert(picture.hash) {
                test.push(picture);
            } else if tests.contains(&picture.hash) {
                copies += 1;
            } else {
                train.push(picture);
            }
        }
        finish(train, test, Found { classes, held_out, copies, outside, broken })
    }
}

/// A picture on which a decoder gives up counts as broken.
fn unharmed(content: &[u8]) -> Option<Vec<u8>> {
    std::panic::catch_unwind(|| decode(content)).ok().flatten()
}

/// What is told of a data set, besides its images.
struct Found {
    classes: Vec<String>,
    held_out: bool,
    copies: u64,
    outside: u64,
    broken: (Vec<String>, u64),
}

fn finish(mut train: Images, mut test: Images, found: Found) -> Result<Dataset> {
    if train.is_empty() && !found.held_out {
        return Err(if found.copies > 0 { Error::SameImages } else { Error::NoTrainingImages });
    }
    if train.is_empty() || test.is_empty() {
        return Err(Error::TooFewImages { found: (train.len() + test.len()) as u64 });
    }
    let mut notes = vec![];
    let (used, sizes) = (MOST as u64, [train.len() as u64, test.len() as u64]);
    train.truncate(MOST);
    test.truncate(MOST);
    if sizes[0] > used {
        notes.push(Note::FewerTraining { found: sizes[0], used });
    }
    if sizes[1] > used {
        notes.push(Note::FewerTest { found: sizes[1], used });
    }
    if found.copies > 0 {
        notes.push(Note::Copies { count: found.copies });
    }
    if found.broken.1 > 0 {
        notes.push(Note::BrokenPictures { files: found.broken.0.join(", "), count: found.broken.1 });
    }
    if found.outside > 0 {
        notes.push(Note::OutsideFolders { count: found.outside });
    }
    Ok(Dataset {
        name: "Pictures".into(),
        classes: found.classes,
        normalisation: Normalisation::of(&train.pixels),
        train_total: train.len(),
        test_total: test.len(),
        held_out: found.held_out,
        shard: train.len(),
        train,
        test,
        notes,
        ..Dataset::cifar10()
    })
}

struct Picture {
    hash: [u8; 32],
    label: u8,
    split: Option<Split>,
    pixels: Vec<u8>,
}

impl Images {
    fn push(&mut self, picture: &Picture) {
        self.pixels.extend_from_slice(&picture.pixels);
        self.labels.push(picture.label);
    }

    fn truncate(&mut self, count: usize) {
        self.pixels.truncate(count * IMAGE);
        self.labels.truncate(count);
    }
}

/// The pictures that are given for testing.
fn given(pictures: &[Picture]) -> HashSet<[u8; 32]> {
    pictures.iter().filter(|picture| picture.split == Some(Split::Test)).map(|picture| picture.hash).collect()
}

/// Of each class the first tenth in the order of their hashes, but of a class with a single picture none.
fn hold_out(pictures: &[Picture], classes: usize) -> HashSet<[u8; 32]> {
    let mut own = vec![BTreeSet::new(); classes];
    for picture in pictures {
        own[usize::from(picture.label)].insert(picture.hash);
    }
    own.iter().filter(|own| own.len() > 1).flat_map(|own| own.iter().take(own.len().div_ceil(ONE_OF))).copied().collect()
}

/// Numbers by their size, other names by the alphabet.
fn in_order(names: BTreeSet<&str>) -> Vec<String> {
    let mut names: Vec<&str> = names.into_iter().collect();
    if names.iter().all(|name| name.parse::<u64>().is_ok()) {
        names.sort_by_key(|name| name.parse::<u64>().ok());
    }
    names.into_iter().map(String::from).collect()
}

/// Which folder of a path is the class.
struct Places {
    /// Folders that all paths end with, such as `images`; they say nothing.
    shared: usize,
}

/// The folders of a path, the innermost first.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '\\']).rev().skip(1).filter(|folder| !folder.is_empty() && *folder != ".")
}

fn split_named(folder: &str) -> Option<Split> {
    match folder.to_lowercase().as_str() {
        "train" | "training" => Some(Split::Train),
        "test" | "testing" | "val" | "valid" | "validation" => Some(Split::Test),
        _ => None,
    }
}

impl Places {
    fn of<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> Places {
        let all = |at: usize| paths.clone().map(|path| folders(path).nth(at)).collect::<HashSet<_>>();
        let mut shared = 0;
        while matches!(all(shared).into_iter().collect::<Vec<_>>()[..], [Some(_)]) {
            shared += 1;
        }
        Places { shared }
    }

    /// `None` outside of a class's folder.
    fn class<'a>(&self, path: &'a str) -> Option<&'a str> {
        folders(path).nth(self.shared).filter(|folder| split_named(folder).is_none())
    }

    fn split(&self, path: &str) -> Option<Split> {
        folders(path).skip(self.shared + 1).find_map(split_named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(paths: &[&str]) -> Vec<Option<String>> {
        let places = Places::of(paths.iter().copied());
        paths.iter().map(|path| places.class(path).map(|class| format!("{class} {:?}", places.split(path)))).collect()
    }

    fn named(names: &[&str]) -> Vec<Option<String>> {
        names.iter().map(|name| (!name.is_empty()).then(|| name.to_string())).collect()
    }

    #[test]
    fn the_folder_next_to_a_picture_is_its_class() {
        assert_eq!(classes(&["p/cat/1.png", "p/dog/1.png"]), named(&["cat None", "dog None"]));
        assert_eq!(classes(&["p\\train\\cat\\1.png", "p\\Val\\dog\\1.png"]), named(&["cat Some(Train)", "dog Some(Test)"]));
        // Tiny ImageNet: the folders of training pictures end with `images`, and those of the others have no class.
        let tiny = ["t/train/n01/images/1.JPEG", "t/train/n02/images/1.JPEG", "t/val/images/1.JPEG"];
        assert_eq!(classes(&tiny), named(&["n01 Some(Train)", "n02 Some(Train)", ""]));
        assert_eq!(classes(&["p/train/1.png", "p/test/1.png"]), named(&["", ""]));
        assert_eq!(classes(&["p/1.png", "p/2.png"]), named(&["", ""]));
        assert_eq!(classes(&["1.png"]), named(&[""]));
    }

    #[test]
    fn classes_that_are_numbers_are_in_their_order() {
        assert_eq!(in_order(["10", "9", "0"].into()), ["0", "9", "10"]);
        assert_eq!(in_order(["b", "10", "9"].into()), ["10", "9", "b"]);
    }
}
