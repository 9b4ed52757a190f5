//! Pictures in folders, a folder for each class, as a data set that is split by their content.

use super::names::{Skipped, Split};
use super::picture::decode;
use super::{Dataset, IMAGE, Images, MOST, Normalisation};
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
    /// Those that could not be decoded.
    broken: Skipped,
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
        paths.chain(self.broken.names())
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.decoded.is_empty() && self.broken.count == 0
    }

    /// Takes note of a picture that could not be read.
    pub fn broken(&mut self, path: &str) {
        self.broken.add(path);
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
    /// [`Error::SameImages`], [`Error::SinglePictures`].
    pub fn assemble(mut self) -> Result<Dataset> {
        self.decode();
        let broken = self.broken;
        let Some((first, _)) = self.decoded.first() else {
            return Err(Error::BrokenPictures { file: broken.told(), count: broken.count });
        };
        let first = first.clone();
        let paths: Vec<&str> = self.decoded.iter().map(|(path, _)| &**path).collect();
        let found = places(&paths);
        let classes = in_order(found.iter().flatten().map(|(class, _)| *class).collect());
        match classes.len() {
            0 | 1 => return Err(Error::PictureFolders { file: first }),
            found if found > CLASSES => return Err(Error::TooManyClasses { found: found as u64, limit: CLASSES as u64 }),
            _ => {}
        }
        let outside = found.iter().filter(|place| place.is_none()).count() as u64;
        let label = |class: &str| classes.iter().position(|name| name == class).expect("every class is listed") as u8;
        let labels: Vec<_> = found.into_iter().map(|place| place.map(|(class, split)| (label(class), split))).collect();
        let placed = self.decoded.into_iter().zip(labels).filter_map(|((_, pixels), place)| Some((pixels, place?)));
        let hashed =
            placed.map(|(pixels, (label, split))| Picture { hash: Sha256::digest(&pixels).into(), label, split, pixels });
        let mut pictures: Vec<Picture> = hashed.collect();
        // Their order, too, follows from the pixels alone.
        pictures.sort_unstable_by_key(|picture| (picture.hash, picture.label));
        let held_out = pictures.iter().all(|picture| picture.split != Some(Split::Test));
        let tests = if held_out { hold_out(&pictures, classes.len()) } else { given(&pictures) };
        let (mut train, mut test) = (Images::default(), Images::default());
        let (mut copies, mut seen) = (0, HashSet::new());
        // A test picture keeps the label that it has there.
        let is_test = |picture: &Picture| tests.contains(&picture.hash) && (held_out || picture.split == Some(Split::Test));
        let (first, then): (Vec<&Picture>, Vec<&Picture>) = pictures.iter().partition(|picture| is_test(picture));
        for (part, pictures) in [(&mut test, first), (&mut train, then)] {
            for picture in pictures {
                if seen.insert(picture.hash) { part.push(picture) } else { copies += 1 }
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
    broken: Skipped,
}

fn finish(mut train: Images, mut test: Images, found: Found) -> Result<Dataset> {
    if train.is_empty() && !found.held_out {
        return Err(if found.copies > 0 { Error::SameImages } else { Error::NoTrainingImages });
    }
    if train.is_empty() || test.is_empty() {
        return Err(Error::SinglePictures);
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
        notes.push(Note::EqualPictures { count: found.copies });
    }
    if found.broken.count > 0 {
        notes.push(Note::BrokenPictures { files: found.broken.told(), count: found.broken.count });
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

/// The folders of a path, the outermost first.
fn folders(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    parts.pop();
    parts
}

fn split_named(folder: &str) -> Option<Split> {
    match folder.to_lowercase().as_str() {
        "train" | "training" => Some(Split::Train),
        "test" | "testing" | "val" | "valid" | "validation" => Some(Split::Test),
        _ => None,
    }
}

/// Whether all paths have the same folder at one end.
fn shared<'a>(all: &[Vec<&'a str>], end: fn(&Vec<&'a str>) -> Option<&'a str>) -> bool {
    let first = all.first().and_then(end);
    first.is_some() && all.iter().all(|folders| end(folders) == first)
}

/// What the folders of each path say: its class, and what the picture is for; `None` outside of a class's folder.
///
/// Folders that all paths begin with say nothing, nor do those that all end with, such as `images`. The next one is the class, or
/// says what the pictures are for, and then the class follows. Deeper ones belong to their class.
fn places<'a>(paths: &[&'a str]) -> Vec<Option<(&'a str, Option<Split>)>> {
    let mut all: Vec<Vec<&str>> = paths.iter().map(|path| folders(path)).collect();
    while shared(&all, |folders| folders.last().copied()) {
        all.iter_mut().for_each(|folders| folders.truncate(folders.len() - 1));
    }
    while shared(&all, |folders| folders.first().copied()) {
        all.iter_mut().for_each(|folders| *folders = folders.split_off(1));
    }
    let named: Vec<&Vec<&str>> =
        all.iter().filter(|folders| folders.first().is_some_and(|first| split_named(first).is_some())).collect();
    // Beside classes, a folder `test` with pictures of its own is a class, too.
    let only = all.iter().all(|folders| folders.first().is_none_or(|first| split_named(first).is_some()));
    let splits = !named.is_empty() && (only || named.iter().all(|folders| folders.len() > 1));
    let place = |folders: &Vec<&'a str>| {
        if !splits {
            return folders.first().map(|class| (*class, None));
        }
        let split = split_named(folders.first()?)?;
        folders.get(1).map(|class| (*class, Some(split)))
    };
    all.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cat`, `cat Train`, `cat Test`; nothing outside of a class's folder.
    fn classes(paths: &[&str]) -> Vec<String> {
        let word = |split: Option<Split>| split.map_or(String::new(), |split| format!(" {split:?}"));
        places(paths)
            .into_iter()
            .map(|place| place.map_or(String::new(), |(class, split)| class.to_string() + &word(split)))
            .collect()
    }

    #[test]
    fn the_first_folder_that_differs_is_the_class() {
        assert_eq!(classes(&["p/cat/1.png", "p/dog/1.png"]), ["cat", "dog"]);
        assert_eq!(classes(&["cat/1.png", "dog/1.png"]), ["cat", "dog"]);
        assert_eq!(
            classes(&["p/cat/2023/1.png", "p/cat/2024/1.png", "p/dog/2023/1.png", "p/dog/1.png"]),
            ["cat", "cat", "dog", "dog"]
        );
        assert_eq!(classes(&["p/cat/img/1.png", "p/dog/img/1.png"]), ["cat", "dog"]);
        assert_eq!(classes(&["p/cat/1.png", "p/dog/1.png", "p/cover.png"]), ["cat", "dog", ""]);
        assert_eq!(classes(&["p/1.png", "p/2.png"]), ["", ""]);
        assert_eq!(classes(&["1.png"]), [""]);
    }

    #[test]
    fn folders_of_parts_stand_above_the_classes() {
        assert_eq!(classes(&["p\\train\\cat\\1.png", "p\\Val\\dog\\x\\1.png"]), ["cat Train", "dog Test"]);
        assert_eq!(classes(&["train/cat/1.png", "test/dog/1.png", "extra/cat/1.png"]), ["cat Train", "dog Test", ""]);
        // Tiny ImageNet: the folders of all pictures end with `images`, and those that do not train have no class.
        let tiny = ["t/train/n01/images/1.JPEG", "t/train/n02/images/1.JPEG", "t/val/images/1.JPEG"];
        assert_eq!(classes(&tiny), ["n01 Train", "n02 Train", ""]);
        assert_eq!(classes(&["p/train/1.png", "p/test/1.png"]), ["", ""]);
        // Classes of these names, and a set in a folder of this name.
        assert_eq!(classes(&["p/pass/1.png", "p/test/1.png"]), ["pass", "test"]);
        assert_eq!(classes(&["test/p/cat/1.png", "test/p/dog/1.png"]), ["cat", "dog"]);
    }

    #[test]
    fn classes_that_are_numbers_are_in_their_order() {
        assert_eq!(in_order(["10", "9", "0"].into()), ["0", "9", "10"]);
        assert_eq!(in_order(["b", "10", "9"].into()), ["10", "9", "b"]);
    }
}
