//! Whole networks on the GPU against the CPU backend.

mod gpu_common;

use alexnet_lab::backend::{Hyper, StepRecord};
use alexnet_lab::config::Config;
use alexnet_lab::cpu::{Cpu, Float};
use alexnet_lab::data::batch::Batch;
use alexnet_lab::gpu::Gpu;
use alexnet_lab::network::Network;
use alexnet_lab::rng::{Stream, hash};
use alexnet_lab::trainer::initial_state;
use gpu_common::*;
use pollster::block_on;

const MEAN: [f32; 3] = [0.49, 0.48, 0.45];
const STD: [f32; 3] = [0.25, 0.24, 0.26];

fn network(fragment: &str, classes: usize) -> (Network, Config) {
    let (config, notes) = Config::from_fragment(fragment);
    assert_eq!(notes, [], "{fragment}");
    (Network::new(&config, classes), config)
}

fn hyper(step: u64, config: &Config) -> Hyper {
    Hyper {
        step,
        seed: config.seed,
        learning_rate: config.lr as f32,
        momentum: config.momentum as f32,
        weight_decay: config.weight_decay as f32,
        dropout: config.dropout as f32,
    }
}

/// Images whose brightness follows their label, under noise.
fn batch(network: &Network, images: usize, step: u64) -> Batch {
    let bits = |i: usize| hash(7, Stream::Order, step as u32, 0, i as u32);
    let labels: Vec<u32> = (0..images).map(|i| bits(i) % network.classes as u32).collect();
    let image = network.input.len();
    let byte = |i: usize| ((bits(images + i) % 156) + labels[i / image] * 99 / network.classes as u32) as u8;
    Batch { pixels: (0..images * image).map(byte).collect(), labels }
}

fn gpu(network: &Network, config: &Config, images: usize) -> Gpu {
    let mut gpu = block_on(Gpu::new(device(), network, images, MEAN, STD)).unwrap();
    gpu.set_state(&initial_state(network, config.seed)).unwrap();
    gpu
}

fn cpu<T: Float>(network: &Network, config: &Config, images: usize) -> Cpu<T> {
    let mut cpu = Cpu::new(network.clone(), images, MEAN, STD);
    cpu.set_state(&initial_state(network, config.seed)).unwrap();
    cpu
}

fn train_cpu<T: Float>(network: &Network, config: &Config, images: usize, steps: u64) -> Vec<StepRecord> {
    let mut cpu = cpu::<T>(network, config, images);
    for step in 0..steps {
        cpu.step(&batch(network, images, step), &hyper(step, config)).unwrap();
    }
    cpu.finished().unwrap()
}

fn train_gpu(gpu: &mut Gpu, network: &Network, config: &Config, images: usize, steps: u64) -> Vec<StepRecord> {
    for step in 0..steps {
        gpu.step(&batch(network, images, step), &hyper(step, config)).unwrap();
    }
    block_on(gpu.settle()).unwrap();
    gpu.finished().unwrap()
}

/// The tolerance is measured on the CPU: what rounding does to the same run between f32 and f64. Training amplifies a
/// rounding error from step to step, by what no formula in epsilon tells. The GPU sums in another order and its exp and
/// tanh are a few ulp less exact, so eight times that error is allowed, and a few roundings of the loss itself.
#[test]
fn twenty_losses_agree() {
    let combinations = [
        "norm=none",
        "norm=lrn&activation=tanh&pool=avg",
        "norm=lrn&activation=sigmoid&lrn_n=4&lrn_beta=0.5",
        "norm=bn&activation=leaky_relu&overlap=false&lr=0.001",
        "norm=bn&activation=relu&depth=1&dropout=0&lr=0.001",
    ];
    for fragment in combinations {
        let (network, config) = network(&format!("width=0.25&{fragment}"), 10);
        let found = train_gpu(&mut gpu(&network, &config, 8), &network, &config, 8, 20);
        let (single, double) = (train_cpu::<f32>(&network, &config, 8, 20), train_cpu::<f64>(&network, &config, 8, 20));
        let mut rounding = 0.0f32;
        for ((found, single), double) in found.iter().zip(&single).zip(&double) {
            rounding = rounding.max((single.loss - double.loss).abs());
            let tolerance = 8.0 * (rounding + f32::EPSILON * double.loss);
            let (step, difference) = (found.step, (found.loss - double.loss).abs());
            let what = format!("{fragment}: step {step}: GPU {} and CPU {} differ by {difference:e}", found.loss, double.loss);
            assert!(difference <= tolerance && found.finite && step == double.step, "{what}, more than {tolerance:e}");
        }
        assert_eq!(found.len(), 20);
    }
}
