//! `bench`: what a training step costs on this machine, as JSON.

use crate::outcome::{Outcome, fail, tell};
use crate::profile;
use crate::settings::{Data, Kernels, Settings};
use alexnet_lab::backend::machine::{Host, Machine};
use alexnet_lab::config::Config;
use alexnet_lab::data::Dataset;
use alexnet_lab::math::gemm::square;
use alexnet_lab::network::Network;
use alexnet_lab::trainer::Trainer;
use pollster::block_on;
use serde::Serialize;
use serde_json::json;
use std::time::Instant;

/// Steps that are measured together on a hardware adapter, so that it never waits for the program.
const TOGETHER: u64 = 8;
/// Side of the matrices whose product shows the best rate of the CPU kernel.
const SIDE: usize = 512;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: Data,
    /// Number of training steps to measure
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    steps: u64,
    /// Number of training steps before the measurement
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(0..=1_000_000))]
    warm_up: u64,
    /// Show the time of each GPU dispatch of a step instead
    #[arg(long)]
    profile: bool,
    /// Print the profile as JSON
    #[arg(long, requires = "profile")]
    json: bool,
    /// Print the memory, parameters and multiply-accumulates that a run would need, without training
    #[arg(long, conflicts_with = "profile")]
    dry_run: bool,
    #[command(flatten)]
    kernels: Kernels,
    #[command(flatten)]
    settings: Settings,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let host = arguments.kernels.host();
    let mut config = arguments.settings.over(Config::default())?;
    let dataset = arguments.data.load(&mut config, &[])?;
    if arguments.dry_run {
        return dry_run(&config, &dataset, &host);
    }
    let mut trainer = block_on(Trainer::new(config, dataset, &host))?;
    let on_gpu = trainer.backend().name() == "gpu";
    let together = if trainer.machine().is_software() { 1 } else { TOGETHER.min(arguments.steps) };
    let mut losses = vec![];
    let mut product = square(SIDE);
    measure(&mut trainer, arguments.warm_up.max(u64::from(arguments.profile)), &mut losses)?;
    if arguments.profile {
        return profile::print(&mut trainer, arguments.json);
    }
    let (mut steps, mut products) = (vec![], vec![]);
    for _ in 0..arguments.steps.div_ceil(together) {
        if !on_gpu {
            product(); // warms the caches
            products.push(milliseconds_of(|| std::hint::black_box(product())).0);
        }
        steps.push(measure(&mut trainer, together, &mut losses)? / together as f64);
    }
    let measured = steps.len() as u64 * together;
    let (step, product) = (Times::of(steps), (!on_gpu).then(|| Times::of(products)));

    let (name, dispatches, memory) = (trainer.backend().name(), trainer.backend().dispatches(), trainer.backend().memory_bytes());
    let workers = trainer.backend().workers();
    let (config, network, machine) = (trainer.config(), trainer.network(), trainer.machine());
    let batch = f64::from(config.batch);
    // A multiply-accumulate is two operations.
    let operations = 2.0 * network.training_macs() as f64 * batch;
    let rate = operations / step.median / 1e6;
    let product_rate = product.map(|product| 2.0 * (SIDE as f64).powi(3) / product.median / 1e6);
    let report = json!({
        "backend": name,
        "adapter": on_gpu.then(|| machine.adapter()),
        "software_adapter": on_gpu.then(|| machine.is_software()),
        "family": machine.choice().map(|choice| choice.family),
        "family_gflops": machine.choice().and_then(|choice| choice.measured),
        "config": config.to_fragment(),
        "batch": config.batch,
        "parameters": network.parameters(),
        "macs": network.training_macs() * u64::from(config.batch),
        "steps": measured,
        "steps_together": together,
        "ms_per_step": step,
        "images_per_second": batch / step.median * 1e3,
        "gflops": rate,
        // One thread's product of two 512x512 matrices, measured between steps. Every worker could reach this rate.
        "workers": workers,
        "product_gflops": product_rate,
        "share_of_product": product_rate.map(|product| rate / product / workers as f64),
        "dispatches_per_step": dispatches,
        "memory_bytes": memory,
        "loss": { "first": losses.first(), "last": losses.last() },
    });
    tell!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// What is known before anything is allocated.
fn dry_run(config: &Config, dataset: &Dataset, host: &Host) -> Outcome {
    let machine = block_on(Machine::open(config.backend, host))?;
    let network = Network::new(config, dataset.classes.len());
    let report = json!({
        "backend": if machine.device().is_some() { "gpu" } else { "cpu" },
        "config": config.to_fragment(),
        "memory_bytes": machine.memory_needed(config, &network)?,
        "parameters": network.parameters(),
        "macs": network.training_macs() * u64::from(config.batch),
    });
    tell!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// Milliseconds over several measurements.
#[derive(Clone, Copy, Serialize)]
struct Times {
    median: f64,
    min: f64,
    max: f64,
}

impl Times {
    fn of(mut milliseconds: Vec<f64>) -> Times {
        milliseconds.sort_by(f64::total_cmp);
        let last = milliseconds.len() - 1;
        let median = (milliseconds[last / 2] + milliseconds[milliseconds.len() / 2]) / 2.0;
        Times { median, min: milliseconds[0], max: milliseconds[last] }
    }
}

fn milliseconds_of<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let outcome = work();
    (start.elapsed().as_secs_f64() * 1e3, outcome)
}

/// Milliseconds from the start of the first of `steps` training steps to the end of the last. Appends their losses.
fn measure(trainer: &mut Trainer, steps: u64, losses: &mut Vec<f32>) -> Outcome<f64> {
    let (milliseconds, outcome) = milliseconds_of(|| -> Outcome {
        for _ in 0..steps {
            trainer.step()?;
        }
        Ok(block_on(trainer.settle())?)
    });
    outcome?;
    losses.extend(trainer.records()?.iter().map(|record| record.loss));
    if trainer.has_diverged() {
        fail!("Training diverged, so the measured steps did no useful work. Choose other settings.");
    }
    Ok(milliseconds)
}
