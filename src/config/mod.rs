//! Every switch and hyper-parameter, declared once.
//!
//! [`SETTINGS`] is the single source of the URL fragment's keys, the attributes of `<alexnet-lab>`, the program's flags with
//! their help, and the page's controls, ranges and defaults. JavaScript receives it as JSON ([`schema_json`]) and repeats none of
//! it.

pub mod architectures;
pub mod hints;
mod kind;
pub mod lanes;
mod link;

use crate::error::{Error, Note, Result};
pub use kind::{Kind, Word};
use kind::{Value, place};
use serde::Serialize;

/// The version of the fragment's format, written as `v=1`.
pub const VERSION: u32 = 1;

/// What changing a setting means for a run in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Takes effect at the next step; nothing is rebuilt.
    Live,
    /// The network is rebuilt; weights, velocities and step are kept.
    Rebuild,
    /// Tensors change their shapes or initial values: training starts again.
    Restart,
    /// How the page looks; the engine ignores it.
    View,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Setting {
    pub key: &'static str,
    #[serde(flatten)]
    pub kind: Kind,
    pub effect: Effect,
    pub default: &'static str,
    /// For the program; the page has its own texts, in its languages.
    #[cfg(not(target_arch = "wasm32"))]
    pub help: &'static str,
    /// Whether lanes ([`crate::config::lanes`]) may differ in it. They share the view, the images, the evaluation and the
    /// machine.
    pub lane: bool,
}

/// Maps a table type to its Rust type and to its [`Kind`], and says whether lanes may differ in a setting.
macro_rules! field {
    (type choice $name:ident $options:tt) => { $name };
    (type word $options:tt) => { Word };
    (type switch) => { bool };
    (type integer $min:literal $max:literal) => { u32 };
    (type number $min:literal $max:literal $log:literal) => { f64 };
    (kind choice $name:ident [$($variant:ident $option:literal),*]) => { Kind::Choice { options: &[$($option),*] } };
    (kind word [$($option:literal),*]) => { Kind::Choice { options: &[$($option),*] } };
    (kind switch) => { Kind::Switch };
    (kind integer $min:literal $max:literal) => { Kind::Integer { min: $min, max: $max } };
    (kind number $min:literal $max:literal $log:literal) => { Kind::Number { min: $min, max: $max, log: $log } };
    (lane own) => { true };
    (lane shared) => { false };
}

/// The enum of a choice that the engine uses.
macro_rules! choice {
    ($help:literal choice $name:ident [$($variant:ident $option:literal),*]) => {
        #[doc = $help]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        pub enum $name { $(#[serde(rename = $option)] $variant),* }

        impl Value for $name {
            fn read(kind: Kind, text: &str) -> Option<(Self, bool)> {
                Some(([$($name::$variant),*][place(kind, text)?], false))
            }

            fn write(&self) -> String {
                [$($option),*][*self as usize].into()
            }
        }
    };
    ($($other:tt)*) => {};
}

macro_rules! settings {
    ($($key:ident: ($($type:tt)*) $effect:ident $lane:ident $default:literal $help:literal;)*) => {
        $(choice! { $help $($type)* })*

        /// A complete configuration. Construct with [`Config::default`] and change with [`Config::set`].
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config { $(#[doc = $help] pub $key: field!(type $($type)*)),* }

        /// The table of settings.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            key: stringify!($key), kind: field!(kind $($type)*), effect: Effect::$effect, default: $default,
            #[cfg(not(target_arch = "wasm32"))]
            help: $help,
            lane: field!(lane $lane),
        }),*];

        impl Default for Config {
            fn default() -> Self {
                Config { $($key: Value::read(field!(kind $($type)*), $default).expect("a default is in range").0),* }
            }
        }

        impl Config {
            /// The value of `key` as text, in the form that [`Config::set`] reads.
            pub fn get(&self, key: &str) -> Option<String> {
                match key { $(stringify!($key) => Some(self.$key.write()),)* _ => None }
            }

            /// Sets `key` from text. A number outside the range is clamped; the result says whether it was.
            ///
            /// # Errors
            /// An unknown key, or a value that does not fit the setting's kind.
            pub fn set(&mut self, key: &str, value: &str) -> Result<bool> {
                match key {
                    $(stringify!($key) => {
                        let (value, clamped) = Value::read(field!(kind $($type)*), value)
                            .ok_or_else(|| bad_value(key, value))?;
                        self.$key = value;
                        Ok(clamped)
                    })*
                    _ => Err(Error::UnknownKey { key: clip(key) }),
                }
            }
        }
    };
}

settings! {
    // ---- the network's components
    activation: (choice ActivationFunction [Relu "relu", Sigmoid "sigmoid", Tanh "tanh", LeakyRelu "leaky_relu"]) Rebuild own "relu" "Activation function after every hidden layer";
    norm: (choice Norm [None "none", Lrn "lrn", Bn "bn"]) Rebuild own "lrn" "Normalisation: none, local response (after conv1 and conv2) or batch (before every activation)";
    pool: (choice Pool [Max "max", Avg "avg", Paper "paper"]) Rebuild own "max" "Pooling: largest value or average of each window, or the one that the architecture's paper has there";
    overlap: (switch) Rebuild own "true" "Overlapping pooling windows: 3x3 with stride 2; without overlap 2x2 with stride 2";
    dropout: (number 0.0 0.9 false) Live own "0" "Share of the units in the hidden linear layers that each step switches off";
    lrn_n: (integer 1 15) Rebuild own "5" "LRN: number of neighbours in the sum, the value itself included";
    lrn_k: (number 0.1 10.0 false) Rebuild own "2" "LRN: constant added to the sum";
    lrn_alpha: (number 0.0 10.0 true) Rebuild own "1e-4" "LRN: factor of the sum of squares";
    lrn_beta: (number 0.0 2.0 false) Rebuild own "0.75" "LRN: exponent";
    lrn_region: (choice LrnRegion [Channels "channels", Map "map"]) Rebuild own "channels" "LRN: the sum is over lrn_n neighbouring channels, or over lrn_n x lrn_n pixels of the same channel";
    bn_place: (choice BnPlace [All "all", Lrn "lrn"]) Rebuild own "all" "BN: before every activation, or in place of LRN (after the activations of conv1 and conv2)";
    bn_epsilon: (number 1e-12 1.0 true) Rebuild own "1e-5" "BN: constant added to the variance";
    bn_momentum: (number 0.0 1.0 false) Rebuild own "0.1" "BN: weight of the newest batch in the running statistics";
    bn_noise: (number 0.0 1.0 false) Rebuild own "0" "BN: strength of the random shift and scale of its output, drawn anew at every step";
    // ---- the network's size and start
    arch: (choice Architecture [Lenet "lenet", Convnet26 "convnet26", Convnet18 "convnet18", Local "local", Scaled "scaled", Original "original"]) Restart own "scaled" "Architecture: LeNet-5, cuda-convnet's networks with errors of 26 and 18 %, its network with local layers, AlexNet scaled to 32x32 images, or the original for 227x227 images";
    width: (choice Width [Quarter "0.25", Half "0.5", One "1", Two "2"]) Restart own "1" "Multiplies the number of channels";
    depth: (integer 0 12) Restart own "0" "AlexNet: extra 3x3 convolutions after conv4";
    init: (choice InitialWeights [He "he", Xavier "xavier", Paper "paper"]) Restart own "he" "Initial weights: He, Xavier, or those of the architecture's paper, with its biases and each layer's rate and decay";
    init_scale: (number 0.0 10.0 false) Restart own "1" "Multiplies the initial weights";
    init_scale_layer: (word ["all", "conv1", "conv2", "conv3", "conv4", "conv5", "local3", "local4", "fc3", "fc4", "fc5", "fc6", "fc7", "fc8"]) Restart own "all" "Layers whose initial weights init_scale multiplies: all, or one";
    seed: (integer 0 4294967295) Restart own "1" "Determines initial weights, order of images and dropout masks";
    // ---- the optimizer
    lr: (number 0.0 10.0 true) Live own "0.01" "Learning rate of stochastic gradient descent";
    momentum: (number 0.0 0.999 false) Live own "0.9" "Momentum: share of the last update that is kept";
    weight_decay: (number 0.0 0.1 true) Live own "5e-4" "Weight decay: pulls every weight towards zero";
    schedule: (choice Schedule [Constant "constant", Step "step"]) Live own "constant" "Learning rate over time: constant, or divided by 10 every schedule_every steps";
    schedule_every: (integer 1 1000000) Live own "1000" "Steps between divisions of the learning rate, for schedule=step";
    batch: (integer 1 1024) Restart own "32" "Images per step";
    // ---- the data
    data: (choice BuiltIn [Cifar10 "cifar10", Toy "toy"]) Restart shared "cifar10" "Built-in data set";
    hold_back: (choice Variation [None "none", Texture "texture", Rotation "rotation"]) Restart shared "none" "For data=toy: the property that training images lack and every second test image has";
    train_size: (integer 1 60000) Restart own "60000" "Maximum number of training images";
    augment: (switch) Live own "false" "Augmentation: shift by up to 4 pixels and mirror, at random";
    test_size: (integer 1 10000) Live shared "500" "Test images per evaluation";
    test_every: (integer 0 100000) Live shared "100" "Steps between evaluations on test images; 0 means none";
    train_eval: (switch) Live shared "false" "Evaluate training images, too, with all units on";
    // ---- when a run stops automatically; 0 for never
    stop_steps: (integer 0 1000000) Live shared "0" "Stop at this step; 0 means never";
    stop_accuracy: (number 0.0 100.0 false) Live shared "0" "Stop when the test accuracy in percent reaches this; 0 means never";
    stop_loss: (number 0.0 10.0 false) Live shared "0" "Stop when the test loss is at most this; 0 means never";
    stop_seconds: (integer 0 86400) Live shared "0" "Stop after this many seconds of training; 0 means never";
    // ---- the machine
    backend: (choice Preference [Auto "auto", Gpu "gpu", Cpu "cpu"]) Rebuild shared "auto" "Where the arithmetic runs";
    workers: (choice Workers [Auto "auto", One "1", Two "2", Three "3", Four "4", Five "5", Six "6", Seven "7", Eight "8"]) Rebuild shared "auto" "CPU workers that share each batch: auto takes the cores of the machine";
    // ---- the page
    lang: (word ["auto", "en", "zh"]) View shared "auto" "Language of the page";
    theme: (word ["auto", "light", "dark"]) View shared "auto" "Colours of the page";
    controls: (word ["auto", "full", "slide", "mini"]) View shared "auto" "How much of the lab is shown";
    autoplay: (switch) View shared "false" "Start training as soon as the data is loaded";
    background: (switch) View shared "false" "Train on while the tab is hidden";
    speed: (word ["1", "2", "5", "10", "max"]) View shared "max" "Maximum number of steps per second";
    ridges: (word ["layers", "time"]) View shared "layers" "Gradient histograms: layer by layer, or one layer over time";
    layer: (word ["conv1", "conv2", "conv3", "conv4", "conv4_1", "conv4_2", "conv4_3", "conv4_4", "conv4_5", "conv4_6", "conv4_7", "conv4_8", "conv4_9", "conv4_10", "conv4_11", "conv4_12", "conv5", "local3", "local4", "fc3", "fc4", "fc5", "fc6", "fc7", "fc8"]) View shared "conv1" "Layer shown in the detailed views";
    image: (integer 0 9999) View shared "0" "Test image whose feature maps are shown";
    inside: (switch) View shared "false" "Show the arithmetic inside the layer";
    lesson: (word ["none", "from-lenet", "relu-or-sigmoid", "figure-1", "product-of-weights", "scale-of-weights", "lrn-competition", "norms", "pooling", "dropout", "covariate-shift"]) View shared "none" "Guided lesson that is open";
}

/// What a pooling layer takes from its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    Max,
    Avg,
}

impl Config {
    /// The fragment without `#`: `v=1` and every setting that differs from its default, in the table's order.
    pub fn to_fragment(&self) -> String {
        let mut fragment = format!("v={VERSION}");
        for setting in SETTINGS {
            let value = self.get(setting.key).expect("the table's keys are known");
            if Some(&value) != Config::default().get(setting.key).as_ref() {
                fragment += &format!("&{}={value}", setting.key);
            }
        }
        fragment
    }

    /// Reads a fragment, with or without `#`. Whatever is not understood becomes a note; there are no errors.
    pub fn from_fragment(fragment: &str) -> (Config, Vec<Note>) {
        let pairs = fragment.trim_start_matches('#').split('&').filter(|part| !part.is_empty());
        Config::from_pairs(pairs.map(|part| part.split_once('=').unwrap_or((part, ""))))
    }

    /// Reads (key, value) pairs over the defaults, from a fragment, an element's attributes or a message.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Config, Vec<Note>) {
        Config::default().with(&mut pairs.into_iter())
    }

    /// These settings, overridden by (key, value) pairs.
    pub fn with<'a>(mut self, pairs: &mut dyn Iterator<Item = (&'a str, &'a str)>) -> (Config, Vec<Note>) {
        let config = &mut self;
        let mut notes = Vec::new();
        for (key, value) in pairs {
            if key == "v" {
                // An unreadable version is treated as a newer one.
                if value.parse().is_ok_and(|version: u32| version <= VERSION) {
                    continue;
                }
                notes.push(Note::NewerVersion { version: clip(value) });
                continue;
            }
            let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
                notes.push(Note::UnknownKey { key: clip(key) });
                continue;
            };
            let outcome = config.set(key, value);
            let used = config.get(key).expect("the key is known");
            let (key, value, allowed) = (clip(key), clip(value), setting.kind.allowed());
            match outcome {
                Ok(false) => {}
                Ok(true) => notes.push(Note::Clamped { key, value, used, allowed }),
                Err(_) => notes.push(Note::NotUnderstood { key, value, used, allowed }),
            }
        }
        (self, notes)
    }

    /// These settings with `other`'s backend and view.
    pub fn on_machine_of(mut self, other: &Config) -> Config {
        for setting in SETTINGS.iter().filter(|setting| setting.effect == Effect::View || setting.key == "backend") {
            let value = other.get(setting.key).expect("the table's keys are known");
            // Not `expect`: it would add every error's `Debug` to the module, 4 kB that nothing else uses.
            assert!(self.set(setting.key, &value).is_ok(), "a setting's own text is allowed");
        }
        self
    }

    /// These settings after one change of a switch: each choice and each switch that rebuilds the network, with each of its other
    /// values.
    pub fn neighbours(&self) -> Vec<Config> {
        let flips = SETTINGS.iter().filter(|setting| setting.effect == Effect::Rebuild && setting.key != "backend");
        let values = flips.flat_map(|setting| {
            let options = match setting.kind {
                Kind::Choice { options } => options,
                Kind::Switch => &["true", "false"],
                _ => &[],
            };
            options.iter().map(|option| (setting.key, *option))
        });
        let flipped = values.filter_map(|(key, option)| {
            let mut config = self.clone();
            config.set(key, option).ok()?;
            (config != *self).then_some(config)
        });
        flipped.collect()
    }

    /// The strongest effect of a change from `self` to `other`; `None` when nothing differs.
    pub fn effect_of_change(&self, other: &Config) -> Option<Effect> {
        let differs = |setting: &&Setting| self.get(setting.key) != other.get(setting.key);
        let strength =
            |effect: &Effect| [Effect::View, Effect::Live, Effect::Rebuild, Effect::Restart].iter().position(|e| e == effect);
        SETTINGS.iter().filter(differs).map(|setting| setting.effect).max_by_key(strength)
    }

    /// The channel multiplier as a number.
    pub fn width_factor(&self) -> f64 {
        match self.width {
            Width::Quarter => 0.25,
            Width::Half => 0.5,
            Width::One => 1.0,
            Width::Two => 2.0,
        }
    }

    /// The learning rate of `step`, counted from 0.
    pub fn learning_rate(&self, step: u64) -> f64 {
        match self.schedule {
            Schedule::Constant => self.lr,
            Schedule::Step => self.lr * 0.1f64.powi((step / u64::from(self.schedule_every)).min(300) as i32),
        }
    }
}

/// The table as JSON: `[{key, kind, ..., effect, default, lane}]`.
pub fn schema_json() -> String {
    serde_json::to_string(SETTINGS).expect("the table is plain data")
}

/// Only drawn data sets hold something back.
impl Default for Variation {
    fn default() -> Variation {
        Variation::None
    }
}

fn bad_value(key: &str, value: &str) -> Error {
    let setting = SETTINGS.iter().find(|setting| setting.key == key);
    let allowed = setting.map(|setting| setting.kind.allowed()).unwrap_or_default();
    Error::BadValue { key: clip(key), value: clip(value), allowed }
}

/// The first 40 characters, so that a message does not grow with its input.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_left_out_and_changes_come_back() {
        let mut config = Config::default();
        assert_eq!(config.to_fragment(), "v=1");
        config.set("activation", "sigmoid").unwrap();
        config.set("lr", "0.003").unwrap();
        config.set("overlap", "false").unwrap();
        assert_eq!(config.to_fragment(), "v=1&activation=sigmoid&overlap=false&lr=0.003");
        assert_eq!(Config::from_fragment(&config.to_fragment()), (config, vec![]));
    }

    #[test]
    fn a_value_out_of_range_is_clamped_with_a_note() {
        let (config, notes) = Config::from_fragment("#v=1&dropout=5&activation=gelu&colour=red&v=2");
        assert_eq!(config.dropout, 0.9);
        assert_eq!(config.activation, ActivationFunction::Relu);
        let codes: Vec<String> =
            notes.iter().map(|note| serde_json::to_value(note).unwrap()["code"].as_str().unwrap().into()).collect();
        assert_eq!(codes, ["clamped", "not_understood", "unknown_key", "newer_version"]);
    }

    #[test]
    fn numbers_beyond_every_range_are_clamped_too() {
        let (config, notes) = Config::from_fragment("lr=1e999&batch=1e999&depth=-0.5&init_scale=-0");
        assert_eq!((config.lr, config.batch, config.depth), (10.0, 1024, 0));
        assert!(notes.len() == 3 && notes.iter().all(|note| matches!(note, Note::Clamped { .. })), "{notes:?}");
        assert_eq!(config.get("init_scale").unwrap(), "0");
        assert!(Config::default().set("batch", "2.5").is_err() && Config::default().set("lr", "nan").is_err());
    }

    #[test]
    fn the_strongest_effect_wins() {
        let base = Config::default();
        let mut other = base.clone();
        assert_eq!(base.effect_of_change(&other), None);
        other.lr = 1.0;
        assert_eq!(base.effect_of_change(&other), Some(Effect::Live));
        other.set("norm", "bn").unwrap();
        assert_eq!(base.effect_of_change(&other), Some(Effect::Rebuild));
        other.set("depth", "3").unwrap();
        assert_eq!(base.effect_of_change(&other), Some(Effect::Restart));
    }

    #[test]
    fn the_schedule_divides_by_ten() {
        let (config, _) = Config::from_fragment("schedule=step&schedule_every=10&lr=1");
        let rates: Vec<f64> = [0, 9, 10, 29].map(|step| config.learning_rate(step)).into();
        assert!(rates.iter().zip([1.0, 1.0, 0.1, 0.01]).all(|(a, b)| (a - b).abs() < 1e-15), "{rates:?}");
    }
}
