//! What every backend takes and gives, in the logical layout of [`crate::network::Network::tensors`].

use serde::Serialize;

/// What one training step needs besides its batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hyper {
    pub step: u64,
    pub seed: u32,
    pub learning_rate: f32,
    pub momentum: f32,
    pub weight_decay: f32,
    /// Probability that a unit of fc6 or fc7 is switched off.
    pub dropout: f32,
}

/// The outcome of one training step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StepRecord {
    pub step: u64,
    /// Mean cross-entropy of the batch, before the update.
    pub loss: f32,
    /// How many images of the batch were classified right.
    pub correct: u32,
    /// False when the loss or a gradient was NaN or infinite. That update and those of all later steps are skipped,
    /// until `set_state`: steps that were already in flight must not move the last good state.
    pub finite: bool,
}

/// Everything that training changes.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub parameters: Vec<f32>, // (Network::parameters)
    pub velocities: Vec<f32>, // (Network::parameters)
    pub running: Vec<f32>,    // (Network::running_len)
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
