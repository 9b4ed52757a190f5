//! Ten whole training steps in five combinations of switches against JAX in float64 (`golden/make.py`): initial weights,
//! losses, and fingerprints of weights, velocities and running statistics after one step and after ten.
//!
//! Rounding errors grow from step to step, at a rate that depends on the network. The rate is measured here, by the same run in
//! f64 from initial weights with a random relative error of 2^-24, f32's unit roundoff. The error of that run is the cost of one
//! rounding of each weight. A backend instead rounds each of the K <= 600 products of its sums, which costs sqrt(K) = 24 times as
//! much, three times per step (forward, backward, update): a factor of 72. For f64 it scales with the unit.

use alexnet_lab::backend::cpu::{Cpu, Mode};
use alexnet_lab::backend::gpu::Gpu;
use alexnet_lab::config::Config;
use alexnet_lab::data::Normalisation;
use alexnet_lab::data::batch::Batch;
use alexnet_lab::error::Result;
use alexnet_lab::math::gemm::Product;
use alexnet_lab::network::Network;
use alexnet_lab::rng::{self, Stream};
use alexnet_lab::step::{Hyper, State};
use serde::Deserialize;
use std::collections::BTreeMap;

const NORMALISATION: Normalisation = Normalisation { mean: [0.5; 3], std: [0.25; 3] };

const F32_UNIT: f64 = 1.0 / (1u32 << 24) as f64;
const ROUNDINGS: f64 = 72.0;

/// The norm, and the product with a vector of hashed numbers in [-1, 1).
type Fingerprint = [f64; 2];

#[derive(Deserialize)]
struct Run {
    config: BTreeMap<String, String>,
    classes: usize,
    initial: BTreeMap<String, Fingerprint>,
    loss: Vec<f64>,
    correct: Vec<u32>,
    /// By the number of steps done: 1 and 10.
    after: BTreeMap<usize, BTreeMap<String, Fingerprint>>,
    /// In evaluation mode, after the last step, on the next batch.
    logits: Vec<f64>,
}

impl Run {
    fn config(&self) -> Config {
        let (config, notes) = Config::from_pairs(self.config.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        assert_eq!(notes, []);
        config
    }
}

/// Named vectors; a single number is a vector of one.
type Values = BTreeMap<String, Vec<f64>>;

/// The outcome of a backend's run.
struct Trace {
    loss: Vec<f64>,
    correct: Vec<u32>,
    after: BTreeMap<usize, Values>,
    logits: Vec<f64>,
}

/// The pixels and labels that `golden/make.py` draws.
fn batch(step: usize, config: &Config, classes: usize) -> Batch {
    let draw = |name: &str, i: usize| rng::hash(99, Stream::Order, step as u32, rng::name_hash(name), i as u32);
    let images = config.batch as usize;
    let pixels = (0..images * 32 * 32 * 3).map(|i| (draw("pixels", i) >> 24) as u8).collect();
    Batch { pixels, labels: (0..images).map(|i| draw("labels", i) % classes as u32).collect() }
}

fn named(network: &Network, state: &State) -> Values {
    let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
    let mut values = Values::new();
    for tensor in &network.tensors {
        values.insert(tensor.name.clone(), wide(&state.parameters[tensor.range.clone()]));
        values.insert(format!("velocity.{}", tensor.name), wide(&state.velocities[tensor.range.clone()]));
    }
    for running in &network.running {
        let (mean, variance) = state.running[running.range()].split_at(running.channels);
        values.insert(format!("{}.running_mean", running.name), wide(mean));
        values.insert(format!("{}.running_var", running.name), wide(variance));
    }
    values
}

fn fingerprint(name: &str, values: &[f64]) -> Fingerprint {
    let layer = rng::name_hash(name);
    let hashed = |i: usize| 2.0 * f64::from(rng::uniform(rng::hash(0, Stream::Weights, 0, layer, i as u32))) - 1.0;
    let product = values.iter().enumerate().map(|(i, value)| value * hashed(i)).sum();
    [norm(values), product]
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>())
}

fn initial_state(network: &Network, config: &Config) -> State {
    let zeros = vec![0.0; network.parameters()];
    State { parameters: network.initial_parameters(config.seed), velocities: zeros, running: network.initial_running() }
}

/// Trains from the initial weights, each multiplied by 1 plus or minus `error`.
fn train<T: Product>(run: &Run, error: f64) -> Trace {
    let config = run.config();
    let network = Network::new(&config, run.classes);
    let mut cpu = Cpu::<T>::new(network.clone(), config.batch as usize, NORMALISATION);
    cpu.set_state(&initial_state(&network, &config)).unwrap();
    for (i, weight) in cpu.parameters_mut().iter_mut().enumerate() {
        let sign = if rng::hash(1, Stream::Order, 0, 0, i as u32) & 1 == 0 { 1.0 } else { -1.0 };
        *weight = T::of(weight.to_f64() * (1.0 + sign * error));
    }
    let mut trace = Trace { loss: vec![], correct: vec![], after: BTreeMap::new(), logits: vec![] };
    for step in 0..run.loss.len() {
        let batch = batch(step, &config, run.classes);
        cpu.step(&batch, &Hyper::of(&config, step as u64)).unwrap();
        trace.loss.push(cpu.loss(&batch.labels).0.to_f64());
        trace.correct.push(cpu.finished().unwrap()[0].correct);
        if run.after.contains_key(&(step + 1)) {
            trace.after.insert(step + 1, named(&network, &pollster::block_on(cpu.state()).unwrap()));
        }
    }
    pollster::block_on(cpu.logits(&batch(run.loss.len(), &config, run.classes))).unwrap();
    cpu.forward(&Mode::Evaluation);
    trace.logits = cpu.output(network.layers.len() - 2).iter().map(|z| z.to_f64()).collect();
    trace
}

/// The same on the GPU.
async fn train_on_gpu(run: &Run) -> Result<Trace> {
    let config = run.config();
    let network = Network::new(&config, run.classes);
    let mut gpu = Gpu::new(crate::gpu_common::device(), &network, config.batch as usize, NORMALISATION).await?;
    gpu.set_state(&initial_state(&network, &config))?;
    let mut trace = Trace { loss: vec![], correct: vec![], after: BTreeMap::new(), logits: vec![] };
    for step in 0..run.loss.len() {
        gpu.step(&batch(step, &config, run.classes), &Hyper::of(&config, step as u64))?;
        if run.after.contains_key(&(step + 1)) {
            gpu.settle().await?;
            trace.after.insert(step + 1, named(&network, &gpu.state().await?));
        }
    }
    for record in gpu.finished()? {
        trace.loss.push(record.loss.into());
        trace.correct.push(record.correct);
    }
    let logits = gpu.logits(&batch(run.loss.len(), &config, run.classes)).await?;
    trace.logits = logits.into_iter().map(f64::from).collect();
    Ok(trace)
}

/// Compares a backend whose unit roundoff is `unit` with the golden run; `off` is the run with an error of [`F32_UNIT`].
fn compare(run: &Run, found: &Trace, unit: f64, exact: &Trace, off: &Trace) {
    let factor = ROUNDINGS * unit / F32_UNIT;
    let what = format!("{:?} u={unit:e}", run.config);
    let mut worst: f64 = 0.0;
    let mut check = |place: String, found: f64, wanted: f64, tolerance: f64| {
        worst = worst.max((found - wanted).abs() / tolerance);
        assert!((found - wanted).abs() <= tolerance, "{place}: {found} instead of {wanted}, tolerance {tolerance:e}, {what}");
    };
    // An error that happens to cancel at one step means nothing: the largest error so far counts.
    let mut cost: f64 = 0.0;
    for (step, wanted) in run.loss.iter().enumerate() {
        cost = cost.max((exact.loss[step] - off.loss[step]).abs());
        check(format!("loss of step {step}"), found.loss[step], *wanted, factor * cost);
    }
    let loss_tolerance = factor * cost;
    let cost = distance(&exact.logits, &off.logits);
    for (i, (found, wanted)) in found.logits.iter().zip(&run.logits).enumerate() {
        check(format!("logit {i}"), *found, *wanted, factor * cost);
    }
    for (steps, golden) in &run.after {
        let (exact, off) = (&exact.after[steps], &off.after[steps]);
        assert!(golden.keys().eq(exact.keys()));
        // A bias may have no gradient at all (before BN): its layer's weight gives the scale.
        let own = |name: &str| distance(&exact[name], &off[name]);
        for (name, wanted) in golden {
            let weight = name.replace(".bias", ".weight").replace("running_mean", "running_var");
            // Every value is itself rounded about four times per step, and State holds f32 in every backend. A running mean
            // averages values about as large as their deviation, however close to 0 the average is.
            let stored = norm(&exact[name]);
            let averaged = match name.strip_suffix("running_mean") {
                Some(bn) => run.config().bn_momentum * exact[&format!("{bn}running_var")].iter().sum::<f64>().sqrt(),
                None => stored,
            };
            let itself = 4.0 * *steps as f64 * unit * averaged.max(stored) + F32_UNIT * stored;
            let tolerance = factor * own(name).max(own(&weight)) + itself;
            for (found, wanted) in fingerprint(name, &found.after[steps][name]).into_iter().zip(wanted) {
                check(format!("{name} after {steps} steps"), found, *wanted, tolerance);
            }
        }
    }
    assert_eq!(found.correct, run.correct, "{what}");
    println!("{worst:.3} of the tolerance; that of the last loss is {loss_tolerance:.1e}; {what}");
}

fn check(index: usize) {
    let runs: Vec<Run> = serde_json::from_str(include_str!("../golden/training.json")).unwrap();
    assert_eq!(runs.len(), 5);
    let run = &runs[index];
    let network = Network::new(&run.config(), run.classes);
    let initial = network.initial_parameters(run.config().seed);
    for tensor in &network.tensors {
        let values: Vec<f64> = initial[tensor.range.clone()].iter().map(|value| f64::from(*value)).collect();
        for (found, wanted) in fingerprint(&tensor.name, &values).into_iter().zip(run.initial[&tensor.name]) {
            // Another logarithm or cosine may round single weights the other way.
            assert!((found - wanted).abs() <= F32_UNIT * norm(&values), "{}: {found} instead of {wanted}", tensor.name);
        }
    }
    let (exact, off) = (train::<f64>(run, 0.0), train::<f64>(run, F32_UNIT));
    compare(run, &exact, f64::EPSILON / 2.0, &exact, &off);
    compare(run, &train::<f32>(run, 0.0), F32_UNIT, &exact, &off);
    let gpu = pollster::block_on(train_on_gpu(run)).expect("the GPU trains");
    compare(run, &gpu, F32_UNIT, &exact, &off);
}

#[test]
fn relu_none_max() {
    check(0);
}

#[test]
fn relu_lrn_max_dropout() {
    check(1);
}

#[test]
fn tanh_bn_avg_not_overlapping() {
    check(2);
}

#[test]
fn leaky_relu_bn_deeper_dropout() {
    check(3);
}

#[test]
fn sigmoid_lrn_avg_paper_start() {
    check(4);
}
