//! Whole networks on the GPU against the CPU backend.

mod gpu_common;

use alexnet_lab::backend::{Hyper, StepRecord};
use alexnet_lab::config::Config;
use alexnet_lab::cpu::Cpu;
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

fn cpu(network: &Network, config: &Config, images: usize) -> Cpu {
    let mut cpu = Cpu::new(network.clone(), images, MEAN, STD);
    cpu.set_state(&initial_state(network, config.seed)).unwrap();
    cpu
}

fn train_gpu(gpu: &mut Gpu, network: &Network, config: &Config, images: usize, steps: u64) -> Vec<StepRecord> {
    for step in 0..steps {
        gpu.step(&batch(network, images, step), &hyper(step, config)).unwrap();
    }
    block_on(gpu.settle()).unwrap();
    gpu.finished().unwrap()
}

#[test]
fn twenty_losses_agree() {
    for fragment in [
        "width=0.25&norm=none",
        "width=0.25&norm=lrn&activation=tanh&pool=avg",
        "width=0.25&norm=bn&activation=leaky_relu&overlap=false",
        "width=0.25&activation=sigmoid",
    ] {
        let (network, config) = network(fragment, 10);
        let (mut gpu, mut cpu) = (gpu(&network, &config, 8), cpu(&network, &config, 8));
        let records = train_gpu(&mut gpu, &network, &config, 8, 20);
        for step in 0..20 {
            cpu.step(&batch(&network, 8, step), &hyper(step, &config)).unwrap();
        }
        let wanted = cpu.finished().unwrap();
        for (a, b) in records.iter().zip(&wanted) {
            println!("{fragment} {} {} {} {:e} {} {}", a.step, a.loss, b.loss, a.loss - b.loss, a.correct, b.correct);
        }
    }
}
