//! Weights files: safetensors with PyTorch's names and layouts, so that `torch.load_state_dict` reads our weights.
//!
//! | tensor | here | in the file |
//! | --- | --- | --- |
//! | `conv1.weight` | (kh, kw, in, out) | (out, in, kh, kw) |
//! | `fc6.weight` | (height * width * channels, out) | (out, channels * height * width) |
//! | `fc6.bias`, `bn1.weight`, `bn1.running_mean`, ... | (out) | (out) |
//!
//! `velocity.` before a parameter's name marks its momentum. The metadata holds [`Meta`] as text, with a key for each field.

use crate::config::{self, Config, Effect, SETTINGS};
use crate::data::Normalisation;
use crate::error::{Error, Note, Result};
use crate::network::{Kind, Network, Tensor};
use crate::step::State;
use safetensors::{Dtype, SafeTensors, View};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

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
    tensors: SafeTensors<'a>,
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
    let mut tensors = Vec::new();
    for tensor in &network.tensors {
        let (shape, axes) = file_layout(network, tensor);
        for (prefix, values) in [("", &state.parameters), (VELOCITY, &state.velocities)] {
            let values = &values[tensor.range.clone()];
            tensors.push((format!("{prefix}{}", tensor.name), Stored { shape: shape.clone(), axes, values }));
        }
    }
    for (name, range) in running_tensors(network) {
        tensors.push((name, Stored { shape: vec![range.len()], axes: None, values: &state.running[range] }));
    }
    for (name, Stored { shape, axes, values }) in &tensors {
        // Bad states are rare; only their message needs the order of the file.
        if impossible(name, shape, values).is_some() {
            let values = permuted(values, *axes, Direction::ToFile);
            let (index, value) = impossible(name, shape, &values).expect("it is the same tensor");
            return Err(Error::WeightsValue { file: file.into(), tensor: name.clone(), index, value });
        }
    }
    let bytes = safetensors::serialize(tensors, Some(meta.write())).map_err(|why| refused(file, why.to_string()))?;
    Ok(with_sorted_header(bytes))
}

/// Reads `bytes` as a weights file; `file` is its name for messages.
///
/// # Errors
/// [`Error::WeightsFile`] when the bytes are not safetensors or the metadata is not the lab's.
pub fn load<'a>(file: &str, bytes: &'a [u8]) -> Result<Checkpoint<'a>> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|why| refused(file, why.to_string()))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|why| refused(file, why.to_string()))?;
    let Some(texts) = header.metadata() else {
        return Err(refused(file, "it has no metadata, so its network is unknown".into()));
    };
    let (meta, notes) = Meta::read(texts).map_err(|why| refused(file, why))?;
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
        let with_velocities = self.tensors.names().iter().any(|name| name.starts_with(VELOCITY));
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
        for name in self.tensors.names() {
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
        let Ok(view) = self.tensors.tensor(name) else {
            return Err(Error::WeightsMissing { file: file(), tensor: name.into() });
        };
        if view.shape() != shape {
            let (found, wanted) = (format!("{:?}", view.shape()), format!("{shape:?}"));
            return Err(Error::WeightsShape { file: file(), tensor: name.into(), found: clip(&found), wanted });
        }
        if view.dtype() != Dtype::F32 {
            return Err(refused(&self.file, format!("{name} has type {}, but the lab reads F32", view.dtype())));
        }
        let (words, _) = view.data().as_chunks::<4>();
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
    fn write(&self) -> HashMap<String, String> {
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
        fields.into_iter().map(|(key, value)| (key.into(), value)).collect()
    }

    fn fragment(&self) -> String {
        let settings = SETTINGS.iter().filter(|setting| setting.effect != Effect::View);
        let pair = |key: &str| format!("&{key}={}", self.config.get(key).expect("the table's keys are known"));
        settings.fold(format!("v={}", config::VERSION), |text, setting| text + &pair(setting.key))
    }

    fn read(texts: &HashMap<String, String>) -> std::result::Result<(Meta, Vec<Note>), String> {
        let text = |key: &str| texts.get(key).ok_or(format!("its metadata has no '{key}'"));
        let bad = |key: &str| format!("'{key}' in its metadata is '{}'", clip(&texts[key]));
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
        Ok((Meta { config, step, classes, data: text("data")?.clone(), normalisation }, notes))
    }
}

/// A tensor that is converted to the file's layout only when it is written: the original network's tensors are half a gigabyte.
struct Stored<'a> {
    shape: Vec<usize>,
    axes: Option<[usize; 4]>,
    values: &'a [f32],
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        permuted(self.values, self.axes, Direction::ToFile).into_iter().flat_map(f32::to_le_bytes).collect()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}

enum Direction {
    ToFile,
    FromFile,
}

/// The shape in the file. For a weight, also its axes here: (kh, kw, in, out), or (height, width, channels, out).
fn file_layout(network: &Network, tensor: &Tensor) -> (Vec<usize>, Option<[usize; 4]>) {
    let named = |index: usize| network.tensors[index].name == tensor.name;
    for layer in &network.layers {
        let out = layer.output.channels;
        match layer.kind {
            Kind::Conv { kernel, weight, .. } if named(weight) => {
                let channels = layer.input.channels;
                return (vec![out, channels, kernel, kernel], Some([kernel, kernel, channels, out]));
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

/// Copies our layout, (a, b, c, d), to the file's, (d, c, a, b), or back. A vector (no axes) is copied unchanged.
fn permuted(values: &[f32], axes: Option<[usize; 4]>, direction: Direction) -> Vec<f32> {
    let Some([height, width, channels, out]) = axes else { return values.to_vec() };
    let mut result = Vec::with_capacity(values.len());
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

/// Sorts the metadata: the crate writes it in the order of a hash map, which differs from run to run.
fn with_sorted_header(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("a file starts with its header's length")) as usize;
    let header: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&bytes[8..8 + length]).expect("the header was written as JSON");
    let sorted = serde_json::to_vec(&header).expect("JSON was read");
    // The same entries in another order have the same length, except for the blanks at the end.
    bytes[8..8 + sorted.len()].copy_from_slice(&sorted);
    bytes
}

fn refused(file: &str, why: String) -> Error {
    Error::WeightsFile { file: file.into(), why }
}

/// The first 60 characters, so that a message does not grow with its input.
fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}
