//! Where the arithmetic runs: the host of the lab, the device or processor that the lab uses, and why.

use super::Backend;
use super::cpu::Cpu;
use super::gpu::Gpu;
use super::gpu::choice::Choices;
use crate::config::{Config, Preference, Workers};
use crate::data::Normalisation;
use crate::error::{Error, Result};
use crate::gpu::device::Device;
use crate::gpu::family::Choice;
use crate::network::Network;
use crate::step::State;
use crate::step::peers::Line;
use crate::step::tree::parts;
use serde::Serialize;
use std::ops::Range;
use std::rc::Rc;

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

/// Most bytes of a network on the CPU, and of the copy of the state from which one on the GPU is filled. Browsers end a tab with
/// much more, and a failed allocation would end the module.
const MEMORY_LIMIT: u64 = if cfg!(target_arch = "wasm32") { 1 << 30 } else { 64 << 30 };

/// What a helper of the CPU backend must know before its first step.
pub struct Plan<'a> {
    pub config: &'a Config,
    pub classes: usize,
    /// Its part of each batch, counted from 1.
    pub part: usize,
    /// Most images of its part.
    pub capacity: usize,
    pub normalisation: Normalisation,
}

/// Starts a helper. If that fails, the line ends.
pub type StartHelper = dyn Fn(&Plan) -> Line<f32>;

/// What the lab runs in: the native program, or a browser.
#[derive(Clone)]
pub struct Host {
    /// Why there can be no GPU at all, if so.
    pub missing: Option<Reason>,
    pub helper: Rc<StartHelper>,
    /// Processor cores for the workers of a CPU backend, if their number is left to the host.
    pub cores: usize,
    /// Which kernels run on its adapters.
    pub choices: Choices,
}

#[cfg(not(target_arch = "wasm32"))]
impl Host {
    /// The native program, whose helpers are threads.
    pub fn native() -> Host {
        let helper = |plan: &Plan| {
            let network = Network::new(plan.config, plan.classes);
            super::cpu::threads::start(network, plan.capacity, plan.normalisation)
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Host { missing: None, helper: Rc::new(helper), cores, choices: Choices::default() }
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
    /// Opens the preferred machine.
    ///
    /// # Errors
    /// Only when the GPU was asked for and there is none.
    pub async fn open(preference: Preference, host: &Host) -> Result<Machine> {
        let on_cpu = |reason| Ok(Machine { reason, device: None, host: host.clone() });
        let on_gpu = |reason, device| Ok(Machine { reason, device: Some(device), host: host.clone() });
        match (preference, host.missing) {
            (Preference::Cpu, _) => on_cpu(Reason::Asked),
            (Preference::Gpu, Some(_)) => Err(Error::NoAdapter),
            (Preference::Gpu, None) => on_gpu(Reason::Asked, host.choices.choose(Device::open().await?).await?),
            (Preference::Auto, Some(reason)) => on_cpu(reason),
            (Preference::Auto, None) => match Device::open().await {
                Ok(device) if !device.facts.software => on_gpu(Reason::HardwareAdapter, host.choices.choose(device).await?),
                Ok(_) => on_cpu(Reason::SoftwareAdapter),
                Err(_) => on_cpu(Reason::NoAdapter),
            },
        }
    }

    /// Builds a backend for the configuration's `network`, batch size and workers. `normalisation` is the data set's.
    pub async fn build(&self, config: &Config, network: &Network, normalisation: Normalisation) -> Result<Backend> {
        let (batch, workers) = (config.batch as usize, self.workers_that_fit(config, network)?);
        if let Some(device) = &self.device {
            return Ok(Backend::Gpu(Box::new(Gpu::new(device, network, batch, normalisation).await?)));
        }
        let plan = |part, capacity| Plan { config, classes: network.classes, part, capacity, normalisation };
        let helper = |(part, images): (usize, Range<usize>)| (self.host.helper)(&plan(part, images.len()));
        let helpers = parts(batch, workers).into_iter().enumerate().skip(1).map(helper).collect();
        Ok(Backend::Cpu(Box::new(Cpu::with_helpers(network.clone(), batch, normalisation, helpers))))
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
            // The copies to and from the device.
            Some(_) => State::bytes(network),
            None => Cpu::<f32>::memory_needed(network, config.batch as usize, workers),
        };
        // Use fewer workers rather than refuse to run.
        let wanted = match config.workers {
            Workers::Auto => self.host.cores.clamp(1, Workers::Eight as usize),
            number => number as usize,
        };
        let fitting = (1..=wanted).rev().find(|workers| needed(*workers) <= MEMORY_LIMIT);
        fitting.ok_or_else(|| Error::TooMuchMemory { needed: needed(1), limit: MEMORY_LIMIT })
    }

    /// The host that the machine was opened on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The adapter in use; empty on the CPU.
    pub fn adapter(&self) -> &str {
        self.device.as_ref().map_or("", |device| &device.facts.name)
    }

    /// Which kernels run, and the rates that decided it; `None` on the CPU.
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
