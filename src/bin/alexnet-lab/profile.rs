//! `bench --profile`: what each dispatch of a training step on the GPU takes.

use crate::outcome::{Outcome, fail, tell};
use alexnet_lab::backend::Backend;
use alexnet_lab::gpu::profile::Timing;
use alexnet_lab::network::Network;
use alexnet_lab::trainer::Trainer;
use pollster::block_on;
use serde::Serialize;

/// Repetitions of the step; their median counts.
const STEPS: usize = 9;

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    timing: Timing,
    /// `None` if the work is not a matrix product.
    gflops: Option<f64>,
    /// Share of the time of all dispatches.
    share: f64,
}

#[derive(Serialize)]
struct Profile {
    ms: f64,
    /// Share of `ms` outside the kernels of convolutions and fully connected layers.
    share_of_others: f64,
    dispatches: Vec<Row>,
}

/// Prints a table or JSON. The trainer must have done a step.
pub fn print(trainer: &mut Trainer, as_json: bool) -> Outcome {
    let timings = match trainer.backend() {
        Backend::Gpu(gpu) => block_on(gpu.profile(STEPS))?,
        Backend::Cpu(_) => {
            fail!("--profile shows GPU kernels, but this run is on the CPU. Add --backend gpu.")
        }
    };
    let profile = Profile::of(trainer.network(), trainer.config().batch as usize, timings);
    if as_json {
        tell!("{}", serde_json::to_string_pretty(&profile)?);
        return Ok(());
    }
    tell!("{:<32} {:<28} {:>9} {:>9} {:>7}", "kernel", "dispatch", "ms", "GFLOP/s", "share");
    for Row { timing, gflops, share } in &profile.dispatches {
        let gflops = gflops.map_or(String::new(), |gflops| format!("{gflops:.2}"));
        tell!("{:<32} {:<28} {:>9.3} {gflops:>9} {:>6.1}%", timing.kernel, timing.dispatch, timing.ms, 100.0 * share);
    }
    tell!("{} dispatches, {:.3} ms", profile.dispatches.len(), profile.ms);
    tell!("{:.1}% outside convolutions and fully connected layers", 100.0 * profile.share_of_others);
    Ok(())
}

impl Profile {
    fn of(network: &Network, batch: usize, timings: Vec<Timing>) -> Profile {
        let ms: f64 = timings.iter().map(|timing| timing.ms).sum();
        let is_other = |timing: &&Timing| !timing.kernel.starts_with("conv") && !timing.kernel.starts_with("linear");
        let others: f64 = timings.iter().filter(is_other).map(|timing| timing.ms).sum();
        let row = |timing: Timing| Row {
            gflops: products(network, &timing.dispatch).map(|products| 2.0 * (products * batch as u64) as f64 / timing.ms / 1e6),
            share: timing.ms / ms,
            timing,
        };
        Profile { ms, share_of_others: others / ms, dispatches: timings.into_iter().map(row).collect() }
    }
}

/// Multiply-accumulates per image in a whole dispatch of a learnt layer.
fn products(network: &Network, dispatch: &str) -> Option<u64> {
    let (name, pass) = dispatch.split_once('.')?;
    let block = network.blocks.iter().position(|block| block.name == name)?;
    let factor = match pass {
        "forward" | "backward_input" | "backward_weight" => 1,
        // Both gradients; the images need none.
        "backward" => 1 + u64::from(block > 0),
        _ => return None,
    };
    Some(factor * network.blocks[block].macs)
}
