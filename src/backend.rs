//! What every backend takes and gives, in the logical layout of [`crate::network::Network::tensors`].

use crate::cpu::Cpu;
use crate::data::Dataset;
use crate::data::batch::Batch;
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::gpu::choice::{Choice, choose};
use crate::gpu::device::Device;
use crate::network::Network;
use crate::stats::Snapshot;
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

impl State {
    /// Bytes of a network's state.
    fn bytes(network: &Network) -> u64 {
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

/// Why this backend runs, for the page's `reasons.<code>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The user asked for it.
    Asked,
    /// `auto`, and there is a hardware adapter.
    HardwareAdapter,
    /// `auto`, but the only adapter computes on the CPU, slower than the CPU backend.
    SoftwareAdapter,
    /// `auto`, but no adapter answered, or it refused a device.
    NoAdapter,
    /// `auto`, but this browser has no WebGPU.
    NoWebgpu,
    /// `auto`, but the page is on plain http, where browsers hide WebGPU.
    InsecureContext,
}

/// Most bytes of a network on the CPU, and of the copy of its state that one on the GPU is filled from: browsers end a tab with
/// much more, and a failed allocation would end the module.
const MEMORY_LIMIT: u64 = if cfg!(target_arch = "wasm32") { 1 << 30 } else { 64 << 30 };

/// Where the arithmetic runs.
#[derive(Clone)]
pub struct Machine {
    pub reason: Reason,
    /// `None` for the CPU.
    device: Option<Device>,
}

impl Machine {
    /// Opens what `preference` ("auto", "gpu", "cpu") asks for. `missing` says why there can be no GPU at all.
    ///
    /// # Errors
    /// Only when the GPU was asked for and there is none.
    pub async fn open(preference: &str, missing: Option<Reason>) -> Result<Machine> {
        let on_cpu = |reason| Ok(Machine { reason, device: None });
        let on_gpu = |reason, device| Ok(Machine { reason, device: Some(device) });
        match (preference, missing) {
            ("cpu", _) => on_cpu(Reason::Asked),
            ("gpu", Some(_)) => Err(Error::NoAdapter),
            ("gpu", None) => on_gpu(Reason::Asked, choose(Device::open().await?).await?),
            (_, Some(reason)) => on_cpu(reason),
            (_, None) => match Device::open().await {
                Ok(device) if !device.facts.software => on_gpu(Reason::HardwareAdapter, choose(device).await?),
                Ok(_) => on_cpu(Reason::SoftwareAdapter),
                Err(_) => on_cpu(Reason::NoAdapter),
            },
        }
    }

    /// Allocates the network for batches of at most `batch` images.
    pub async fn build(&self, network: &Network, batch: usize, dataset: &Dataset) -> Result<Backend> {
        let needed = match self.device {
            Some(_) => State::bytes(network),
            None => Cpu::<f32>::memory_needed(network, batch),
        };
        if needed > MEMORY_LIMIT {
            return Err(Error::TooMuchMemory { needed, limit: MEMORY_LIMIT });
        }
        if let Some(device) = &self.device {
            let gpu = Gpu::new(device, network, batch, dataset.mean, dataset.std).await?;
            return Ok(Backend::Gpu(Box::new(gpu)));
        }
        Ok(Backend::Cpu(Box::new(Cpu::new(network.clone(), batch, dataset.mean, dataset.std))))
    }

    /// The adapter in use; empty on the CPU.
    pub fn adapter(&self) -> &str {
        self.device.as_ref().map_or("", |device| &device.facts.name)
    }

    /// Which kernels run, and what that was chosen by; `None` on the CPU.
    pub fn choice(&self) -> Option<Choice> {
        self.device.as_ref().map(Device::choice)
    }

    /// The open device; `None` on the CPU.
    pub fn device(&self) -> Option<&Device> {
        self.device.as_ref()
    }

    /// Whether a processor does the work, on either backend.
    pub fn is_software(&self) -> bool {
        self.device.as_ref().is_none_or(|device| device.facts.software)
    }
}

/// One of the two implementations of the same operations.
pub enum Backend {
    Cpu(Box<Cpu<f32>>),
    Gpu(Box<Gpu>),
}

/// The same call on whichever backend there is.
macro_rules! each {
    ($self:ident, $backend:ident => $call:expr) => {
        match $self {
            Backend::Cpu($backend) => $call,
            Backend::Gpu($backend) => $call,
        }
    };
}

impl Backend {
    pub fn name(&self) -> &'static str {
        match self {
            Backend::Cpu(_) => "cpu",
            Backend::Gpu(_) => "gpu",
        }
    }

    /// Enqueues one training step; never waits.
    pub fn step(&mut self, batch: &Batch, hyper: &Hyper) -> Result<()> {
        each!(self, backend => backend.step(batch, hyper))
    }

    /// The records completed since the last call, in order; never waits.
    pub fn finished(&mut self) -> Result<Vec<StepRecord>> {
        each!(self, backend => backend.finished())
    }

    /// Steps enqueued whose records are not there yet.
    pub fn in_flight(&self) -> usize {
        each!(self, backend => backend.in_flight())
    }

    /// Waits until nothing is in flight.
    pub async fn settle(&mut self) -> Result<()> {
        each!(self, backend => backend.settle().await)
    }

    pub async fn state(&mut self) -> Result<State> {
        each!(self, backend => backend.state().await)
    }

    /// Replaces everything that training changes, and forgets an earlier divergence.
    pub fn set_state(&mut self, state: &State) -> Result<()> {
        each!(self, backend => backend.set_state(state))
    }

    /// Evaluation mode, any number of images: (n, classes).
    pub async fn logits(&mut self, batch: &Batch) -> Result<Vec<f32>> {
        each!(self, backend => backend.logits(batch).await)
    }

    /// Evaluation mode, at most the capacity: the output of `network.layers[layer]`, (n, height, width, channels).
    pub async fn output_of(&mut self, batch: &Batch, layer: usize) -> Result<Vec<f32>> {
        each!(self, backend => backend.output_of(batch, layer).await)
    }

    /// Gradients of the last training step, and the activations of the probe images in evaluation mode.
    pub async fn snapshot(&mut self, step: u64, probe: &Batch) -> Result<Snapshot> {
        each!(self, backend => backend.snapshot(step, probe).await)
    }

    /// Repeats forward and backward without an update and names the first layer with a NaN or infinity.
    pub async fn first_not_finite(&mut self, batch: &Batch, hyper: &Hyper) -> Result<Option<NotFinite>> {
        each!(self, backend => backend.first_not_finite(batch, hyper).await)
    }

    /// Memory of buffers, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        each!(self, backend => backend.memory_bytes())
    }

    /// Kernel dispatches of one training step; 0 on the CPU.
    pub fn dispatches(&self) -> usize {
        match self {
            Backend::Cpu(_) => 0,
            Backend::Gpu(gpu) => gpu.dispatches(),
        }
    }
}
