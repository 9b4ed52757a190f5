//! What every backend takes and gives, in the logical layout of [`crate::network::Network::tensors`].

use crate::config::Config;
use crate::cpu::Cpu;
use crate::cpu::peers::{Line, parts};
use crate::data::batch::Batch;
use crate::error::{Error, Note, Result};
use crate::gpu::Gpu;
use crate::gpu::choice::{Choice, choose};
use crate::gpu::device::Device;
use crate::network::Network;
use crate::stats::Snapshot;
use serde::Serialize;
use std::rc::Rc;

/// What one training step needs besides its batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hyper {
    pub step: u64,
    pub seed: u32,
    pub learning_rate: f32,
    pub momentum: f32,
    pub weight_decay: f32,
    /// Probability that a unit of fc6 or fc7 is switched off.
    pub dropout: f32,
    /// Strength of the noise behind batch normalisation.
    pub noise: f32,
}

impl Hyper {
    /// As configured for `step`, counted from 0.
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

/// What a helper of the CPU backend must know before its first step.
pub struct Plan<'a> {
    pub config: &'a Config,
    pub classes: usize,
    /// Most images of its part.
    pub capacity: usize,
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

/// Starts a helper; the line ends when it cannot be started.
pub type StartHelper = dyn Fn(&Plan) -> Line<f32>;

/// What the lab runs in: the native program, or a browser.
#[derive(Clone)]
pub struct Host {
    /// Why there can be no GPU at all, if so.
    pub missing: Option<Reason>,
    pub helper: Rc<StartHelper>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Host {
    /// The native program, whose helpers are threads.
    pub fn native() -> Host {
        let helper = |plan: &Plan| {
            let network = Network::new(plan.config, plan.classes);
            crate::cpu::threads::start(network, plan.capacity, plan.mean, plan.std)
        };
        Host { missing: None, helper: Rc::new(helper) }
    }
}

/// Where the arithmetic runs.
#[derive(Clone)]
pub struct Machine {
    pub reason: Reason,
    /// `None` for the CPU.
    device: Option<Device>,
    host: Host,
}

impl Machine {
    /// Opens what `preference` ("auto", "gpu", "cpu") asks for.
    ///
    /// # Errors
    /// Only when the GPU was asked for and there is none.
    pub async fn open(preference: &str, host: &Host) -> Result<Machine> {
        let on_cpu = |reason| Ok(Machine { reason, device: None, host: host.clone() });
        let on_gpu = |reason, device| Ok(Machine { reason, device: Some(device), host: host.clone() });
        match (preference, host.missing) {
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

    /// Allocates the configuration's `network` for its batches, with its helpers. `mean` and `std` are the data set's.
    pub async fn build(&self, config: &Config, network: &Network, [mean, std]: [[f32; 3]; 2]) -> Result<Backend> {
        let (batch, workers) = (config.batch as usize, self.workers_that_fit(config, network)?);
        if let Some(device) = &self.device {
            return Ok(Backend::Gpu(Box::new(Gpu::new(device, network, batch, mean, std).await?)));
        }
        let helper = |capacity| (self.host.helper)(&Plan { config, classes: network.classes, capacity, mean, std });
        let helpers = parts(batch, workers)[1..].iter().map(|part| helper(part.len())).collect();
        Ok(Backend::Cpu(Box::new(Cpu::with_helpers(network.clone(), batch, mean, std, helpers))))
    }

    /// Bytes that [`Machine::build`] allocates for its backend: in the page's or program's memory, or on the device.
    ///
    /// # Errors
    /// [`Error::TooMuchMemory`], [`Error::TooLarge`], as [`Machine::build`].
    pub fn memory_needed(&self, config: &Config, network: &Network) -> Result<u64> {
        let (batch, workers) = (config.batch as usize, self.workers_that_fit(config, network)?);
        match &self.device {
            Some(device) => Gpu::memory_needed(device, network, batch),
            None => Ok(Cpu::<f32>::memory_needed(network, batch, workers)),
        }
    }

    fn workers_that_fit(&self, config: &Config, network: &Network) -> Result<usize> {
        let needed = |workers| match self.device {
            // What is copied from and to the device.
            Some(_) => State::bytes(network),
            None => Cpu::<f32>::memory_needed(network, config.batch as usize, workers),
        };
        // Rather with fewer workers than not at all.
        let fitting = (1..=config.workers as usize).rev().find(|workers| needed(*workers) <= MEMORY_LIMIT);
        fitting.ok_or_else(|| Error::TooMuchMemory { needed: needed(1), limit: MEMORY_LIMIT })
    }

    /// The host that it was opened on.
    pub fn host(&self) -> &Host {
        &self.host
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

    /// Does what is enqueued where nobody else does it: on the CPU.
    pub async fn work(&mut self) -> Result<()> {
        match self {
            Backend::Cpu(cpu) => cpu.work().await,
            Backend::Gpu(_) => Ok(()),
        }
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

    /// A layer's two tensors and, for batch normalisation, running means and variances, one after the other; none for others.
    pub async fn learnt(&mut self, layer: usize) -> Result<Vec<f32>> {
        each!(self, backend => backend.learnt(layer).await)
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

    /// Gradients of the last training step, and the activations of the probe images in evaluation mode, but with the noise of
    /// `hyper.step`.
    pub async fn snapshot(&mut self, hyper: &Hyper, probe: &Batch) -> Result<Snapshot> {
        each!(self, backend => backend.snapshot(hyper, probe).await)
    }

    /// Repeats forward and backward without an update and names the first layer with a NaN or infinity.
    pub async fn first_not_finite(&mut self, batch: &Batch, hyper: &Hyper) -> Result<Option<NotFinite>> {
        each!(self, backend => backend.first_not_finite(batch, hyper).await)
    }

    /// Prepares for a change to `network`, without waiting: see [`Gpu::plan_ahead`].
    pub fn plan_ahead(&mut self, network: &Network, batch: usize) -> Result<()> {
        match self {
            Backend::Cpu(_) => Ok(()),
            Backend::Gpu(gpu) => gpu.plan_ahead(network, batch),
        }
    }

    /// Goes on with that; `false` when nothing is left.
    pub fn compile_ahead(&mut self) -> bool {
        match self {
            Backend::Cpu(_) => false,
            Backend::Gpu(gpu) => gpu.compile_ahead(),
        }
    }

    /// Memory of buffers, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        each!(self, backend => backend.memory_bytes())
    }

    /// Parts of a batch that are done at the same time; 1 on the GPU.
    pub fn workers(&self) -> usize {
        match self {
            Backend::Cpu(cpu) => cpu.workers(),
            Backend::Gpu(_) => 1,
        }
    }

    /// What has happened since the last call that the user should know, but that stops nothing.
    pub fn notes(&mut self) -> Vec<Note> {
        let lost_helpers = match self {
            Backend::Cpu(cpu) => cpu.lost_helpers(),
            Backend::Gpu(_) => false,
        };
        lost_helpers.then_some(Note::HelpersLost).into_iter().collect()
    }

    /// Kernel dispatches of one training step; 0 on the CPU.
    pub fn dispatches(&self) -> usize {
        match self {
            Backend::Cpu(_) => 0,
            Backend::Gpu(gpu) => gpu.dispatches(),
        }
    }
}
