//! One training step: its inputs, its outcome, and the state it changes. [`peers`] has the messages
//! between the parts of a batch, [`tree`] the order of sums over it.

pub mod peers;
pub mod tree;

use crate::config::Config;
use crate::config::architectures::Factors;
use crate::network::{Layer, Network, Running};
use serde::{Deserialize, Serialize};
use tree::Branch;

/// What a training step needs besides its batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hyper {
    pub step: u64,
    pub seed: u32,
    pub learning_rate: f32,
    pub momentum: f32,
    pub weight_decay: f32,
    /// Probability that a unit of a hidden linear layer is switched off.
    pub dropout: f32,
    /// Strength of the noise after batch normalisation.
    pub noise: f32,
}

impl Hyper {
    /// The values configured for `step`, counted from 0.
    pub fn of(config: &Config, step: u64) -> Hyper {
        Hyper {
            step,
            seed: config.seed,
            learning_rate: config.learning_rate(step) as f32,
            momentum: config.momentum as f32,
            weight_decay: config.weight_decay as f32,
            dropout: config.dropout as f32,
            noise: config.bn_noise as f32,
        }
    }

    /// These values for a tensor with its own factors.
    pub fn times(&self, factors: Factors) -> Hyper {
        let Factors { rate, decay } = factors;
        Hyper { learning_rate: self.learning_rate * rate as f32, weight_decay: self.weight_decay * decay as f32, ..*self }
    }
}

/// The outcome of one training step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StepRecord {
    pub step: u64,
    /// Mean cross-entropy of the batch, before the update.
    pub loss: f32,
    /// How many images of the batch were classified correctly.
    pub correct: u32,
    /// False when the loss or a gradient was NaN or infinite. That update and all later ones are skipped until `set_state`: steps
    /// already in flight must not change the last good state.
    pub finite: bool,
}

/// Everything that training changes.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub parameters: Vec<f32>, // (Network::parameters)
    pub velocities: Vec<f32>, // (Network::parameters)
    pub running: Vec<f32>,    // (Network::running_len)
}

impl State {
    /// Bytes of a network's state.
    pub fn bytes(network: &Network) -> u64 {
        4 * (2 * network.parameters() as u64 + network.running_len() as u64)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Activation,
    Gradient,
}

/// Where the first NaN or infinity appeared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotFinite {
    /// The name of a [`crate::network::Layer`].
    pub layer: String,
    pub place: Place,
}

/// What a part needs to know about a training step: its place in the batch, and the inputs of dropout and noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Index of the part's first image in the batch.
    pub first: usize,
    /// Images of the whole batch.
    pub batch: usize,
    pub seed: u32,
    pub step: u64,
    pub dropout: f32,
    pub noise: f32,
}

impl Share {
    pub fn new(hyper: &Hyper, first: usize, batch: usize) -> Share {
        Share { first, batch, seed: hyper.seed, step: hyper.step, dropout: hyper.dropout, noise: hyper.noise }
    }

    /// The part's branch of the batch's tree.
    pub fn branch(&self, images: usize) -> Branch {
        Branch::new(self.batch, self.first..self.first + images)
    }

    /// Rows of a layer in the whole batch: images times positions.
    pub fn rows(&self, layer: &Layer) -> usize {
        self.batch * layer.output.height * layer.output.width
    }
}

/// Initial weights, velocities 0, running means 0 and variances 1.
pub fn initial_state(network: &Network, seed: u32) -> State {
    let parameters = network.initial_parameters(seed);
    State { velocities: vec![0.0; parameters.len()], parameters, running: network.initial_running() }
}

/// Copies the tensors that `old` and `new` share by name and shape; the rest of `state` stays unchanged.
pub fn carry_over(old: &Network, from: &State, new: &Network, state: &mut State) {
    for tensor in &new.tensors {
        let Some(source) = old.tensor(&tensor.name).filter(|source| source.shape == tensor.shape) else { continue };
        state.parameters[tensor.range.clone()].copy_from_slice(&from.parameters[source.range.clone()]);
        state.velocities[tensor.range.clone()].copy_from_slice(&from.velocities[source.range.clone()]);
    }
    for running in &new.running {
        let same = |source: &&Running| source.name == running.name && source.channels == running.channels;
        let Some(source) = old.running.iter().find(same) else { continue };
        let length = 2 * running.channels;
        state.running[running.start..][..length].copy_from_slice(&from.running[source.start..][..length]);
    }
}
