//! One training run: configuration, data and backend, step after step.
//!
//! [`Trainer::step`] enqueues and never waits; results come back through [`Trainer::records`]. Everything that has to wait for
//! the GPU is `async`, and the caller decides when: the page's worker waits between steps, the program at once.

mod evaluation;
mod looks;

pub use evaluation::{Evaluation, Mistake, Predictions, argmax, cross_entropy};

use crate::backend::Backend;
use crate::backend::machine::{Host, Machine};
use crate::config::{Config, Effect, Norm};
use crate::data::batch::{self, Batch, Order};
use crate::data::{Dataset, Images};
use crate::error::{Note, Result};
use crate::network::Network;
use crate::step::{Hyper, NotFinite, State, StepRecord, carry_over, initial_state};
use crate::weights;
use serde::Serialize;
use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;

/// The first NaN or infinity of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Divergence {
    pub step: u64,
    #[serde(flatten)]
    pub found: NotFinite,
    /// What to try, for the page's `remedies.<code>`.
    pub remedy: Remedy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    SmallerInitialWeights,
    BatchNormalisation,
    SmallerLearningRate,
}

impl std::fmt::Display for Remedy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Remedy::SmallerInitialWeights => "Try a smaller init_scale.",
            Remedy::BatchNormalisation => "Try norm=bn, or fewer layers.",
            Remedy::SmallerLearningRate => "Try a tenth of this learning rate.",
        })
    }
}

pub struct Trainer {
    config: Config,
    /// Shared by all lanes.
    dataset: Rc<RefCell<Dataset>>,
    network: Network,
    machine: Machine,
    backend: Backend,
    order: Order,
    /// The next step to enqueue, which is the number of steps enqueued.
    step: u64,
    /// The first step that was not finite.
    diverged_at: Option<u64>,
    divergence: Option<Divergence>,
    /// The evaluation under way, and how many training images it has seen.
    evaluation: Option<(Evaluation, usize)>,
    /// Finished steps that [`Trainer::records`] has not returned yet.
    records: Vec<StepRecord>,
    /// Whether the backend holds the gradients of a step rather than the zeros of a fresh start.
    has_gradients: bool,
    /// Configurations one change of a switch away that are not prepared yet.
    neighbours: Vec<Config>,
    /// Notes on a loaded file that [`Trainer::notes`] has not returned yet.
    notes: Vec<Note>,
}

impl Trainer {
    /// Opens the machine, builds the network and sets its initial weights.
    pub async fn new(config: Config, dataset: Dataset, host: &Host) -> Result<Trainer> {
        let machine = Machine::open(config.backend, host).await?;
        Trainer::start(config, Rc::new(RefCell::new(dataset)), machine).await
    }

    /// Another run on the same images and machine, ignoring its own `backend` setting, from its own initial weights.
    pub async fn beside(&self, config: Config) -> Result<Trainer> {
        Trainer::start(config, self.dataset.clone(), self.machine.clone()).await
    }

    async fn start(config: Config, dataset: Rc<RefCell<Dataset>>, machine: Machine) -> Result<Trainer> {
        let network = Network::new(&config, dataset.borrow().classes.len());
        let normalisation = dataset.borrow().normalisation;
        let mut backend = machine.build(&config, &network, normalisation).await?;
        backend.set_state(&initial_state(&network, config.seed))?;
        let order = Order::of(&config, &dataset.borrow());
        let neighbours = neighbours(&config, &backend);
        Ok(Trainer {
            config,
            dataset,
            network,
            machine,
            backend,
            order,
            step: 0,
            diverged_at: None,
            divergence: None,
            evaluation: None,
            records: vec![],
            has_gradients: false,
            neighbours,
            notes: vec![],
        })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    pub fn dataset(&self) -> Ref<'_, Dataset> {
        self.dataset.borrow()
    }

    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    pub fn backend(&mut self) -> &mut Backend {
        &mut self.backend
    }

    /// Prepares a little for the next change of a switch, so that it need not compile: plans one configuration or compiles one
    /// kernel. `false` when all is done. Does not wait in a browser.
    pub fn prepare(&mut self) -> bool {
        if self.backend.compile_ahead() {
            return true;
        }
        let Some(config) = self.neighbours.pop() else { return false };
        let network = Network::new(&config, self.dataset().classes.len());
        // A network that cannot be built gives its error when it is chosen.
        self.backend.plan_ahead(&network, config.batch as usize).unwrap_or_default();
        true
    }

    /// Steps enqueued so far.
    pub fn step_count(&self) -> u64 {
        self.step
    }

    /// The images of a step.
    fn indices(&mut self, step: u64) -> Vec<u32> {
        let wanted = Order::of(&self.config, &self.dataset());
        if !self.order.is_like(&wanted) {
            self.order = wanted; // the data set turned out to be smaller
        }
        self.order.indices(step, self.config.batch as usize)
    }

    /// Enqueues one training step: batch, forward, loss, backward, update. `false` when its images have not arrived
    /// yet, or when the run has diverged.
    pub fn step(&mut self) -> Result<bool> {
        let indices = self.indices(self.step);
        if self.diverged_at.is_some() || indices.iter().any(|index| *index as usize >= self.dataset().train.len()) {
            return Ok(false);
        }
        let batch = self.training_batch(&indices, self.step);
        self.backend.step(&batch, &Hyper::of(&self.config, self.step))?;
        self.step += 1;
        self.has_gradients = true;
        self.evaluation = None;
        Ok(true)
    }

    /// Runs the enqueued steps on the CPU; a GPU runs them by itself.
    pub async fn work(&mut self) -> Result<()> {
        self.backend.work().await
    }

    /// The steps finished since the last call, up to and including the first that was not finite.
    pub fn records(&mut self) -> Result<Vec<StepRecord>> {
        self.collect()?;
        Ok(std::mem::take(&mut self.records))
    }

    /// Collects the steps that the backend has finished. Steps after one that was not finite changed nothing and do not count.
    fn collect(&mut self) -> Result<()> {
        for record in self.backend.finished()? {
            if self.diverged_at.is_none() {
                self.diverged_at = (!record.finite).then_some(record.step);
                self.records.push(record);
            }
        }
        Ok(())
    }

    pub fn in_flight(&self) -> usize {
        self.backend.in_flight()
    }

    /// Notes since the last call that the user should see; none of them stops the run.
    pub fn notes(&mut self) -> Vec<Note> {
        let mut notes = std::mem::take(&mut self.notes);
        notes.extend(self.backend.notes());
        notes
    }

    /// Waits for every enqueued step. Finished steps are kept until [`Trainer::records`] returns them.
    pub async fn settle(&mut self) -> Result<()> {
        self.backend.settle().await?;
        self.collect()
    }

    pub fn has_diverged(&self) -> bool {
        self.diverged_at.is_some()
    }

    /// Where and when the run diverged. The first call after it repeats that step's forward and backward pass.
    pub async fn divergence(&mut self) -> Result<Option<Divergence>> {
        let Some(step) = self.diverged_at else { return Ok(None) };
        if self.divergence.is_none() {
            self.settle().await?;
            self.step = step;
            let indices = self.indices(step);
            let (batch, hyper) = (self.training_batch(&indices, step), Hyper::of(&self.config, step));
            let found = self.backend.first_not_finite(&batch, &hyper).await?;
            self.divergence = found.map(|found| Divergence { step, found, remedy: self.remedy() });
        }
        Ok(self.divergence.clone())
    }

    /// Continues from the last good state after a divergence, usually with a changed setting.
    pub async fn resume(&mut self) -> Result<()> {
        let state = self.state().await?;
        self.backend.set_state(&state)?;
        self.begin(self.diverged_at.unwrap_or(self.step));
        Ok(())
    }

    /// Back to step 0 with the same initial weights, on a new device if this one is lost.
    pub async fn restart(&mut self) -> Result<()> {
        let restarted = match self.settle().await {
            Ok(()) => self.start_from(&initial_state(&self.network, self.config.seed), 0),
            Err(error) => Err(error),
        };
        match restarted {
            Ok(()) => Ok(()),
            Err(_) => self.rebuild(self.config.clone(), None, Start::Initial).await,
        }
    }

    /// Applies a new configuration and returns the effect. Weights and step are kept if the change allows it and `restart` is
    /// false. On an error nothing has changed.
    pub async fn set_config(&mut self, config: Config, restart: bool) -> Result<Effect> {
        self.set_config_and_dataset(config, None, restart).await
    }

    /// The same. If the change restarts the run, `dataset` replaces the current one.
    pub async fn set_config_and_dataset(&mut self, config: Config, dataset: Option<Dataset>, restart: bool) -> Result<Effect> {
        let effect = self.config.effect_of_change(&config).unwrap_or(Effect::View);
        match effect {
            Effect::View | Effect::Live => {
                if restart {
                    self.restart().await?;
                }
                self.config = config;
            }
            Effect::Rebuild | Effect::Restart => {
                let keep = effect == Effect::Rebuild && !restart;
                self.rebuild(config, dataset, if keep { Start::Keep } else { Start::Initial }).await?;
            }
        }
        Ok(effect)
    }

    /// Trains on another data set from step 0. On an error nothing has changed.
    pub async fn set_dataset(&mut self, dataset: Dataset) -> Result<()> {
        self.rebuild(self.config.clone(), Some(dataset), Start::Initial).await
    }

    /// For adding images that have arrived; those already there must not change.
    pub fn dataset_mut(&mut self) -> RefMut<'_, Dataset> {
        self.dataset.borrow_mut()
    }

    /// The images of the next step, as they are stored; `None` before they have arrived.
    pub fn next_images(&mut self) -> Option<Images> {
        let indices = self.indices(self.step);
        let dataset = self.dataset();
        let arrived = indices.iter().all(|index| (*index as usize) < dataset.train.len());
        arrived.then(|| dataset.train.select(indices.iter().map(|index| *index as usize)))
    }

    /// Everything that training changes, after all enqueued steps.
    pub async fn state(&mut self) -> Result<State> {
        self.settle().await?;
        self.backend.state().await
    }

    /// What `network.layers[layer]` has learnt after all enqueued steps: see [`Backend::learnt`].
    pub async fn learnt(&mut self, layer: usize) -> Result<Vec<f32>> {
        self.settle().await?;
        self.backend.learnt(layer).await
    }

    /// The run as a safetensors file; `file` is its name for messages.
    pub async fn save(&mut self, file: &str) -> Result<Vec<u8>> {
        let state = self.state().await?;
        let dataset = self.dataset();
        let meta = weights::Meta {
            config: self.config.clone(),
            step: self.diverged_at.unwrap_or(self.step),
            classes: dataset.classes.clone(),
            data: dataset.title(),
            normalisation: dataset.normalisation,
        };
        weights::save(file, &self.network, &state, &meta)
    }

    /// Continues from a file that [`Trainer::save`] wrote, with its configuration and its normalisation of the images, but on
    /// this backend and with this view. On an error nothing has changed.
    pub async fn load(&mut self, file: &str, bytes: &[u8]) -> Result<()> {
        let checkpoint = weights::load(file, bytes)?;
        let config = checkpoint.meta.config.clone().on_machine_of(&self.config);
        let network = Network::new(&config, self.dataset().classes.len());
        let state = checkpoint.state(&network)?;
        let step = checkpoint.meta.step;
        let own = self.dataset().normalisation;
        // The normalisation that the weights were trained with.
        self.dataset_mut().normalisation = checkpoint.meta.normalisation;
        let loaded = self.rebuild(config, None, Start::From(state, step)).await;
        match &loaded {
            Ok(()) => self.notes = checkpoint.notes,
            Err(_) => self.dataset_mut().normalisation = own,
        }
        loaded
    }

    /// Continues at `step` from a state of this network. No step may be in flight.
    pub fn start_from(&mut self, state: &State, step: u64) -> Result<()> {
        self.backend.set_state(state)?;
        self.records.clear();
        self.begin(step);
        Ok(())
    }

    /// Makes `step` the next step and forgets what was known about earlier ones.
    fn begin(&mut self, step: u64) {
        self.step = step;
        (self.diverged_at, self.divergence, self.evaluation) = (None, None, None);
        self.has_gradients = false;
    }

    fn training_batch(&self, indices: &[u32], step: u64) -> Batch {
        let augment = self.config.augment.then_some((self.config.seed, step));
        let dataset = self.dataset();
        batch::gather(&dataset.train, indices, self.network.input, dataset.border(), augment)
    }

    /// The remedy for the most likely cause of the divergence.
    fn remedy(&self) -> Remedy {
        if self.config.init_scale > 2.0 && self.config.norm != Norm::Bn {
            Remedy::SmallerInitialWeights
        } else if self.config.depth > 4 && self.config.norm != Norm::Bn && self.config.lr <= 0.01 {
            Remedy::BatchNormalisation
        } else {
            Remedy::SmallerLearningRate
        }
    }

    /// Builds everything beside the current run and replaces it only when all has succeeded. After a lost device, a run that does
    /// not keep its weights gets a new device.
    async fn rebuild(&mut self, config: Config, dataset: Option<Dataset>, start: Start) -> Result<()> {
        let settled = self.settle().await;
        let works = settled.is_ok();
        if matches!(start, Start::Keep) {
            settled?;
        }
        let machine = if config.backend == self.config.backend && works {
            self.machine.clone()
        } else {
            Machine::open(config.backend, self.machine.host()).await?
        };
        let dataset = dataset.map_or_else(|| self.dataset.clone(), |dataset| Rc::new(RefCell::new(dataset)));
        let network = Network::new(&config, dataset.borrow().classes.len());
        let normalisation = dataset.borrow().normalisation;
        let mut backend = machine.build(&config, &network, normalisation).await?;
        let goes_on = matches!(start, Start::Keep);
        let (state, step) = match start {
            Start::Initial => (initial_state(&network, config.seed), 0),
            Start::Keep => {
                let mut state = initial_state(&network, config.seed);
                carry_over(&self.network, &self.backend.state().await?, &network, &mut state);
                (state, self.diverged_at.unwrap_or(self.step))
            }
            Start::From(state, step) => (state, step),
        };
        backend.set_state(&state)?;
        self.order = Order::of(&config, &dataset.borrow());
        (self.config, self.dataset, self.machine) = (config, dataset, machine);
        (self.network, self.backend) = (network, backend);
        self.neighbours = neighbours(&self.config, &self.backend);
        if !goes_on {
            self.records.clear();
        }
        self.begin(step);
        Ok(())
    }
}

/// What to prepare for, in reverse order. Only a GPU has anything to compile.
fn neighbours(config: &Config, backend: &Backend) -> Vec<Config> {
    if backend.name() == "gpu" { config.neighbours().into_iter().rev().collect() } else { vec![] }
}

/// Where a rebuilt run begins.
enum Start {
    /// Initial weights, step 0.
    Initial,
    /// The weights and step of the current run.
    Keep,
    From(State, u64),
}
