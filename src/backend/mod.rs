//! What every backend takes and returns, in the logical layout of [`crate::network::Network::tensors`].

pub mod cpu;
pub mod gpu;
pub mod machine;

use self::cpu::Cpu;
use self::gpu::Gpu;
use crate::data::batch::Batch;
use crate::error::{Note, Result};
use crate::network::Network;
use crate::stats::Snapshot;
use crate::step::{Hyper, NotFinite, State, StepRecord};

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

    /// Runs enqueued steps on the CPU; the GPU needs no call.
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

    /// Enqueued steps whose records are not there yet.
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

    /// A layer's two tensors and, for batch normalisation, running means and variances, one after the other; empty for other
    /// layers.
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

    /// Evaluation mode, at most `capacity` images: the output of `network.layers[layer]`, (n, height, width, channels).
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

    /// Continues with that; `false` when nothing is left.
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

    /// Parts of a batch that are computed at the same time; 1 on the GPU.
    pub fn workers(&self) -> usize {
        match self {
            Backend::Cpu(cpu) => cpu.workers(),
            Backend::Gpu(_) => 1,
        }
    }

    /// Events since the last call that the user should know of, none of which stops the run.
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
