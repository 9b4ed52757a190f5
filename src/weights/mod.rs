//! Weights files: safetensors with PyTorch's names and layouts, so that `torch.load_state_dict` reads our weights.
//!
//! | tensor | here | in the file |
//! | --- | --- | --- |
//! | `conv1.weight` | (kh, kw, in, out) | (out, in, kh, kw) |
//! | `local3.weight` | (height, width, kh, kw, in, out) | (height, width, out, in, kh, kw) |
//! | `fc6.weight` | (height * width * channels, out) | (out, channels * height * width) |
//! | `fc6.bias`, `bn1.weight`, `bn1.running_mean`, ... | (out) | (out) |
//!
//! `velocity.` before a parameter's name marks its momentum. The metadata holds [`Meta`] as text, with a key for each field.

mod safetensors;

use crate::config::{self, Config, Effect, SETTINGS};
use crate::data::Normalisation;
use crate::error::{Error, Note, Result};
use crate::network::{Kind, Network, Shape, Tensor};
use crate::step::State;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The version of the metadata, written as `version`.
pub const VERSION: u32 = 1;
/// More steps than any run takes, but few enough that image counts stay below 2^64 and that JavaScript counts exactly.
pub const MOST_STEPS: u64 = 1 << 53;
const VELOCITY: &str = "velocity.";

/// What the file holds besides the tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// `config`: every setting except the view, in the link's form. Defaults are written too, so that a file stays valid when a
    /// default changes.
    pub config: Config,
    /// `step`: training steps done.
    pub step: u64,
    /// `classes`: a JSON list of names, in the order of the logits.
    pub classes: Vec<String>,
    /// `data`: the name of the data set.
    pub data: String,
    /// `mean`, `std`: JSON lists with an entry per channel; the network's input is (byte / 255 - mean) / std.
    pub normalisation: Normalisation,
}

/// A parsed file; its tensors are still the file's bytes.
#[derive(Debug)]
pub struct Checkpoint<'a> {
    pub meta: Meta,
    /// Settings in the file that this version does not know or allow.
    pub notes: Vec<Note>,
    file: String,
    tensors: BTreeMap<String, safetensors::Tensor<'a>>,
}

/// The bytes of a weights file; the same arguments give the same bytes.
///
/// # Errors
/// [`Error::WeightsFile`] when `state` does not belong to `network`; [`Error::WeightsValue`] when it could not be loaded again.
pub fn save(file: &str, network: &Network, state: &State, meta: &Meta) -> Result<Vec<u8>> {
    let parameters = network.parameters();
    let wanted = (parameters, parameters, network.running_len());
    let found = (state.parameters.len(), state.velocities.len(), state.running.len());
    if found != wanted {
        return Err(refused(file, "its numbers belong to another network".into()));
    }
    let mut tensors = BTreeMap::new();
    for tensor in &network.tensors {
        let (shape, axes) = file_layout(network, tensor);
        for (prefix, values) in [("", &state.parameters), (VELOCITY, &state.velocities)] {
            let values = &values[tensor.range.clone()];
            tensors.insert(format!("{prefix}{}", tensor.name), (shape.clone(), Stored { axes, values }));
        }
    }
    for (name, range) in running_tensors(network) {
        tensors.insert(name, (vec![range.len()], Stored { axes: None, values: &state.running[range] }));
    }
    for (name, (shape, stored)) in &tensors {
        // Bad states are rare; only their message needs the order of the file.
        if impossible(name, shape, stored.values).is_some() {
            let (index, value) = impossible(name, shape, &stored.to_file()).expect("it is the same tensor");
            return Err(Error::WeightsValue { file: file.into(), tensor: name.clone(), index, value });
        }
    }
    Ok(safetensors::write(meta.write(), &tensors, Stored::to_file))
}

/// Reads `bytes` as a weights file; `file` is its name for messages.
///
/// # Errors
/// [`Error::WeightsFile`] when the bytes are not safetensors or the metadata is not the lab's.
pub fn load<'a>(file: &str, bytes: &'a [u8]) -> Result<Checkpoint<'a>> {
    let safetensors::File { metadata, tensors } = safetensors::read(bytes).map_err(|why| refused(file, why))?;
    let (meta, notes) = Meta::read(&metadata).map_err(|why| refused(file, why))?;
    Ok(Checkpoint { meta, notes, file: file.into(), tensors })
}

impl Checkpoint<'_> {
    /// The network that the file was saved from.
    pub fn network(&self) -> Network {
        Network::new(&self.meta.config, self.meta.classes.len())
    }

    /// The tensors in `network`'s layout. A file without any velocity gives velocities of zero.
    ///
    /// # Errors
    /// [`Error::WeightsMissing`] or [`Error::WeightsShape`] when a tensor of the network is missing or has another shape;
    /// [`Error::WeightsFile`] for a tensor that is not f32 or not in the network; [`Error::WeightsValue`] for a number that is
    /// not finite, or a negative variance.
    pub fn state(&self, network: &Network) -> Result<State> {
        self.refuse_strangers(network)?;
        let with_velocities = self.tensors.keys().any(|name| name.starts_with(VELOCITY));
        // Grows tensor by tensor: memory follows the file's real size, not the size that its settings claim.
        let mut state = State { parameters: vec![], velocities: vec![], running: vec![] };
        for tensor in &network.tensors {
            let (shape, axes) = file_layout(network, tensor);
            let read = |name: &str| Ok(permuted(&self.values(name, &shape)?, axes, Direction::FromFile));
            state.parameters.append(&mut read(&tensor.name)?);
            if with_velocities {
                state.velocities.append(&mut read(&format!("{VELOCITY}{}", tensor.name))?);
            }
        }
        if !with_velocities {
            state.velocities = vec![0.0; state.parameters.len()];
        }
        for (name, range) in running_tensors(network) {
            state.running.append(&mut self.values(&name, &[range.len()])?);
        }
        Ok(state)
    }

    /// Refuses a tensor that would be ignored: it means that the settings are not the file's.
    fn refuse_strangers(&self, network: &Network) -> Result<()> {
        let running: Vec<String> = running_tensors(network).map(|(name, _)| name).collect();
        for name in self.tensors.keys() {
            let parameter = name.strip_prefix(VELOCITY).unwrap_or(name);
            // PyTorch counts the batches of a batch normalisation; nothing here depends on it.
            let known = network.tensor(parameter).is_some() || running.iter().any(|known| known == name);
            if !known && !name.ends_with(".num_batches_tracked") {
                return Err(refused(&self.file, format!("this network has no tensor {}", clip(name))));
            }
        }
        Ok(())
    }

    /// The named tensor, if it has `shape`.
    fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let file = || self.file.clone();
        let Some(tensor) = self.tensors.get(name) else {
            return Err(Error::WeightsMissing { file: file(), tensor: name.into() });
        };
        if tensor.shape != shape {
            let (found, wanted) = (format!("{:?}", tensor.shape), format!("{shape:?}"));
            return Err(Error::WeightsShape { file: file(), tensor: name.into(), found: clip(&found), wanted });
        }
        if tensor.dtype != "F32" {
            return Err(refused(&self.file, format!("{name} has type {}, but the lab reads F32", clip(&tensor.dtype))));
        }
        let (words, _) = tensor.bytes.as_chunks::<4>();
        let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        match impossible(name, shape, &values) {
            Some((index, value)) => Err(Error::WeightsValue { file: file(), tensor: name.into(), index, value }),
            None => Ok(values),
        }
    }
}

/// The index and value of the first number that no run can continue from: one that is not finite, or a variance below 0.
fn impossible(name: &str, shape: &[usize], values: &[f32]) -> Option<(String, String)> {
    let least = if name.ends_with(".running_var") { 0.0 } else { f32::MIN };
    let mut at = values.iter().position(|value| !(least..=f32::MAX).contains(value))?;
    let value = f64::from(values[at]).to_string();
    // As in PyTorch, an index for each axis.
    let mut index = shape.to_vec();
    for axis in index.iter_mut().rev() {
        (*axis, at) = (at % *axis, at / *axis);
    }
    Some((format!("{index:?}"), value))
}

impl Meta {
    fn write(&self) -> Map<String, Value> {
        let json = |value: &[f32; 3]| serde_json::to_string(value).expect("numbers have a JSON form");
        let classes = serde_json::to_string(&self.classes).expect("strings have a JSON form");
        let fields = [
            ("version", VERSION.to_string()),
            ("config", self.fragment()),
            ("step", self.step.to_string()),
            ("classes", classes),
            ("data", self.data.clone()),
            ("mean", json(&self.normalisation.mean)),
            ("std", json(&self.normalisation.std)),
        ];
        // Collecting them would sort them first, and the code for that is large.
        let mut texts = Map::new();
        fields.into_iter().for_each(|(key, value)| drop(texts.insert(key.into(), value.into())));
        texts
    }

    fn fragment(&self) -> String {
        let settings = SETTINGS.iter().filter(|setting| setting.effect != Effect::View);
        let pair = |key: &str| format!("&{key}={}", self.config.get(key).expect("the table's keys are known"));
        settings.fold(format!("v={}", config::VERSION), |text, setting| text + &pair(setting.key))
    }

    fn read(texts: &Map<String, Value>) -> std::result::Result<(Meta, Vec<Note>), String> {
        let text = |key: &str| texts.get(key).and_then(Value::as_str).ok_or(format!("its metadata has no '{key}'"));
        let bad = |key: &str| format!("'{key}' in its metadata is '{}'", clip(text(key).unwrap_or_default()));
        let version: u32 = text("version")?.parse().map_err(|_| bad("version"))?;
        if version > VERSION {
            return Err(format!("its version is {version}, but this program reads only up to {VERSION}"));
        }
        let channels = |key: &str| -> std::result::Result<[f32; 3], String> {
            let values: [f32; 3] = serde_json::from_str(text(key)?).map_err(|_| bad(key))?;
            values.iter().all(|value| value.is_finite()).then_some(values).ok_or_else(|| bad(key))
        };
        let classes: Vec<String> = serde_json::from_str(text("classes")?).map_err(|_| bad("classes"))?;
        let normalisation = Normalisation { mean: channels("mean")?, std: channels("std")? };
        if classes.is_empty() || normalisation.std.iter().any(|std| *std <= 0.0) {
            return Err(bad(if classes.is_empty() { "classes" } else { "std" }));
        }
        let step = text("step")?.parse().ok().filter(|step| *step <= MOST_STEPS).ok_or_else(|| bad("step"))?;
        let (config, notes) = Config::from_fragment(text("config")?);
        Ok((Meta { config, step, classes, data: text("data")?.into(), normalisation }, notes))
    }
}

/// A tensor that is converted to the file's layout only when it is written: the original network's tensors are half a gigabyte.
struct Stored<'a> {
    axes: Option<[usize; 4]>,
    values: &'a [f32],
}

impl Stored<'_> {
    fn to_file(&self) -> Vec<f32> {
        permuted(self.values, self.axes, Direction::ToFile)
    }
}

enum Direction {
    ToFile,
    FromFile,
}

/// The shape in the file. For a weight, also its axes here, for each position of a local layer: (kh, kw, in, out), or (height, width,
/// channels, out).
fn file_layout(network: &Network, tensor: &Tensor) -> (Vec<usize>, Option<[usize; 4]>) {
    let named = |index: usize| network.tensors[index].name == tensor.name;
    for layer in &network.layers {
        let out = layer.output.channels;
        match layer.kind {
            Kind::Conv { kernel, weight, .. } if named(weight) => {
                let channels = layer.input.channels;
                return (vec![out, channels, kernel, kernel], Some([kernel, kernel, channels, out]));
            }
            Kind::Local { kernel, weight, .. } if named(weight) => {
                let (channels, Shape { height, width, .. }) = (layer.input.channels, layer.output);
                return (vec![height, width, out, channels, kernel, kernel], Some([kernel, kernel, channels, out]));
            }
            Kind::Linear { weight, .. } if named(weight) => {
                let input = layer.input;
                return (vec![out, input.len()], Some([input.height, input.width, input.channels, out]));
            }
            _ => {}
        }
    }
    (tensor.shape.clone(), None)
}

/// Copies our layout, (a, b, c, d) for each position, to the file's, (d, c, a, b), or back. A vector (no axes) is copied unchanged.
fn permuted(values: &[f32], axes: Option<[usize; 4]>, direction: Direction) -> Vec<f32> {
    let Some([height, width, channels, out]) = axes else { return values.to_vec() };
    let mut result = Vec::with_capacity(values.len());
    for values in values.chunks_exact(height * width * channels * out) {
        match direction {
            Direction::ToFile => {
                for (o, c) in (0..out).flat_map(|o| (0..channels).map(move |c| (o, c))) {
                    result.extend((0..height * width).map(|yx| values[(yx * channels + c) * out + o]));
                }
            }
            Direction::FromFile => {
                for (yx, c) in (0..height * width).flat_map(|yx| (0..channels).map(move |c| (yx, c))) {
                    result.extend((0..out).map(|o| values[(o * channels + c) * height * width + yx]));
                }
            }
        }
    }
    result
}

/// The names of the running statistics in the file, and their ranges in [`State::running`].
fn running_tensors(network: &Network) -> impl Iterator<Item = (String, std::ops::Range<usize>)> {
    network.running.iter().flat_map(|running| {
        let middle = running.start + running.channels;
        [
            (format!("{}.running_mean", running.name), running.start..middle),
            (format!("{}.running_var", running.name), middle..middle + running.channels),
        ]
    })
}

fn refused(file: &str, why: String) -> Error {
    Error::WeightsFile { file: file.into(), why }
}

/// The first 60 characters, so that a message does not grow with its input.
fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}
