//! Networks side by side, and the numbers that the claims use.

use super::settings::{Own, SETTINGS};
use crate::outcome::{Outcome, fail};
use alexnet_lab::backend::machine::Host;
use alexnet_lab::config::Config;
use alexnet_lab::config::lanes::Lanes;
use alexnet_lab::data::Dataset;
use alexnet_lab::stats::{ActivationStats, GradientStats, Snapshot};
use alexnet_lab::trainer::{Evaluation, Trainer};
use pollster::block_on;

/// The networks of a fragment after a run on the same batches.
pub struct Run {
    pub lanes: Vec<Lane>,
}

pub struct Lane {
    /// Names of the blocks, first to last.
    names: Vec<String>,
    /// Names of the tensors.
    tensors: Vec<String>,
    /// The loss of each step, before its update.
    pub losses: Vec<f64>,
    /// Share of the batch that was classified correctly, for each step.
    pub accuracies: Vec<f64>,
    /// After the first step. Networks that differ only in their functions still had the same weights in it.
    pub first: Snapshot,
    /// After the first step and, if the plan asks for it, at the lesson's intervals.
    pub looks: Vec<Snapshot>,
    pub last: Snapshot,
    /// The step that was not finite, which ends the run.
    pub diverged: Option<u64>,
    /// On the test images, if the plan asks for it.
    pub test: Option<Evaluation>,
}

/// What to record in a lesson's run.
#[derive(Clone, Copy)]
pub struct Plan {
    pub lesson: &'static Own,
    /// Takes snapshots throughout, not only after the first step.
    pub looks: bool,
    pub test: bool,
}

impl Run {
    pub fn new(data: &Dataset, seed: u32, plan: Plan) -> Outcome<Run> {
        Run::of(data, configs(plan.lesson, seed), plan)
    }

    /// The same for other networks than those of the fragment.
    pub fn of(data: &Dataset, configs: impl Iterator<Item = Config>, plan: Plan) -> Outcome<Run> {
        Ok(Run { lanes: configs.map(|config| Lane::new(data, config, plan)).collect::<Outcome<_>>()? })
    }

    /// Loss of lane `a` minus that of lane `b` over the last steps: the mean and its standard error.
    pub fn difference(&self, a: usize, b: usize) -> [f64; 2] {
        let [a, b] = [a, b].map(|lane| tail(&self.lanes[lane].losses));
        let apart: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let middle = mean(&apart);
        let squares: f64 = apart.iter().map(|x| (x - middle).powi(2)).sum();
        let n = apart.len() as f64;
        [middle, (squares / (n - 1.0) / n).sqrt()]
    }
}

impl Lane {
    fn new(data: &Dataset, config: Config, plan: Plan) -> Outcome<Lane> {
        let batch = f64::from(config.batch);
        let config = Config { test_size: data.test_total.max(1) as u32, ..one_thread(config)? };
        let mut trainer = block_on(Trainer::new(config, data.clone(), &Host::native()))?;
        let (mut first, mut looks, mut losses, mut accuracies) = (None, vec![], vec![], vec![]);
        for step in 1..=plan.lesson.until {
            if !trainer.step()? {
                fail!("The data set ended before all of its {} training images were read.", data.train_total);
            }
            for record in trainer.records()? {
                losses.push(f64::from(record.loss));
                accuracies.push(f64::from(record.correct) / batch);
            }
            if trainer.has_diverged() {
                break;
            }
            if step == 1 || plan.looks && step % plan.lesson.every == 0 {
                looks.extend(block_on(trainer.snapshot())?);
                first = first.or_else(|| looks.first().cloned());
            }
        }
        let (Some(first), Some(last)) = (first, block_on(trainer.snapshot())?) else { fail!("The lesson has no steps.") };
        let diverged = trainer.has_diverged().then(|| trainer.step_count());
        let test = if plan.test { Some(block_on(trainer.evaluate())?) } else { None };
        let network = trainer.network();
        Ok(Lane {
            names: network.blocks.iter().map(|block| block.name.clone()).collect(),
            tensors: network.tensors.iter().map(|tensor| tensor.name.clone()).collect(),
            first,
            losses,
            accuracies,
            looks,
            last,
            diverged,
            test,
        })
    }

    /// Hidden blocks, all but the last.
    pub fn hidden(&self) -> usize {
        self.names.len() - 1
    }

    fn block(&self, name: &str) -> usize {
        self.names.iter().position(|own| own == name).expect("the network has the block")
    }

    fn weight(&self, block: &str) -> usize {
        let name = format!("{block}.weight");
        self.tensors.iter().position(|own| *own == name).expect("the network has the weight")
    }

    /// Norm of the gradient of a block's weights, after the first step.
    pub fn weight_gradient(&self, block: &str) -> f64 {
        f64::from(self.first.parameters[self.weight(block)].norm)
    }

    /// Norm of the gradient of a block's weights in a snapshot, divided by the norm of the weights.
    pub fn relative_gradient(&self, look: &Snapshot, block: &str) -> f64 {
        let weight = self.weight(block);
        f64::from(look.parameters[weight].norm) / f64::from(look.norms[weight])
    }

    /// Gradient of a block's activations, after the first step.
    pub fn activation_gradient(&self, block: &str) -> &GradientStats {
        &self.first.activation_gradients[self.block(block)]
    }

    /// Norms of the gradients of all hidden blocks' activations, first to last, after the first step.
    pub fn activation_gradients(&self) -> Vec<f64> {
        self.first.activation_gradients[..self.hidden()].iter().map(|stats| f64::from(stats.norm)).collect()
    }

    /// A block's activations in a snapshot.
    pub fn activations<'a>(&self, look: &'a Snapshot, block: &str) -> &'a ActivationStats {
        &look.activations[self.block(block)]
    }

    /// Mean loss of the last steps; NaN after a divergence.
    pub fn loss(&self) -> f64 {
        if self.diverged.is_some() { f64::NAN } else { mean(tail(&self.losses)) }
    }

    /// The loss on test images; NaN without an evaluation.
    pub fn test_loss(&self) -> f64 {
        self.test.as_ref().map_or(f64::NAN, |test| test.loss)
    }

    /// Loss and accuracy of the evaluation on training images; NaN without one.
    pub fn fit(&self) -> [f64; 2] {
        self.test.as_ref().and_then(|test| test.train).unwrap_or([f64::NAN; 2])
    }

    /// The share of test images classified correctly; NaN without an evaluation.
    pub fn test_accuracy(&self) -> f64 {
        self.test.as_ref().map_or(f64::NAN, |test| test.accuracy)
    }
}

/// The configurations of the lesson's networks.
pub fn configs(lesson: &Own, seed: u32) -> impl Iterator<Item = Config> {
    let (lanes, notes) = Lanes::from_fragment(&lesson.fragment);
    assert!(notes.is_empty(), "{}: {notes:?}", lesson.fragment);
    lanes.configs().to_vec().into_iter().map(move |config| Config { seed, ..config })
}

/// Whether a difference of two losses is too large for chance, given its standard error.
pub fn is_clear([difference, error]: [f64; 2]) -> bool {
    difference > SETTINGS.errors * error
}

/// On one CPU worker, because seeds share the cores.
pub fn one_thread(mut config: Config) -> Outcome<Config> {
    config.set("backend", "cpu")?;
    config.set("workers", "1")?;
    Ok(config)
}

fn tail(values: &[f64]) -> &[f64] {
    &values[values.len().saturating_sub(SETTINGS.last)..]
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The value below which a share `q` of the activations lies, interpolated within the bin.
pub fn quantile(stats: &ActivationStats, q: f64) -> f64 {
    let total: u32 = stats.bins.iter().sum();
    let width = f64::from(stats.max - stats.min) / stats.bins.len() as f64;
    let mut left = q * f64::from(total);
    for (bin, count) in stats.bins.iter().map(|count| f64::from(*count)).enumerate() {
        if count > 0.0 && left <= count {
            return f64::from(stats.min) + width * (bin as f64 + left / count);
        }
        left -= count;
    }
    f64::from(stats.max)
}
