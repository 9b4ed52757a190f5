//! `check`: whether this machine's graphics adapter computes correctly. It runs one training step in each of the main
//! combinations of switches, on the GPU and on the CPU.
//!
//! The truth is the CPU backend in f64. The effect of rounding is measured too: it is the error of the CPU backend in f32. A GPU
//! sums in another order, and its exp and tanh are a few units less exact, so [`MARGIN`] times that error is allowed. Where
//! rounding moves a value across the bend of a ReLU, or to another maximum of a pooling window, one gradient jumps. That is rare
//! and affects one batch, while a wrong kernel is wrong on every batch. So the best of [`BATCHES`] batches counts.

use crate::outcome::{Outcome, fail, tell};
use crate::settings::Kernels;
use alexnet_lab::backend::Backend;
use alexnet_lab::backend::cpu::Cpu;
use alexnet_lab::backend::machine::Machine;
use alexnet_lab::config::{Config, Preference};
use alexnet_lab::data::Dataset;
use alexnet_lab::data::batch::Batch;
use alexnet_lab::gpu::family::Choice;
use alexnet_lab::math::gemm::Product;
use alexnet_lab::network::Network;
use alexnet_lab::rng::{Stream, hash};
use alexnet_lab::step::{Hyper, State, initial_state};
use pollster::block_on;

const COMBINATIONS: &[&str] = &[
    "norm=lrn",
    "norm=none",
    "norm=bn",
    "activation=leaky_relu",
    "activation=sigmoid",
    "activation=tanh",
    "activation=sigmoid&norm=bn",
    "pool=avg",
    "overlap=false",
    "pool=avg&overlap=false",
    "lrn_n=4&lrn_beta=0.5&lrn_alpha=0.1",
    "dropout=0.5",
    "depth=4&norm=bn",
    "norm=bn&bn_place=lrn",
    "norm=bn&bn_noise=0.5",
    "arch=local&norm=lrn&lrn_region=map&lrn_alpha=0.1",
    "width=1",
];
const IMAGES: usize = 8;
const BATCHES: u32 = 3;
const MARGIN: f64 = 8.0;
/// The rounding error of even an exact f32 computation: of its result and its inputs.
const FLOOR: f64 = 4.0 * f32::EPSILON as f64;

/// Numbers from a training step, with a name: `conv1` for its gradients, `loss`, `running`, `logits`.
struct Part {
    name: String,
    values: Vec<f32>,
}

/// The part of one batch whose error is largest relative to the allowed error.
struct Worst {
    part: String,
    error: f64,
    allowed: f64,
}

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    kernels: Kernels,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let machine = block_on(Machine::open(Preference::Gpu, &arguments.kernels.host()))?;
    tell!("{}", machine.adapter());
    if let Some(Choice { family, measured }) = machine.choice() {
        let rates = measured.map(|rates| format!(", registers {:.1} and tiled {:.1} GFLOP/s", rates.registers, rates.tiled));
        tell!("kernels: {}{}", format!("{family:?}").to_lowercase(), rates.unwrap_or_default());
    }
    tell!("{:36} {:>8} {:>10} {:>10}", "switches", "worst in", "error", "allowed");
    let mut wrong = 0;
    for combination in COMBINATIONS {
        let worst = check(&machine, combination)?;
        let right = worst.error <= worst.allowed;
        wrong += usize::from(!right);
        let verdict = if right { "ok" } else { "WRONG" };
        tell!("{combination:36} {:>8} {:>10.1e} {:>10.1e}  {verdict}", worst.part, worst.error, worst.allowed);
    }
    if wrong > 0 {
        fail!(
            "{wrong} of {} combinations give wrong results on this adapter. Use --backend cpu, and please report this.",
            COMBINATIONS.len()
        );
    }
    tell!("All {} combinations agree with the CPU.", COMBINATIONS.len());
    Ok(())
}

/// The best of a few batches.
fn check(machine: &Machine, combination: &str) -> Outcome<Worst> {
    // A later setting of the same key wins: a combination may ask for another width.
    let (config, _) = Config::from_fragment(&format!("width=0.25&batch={IMAGES}&{combination}"));
    let network = Network::new(&config, 10);
    let mut gpu = block_on(machine.build(&config, &network, Dataset::cifar10().normalisation))?;
    let mut best: Option<Worst> = None;
    for salt in 0..BATCHES {
        let worst = compare(&mut gpu, &network, &config, &random_batch(&network, salt))?;
        let right = worst.error <= worst.allowed;
        if best.as_ref().is_none_or(|best| worst.error / worst.allowed < best.error / best.allowed) {
            best = Some(worst);
        }
        if right {
            break;
        }
    }
    Ok(best.expect("there is at least one batch"))
}

/// The relative error of the GPU's numbers, part by part: |GPU - f64| / |f64| in the Euclidean norm.
fn compare(gpu: &mut Backend, network: &Network, config: &Config, batch: &Batch) -> Outcome<Worst> {
    let start = initial_state(network, config.seed);
    // Nothing moves. Velocities start at zero, so the new ones are the gradients themselves.
    let hyper = Hyper { learning_rate: 0.0, weight_decay: 0.0, ..Hyper::of(config, 0) };
    gpu.set_state(&start)?;
    gpu.step(batch, &hyper)?;
    block_on(gpu.settle())?;
    let loss = gpu.finished()?.first().map_or(f32::NAN, |record| record.loss);
    let found = parts(network, loss, block_on(gpu.state())?, block_on(gpu.logits(batch))?);
    let truth = on_cpu::<f64>(network, &start, batch, &hyper)?;
    let rounded = on_cpu::<f32>(network, &start, batch, &hyper)?;
    let outcomes = found.iter().zip(&truth).zip(&rounded).map(|((found, truth), rounded)| {
        let allowed = MARGIN * (error(&rounded.values, &truth.values) + FLOOR);
        Worst { part: truth.name.clone(), error: error(&found.values, &truth.values), allowed }
    });
    let worst = outcomes.max_by(|a, b| (a.error / a.allowed).total_cmp(&(b.error / b.allowed)));
    Ok(worst.expect("there is at least the loss"))
}

fn on_cpu<T: Product>(network: &Network, start: &State, batch: &Batch, hyper: &Hyper) -> Outcome<Vec<Part>> {
    let dataset = Dataset::cifar10();
    let mut cpu = Cpu::<T>::new(network.clone(), IMAGES, dataset.normalisation);
    cpu.set_state(start)?;
    cpu.step(batch, hyper)?;
    let loss = cpu.finished()?.first().map_or(f32::NAN, |record| record.loss);
    Ok(parts(network, loss, block_on(cpu.state())?, block_on(cpu.logits(batch))?))
}

fn parts(network: &Network, loss: f32, state: State, logits: Vec<f32>) -> Vec<Part> {
    let part = |name: &str, values| Part { name: name.into(), values };
    let mut parts = vec![part("loss", vec![loss]), part("logits", logits)];
    if !state.running.is_empty() {
        parts.push(part("running", state.running));
    }
    for block in &network.blocks {
        // A layer's tensors count together: before batch normalisation, a bias's gradient is only rounding.
        let tensors = network.layers[block.layers.clone()].iter().filter_map(|layer| layer.kind.tensors()).flatten();
        let gradients = tensors.flat_map(|tensor| &state.velocities[network.tensors[tensor].range.clone()]);
        parts.push(part(&block.name, gradients.copied().collect()));
    }
    parts
}

/// |found - truth| / |truth|; infinite when a value is not finite.
fn error(found: &[f32], truth: &[f32]) -> f64 {
    let square = |x: f64| x * x;
    let difference: f64 = found.iter().zip(truth).map(|(a, b)| square(f64::from(*a) - f64::from(*b))).sum();
    let size: f64 = truth.iter().map(|b| square(f64::from(*b))).sum();
    let error = (difference / size.max(f64::MIN_POSITIVE)).sqrt();
    if error.is_finite() { error } else { f64::INFINITY }
}

/// Noise instead of photographs: it covers all values and needs no file.
fn random_batch(network: &Network, salt: u32) -> Batch {
    let bits = |index: usize| hash(salt, Stream::Order, 0, 0, index as u32);
    let labels = (0..IMAGES).map(|image| bits(image) % network.classes as u32).collect();
    Batch { pixels: (0..IMAGES * network.input.len()).map(|byte| (bits(IMAGES + byte) >> 24) as u8).collect(), labels }
}
