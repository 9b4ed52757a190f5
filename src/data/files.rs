//! The user's files: what each one holds, judged by its content first and its name second.

use super::archive::{self, Take, Zip, is_gzip, is_tar, is_zip};
use super::assemble::{Batch, Cifar, Gathered, IdxFile};
use super::emnist::Emnist;
use super::idx::{self, Holds};
use super::names::{self, Name, Split};
use super::source::{Input, Source};
use super::{Dataset, cifar10, cifar100, formats, picture};
use crate::error::{Error, Result};
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, Cursor, Read, Seek};

/// The most bytes of a file of records; the complete CIFAR-10 in one file has 184 million.
const LONGEST_FILE: u64 = 256 << 20;
/// Bytes that identify a file: five records of CIFAR-10, the header of anything else.
const START: u64 = 16 << 10;

/// [`read_sources`] for files in memory: (name or path, content).
///
/// # Errors
/// Those of [`read_sources`].
pub fn read_files(files: Vec<(String, Vec<u8>)>) -> Result<Dataset> {
    let names: Vec<Name> = files.iter().map(|(path, _)| Name::of_path(path.clone())).collect();
    let mut files: Vec<_> = files.into_iter().map(Some).collect();
    read_sources(&names, |at| {
        let (name, bytes) = files[at].take().expect("a file is opened once");
        Ok(Source { name, length: bytes.len() as u64, content: Cursor::new(bytes) })
    })
}

/// A data set from files in any order. `open` opens those that are needed, one after another.
///
/// CIFAR-10: any of `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, an archive that holds them (`.tar.gz`,
/// `.tar`, `.zip`), or files of such records under other names. CIFAR-100 likewise, with its fine classes. MNIST, Fashion-MNIST,
/// QMNIST, EMNIST: the four IDX files, or the two for training. Each also as `.gz`. Pictures: a folder for each class, also in an
/// archive; see [`picture`]. A file is for testing when its name says `test` or `t10k`. Content given twice counts once,
/// whatever its name. Files in shallower folders are read first, and deeper ones only if no shallower one holds data. Notes, and
/// files that systems and programs leave in folders, are skipped. So are unsupported files, if there is data beside them.
///
/// Without test files the last tenth of the training images is held out for testing, and the title says so; no image is in both.
/// Fashion-MNIST is told from MNIST by `fashion` in a path, else by the first ten labels of the published files. IDX files that
/// are neither get the digits as class names. Mean and standard deviation of IDX images are those of the training images after
/// padding; CIFAR-10 has the published ones.
///
/// # Errors
/// The decoders' errors, and errors about files that do not fit together. A result has a training and a test image.
pub fn read_sources<R: Read + Seek>(names: &[Name], mut open: impl FnMut(usize) -> Result<Source<R>>) -> Result<Dataset> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|at| names[*at].depth);
    let (mut gathered, mut level, mut pictures) = (Gathered::default(), 0, vec![]);
    for at in order {
        let Name { path, depth } = &names[at];
        if *depth > level && gathered.has_data() {
            break;
        }
        level = *depth;
        if names::is_litter(path) {
            continue;
        }
        if names::is_note(path) {
            gathered.note(path);
        } else if formats::is_picture_name(path) {
            pictures.push(at);
        } else {
            gathered.read(open(at)?)?;
        }
    }
    for at in pictures {
        if gathered.has_data() {
            gathered.pass_over(&names[at].path);
        } else {
            let Source { length, content, .. } = open(at)?;
            gathered.picture(&names[at].below(), Some(length), &mut Input::new(content));
        }
    }
    gathered.assemble()
}

/// Whether a file held data; if not, the reason.
enum Found {
    Data,
    Nothing(Error),
}

impl Gathered {
    fn read<R: Read + Seek>(&mut self, source: Source<R>) -> Result<()> {
        let (file, length) = (source.name, source.length);
        let mut input = Input::new(source.content);
        let (gzipped, zip) = match input.fill_buf() {
            Ok(start) => (is_gzip(start), is_zip(start) && formats::is_archive(&file, start)),
            Err(error) => return Err(input.problem(&file, &error)),
        };
        if zip {
            let mut archive = Zip::new(input.into_inner());
            let outcome = self.members(&file, |take| archive.members(&file, take));
            outcome.map_err(|error| archive.problem(&file, &error))?.map(|found| self.settle(&file, found))
        } else if gzipped {
            let mut decoder = MultiGzDecoder::new(input);
            let outcome = self.unpacked(&file, None, &mut decoder);
            outcome.map_err(|error| decoder.get_ref().problem(&file, &error))?
        } else {
            let outcome = self.unpacked(&file, Some(length), &mut input);
            outcome.map_err(|error| input.problem(&file, &error))?
        }
    }

    /// The outer error is the reader's, here and below.
    fn unpacked(&mut self, file: &str, length: Option<u64>, reader: &mut dyn Read) -> io::Result<Result<()>> {
        let start = first(reader)?;
        let found = if is_tar(&start) {
            self.archive(file, &mut Cursor::new(start).chain(reader))?
        } else {
            self.content(file, file, length, start, reader)?
        };
        Ok(found.map(|found| self.settle(file, found)))
    }

    fn settle(&mut self, file: &str, found: Found) {
        if let Found::Nothing(why) = found {
            self.refuse(file, why);
        }
    }

    fn archive(&mut self, file: &str, reader: &mut dyn Read) -> io::Result<Result<Found>> {
        self.members(file, |take| archive::members(file, reader, take))
    }

    /// What the files of an archive hold. `walk` calls its argument with each of them.
    fn members(&mut self, file: &str, walk: impl FnOnce(&mut Take) -> io::Result<Result<()>>) -> io::Result<Result<Found>> {
        let (mut why, mut some) = (None, false);
        let outcome = walk(&mut |path, length, member| {
            if names::is_litter(path) || names::is_note(path) {
                return Ok(Ok(()));
            }
            if formats::is_picture_name(path) {
                some = true;
                self.picture(path, Some(length), member);
                return Ok(Ok(()));
            }
            let label = format!("{file}: {}", names::base(path));
            let start = first(member)?;
            Ok(self.content(&label, path, Some(length), start, member)?.map(|found| match found {
                Found::Data => some = true,
                Found::Nothing(Error::UnknownFile { .. }) => {}
                Found::Nothing(error) => why = why.take().or(Some(error)),
            }))
        })?;
        Ok(match (outcome, why) {
            // Files that the lab does not read make this archive too large.
            (Err(Error::FileTooLarge { .. }), Some(why)) if !some => Ok(Found::Nothing(why)),
            (Err(error), _) => Err(error),
            (Ok(()), _) if some => Ok(Found::Data),
            (Ok(()), why) => Ok(Found::Nothing(why.unwrap_or(Error::ArchiveWithoutData { file: file.into() }))),
        })
    }

    /// Takes a picture. One that cannot be read counts as broken.
    fn picture(&mut self, path: &str, length: Option<u64>, reader: &mut dyn Read) {
        match whole(reader, length, picture::LONGEST) {
            Ok(Ok(content)) => self.pictures.add(path.into(), content),
            _ => self.pictures.broken(path),
        }
    }

    /// A file that is not packed, or has been unpacked. `start` has been read; `file` is its name in messages, `path` its own
    /// path.
    fn content(
        &mut self,
        file: &str,
        path: &str,
        length: Option<u64>,
        start: Vec<u8>,
        reader: &mut dyn Read,
    ) -> io::Result<Result<Found>> {
        let length = if (start.len() as u64) < START { Some(start.len() as u64) } else { length };
        let name = names::plain(path);
        let name = name.strip_suffix(".gz").unwrap_or(&name); // a browser may have unpacked it
        let (is_batch, by_name) = (cifar10::is_batch_name(name), Holds::of_name(name));
        let by_magic = Holds::of_magic(&start).filter(|_| !is_batch);
        let is_tar = file == path && [".tar", ".tar.gz", ".tgz"].iter().any(|end| names::plain(path).ends_with(end));
        let named = is_batch || by_name.is_some() || is_tar;
        let refusal = if start.is_empty() {
            Some(Error::EmptyFile { file: file.into() })
        } else if by_magic.is_some() {
            None
        } else {
            formats::refusal(file, path, &start, length)
        };
        match refusal {
            // A file that is named as data is not skipped.
            Some(error) if named => return Ok(Err(error)),
            Some(error) => return Ok(Ok(Found::Nothing(error))),
            None => {}
        }
        let mut reader = Cursor::new(&start).chain(reader);
        if formats::is_picture(&start) {
            self.picture(path, length, &mut reader);
            return Ok(Ok(Found::Data));
        }
        if is_tar {
            return self.archive(file, &mut reader); // it reports what is damaged
        }
        // The name first: a labels file that is named as images must give an error.
        if let Some(holds) = by_name.or(by_magic).filter(|_| !is_batch) {
            let (split, count) = (names::split(path), start.get(4..8).and_then(|word| word.first_chunk()));
            let by_count = || Emnist::of_count(u32::from_be_bytes(*count?), split.is_some());
            let emnist = Emnist::of_name(name).or_else(by_count);
            if let Err(error) = self.expect(file, emnist) {
                return Ok(Err(error));
            }
            let idx = idx::read(file, holds, emnist, &mut reader)?;
            return Ok(idx.map(|idx| {
                self.add_idx(IdxFile { file: file.into(), split, emnist, idx });
                Found::Data
            }));
        }
        let unknown = || Ok(Ok(Found::Nothing(Error::UnknownFile { file: file.into() })));
        let set = if !is_batch && cifar100::may_be_records(&start, length) { Cifar::Hundred } else { Cifar::Ten };
        if set == Cifar::Ten && !is_batch && !cifar10::may_be_records(&start, length) {
            return unknown();
        }
        let limit = if is_batch { cifar10::BATCH_FILE as u64 } else { LONGEST_FILE };
        let bytes = match whole(&mut reader, length, limit)? {
            Ok(bytes) => bytes,
            Err(found) if is_batch => return Ok(Err(Error::CifarOversized { file: file.into(), found, byte: limit })),
            Err(found) => return Ok(Err(Error::FileTooLarge { file: file.into(), found, limit })),
        };
        if set == Cifar::Ten && !is_batch && !cifar10::looks_like_records(&bytes) {
            return unknown();
        }
        let split = names::split(path).unwrap_or(Split::Train);
        let images = if set == Cifar::Ten { cifar10::decode(file, &bytes) } else { cifar100::decode(file, &bytes) };
        let batch = images.map(|images| Batch { set, file: file.into(), name: name.into(), split, images });
        Ok(batch.and_then(|batch| self.add_batch(batch)).map(|()| Found::Data))
    }
}

/// The first bytes of a file.
fn first(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    reader.take(START).read_to_end(&mut start)?;
    Ok(start)
}

/// A whole file, or its number of bytes, as far as known, if they are more than `limit`.
fn whole(reader: &mut dyn Read, length: Option<u64>, limit: u64) -> io::Result<Result<Vec<u8>, u64>> {
    if let Some(length) = length.filter(|length| *length > limit) {
        return Ok(Err(length));
    }
    let mut bytes = Vec::with_capacity(length.unwrap_or(0) as usize);
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    let found = bytes.len() as u64;
    Ok(if found > limit { Err(found) } else { Ok(bytes) })
}

#[cfg(test)]
mod tests {
    use super::super::{IMAGE, Images};
    use super::*;

    fn cifar(n: usize, label: u8) -> Vec<u8> {
        cifar10::encode(&Images {
            pixels: (0..n * IMAGE).map(|i| (i / IMAGE) as u8 + 16 * label).collect(),
            labels: vec![label; n],
        })
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
        assert_eq!((set.train.len(), set.train.image(8)[0], set.test.image(0)[0]), (9, 72, 73));
        assert_eq!(read(&[("mine", &cifar(1, 4))]), Err(Error::TooFewImages { found: 1 }));
        assert_eq!(read(&[("test_batch.bin", &cifar(1, 4))]), Err(Error::NoTrainingImages));
        assert_eq!(read(&[]), Err(Error::NoFiles));
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
        assert_eq!(code(&[("photo.jpg", b"no picture")]), "broken_pictures");
        assert_eq!(code(&[("notes.txt", b"a")]), "unknown_file");
        assert_eq!(code(&[("a", b"")]), "empty_file");
        assert_eq!(code(&[("cifar-10-binary.tar.gz", &[9; 700])]), "compressed");
    }
}
