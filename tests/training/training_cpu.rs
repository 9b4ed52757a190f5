//! Training on the CPU backend: the same bits every time, one batch memorised, gradients that vanish under sigmoid, a diverging
//! run that keeps its last good state, and the original architecture.

use alexnet_lab::backend::cpu::Cpu;
use alexnet_lab::config::Config;
use alexnet_lab::data::Normalisation;
use alexnet_lab::data::batch::Batch;
use alexnet_lab::network::Network;
use alexnet_lab::rng::{self, Stream};
use alexnet_lab::step::{Hyper, NotFinite, Place, State, StepRecord};

const NORMALISATION: Normalisation = Normalisation { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] };

fn config(fragment: &str) -> Config {
    let (config, notes) = Config::from_fragment(fragment);
    assert_eq!(notes, []);
    config
}

/// A backend with the configuration's initial state.
fn cpu(config: &Config) -> Cpu<f32> {
    let network = Network::new(config, 10);
    let state = State {
        parameters: network.initial_parameters(config.seed),
        velocities: vec![0.0; network.parameters()],
        running: network.initial_running(),
    };
    let mut cpu = Cpu::new(network, config.batch as usize, NORMALISATION);
    cpu.set_state(&state).unwrap();
    cpu
}

/// Images of random bytes; labels cycle through 0 to 9.
fn batch(cpu: &Cpu<f32>, images: u32, number: u32) -> Batch {
    let bytes = images * cpu.network().input.len() as u32;
    let pixels = (0..bytes).map(|i| rng::hash(4, Stream::Order, number, 0, i) as u8).collect();
    Batch { pixels, labels: (0..images).map(|i| i % 10).collect() }
}

fn step(cpu: &mut Cpu<f32>, batch: &Batch, hyper: &Hyper) -> StepRecord {
    cpu.step(batch, hyper).unwrap();
    let [record] = cpu.finished().unwrap()[..] else { panic!("one step, one record") };
    record
}

fn state(cpu: &mut Cpu<f32>) -> State {
    pollster::block_on(cpu.state()).unwrap()
}

#[test]
fn each_tensor_has_its_own_rate_and_decay() {
    let config = config("arch=convnet26&init=paper&norm=none&width=0.25&batch=4&lr=0.01&weight_decay=0.1&momentum=0");
    let mut cpu = cpu(&config);
    let before = state(&mut cpu);
    let images = batch(&cpu, config.batch, 0);
    step(&mut cpu, &images, &Hyper { learning_rate: 0.0, weight_decay: 0.0, ..Hyper::of(&config, 0) });
    // Without momentum and decay, the velocities are the gradients.
    let gradients = state(&mut cpu).velocities;
    cpu.set_state(&before).unwrap();
    step(&mut cpu, &images, &Hyper::of(&config, 0));
    let after = state(&mut cpu);
    for tensor in &cpu.network().tensors {
        let (rate, decay) = match tensor.name.as_str() {
            "conv1.weight" => (0.01 * 4096.0, 0.1 / 4096.0),
            "conv2.weight" | "conv3.weight" => (0.01, 0.1),
            "fc4.weight" | "fc5.weight" => (0.01, 0.75),
            _ => (0.02, 0.0),
        };
        for i in tensor.range.clone() {
            let wanted = before.parameters[i] - rate * (gradients[i] + decay * before.parameters[i]);
            let found = after.parameters[i];
            // Four roundings of terms that are at most the larger of the two.
            let size = wanted.abs().max(before.parameters[i].abs());
            assert!((found - wanted).abs() <= 4.0 * f32::EPSILON * size, "{} {i}: {found} {wanted}", tensor.name);
        }
    }
}

#[test]
fn equal_runs_give_equal_bits_for_100_steps() {
    let config = config("width=0.25&batch=6&norm=bn&dropout=0.5");
    let run = || {
        let mut cpu = cpu(&config);
        let record = |s| {
            let batch = batch(&cpu, config.batch, s);
            step(&mut cpu, &batch, &Hyper::of(&config, u64::from(s)))
        };
        let records: Vec<StepRecord> = (0..100).map(record).collect();
        (records, state(&mut cpu))
    };
    let (records, last) = run();
    assert!(records.iter().all(|record| record.finite));
    assert_ne!(records[0].loss, records[99].loss);
    let (again, last_again) = run();
    for (a, b) in records.iter().zip(&again) {
        assert_eq!(a.loss.to_bits(), b.loss.to_bits(), "step {}", a.step);
    }
    assert_eq!(last, last_again);
}

#[test]
fn one_batch_is_learnt_by_heart() {
    for fragment in ["norm=none", "norm=lrn", "norm=bn", "activation=tanh&norm=bn&pool=avg&overlap=false"] {
        let config = config(&format!("width=0.25&batch=10&dropout=0&weight_decay=0&lr=0.005&{fragment}"));
        let mut cpu = cpu(&config);
        let batch = batch(&cpu, 10, 0);
        let losses: Vec<f32> = (0..150).map(|s| step(&mut cpu, &batch, &Hyper::of(&config, s)).loss).collect();
        let last = step(&mut cpu, &batch, &Hyper::of(&config, 150));
        assert!(last.loss < 0.05 && last.correct == 10, "{fragment}: {losses:?}");
    }
}

#[test]
fn the_gradient_of_conv1_vanishes_under_sigmoid() {
    let norm = |activation: &str| {
        let config = config(&format!("norm=none&dropout=0&batch=10&activation={activation}"));
        let mut cpu = cpu(&config);
        let batch = batch(&cpu, 10, 0);
        assert!(step(&mut cpu, &batch, &Hyper::of(&config, 0)).finite);
        let snapshot = pollster::block_on(cpu.snapshot(&Hyper::of(&config, 1), &batch)).unwrap();
        let tensor = cpu.network().tensors.iter().position(|tensor| tensor.name == "conv1.weight").unwrap();
        let sum: f64 = cpu.gradients()[cpu.network().tensors[tensor].range.clone()].iter().map(|g| f64::from(*g).powi(2)).sum();
        assert_eq!(snapshot.parameters[tensor].norm, sum.sqrt() as f32);
        let range = cpu.network().tensors[tensor].range.clone();
        let weights: f64 = cpu.parameters_mut()[range].iter().map(|w| f64::from(*w).powi(2)).sum();
        assert_eq!(snapshot.norms[tensor], weights.sqrt() as f32);
        sum.sqrt()
    };
    let (relu, sigmoid) = (norm("relu"), norm("sigmoid"));
    println!("norm of conv1's weight gradient: relu {relu:e}, sigmoid {sigmoid:e}");
    assert!(sigmoid > 0.0 && sigmoid < relu / 100.0, "relu {relu:e}, sigmoid {sigmoid:e}");
}

#[test]
fn a_diverging_run_keeps_its_last_good_state_and_names_the_layer() {
    let config = config("width=0.25&batch=6&norm=bn&lr=10&momentum=0.999&init_scale=10&seed=3");
    let mut cpu = cpu(&config);
    let batch = batch(&cpu, 6, 0);
    // An update this large overflows within a few steps.
    let huge = |s| Hyper { learning_rate: 1e30, ..Hyper::of(&config, s) };
    let mut good = state(&mut cpu);
    let mut s = 0;
    while step(&mut cpu, &batch, &huge(s)).finite {
        good = state(&mut cpu);
        s += 1;
        assert!(s < 50, "does not diverge");
    }
    assert!(s > 0, "the first update is still finite");
    assert_eq!(state(&mut cpu), good);
    assert!(good.parameters.iter().chain(&good.velocities).chain(&good.running).all(|x| x.is_finite()));
    let found = pollster::block_on(cpu.first_not_finite(&batch, &huge(s))).unwrap().expect("something is not finite");
    let layer = cpu.network().layers.iter().position(|layer| layer.name == found.layer).unwrap();
    assert_eq!(found.place, Place::Activation);
    // The first such layer is named: all before it are finite.
    for earlier in 0..=layer {
        let finite = cpu.output(earlier).iter().all(|x| x.is_finite());
        assert_eq!(finite, earlier < layer, "{}", cpu.network().layers[earlier].name);
    }
    // Later steps skip their update, even if they would be finite, until a state is set.
    assert!(!step(&mut cpu, &batch, &Hyper::of(&config, s)).finite);
    assert_eq!(state(&mut cpu), good);
    let start = State {
        parameters: cpu.network().initial_parameters(1),
        velocities: vec![0.0; good.velocities.len()],
        running: cpu.network().initial_running(),
    };
    cpu.set_state(&start).unwrap();
    assert!(step(&mut cpu, &batch, &Hyper::of(&config, 0)).finite);
    assert_ne!(state(&mut cpu), start);
}

#[test]
fn a_gradient_that_is_not_finite_is_found_where_it_first_appears() {
    let config = config("width=0.25&batch=1&norm=none&dropout=0&activation=tanh");
    let mut cpu = cpu(&config);
    let mut start = state(&mut cpu);
    // With p = 1/10 and label 0, fc7 gets the gradient -0.9 * 3e38 + 9 * 0.1 * -3e38 = -5.4e38: beyond the largest f32.
    let weight = cpu.network().tensor("fc8.weight").unwrap().range.clone();
    for (i, w) in start.parameters[weight].iter_mut().enumerate() {
        *w = if i % 10 == 0 { 3e38 } else { -3e38 };
    }
    // Only fc8's bias has an effect on its output: the logits stay finite.
    for name in ["fc7.weight", "fc7.bias"] {
        start.parameters[cpu.network().tensor(name).unwrap().range.clone()].fill(0.0);
    }
    cpu.set_state(&start).unwrap();
    let batch = batch(&cpu, 1, 0);
    let record = step(&mut cpu, &batch, &Hyper::of(&config, 0));
    assert!(record.loss.is_finite() && !record.finite);
    assert_eq!(state(&mut cpu), start);
    let found = pollster::block_on(cpu.first_not_finite(&batch, &Hyper::of(&config, 0))).unwrap();
    assert_eq!(found, Some(NotFinite { layer: "fc7.dropout".into(), place: Place::Gradient }));
}

#[test]
fn evaluation_is_chunked_and_leaves_the_state_alone() {
    let config = config("width=0.25&batch=4&norm=bn");
    let mut cpu = cpu(&config);
    let images = batch(&cpu, 10, 0);
    let before = state(&mut cpu);
    let logits = pollster::block_on(cpu.logits(&images)).unwrap();
    assert_eq!(logits.len(), 10 * 10);
    // Each image's logits do not depend on the other images.
    let input = cpu.network().input.len();
    for i in 0..10 {
        let one = Batch { pixels: images.pixels[i * input..][..input].to_vec(), labels: vec![images.labels[i]] };
        let alone = pollster::block_on(cpu.logits(&one)).unwrap();
        let fc8 = cpu.network().layers.len() - 2;
        assert_eq!(pollster::block_on(cpu.output_of(&one, fc8)).unwrap(), alone);
        // The same products in other blocks: fc6 sums up to 256 terms, each later layer 64, of size near 1.
        for (a, b) in logits[i * 10..][..10].iter().zip(&alone) {
            assert!((a - b).abs() < 256.0 * f32::EPSILON * (1.0 + a.abs()), "image {i}: {a} {b}");
        }
    }
    assert_eq!(state(&mut cpu), before);
}

/// One step of 62 million parameters. The update is checked to first order: moving by -r g changes the loss by -r |g|^2.
#[test]
fn the_original_architecture_trains() {
    let config = config("arch=original&batch=2&dropout=0&momentum=0&weight_decay=0&norm=lrn");
    let mut cpu = cpu(&config);
    let batch = batch(&cpu, 2, 0);
    let norm: f64 = {
        cpu.step(&batch, &Hyper { learning_rate: 0.0, ..Hyper::of(&config, 0) }).unwrap();
        cpu.gradients().iter().map(|g| f64::from(*g).powi(2)).sum()
    };
    let before = cpu.finished().unwrap()[0];
    assert!(before.finite && norm > 0.0);
    // A rate that lowers the loss by 1 %.
    let rate = 0.01 * f64::from(before.loss) / norm;
    step(&mut cpu, &batch, &Hyper { learning_rate: rate as f32, ..Hyper::of(&config, 0) });
    let after = step(&mut cpu, &batch, &Hyper { learning_rate: 0.0, ..Hyper::of(&config, 0) });
    let fall = f64::from(before.loss - after.loss) / (rate * norm);
    println!("loss {} -> {}, |g|^2 {norm:e}, fall {fall} of the first order", before.loss, after.loss);
    // The second-order term is of the size of the relative fall, 1 %, times the curvature; f32 gives 1e-4 of the fall.
    assert!((fall - 1.0).abs() < 0.1, "{fall}");
}
