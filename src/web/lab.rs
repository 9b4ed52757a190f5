//! The engine as the page's worker sees it.
//!
//! One call at a time: an `async` method holds the lab until it resolves. Errors are JSON strings with the fields of
//! [`crate::error::Error`].

use super::helpers;
use super::js::{Answer, fail};
use crate::backend::gpu::choice::Choices;
use crate::backend::machine::{Host, Plan, Reason};
use crate::config::lanes::Lanes;
use crate::config::{self, BuiltIn, Config};
use crate::data::{Dataset, Images};
use crate::gpu::clock;
use crate::math::gemm::square;
use crate::stats::{ActivationStats, GradientStats};
use crate::trainer::{Mistake, Trainer};
use js_sys::{Array, Float32Array, Float64Array, Function, Object, Reflect, Uint8Array, Uint32Array};
use serde_json::{Value, json};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// The vector instructions of this module; the page loads the module that its browser accepts.
const SIMD: &str = if cfg!(target_feature = "relaxed-simd") { "relaxed" } else { "simd128" };

/// The table of settings as JSON.
#[wasm_bindgen]
pub fn schema() -> String {
    config::schema_json()
}

/// Reads a fragment: `{fragment, lanes: [{changes: {key: text}, config: {key: text}, fragment}], notes}`; each lane has its own
/// fragment. Never fails.
#[wasm_bindgen]
pub fn read_state(fragment: &str) -> String {
    let (lanes, notes) = Lanes::from_fragment(fragment);
    let lane = |config: &Config| {
        let changes = object_of(lanes.changes(config).map(|(key, value)| (key.into(), value.into())));
        record(vec![("changes", changes), ("config", texts(config)), ("fragment", config.to_fragment().into())])
    };
    let each: Vec<Value> = lanes.configs().iter().map(lane).collect();
    record(vec![("fragment", lanes.to_fragment().into()), ("lanes", each.into()), ("notes", json!(notes))]).to_string()
}

/// Milliseconds of one f32 product of two (n, n) matrices by the CPU backend's kernel, for `benches/peers`.
#[wasm_bindgen]
pub fn matrix_product(n: usize) -> f64 {
    let mut product = square(n.min(1024));
    product(); // warms the caches
    let start = clock::now();
    std::hint::black_box(product());
    clock::now() - start
}

/// One run: a configuration, a data set, a backend.
#[wasm_bindgen]
pub struct Lab {
    trainer: Trainer,
    from_files: bool,
}

#[wasm_bindgen]
impl Lab {
    /// Opens the backend that the fragment asks for, with its built-in data set, whose images are still to come.
    /// [`helpers::start`] calls `start_helper` for each worker after the first. `adapters` is what [`Lab::describe`] said about
    /// them in an earlier visit; any other text changes nothing.
    pub async fn create(fragment: String, start_helper: Function, adapters: Option<String>) -> Answer<Lab> {
        let (config, _) = Config::from_fragment(&fragment);
        let helper = move |plan: &Plan| helpers::start(&start_helper, plan);
        let host = Host { missing: missing_webgpu(), helper: Rc::new(helper), cores: cores(), choices: Choices::default() };
        host.choices.recall(adapters.as_deref().unwrap_or_default());
        let dataset = Dataset::builtin(&config);
        let trainer = Trainer::new(config, dataset, &host).await.map_err(fail)?;
        Ok(Lab { trainer, from_files: false })
    }

    /// Another run on the same images and machine, from its own initial weights.
    pub async fn beside(&self, fragment: String) -> Answer<Lab> {
        let (config, _) = Config::from_fragment(&fragment);
        let trainer = self.trainer.beside(config).await.map_err(fail)?;
        Ok(Lab { trainer, from_files: self.from_files })
    }

    /// Everything that the page shows and that does not change from step to step, as JSON.
    pub fn describe(&mut self) -> String {
        let backend = self.trainer.backend();
        let (name, workers) = (backend.name(), backend.workers());
        let (memory, dispatches) = (backend.memory_bytes(), backend.dispatches());
        let (network, data, machine) = (self.trainer.network(), self.trainer.dataset(), self.trainer.machine());
        let generated = self.trainer.config().data == BuiltIn::Toy;
        // One text needs less code than a list.
        let mut hints = String::new();
        for hint in self.trainer.config().hints(self.trainer.step_count()) {
            hints = hints + hint.code() + " ";
        }
        let source = if self.from_files {
            "files"
        } else if generated {
            "generated"
        } else {
            "builtin"
        };
        let backend = record(vec![
            ("name", name.into()),
            ("adapter", machine.adapter().into()),
            ("software", machine.is_software().into()),
            ("reason", json!(machine.reason)),
            ("simd", SIMD.into()),
            ("kernels", json!(machine.choice())),
            ("workers", workers.into()),
        ]);
        let cost = record(vec![
            ("parameters", network.parameters().into()),
            ("macs", network.macs().into()),
            ("training_macs", network.training_macs().into()),
            ("memory_bytes", memory.into()),
            ("dispatches", dispatches.into()),
        ]);
        let data = record(vec![
            ("name", data.name.clone().into()),
            ("classes", data.classes.clone().into()),
            ("train_total", data.train_total.into()),
            ("test_total", data.test_total.into()),
            ("held_out", data.held_out.into()),
            ("train_arrived", data.train.len().into()),
            ("test_arrived", data.test.len().into()),
            ("source", source.into()),
        ]);
        let all = record(vec![
            ("config", texts(self.trainer.config())),
            ("fragment", self.trainer.config().to_fragment().into()),
            ("network", json!(network)),
            ("backend", backend),
            ("cost", cost),
            ("data", data),
            ("adapters", machine.host().choices.known().into()),
            ("hints", hints.into()),
            ("step", self.trainer.step_count().into()),
        ]);
        all.to_string()
    }

    /// Adds one sheet of the built-in data set: its pixels (height, width, 3). `index` is the text of its `index.json`. Refuses
    /// pixels that differ from the shipped ones.
    pub fn add_sheet(&mut self, index: &str, file: &str, sheet: &[u8]) -> Answer<()> {
        self.trainer.dataset_mut().add_sheet(index, file, sheet).map_err(fail)
    }

    /// Draws the next `count` images of a generated data set; returns how many are still to come.
    pub fn add_generated(&mut self, count: usize) -> usize {
        self.trainer.dataset_mut().add_generated(count)
    }

    /// Replaces the data set by the result of the reader's `read_files`, and starts again. On an error nothing has changed.
    pub async fn set_dataset(
        &mut self,
        about: String,
        train_pixels: Vec<u8>,
        train_labels: Vec<u8>,
        test_pixels: Vec<u8>,
        test_labels: Vec<u8>,
    ) -> Answer<String> {
        let about: Dataset = serde_json::from_str(&about).map_err(|error| JsError::new(&error.to_string()))?;
        let train = Images { pixels: train_pixels, labels: train_labels }; // (n, 32, 32, 3), (n)
        let test = Images { pixels: test_pixels, labels: test_labels };
        self.trainer.set_dataset(Dataset { train, test, ..about }).await.map_err(fail)?;
        self.from_files = true;
        Ok(self.describe())
    }

    /// Applies a fragment: `{effect, notes, describe, emptied}`. Weights and step are kept if the change allows it and `restart`
    /// is false. `emptied` says that there is a new data set whose images are still to come. On an error nothing has changed.
    pub async fn set(&mut self, fragment: String, restart: bool) -> Answer<String> {
        let (config, notes) = Config::from_fragment(&fragment);
        let before = self.trainer.config();
        let emptied = config.data != before.data || config.data == BuiltIn::Toy && config.hold_back != before.hold_back;
        let dataset = emptied.then(|| Dataset::builtin(&config));
        let effect = self.trainer.set_config_and_dataset(config, dataset, restart).await.map_err(fail)?;
        self.from_files &= !emptied;
        let describe: Value = serde_json::from_str(&self.describe()).expect("describe writes JSON");
        let fields =
            vec![("effect", json!(effect)), ("notes", json!(notes)), ("describe", describe), ("emptied", emptied.into())];
        Ok(record(fields).to_string())
    }

    /// Back to step 0 with the same initial weights.
    pub async fn restart(&mut self) -> Answer<()> {
        self.trainer.restart().await.map_err(fail)
    }

    /// Continues from the last good state after a divergence.
    pub async fn resume(&mut self) -> Answer<()> {
        self.trainer.resume().await.map_err(fail)
    }

    /// Enqueues one training step; `false` when its images have not arrived or the run has diverged.
    pub fn step(&mut self) -> Answer<bool> {
        self.trainer.step().map_err(fail)
    }

    /// Runs the enqueued steps on the CPU; a GPU runs them by itself.
    pub async fn work(&mut self) -> Answer<()> {
        self.trainer.work().await.map_err(fail)
    }

    /// Notes since the last call that the user should see, as JSON; `undefined` if there are none.
    pub fn notes(&mut self) -> Option<String> {
        let notes = self.trainer.notes();
        (!notes.is_empty()).then(|| json!(notes).to_string())
    }

    /// Prepares a little for the next change of a switch, without waiting; `false` when all is done.
    pub fn prepare(&mut self) -> bool {
        self.trainer.prepare()
    }

    pub fn in_flight(&self) -> usize {
        self.trainer.in_flight()
    }

    /// Waits for every enqueued step.
    pub async fn settle(&mut self) -> Answer<()> {
        self.trainer.settle().await.map_err(fail)
    }

    /// Steps finished since the last call, as rows of (step, loss, accuracy). A diverged step's loss is NaN.
    pub fn records(&mut self) -> Answer<Float64Array> {
        let batch = f64::from(self.trainer.config().batch);
        let records = self.trainer.records().map_err(fail)?;
        let row = |record: &crate::step::StepRecord| {
            let loss = if record.finite { f64::from(record.loss) } else { f64::NAN };
            [record.step as f64, loss, f64::from(record.correct) / batch]
        };
        Ok(Float64Array::from(records.iter().flat_map(row).collect::<Vec<f64>>().as_slice()))
    }

    /// Where the run diverged, `{step, layer, place, remedy}` as JSON; `undefined` when it has not.
    pub async fn divergence(&mut self) -> Answer<Option<String>> {
        let divergence = self.trainer.divergence().await.map_err(fail)?;
        Ok(divergence.map(|divergence| serde_json::to_string(&divergence).expect("plain data")))
    }

    /// Statistics of the last step: `{step, parameters, norms, activation_gradients, activations}`. `norms` is (tensors); the
    /// others are rows as [`gradient_row`] and [`activation_row`] write them. `undefined` before the first step.
    pub async fn snapshot(&mut self) -> Answer<JsValue> {
        let Some(snapshot) = self.trainer.snapshot().await.map_err(fail)? else { return Ok(JsValue::UNDEFINED) };
        let gradients = |stats: &[GradientStats]| floats(stats.iter().flat_map(gradient_row).collect());
        Ok(object(&[
            ("step", JsValue::from(snapshot.step as f64)),
            ("parameters", gradients(&snapshot.parameters)),
            ("norms", floats(snapshot.norms.clone())),
            ("activation_gradients", gradients(&snapshot.activation_gradients)),
            ("activations", floats(snapshot.activations.iter().flat_map(activation_row).collect())),
        ]))
    }

    /// Whether enough test images have arrived for an evaluation.
    pub fn can_evaluate(&self) -> bool {
        self.trainer.can_evaluate()
    }

    /// Evaluates some more test images. `undefined` while there is more to do, then `{step, loss, accuracy, count,
    /// confusion, mistakes, pixels, pair, train}`. `confusion` is (classes, classes): true class, predicted class. `mistakes` has rows
    /// of (image, true class, predicted class, its probability), the worst first; `pixels` has those images (n, 32, 32, 3). If
    /// something is held back, `pair` is `{accuracies, pixels}`: the accuracies of [`crate::trainer::Evaluation`] and the first
    /// pair of test images (2, 32, 32, 3). With `train_eval`, `train` is `{loss, accuracy}` on training images.
    pub async fn evaluate_chunk(&mut self) -> Answer<JsValue> {
        let Some(evaluation) = self.trainer.evaluate_chunk().await.map_err(fail)? else { return Ok(JsValue::UNDEFINED) };
        let test = &self.trainer.dataset().test;
        let (mut rows, mut pixels) = (vec![], vec![]);
        for &Mistake { image, guess, probability } in &evaluation.mistakes {
            rows.extend_from_slice(&[image as f32, f32::from(test.labels[image]), guess as f32, probability as f32]);
            pixels.extend_from_slice(test.image(image));
        }
        let pair = evaluation.pair.map_or(JsValue::UNDEFINED, |accuracies| {
            let pixels = Uint8Array::from([test.image(0), test.image(1)].concat().as_slice());
            object(&[("accuracies", Float64Array::from(&accuracies[..]).into()), ("pixels", pixels.into())])
        });
        let train = evaluation.train.map_or(JsValue::UNDEFINED, |[loss, accuracy]| {
            object(&[("loss", JsValue::from(loss)), ("accuracy", JsValue::from(accuracy))])
        });
        Ok(object(&[
            ("step", JsValue::from(evaluation.step as f64)),
            ("loss", JsValue::from(evaluation.loss)),
            ("accuracy", JsValue::from(evaluation.accuracy)),
            ("count", JsValue::from(evaluation.count as f64)),
            ("confusion", Uint32Array::from(evaluation.confusion.as_slice()).into()),
            ("mistakes", floats(rows)),
            ("pixels", Uint8Array::from(pixels.as_slice()).into()),
            ("pair", pair),
            ("train", train),
        ]))
    }

    /// Test images with their probabilities: `{pixels (n, 32, 32, 3), labels (n), probabilities (n, classes)}`.
    pub async fn predict(&mut self, first: usize, count: usize) -> Answer<JsValue> {
        let predictions = self.trainer.predict(first..first.saturating_add(count)).await.map_err(fail)?;
        Ok(object(&[
            ("pixels", Uint8Array::from(predictions.images.pixels.as_slice()).into()),
            ("labels", Uint8Array::from(predictions.images.labels.as_slice()).into()),
            ("probabilities", floats(predictions.probabilities)),
        ]))
    }

    /// The images of the next batch as they are stored: `{pixels (n, 32, 32, 3), labels (n)}`; `undefined` before they have
    /// arrived.
    pub fn next_batch(&mut self) -> JsValue {
        let Some(images) = self.trainer.next_images() else { return JsValue::UNDEFINED };
        object(&[
            ("pixels", Uint8Array::from(images.pixels.as_slice()).into()),
            ("labels", Uint8Array::from(images.labels.as_slice()).into()),
        ])
    }

    /// A layer's output for one test image, (height, width, channels), or for `input` that image as the network receives it.
    /// `undefined` when the layer is unknown or the image has not arrived.
    pub async fn layer_output(&mut self, layer: String, image: usize) -> Answer<JsValue> {
        let at = self.trainer.network().layers.iter().position(|candidate| candidate.name == layer);
        if at.is_none() && layer != "input" {
            return Ok(JsValue::UNDEFINED);
        }
        let values = self.trainer.layer_output(at, image).await.map_err(fail)?;
        Ok(values.map_or(JsValue::UNDEFINED, floats))
    }

    /// What a layer has learnt: its two tensors and, for batch normalisation, running means and variances, one after the other,
    /// each with the output channel last. Of one `channel`, or of all. `undefined` when the layer learns nothing.
    pub async fn learnt(&mut self, layer: String, channel: Option<usize>) -> Answer<JsValue> {
        let layers = &self.trainer.network().layers;
        let Some(at) = layers.iter().position(|candidate| candidate.name == layer) else { return Ok(JsValue::UNDEFINED) };
        let (start, step) = channel.map_or((0, 1), |channel| (channel, layers[at].output.channels));
        let values = self.trainer.learnt(at).await.map_err(fail)?;
        if values.is_empty() {
            return Ok(JsValue::UNDEFINED);
        }
        Ok(floats(values.into_iter().skip(start).step_by(step).collect()))
    }

    /// The weights as a safetensors file.
    pub async fn save(&mut self) -> Answer<Uint8Array> {
        let bytes = self.trainer.save("alexnet.safetensors").await.map_err(fail)?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }

    /// Continues from a safetensors file, with the configuration it was saved with. On an error nothing has changed.
    pub async fn load(&mut self, file: String, bytes: Vec<u8>) -> Answer<String> {
        self.trainer.load(&file, &bytes).await.map_err(fail)?;
        Ok(self.describe())
    }
}

/// A property of an object, or `undefined`.
fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Cores for training: those of the machine, but where there are four or more, one is left for the page.
fn cores() -> usize {
    let cores = get(&get(&js_sys::global(), "navigator"), "hardwareConcurrency").as_f64().unwrap_or(1.0) as usize;
    if cores >= 4 { cores - 1 } else { cores }
}

/// The reason why this worker has no WebGPU, if it has none.
fn missing_webgpu() -> Option<Reason> {
    let global = js_sys::global();
    if !get(&get(&global, "navigator"), "gpu").is_undefined() {
        None
    } else if get(&global, "isSecureContext").is_falsy() {
        Some(Reason::InsecureContext)
    } else {
        Some(Reason::NoWebgpu)
    }
}

/// A JSON object. It needs a fraction of the code of `json!`.
fn record(fields: Vec<(&str, Value)>) -> Value {
    object_of(fields.into_iter().map(|(key, value)| (key.to_string(), value)))
}

/// The same of keys that are not constant. Collecting them would sort them first, and the code for that is large.
fn object_of(fields: impl Iterator<Item = (String, Value)>) -> Value {
    let mut object = serde_json::Map::new();
    fields.for_each(|(key, value)| drop(object.insert(key, value)));
    Value::Object(object)
}

/// Every setting as text.
fn texts(config: &Config) -> Value {
    object_of(config::SETTINGS.iter().map(|setting| (setting.key.into(), config.get(setting.key).into())))
}

/// 128 bins, below, above, zero, nan, inf, norm; percentiles 5, 50 and 95 of log10|g|.
fn gradient_row(stats: &GradientStats) -> Vec<f32> {
    let counts = [stats.below, stats.above, stats.zero, stats.nan, stats.inf];
    let bins = stats.bins.iter().chain(&counts).map(|count| *count as f32);
    bins.chain([stats.norm]).chain(stats.percentiles().map(|p| p as f32)).collect()
}

/// 64 bins, nan, inf, min, max, mean, std, saturated share, dead share.
fn activation_row(stats: &ActivationStats) -> Vec<f32> {
    let counts = [stats.nan, stats.inf];
    let bins = stats.bins.iter().chain(&counts).map(|count| *count as f32);
    bins.chain([stats.min, stats.max, stats.mean, stats.std, stats.saturated, stats.dead]).collect()
}

fn floats(values: Vec<f32>) -> JsValue {
    Float32Array::from(values.as_slice()).into()
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let entries: Array = fields.iter().map(|(key, value)| Array::of(&[JsValue::from(*key), value.clone()])).collect();
    Object::from_entries(&entries).expect("pairs make an object").into()
}
