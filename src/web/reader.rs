//! The page's second module. It does what the engine's module does not need, which keeps that one small. The page loads it when
//! the user chooses files or wants a script. It also loads it to decode the picture sheets in a browser that alters the pixels of
//! a canvas.

use super::js::{Answer, fail};
use crate::config::Config;
use crate::data::files::read_sources;
use crate::data::names::Name;
use crate::data::shard::Index;
use crate::data::source::Source;
use crate::pytorch;
use js_sys::{Array, Function, Uint8Array};
use wasm_bindgen::prelude::*;

/// The pixels of a sheet of the built-in set, (height, width, 3); `index` is the text of its `index.json`.
#[wasm_bindgen]
pub fn decode_sheet(index: &str, file: &str, bytes: &[u8]) -> Answer<Vec<u8>> {
    let index = Index::read(index).map_err(fail)?;
    index.entry(file).and_then(|entry| index.decode(entry, bytes)).map_err(fail)
}

/// A data set from the user's files, as `Lab.set_dataset` takes it: its description as JSON, then pixels (n, 32, 32, 3) and
/// labels (n) for training, and the same for testing.
///
/// `paths` are names, with the folders below the one that was dropped. `read(file, start, end)` returns those bytes of that file
/// as a `Uint8Array`, and may throw. It is called for one piece after another, so that no file is in memory as a whole.
#[wasm_bindgen]
pub fn read_files(paths: Vec<String>, lengths: Vec<f64>, read: Function) -> Answer<Array> {
    let names: Vec<Name> = paths.iter().cloned().map(Name::of_path).collect();
    let dataset = read_sources(&names, |file| {
        let (name, length) = (paths[file].clone(), lengths[file]);
        Ok(Source { name, length: length as u64, content: Pieces { file, at: 0.0, length, read: &read } })
    });
    let dataset = dataset.map_err(fail)?;
    let about = serde_json::to_string(&dataset).expect("plain data");
    let images = [&dataset.train.pixels, &dataset.train.labels, &dataset.test.pixels, &dataset.test.labels];
    let images = images.into_iter().map(|bytes| JsValue::from(Uint8Array::from(bytes.as_slice())));
    Ok([about.into()].into_iter().chain(images).collect())
}

/// A PyTorch script of the network that `fragment` describes; `weights` is the name of the file that it loads.
#[wasm_bindgen]
pub fn pytorch_script(fragment: &str, classes: usize, weights: &str) -> String {
    pytorch::script(&Config::from_fragment(fragment).0, classes, weights)
}

/// A file that JavaScript reads.
struct Pieces<'a> {
    file: usize,
    at: f64,
    length: f64,
    read: &'a Function,
}

impl std::io::Seek for Pieces<'_> {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            std::io::SeekFrom::Start(byte) => byte as f64,
            std::io::SeekFrom::Current(bytes) => self.at + bytes as f64,
            std::io::SeekFrom::End(bytes) => self.length + bytes as f64,
        };
        self.at = at.max(0.0);
        Ok(self.at as u64)
    }
}

impl std::io::Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let end = self.length.min(self.at + buffer.len() as f64);
        if self.at >= end {
            return Ok(0);
        }
        let answer = self.read.call3(&JsValue::UNDEFINED, &self.file.into(), &self.at.into(), &end.into());
        let bytes = answer.and_then(|bytes| bytes.dyn_into::<Uint8Array>());
        let bytes = bytes.map_err(|_| std::io::Error::other("the browser could not read the file"))?;
        let count = (bytes.length() as usize).min(buffer.len());
        bytes.subarray(0, count as u32).copy_to(&mut buffer[..count]);
        self.at += count as f64;
        Ok(count)
    }
}
