//! One training run: configuration, data and backend, step after step.
//!
//! [`Trainer::step`] enqueues and never waits; results come back through [`Trainer::records`]. Everything that has
//! to wait for the GPU is `async`, and the caller decides when: the page's worker between steps, the program at
//! once.

use crate::backend::{Backend, Hyper, Machine, NotFinite, Reason, State, StepRecord};
use crate::config::{Config, Effect};
use crate::data::batch::{self, Batch, Order};
use crate::data::{Dataset, Images};
use crate::error::Result;
use crate::network::Network;
use crate::stats::Snapshot;
use crate::weights;
use serde::Serialize;

/// Most images of the fixed batch on which activations are measured: the first training images.
const PROBE: usize = 32;

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
            Remedy::SmallerLearningRate => "Try a learning rate ten times smaller.",
        })
    }
}

/// Loss and accuracy on test images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Training steps done before it.
    pub step: u64,
    pub loss: f64,
    pub accuracy: f64,
    pub count: usize,
    pub confusion: Vec<u32>, // (classes, classes): true class, predicted class
}

/// Test images with what the network says of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    pub images: Images,
    pub probabilities: Vec<f32>, // (n, classes)
}

pub struct Trainer {
    config: Config,
    dataset: Dataset,
    network: Network,
    machine: Machine,
    /// Why there can be no GPU in this browser, if so.
    missing: Option<Reason>,
    backend: Backend,
    order: Order,
    /// The next step to enqueue: how many have been enqueued.
    step: u64,
    /// The first step that was not finite.
    diverged_at: Option<u64>,
    divergence: Option<Divergence>,
    evaluation: Option<Evaluation>,
    /// Whether the backend holds the gradients of a step, not the zeros of a fresh start.
    has_gradients: bool,
}

impl Trainer {
    /// Opens the machine, builds the network and sets its initial weights.
    pub async fn new(config: Config, dataset: Dataset, missing: Option<Reason>) -> Result<Trainer> {
        let machine = Machine::open(config.backend.as_str(), missing).await?;
        let network = Network::new(&config, dataset.classes.len());
        let mut backend = machine.build(&network, config.batch as usize, &dataset).await?;
        backend.set_state(&initial_state(&network, config.seed))?;
        let order = order(&config, &dataset);
        Ok(Trainer {
            config,
            dataset,
            network,
            machine,
            missing,
            backend,
            order,
            step: 0,
            diverged_at: None,
            divergence: None,
            evaluation: None,
            has_gradients: false,
        })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    pub fn backend(&mut self) -> &mut Backend {
        &mut self.backend
    }

    /// Steps enqueued so far.
    pub fn step_count(&self) -> u64 {
        self.step
    }

    /// Enqueues one training step: batch, forward, loss, backward, update. `false` when its images have not arrived
    /// yet, or when the run has diverged.
    pub fn step(&mut self) -> Result<bool> {
        let indices = self.order.indices(self.step, self.config.batch as usize);
        if self.diverged_at.is_some() || indices.iter().any(|index| *index as usize >= self.dataset.train.len()) {
            return Ok(false);
        }
        let batch = self.training_batch(&indices, self.step);
        self.backend.step(&batch, &self.hyper(self.step))?;
        self.step += 1;
        self.has_gradients = true;
        self.evaluation = None;
        Ok(true)
    }

    /// The steps finished since the last call, up to and with the first that was not finite.
    pub fn records(&mut self) -> Result<Vec<StepRecord>> {
        let mut records = self.backend.finished()?;
        if self.diverged_at.is_some() {
            return Ok(vec![]);
        }
        if let Some(position) = records.iter().position(|record| !record.finite) {
            records.truncate(position + 1);
            self.diverged_at = Some(records[position].step);
        }
        Ok(records)
    }

    pub fn in_flight(&self) -> usize {
        self.backend.in_flight()
    }

    /// Waits for every step enqueued.
    pub async fn settle(&mut self) -> Result<()> {
        self.backend.settle().await
    }

    pub fn has_diverged(&self) -> bool {
        self.diverged_at.is_some()
    }

    /// Where and when the run diverged. The first call after it repeats that step's forward and backward pass.
    pub async fn divergence(&mut self) -> Result<Option<Divergence>> {
        let Some(step) = self.diverged_at else { return Ok(None) };
        if self.divergence.is_none() {
            self.backend.settle().await?;
            self.step = step;
            let indices = self.order.indices(step, self.config.batch as usize);
            let (batch, hyper) = (self.training_batch(&indices, step), self.hyper(step));
            let found = self.backend.first_not_finite(&batch, &hyper).await?;
            self.divergence = found.map(|found| Divergence { step, found, remedy: self.remedy() });
        }
        Ok(self.divergence.clone())
    }

    /// Goes on from the last good state after a divergence, usually with a changed setting.
    pub async fn resume(&mut self) -> Result<()> {
        self.backend.settle().await?;
        let state = self.backend.state().await?;
        self.backend.set_state(&state)?;
        self.backend.finished()?;
        self.begin(self.diverged_at.unwrap_or(self.step));
        Ok(())
    }

    /// Back to step 0 with the same initial weights.
    pub async fn restart(&mut self) -> Result<()> {
        self.backend.settle().await?;
        self.backend.finished()?;
        self.backend.set_state(&initial_state(&self.network, self.config.seed))?;
        self.begin(0);
        Ok(())
    }

    /// Applies a new configuration and tells what that meant. Weights and step go on where the change allows it and
    /// `restart` does not forbid it. On an error nothing has changed.
    pub async fn set_config(&mut self, config: Config, restart: bool) -> Result<Effect> {
        let effect = self.config.effect_of_change(&config).unwrap_or(Effect::View);
        match effect {
            Effect::View | Effect::Live => self.config = config,
            Effect::Rebuild | Effect::Restart => {
                let keep = effect == Effect::Rebuild && !restart;
                self.rebuild(config, None, if keep { Start::Keep } else { Start::Initial }).await?;
            }
        }
        if restart && matches!(effect, Effect::View | Effect::Live) {
            self.restart().await?;
        }
        Ok(effect)
    }

    /// Trains on another data set from step 0. On an error nothing has changed.
    pub async fn set_dataset(&mut self, dataset: Dataset) -> Result<()> {
        self.rebuild(self.config.clone(), Some(dataset), Start::Initial).await
    }

    /// For adding images that have arrived; what is there already stays as it is.
    pub fn dataset_mut(&mut self) -> &mut Dataset {
        &mut self.dataset
    }

    /// The images of the next step, as they are stored; `None` before they have arrived.
    pub fn next_images(&mut self) -> Option<Images> {
        let indices = self.order.indices(self.step, self.config.batch as usize);
        let arrived = indices.iter().all(|index| (*index as usize) < self.dataset.train.len());
        arrived.then(|| self.dataset.train.select(indices.iter().map(|index| *index as usize)))
    }

    /// Everything that training changes, after the steps enqueued so far.
    pub async fn state(&mut self) -> Result<State> {
        self.backend.settle().await?;
        self.backend.state().await
    }

    /// The run as a safetensors file; `file` is its name for messages.
    pub async fn save(&mut self, file: &str) -> Result<Vec<u8>> {
        let state = self.state().await?;
        let meta = weights::Meta {
            config: self.config.clone(),
            step: self.diverged_at.unwrap_or(self.step),
            classes: self.dataset.classes.clone(),
            data: self.dataset.name.clone(),
            mean: self.dataset.mean,
            std: self.dataset.std,
        };
        weights::save(file, &self.network, &state, &meta)
    }

    /// Goes on from a file that [`Trainer::save`] wrote, with its configuration, but on this backend and with this
    /// view. On an error nothing has changed.
    pub async fn load(&mut self, file: &str, bytes: &[u8]) -> Result<()> {
        let checkpoint = weights::load(file, bytes)?;
        let config = checkpoint.meta.config.clone().on_machine_of(&self.config);
        let state = checkpoint.state(&Network::new(&config, self.dataset.classes.len()))?;
        let step = checkpoint.meta.step;
        self.rebuild(config, None, Start::From(state, step)).await
    }

    /// Goes on at `step` from a state of this network. Nothing may be in flight.
    pub fn start_from(&mut self, state: &State, step: u64) -> Result<()> {
        self.backend.set_state(state)?;
        self.begin(step);
        Ok(())
    }

    /// Gradients of the last step and activations on the probe batch; `None` before the first step since a (re)start or a change of the network.
    pub async fn snapshot(&mut self) -> Result<Option<Snapshot>> {
        if !self.has_gradients {
            return Ok(None);
        }
        let count = PROBE.min(self.config.batch as usize).min(self.dataset.train.len());
        let probe = self.gather(&self.dataset.train, 0..count);
        self.backend.snapshot(self.step, &probe).await.map(Some)
    }

    /// How many test images an evaluation takes.
    pub fn evaluation_size(&self) -> usize {
        (self.config.test_size as usize).min(self.dataset.test_total)
    }

    /// Whether enough test images have arrived.
    pub fn can_evaluate(&self) -> bool {
        self.evaluation_size() > 0 && self.dataset.test.len() >= self.evaluation_size()
    }

    /// Evaluates one more batch of test images: `None` while there is more to do. A training step starts it anew.
    pub async fn evaluate_chunk(&mut self) -> Result<Option<Evaluation>> {
        let (total, classes) = (self.evaluation_size(), self.network.classes);
        let empty = Evaluation { step: self.step, loss: 0.0, accuracy: 0.0, count: 0, confusion: vec![0; classes * classes] };
        let mut evaluation = self.evaluation.take().unwrap_or(empty);
        let end = (evaluation.count + self.config.batch as usize).min(total);
        let logits = self.logits(evaluation.count..end).await?;
        for logits in logits.chunks_exact(classes) {
            let label = usize::from(self.dataset.test.labels[evaluation.count]);
            evaluation.loss += cross_entropy(logits, label);
            evaluation.confusion[label * classes + argmax(logits)] += 1;
            evaluation.count += 1;
        }
        if evaluation.count < total {
            self.evaluation = Some(evaluation);
            return Ok(None);
        }
        let right: u32 = (0..classes).map(|class| evaluation.confusion[class * classes + class]).sum();
        evaluation.loss /= total.max(1) as f64;
        evaluation.accuracy = f64::from(right) / total.max(1) as f64;
        Ok(Some(evaluation))
    }

    /// A whole evaluation.
    pub async fn evaluate(&mut self) -> Result<Evaluation> {
        loop {
            if let Some(evaluation) = self.evaluate_chunk().await? {
                return Ok(evaluation);
            }
        }
    }

    /// Class probabilities of the test images in `range`, as far as they have arrived.
    pub async fn predict(&mut self, range: std::ops::Range<usize>) -> Result<Predictions> {
        let range = range.start.min(self.dataset.test.len())..range.end.min(self.dataset.test.len());
        let images = self.dataset.test.select(range.clone());
        let mut probabilities = self.logits(range).await?;
        probabilities.chunks_exact_mut(self.network.classes).for_each(softmax);
        Ok(Predictions { images, probabilities })
    }

    /// Logits of the test images in `range`: (n, classes).
    pub async fn logits(&mut self, range: std::ops::Range<usize>) -> Result<Vec<f32>> {
        if range.is_empty() {
            return Ok(vec![]);
        }
        let batch = self.gather(&self.dataset.test, range);
        self.backend.logits(&batch).await
    }

    /// The output of `network.layers[layer]` for one test image: (height, width, channels). `None` when the image
    /// has not arrived.
    pub async fn feature_maps(&mut self, layer: usize, image: usize) -> Result<Option<Vec<f32>>> {
        if image >= self.dataset.test.len() {
            return Ok(None);
        }
        let batch = self.gather(&self.dataset.test, image..image + 1);
        self.backend.output_of(&batch, layer).await.map(Some)
    }

    /// The next step is `step`, and what was known of earlier ones is forgotten.
    fn begin(&mut self, step: u64) {
        self.step = step;
        (self.diverged_at, self.divergence, self.evaluation) = (None, None, None);
        self.has_gradients = false;
    }

    fn hyper(&self, step: u64) -> Hyper {
        Hyper {
            step,
            seed: self.config.seed,
            learning_rate: self.config.learning_rate(step) as f32,
            momentum: self.config.momentum as f32,
            weight_decay: self.config.weight_decay as f32,
            dropout: self.config.dropout as f32,
        }
    }

    fn training_batch(&self, indices: &[u32], step: u64) -> Batch {
        let augment = self.config.augment.then_some((self.config.seed, step));
        batch::gather(&self.dataset.train, indices, self.network.input, self.dataset.border(), augment)
    }

    /// Images as they are, without augmentation.
    fn gather(&self, images: &Images, range: std::ops::Range<usize>) -> Batch {
        let indices: Vec<u32> = range.map(|index| index as u32).collect();
        batch::gather(images, &indices, self.network.input, self.dataset.border(), None)
    }

    /// What most likely made the run diverge.
    fn remedy(&self) -> Remedy {
        if self.config.init_scale > 2.0 && self.config.norm != "bn" {
            Remedy::SmallerInitialWeights
        } else if self.config.depth > 4 && self.config.norm != "bn" && self.config.lr <= 0.01 {
            Remedy::BatchNormalisation
        } else {
            Remedy::SmallerLearningRate
        }
    }

    /// Builds anew beside what runs, and takes its place only when all of it has succeeded.
    async fn rebuild(&mut self, config: Config, dataset: Option<Dataset>, start: Start) -> Result<()> {
        self.backend.settle().await?;
        let machine = if config.backend == self.config.backend {
            self.machine.clone()
        } else {
            Machine::open(config.backend.as_str(), self.missing).await?
        };
        let data = dataset.as_ref().unwrap_or(&self.dataset);
        let network = Network::new(&config, data.classes.len());
        let mut backend = machine.build(&network, config.batch as usize, data).await?;
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
        self.order = order(&config, data);
        (self.config, self.machine, self.network, self.backend) = (config, machine, network, backend);
        if let Some(dataset) = dataset {
            self.dataset = dataset;
        }
        self.begin(step);
        Ok(())
    }
}

/// Where a rebuilt run begins.
enum Start {
    /// Initial weights, step 0.
    Initial,
    /// The weights and step of the run that goes on.
    Keep,
    From(State, u64),
}

/// Initial weights, velocities 0, running means 0 and variances 1.
pub fn initial_state(network: &Network, seed: u32) -> State {
    let parameters = network.initial_parameters(seed);
    State { velocities: vec![0.0; parameters.len()], parameters, running: network.initial_running() }
}

/// Copies what `old` and `new` have in common by name and shape; the rest of `state` stays as it is.
fn carry_over(old: &Network, from: &State, new: &Network, state: &mut State) {
    for tensor in &new.tensors {
        let Some(source) = old.tensor(&tensor.name).filter(|source| source.shape == tensor.shape) else { continue };
        state.parameters[tensor.range.clone()].copy_from_slice(&from.parameters[source.range.clone()]);
        state.velocities[tensor.range.clone()].copy_from_slice(&from.velocities[source.range.clone()]);
    }
    for running in &new.running {
        let same = |source: &&crate::network::Running| source.name == running.name && source.channels == running.channels;
        let Some(source) = old.running.iter().find(same) else { continue };
        let length = 2 * running.channels;
        state.running[running.start..][..length].copy_from_slice(&from.running[source.start..][..length]);
    }
}

fn order(config: &Config, dataset: &Dataset) -> Order {
    let train_size = (config.train_size as usize).min(dataset.train_total).max(1);
    Order::new(config.seed, train_size, dataset.shard)
}

/// Probabilities from logits, in place; shifted by the largest, so that nothing overflows.
fn softmax(logits: &mut [f32]) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|z| *z = (*z - largest).exp());
    let sum: f32 = logits.iter().sum();
    logits.iter_mut().for_each(|z| *z /= sum);
}

/// -log softmax(logits)[label].
pub fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let largest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|z| (f64::from(*z) - largest).exp()).sum();
    largest + sum.ln() - f64::from(logits[label])
}

/// The first index of the largest value.
pub fn argmax(values: &[f32]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}
