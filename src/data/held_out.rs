//! Which images are for training and which for testing. Both parts have all classes, and no image is in both, except for the few
//! that published sets share.

use super::{Dataset, IMAGE, Images, MOST};
use crate::error::{Error, Note, Result};
use std::collections::HashSet;

/// Puts the images into `set` and removes training images that are test images too. `found` counts both parts in the files.
pub fn finish(mut set: Dataset, train: Images, test: Images, found: [usize; 2]) -> Result<Dataset> {
    if train.is_empty() {
        return Err(Error::NoTrainingImages);
    }
    let [train_found, test_found] = found.map(|count| count as u64);
    let used = MOST as u64;
    if train_found > used {
        set.notes.push(Note::FewerTraining { found: train_found, used });
    }
    if test_found > used {
        set.notes.push(Note::FewerTest { found: test_found, used });
    }
    let before = [&train.labels, &test.labels].map(|labels| is_sorted(labels));
    let [train, test] = [train, test].map(|images| if is_sorted(&images.labels) { by_turns(&images) } else { images });
    if before.contains(&true) {
        set.notes.push(Note::Sorted);
    }
    let (all, held_out) = (train.len(), test.is_empty());
    let (train, test) = if held_out { hold_out(train)? } else { (keep_apart(train, &test)?, test) };
    let copies = all - train.len() - if held_out { test.len() } else { 0 };
    if copies > 0 {
        set.notes.push(Note::Copies { count: copies as u64 });
    }
    let (train_total, test_total) = (train.len(), test.len());
    Ok(Dataset { train, test, train_total, test_total, held_out, shard: train_total, ..set })
}

/// Holds out the last tenth of the images for testing, counting equal ones once. The rest is for training, without copies of test
/// images.
fn hold_out(mut images: Images) -> Result<(Images, Images)> {
    let distinct = (0..images.len()).map(|index| images.image(index)).collect::<HashSet<_>>().len();
    if distinct < 2 {
        return Err(Error::TooFewImages { found: distinct as u64 });
    }
    let wanted = distinct.div_ceil(10);
    if distinct == images.len() {
        let keep = distinct - wanted;
        let test = Images { pixels: images.pixels.split_off(keep * IMAGE), labels: images.labels.split_off(keep) };
        return Ok((images, test));
    }
    let mut held = HashSet::new();
    let mut chosen: Vec<usize> =
        (0..images.len()).rev().filter(|index| held.len() < wanted && held.insert(images.image(*index))).collect();
    chosen.reverse();
    let train = (0..images.len()).filter(|index| !held.contains(images.image(*index)));
    Ok((images.select(train), images.select(chosen)))
}

/// `train` without test images. Published sets have a few images in both, and stay unchanged.
fn keep_apart(train: Images, test: &Images) -> Result<Images> {
    let held: HashSet<_> = (0..test.len()).map(|index| test.image(index)).collect();
    let kept: Vec<usize> = (0..train.len()).filter(|index| !held.contains(train.image(*index))).collect();
    if kept.is_empty() {
        return Err(Error::SameImages);
    }
    let few = test.len() / 100;
    Ok(if train.len() - kept.len() <= few { train } else { train.select(kept) })
}

/// Whether the images are sorted by class, so that the first or last of them lack some classes.
fn is_sorted(labels: &[u8]) -> bool {
    let classes = labels.iter().collect::<HashSet<_>>().len();
    let changes = labels.windows(2).filter(|pair| pair[0] != pair[1]).count();
    classes > 1 && labels.len() >= 10 * classes && changes < 2 * classes
}

/// The first of each class, then the second of each, and so on.
fn by_turns(images: &Images) -> Images {
    let mut seen = [0; 256];
    let mut order: Vec<(usize, u8, usize)> = Vec::with_capacity(images.len());
    for (index, label) in images.labels.iter().enumerate() {
        order.push((seen[usize::from(*label)], *label, index));
        seen[usize::from(*label)] += 1;
    }
    order.sort_unstable();
    images.select(order.into_iter().map(|(_, _, index)| index))
}
