//! `bench`: what a training step costs on this machine, as JSON.

use crate::Outcome;
use crate::settings::{Data, Settings};
use alexnet_lab::config::Config;
use alexnet_lab::trainer::Trainer;
use pollster::block_on;
use serde_json::json;
use std::time::Instant;

/// Steps that are measured as one on a hardware adapter, so that it never waits for the program.
const TOGETHER: u64 = 8;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    data: Data,
    /// Training steps to measure
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    steps: u64,
    /// Training steps before the measurement
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(0..=1_000_000))]
    warm_up: u64,
    #[command(flatten)]
    settings: Settings,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let config = arguments.settings.over(Config::default())?;
    let mut trainer = block_on(Trainer::new(config, arguments.data.load()?, None))?;
    let on_gpu = trainer.backend().name() == "gpu";
    let together = if trainer.machine().is_software() { 1 } else { TOGETHER.min(arguments.steps) };
    measure(&mut trainer, arguments.warm_up)?;
    let groups = (0..arguments.steps.div_ceil(together)).map(|_| measure(&mut trainer, together));
    let mut milliseconds = groups.map(|total| Ok(total? / together as f64)).collect::<Outcome<Vec<f64>>>()?;
    milliseconds.sort_by(f64::total_cmp);
    let median = (milliseconds[(milliseconds.len() - 1) / 2] + milliseconds[milliseconds.len() / 2]) / 2.0;

    let (name, dispatches, memory) = (trainer.backend().name(), trainer.backend().dispatches(), trainer.backend().memory_bytes());
    let (config, network, machine) = (trainer.config(), trainer.network(), trainer.machine());
    let batch = f64::from(config.batch);
    // A multiply-accumulate is two operations.
    let operations = 2.0 * network.training_macs() as f64 * batch;
    let report = json!({
        "backend": name,
        "adapter": on_gpu.then(|| machine.adapter()),
        "software_adapter": on_gpu.then(|| machine.is_software()),
        "config": config.to_fragment(),
        "batch": config.batch,
        "parameters": network.parameters(),
        "steps": milliseconds.len() as u64 * together,
        "steps_together": together,
        "ms_per_step": { "median": median, "min": milliseconds[0], "max": milliseconds[milliseconds.len() - 1] },
        "images_per_second": batch / median * 1e3,
        "gflops": operations / median / 1e6,
        "dispatches_per_step": dispatches,
        "memory_bytes": memory,
    });
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

/// Milliseconds of `steps` training steps, from the first one's start to the last one's end.
fn measure(trainer: &mut Trainer, steps: u64) -> Outcome<f64> {
    let start = Instant::now();
    for _ in 0..steps {
        trainer.step()?;
    }
    block_on(trainer.settle())?;
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    trainer.records()?;
    if trainer.has_diverged() {
        crate::fail!("Training diverged, so that the steps measured did no work. Choose other settings.");
    }
    Ok(milliseconds)
}
