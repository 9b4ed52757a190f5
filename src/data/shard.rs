//! The built-in CIFAR-10: sheets of 32x32 tiles as lossless WebP, described by `www/data/cifar10/index.json`.
//! `www/data/make_shards.py` makes them from the complete data set.

use super::{Dataset, IMAGE, Images, SIDE};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// `index.json`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Index {
    pub name: String,
    pub citation: String,
    pub url: String,
    pub licence: String,
    pub classes: Vec<String>,
    /// Side of a tile in pixels; the lab reads 32.
    pub side: usize,
    /// Tiles in a row of a sheet.
    pub columns: usize,
    pub train: Vec<Entry>,
    pub test: Vec<Entry>,
}

/// One shard.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Entry {
    pub file: String,
    /// Images on the sheet, row by row; the rest of the last row is not read.
    pub count: usize,
    /// Size of the file, for a progress bar.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of the sheet's pixels, (height, width, 3), in hexadecimal.
    pub pixels: String,
    /// One digit for each image.
    pub labels: String,
}

/// The most images in a shard, which limits the memory that an index can ask for.
const MOST: usize = 10_000;

impl Index {
    /// # Errors
    /// [`Error::Shard`]: not JSON of this form, or sizes that the lab does not read.
    pub fn read(json: &str) -> Result<Index> {
        let index: Index = serde_json::from_str(json).map_err(|e| shard_error("index.json", &e.to_string()))?;
        let sizes_known = index.side == SIDE && (1..=MOST).contains(&index.columns);
        if !sizes_known || index.train.iter().chain(&index.test).any(|entry| !(1..=MOST).contains(&entry.count)) {
            return Err(shard_error("index.json", "side, columns or count is out of range"));
        }
        Ok(index)
    }

    /// The pixels of a sheet, (height, width, 3), from its file.
    ///
    /// # Errors
    /// [`Error::ShardDamaged`]: the bytes are not those that the index describes. [`Error::Shard`]: the index is wrong.
    pub fn decode(&self, entry: &Entry, bytes: &[u8]) -> Result<Vec<u8>> {
        // Only the very bytes that were shipped reach the WebP decoder.
        if sha256(bytes) != entry.sha256 {
            let (found, wanted) = (bytes.len() as u64, entry.bytes);
            return Err(Error::ShardDamaged { file: entry.file.clone(), found, wanted });
        }
        let (width, height) = (self.columns * SIDE, entry.count.div_ceil(self.columns) * SIDE);
        decode_sheet(bytes, width, height).map_err(|why| shard_error(&entry.file, &why))
    }

    /// The images of `entry` in the order of the tiles on its decoded sheet, (height, width, 3).
    ///
    /// # Errors
    /// [`Error::Shard`]: pixels that differ from the index, or a wrong index.
    pub fn images(&self, entry: &Entry, sheet: &[u8]) -> Result<Images> {
        let wrong = |why: &str| shard_error(&entry.file, why);
        let rows = entry.count.div_ceil(self.columns);
        if sheet.len() != rows * self.columns * IMAGE || sha256(sheet) != entry.pixels {
            return Err(wrong("its pixels differ from the original ones"));
        }
        let labels: Vec<u8> = entry.labels.bytes().map(|digit| digit.wrapping_sub(b'0')).collect();
        if labels.len() != entry.count || labels.iter().any(|label| usize::from(*label) >= self.classes.len().min(10)) {
            return Err(wrong("its labels in index.json are not one digit per image"));
        }
        Ok(Images { pixels: cut(sheet, self.columns, entry.count), labels })
    }

    /// The first `count` images of a shard as a shard of their own: its entry and its file. `count` fills whole rows.
    ///
    /// # Errors
    /// [`Error::ShardDamaged`], or [`Error::Shard`]: as [`Index::decode`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn first_of(&self, entry: &Entry, bytes: &[u8], count: usize) -> Result<(Entry, Vec<u8>)> {
        let (mut sheet, count) = (self.decode(entry, bytes)?, count.min(entry.count));
        let (width, height) = (self.columns * SIDE, count.div_ceil(self.columns) * SIDE);
        sheet.truncate(width * height * 3);
        let mut file = vec![];
        image_webp::WebPEncoder::new(&mut file)
            .encode(&sheet, width as u32, height as u32, image_webp::ColorType::Rgb8)
            .map_err(|why| shard_error(&entry.file, &why.to_string()))?;
        let part = Entry {
            count,
            bytes: file.len() as u64,
            sha256: sha256(&file),
            pixels: sha256(&sheet),
            labels: entry.labels.chars().take(count).collect(),
            ..entry.clone()
        };
        Ok((part, file))
    }

    /// The entry of `file`.
    ///
    /// # Errors
    /// [`Error::Shard`].
    pub fn entry(&self, file: &str) -> Result<&Entry> {
        let found = self.train.iter().chain(&self.test).find(|entry| entry.file == file);
        found.ok_or_else(|| shard_error(file, "index.json does not list it"))
    }
}

/// SHA-256 in hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Decodes a WebP of exactly `width` x `height` pixels without alpha: (height, width, 3).
pub fn decode_sheet(bytes: &[u8], width: usize, height: usize) -> std::result::Result<Vec<u8>, String> {
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(bytes)).map_err(|e| e.to_string())?;
    let (found_width, found_height) = decoder.dimensions();
    if (found_width as usize, found_height as usize) != (width, height) {
        return Err(format!("it has {found_width} x {found_height} pixels, not {width} x {height}"));
    }
    if decoder.has_alpha() || decoder.is_animated() {
        return Err("it is transparent or animated".into());
    }
    let mut sheet = vec![0; width * height * 3];
    decoder.read_image(&mut sheet).map_err(|e| e.to_string())?;
    Ok(sheet)
}

/// The first `count` tiles of a sheet with `columns` tiles per row: (count, 32, 32, 3).
fn cut(sheet: &[u8], columns: usize, count: usize) -> Vec<u8> {
    let (tile_row, sheet_row) = (SIDE * 3, columns * SIDE * 3); // in bytes
    let mut pixels = Vec::with_capacity(count * IMAGE);
    for tile in 0..count {
        let corner = tile / columns * SIDE * sheet_row + tile % columns * tile_row;
        for y in 0..SIDE {
            pixels.extend_from_slice(&sheet[corner + y * sheet_row..][..tile_row]);
        }
    }
    pixels
}

impl Dataset {
    /// Adds one shard to a [`Dataset::cifar10`]. `index` is the text of `index.json`, `file` a name that it lists.
    ///
    /// The training shards must come in the index's order, and so must the test shards: a seed reproduces a run only with the
    /// same order of images.
    ///
    /// # Errors
    /// [`Error::ShardDamaged`], or [`Error::Shard`]: a damaged index or a shard out of order. The data set stays unchanged.
    pub fn add_shard(&mut self, index: &str, file: &str, bytes: &[u8]) -> Result<()> {
        let index = Index::read(index)?;
        let sheet = index.decode(index.entry(file)?, bytes)?;
        self.add(&index, file, &sheet)
    }

    /// [`Dataset::add_shard`] for a sheet that was decoded elsewhere, (height, width, 3).
    ///
    /// # Errors
    /// [`Error::Shard`]. The data set stays unchanged.
    pub fn add_sheet(&mut self, index: &str, file: &str, sheet: &[u8]) -> Result<()> {
        self.add(&Index::read(index)?, file, sheet)
    }

    fn add(&mut self, index: &Index, file: &str, sheet: &[u8]) -> Result<()> {
        let entry = index.entry(file)?;
        let listed = [&index.train, &index.test].map(|entries| entries.iter().map(|entry| entry.count).sum::<usize>());
        // The single file carries a part of the set, which is known when its first shard arrives.
        let is_part =
            self.train.is_empty() && self.test.is_empty() && listed[0] <= self.train_total && listed[1] <= self.test_total;
        let (entries, images, total) = if index.train.iter().any(|entry| entry.file == file) {
            (&index.train, &mut self.train, listed[0])
        } else {
            (&index.test, &mut self.test, listed[1])
        };
        let before: usize = entries.iter().take_while(|entry| entry.file != file).map(|entry| entry.count).sum();
        if before != images.len() {
            return Err(shard_error(file, &format!("it starts at image {before}, but {} images precede it", images.len())));
        }
        if !is_part && listed != [self.train_total, self.test_total] || index.classes != self.classes {
            return Err(shard_error("index.json", "it describes another data set"));
        }
        let more = index.images(entry, sheet)?;
        // At once for all images: a vector that doubles leaves its old halves in WebAssembly memory for good.
        images.reserve(total);
        images.append(more);
        [self.train_total, self.test_total] = listed;
        Ok(())
    }
}

fn shard_error(file: &str, why: &str) -> Error {
    Error::Shard { file: file.chars().take(80).collect(), why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pixels of 2 x 2 tiles, one of them unused: tile t is filled with t, except its first pixel.
    fn pixels() -> Vec<u8> {
        let mut sheet = vec![0; 4 * IMAGE];
        for (i, byte) in sheet.iter_mut().enumerate() {
            let (y, x) = (i / (2 * SIDE * 3), i / 3 % (2 * SIDE));
            let first = y % SIDE == 0 && x % SIDE == 0;
            *byte = if first { 200 + i as u8 % 3 } else { (y / SIDE * 2 + x / SIDE) as u8 };
        }
        sheet
    }

    /// The same pixels as a file.
    fn sheet() -> Vec<u8> {
        let mut webp = Vec::new();
        image_webp::WebPEncoder::new(&mut webp).encode(&pixels(), 64, 64, image_webp::ColorType::Rgb8).unwrap();
        webp
    }

    fn index(webp: &[u8], labels: &str) -> String {
        let entry = serde_json::json!({"file": "a.webp", "count": 3, "bytes": webp.len(), "sha256": sha256(webp),
            "pixels": sha256(&pixels()), "labels": labels});
        let mut later = entry.clone();
        later["file"] = "b.webp".into();
        serde_json::json!({"name": "", "citation": "", "url": "", "licence": "", "classes": ["x", "y"], "side": 32,
            "columns": 2, "train": [entry, later], "test": []})
        .to_string()
    }

    fn dataset() -> Dataset {
        Dataset { classes: vec!["x".into(), "y".into()], train_total: 6, test_total: 0, ..Dataset::cifar10() }
    }

    #[test]
    fn tiles_are_cut_row_by_row() {
        let webp = sheet();
        let mut set = dataset();
        set.add_shard(&index(&webp, "010"), "a.webp", &webp).unwrap();
        assert_eq!(set.train.labels, [0, 1, 0]);
        for tile in 0..3 {
            let image = set.train.image(tile);
            let alike = image[3..].iter().all(|byte| usize::from(*byte) == tile);
            assert!(alike && image[..3].iter().all(|byte| *byte >= 200), "tile {tile}");
        }
    }

    #[test]
    fn a_sheet_decoded_elsewhere_is_the_same_or_refused() {
        let webp = sheet();
        let (mut ours, mut theirs) = (dataset(), dataset());
        ours.add_shard(&index(&webp, "010"), "a.webp", &webp).unwrap();
        theirs.add_sheet(&index(&webp, "010"), "a.webp", &pixels()).unwrap();
        assert_eq!(ours, theirs);
        let mut altered = pixels();
        altered[7] ^= 1; // as in a browser that protects against fingerprinting
        for sheet in [&altered[..], &pixels()[1..]] {
            let error = theirs.add_sheet(&index(&webp, "010").replace("a.webp", "c.webp"), "b.webp", sheet).unwrap_err();
            assert!(error.to_string().contains("its pixels differ"), "{error}");
            assert_eq!(ours, theirs, "nothing was added");
        }
    }

    #[test]
    fn what_does_not_fit_the_index_is_refused() {
        let webp = sheet();
        let why = |index: &str, file: &str, bytes: &[u8]| {
            let mut set = dataset();
            let error = set.add_shard(index, file, bytes).unwrap_err();
            assert_eq!(set, dataset(), "nothing was added");
            error.to_string()
        };
        let good = index(&webp, "010");
        assert!(why(&good, "a.webp", &webp[..webp.len() - 1]).contains(&format!("{} of {} bytes", webp.len() - 1, webp.len())));
        assert!(why(&good, "b.webp", &webp).contains("starts at image 3"));
        assert!(why(&good, "c.webp", &webp).contains("does not list"));
        assert!(why(&index(&webp, "012"), "a.webp", &webp).contains("labels"));
        assert!(why(&index(&webp, "01"), "a.webp", &webp).contains("labels"));
        assert!(why(&good.replace("\"columns\":2", "\"columns\":3"), "a.webp", &webp).contains("64 x 64 pixels, not 96 x 32"));
        assert!(why(&good.replace("\"columns\":2", "\"columns\":0"), "a.webp", &webp).contains("out of range"));
        assert!(why(&good.replace("\"count\":3", "\"count\":999999999999"), "a.webp", &webp).contains("out of range"));
        assert!(why(&good.replace("\"x\"", "\"z\""), "a.webp", &webp).contains("another data set"));
        assert!(why("{}", "a.webp", &webp).contains("missing field"));
    }
}
