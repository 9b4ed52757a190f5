//! The CPU backend on several workers: the same bits of every run however its batches are divided, and a run that continues when a
//! helper is lost.

use alexnet_lab::backend::cpu::{Cpu, threads};
use alexnet_lab::config::Config;
use alexnet_lab::data::Normalisation;
use alexnet_lab::data::batch::Batch;
use alexnet_lab::math::gemm::Product;
use alexnet_lab::network::Network;
use alexnet_lab::rng::{Stream, hash};
use alexnet_lab::stats::{ActivationStats, GRADIENT_BINS, GradientStats};
use alexnet_lab::step::peers::Line;
use alexnet_lab::step::tree::parts;
use alexnet_lab::step::{Hyper, NotFinite, Place, State, StepRecord, initial_state};
use futures_channel::mpsc::unbounded;
use pollster::block_on;

const NORMALISATION: Normalisation = Normalisation { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] };
/// Not divisible by any number of parts.
const BATCH: usize = 7;
const CASES: [&str; 6] = [
    "norm=none",
    "norm=lrn&pool=avg&activation=tanh",
    "norm=bn",
    "norm=bn&dropout=0.5&overlap=false",
    "norm=bn&bn_place=lrn&bn_noise=0.5",
    "arch=local&norm=lrn&lrn_region=map",
];

fn config(fragment: &str) -> Config {
    let (config, notes) = Config::from_fragment(&format!("width=0.25&{fragment}"));
    assert_eq!(notes, []);
    config
}

/// A backend with the configuration's initial state, and threads as helpers.
fn cpu<T: Product>(config: &Config, workers: usize) -> Cpu<T> {
    cpu_for(config, BATCH, workers)
}

fn cpu_for<T: Product>(config: &Config, images: usize, workers: usize) -> Cpu<T> {
    let network = Network::new(config, 10);
    let helper = |part: &std::ops::Range<usize>| threads::start(network.clone(), part.len(), NORMALISATION);
    filled(config, images, parts(images, workers)[1..].iter().map(helper).collect())
}

fn with_helpers<T: Product>(config: &Config, helpers: Vec<Line<T>>) -> Cpu<T> {
    filled(config, BATCH, helpers)
}

fn filled<T: Product>(config: &Config, images: usize, helpers: Vec<Line<T>>) -> Cpu<T> {
    let network = Network::new(config, 10);
    let state = initial_state(&network, config.seed);
    let mut cpu = Cpu::with_helpers(network, images, NORMALISATION, helpers);
    cpu.set_state(&state).unwrap();
    cpu
}

fn hyper(config: &Config, step: u64) -> Hyper {
    Hyper { learning_rate: 0.0002, ..Hyper::of(config, step) }
}

/// Noise whose brightness depends on the label.
fn batch(step: u64) -> Batch {
    batch_of(step, BATCH)
}

fn batch_of(step: u64, images: usize) -> Batch {
    let image = 32 * 32 * 3;
    let bits = |i: usize| hash(3, Stream::Order, step as u32, 0, i as u32);
    let labels: Vec<u32> = (0..images).map(|i| bits(i) % 10).collect();
    let byte = |i: usize| ((bits(images + i) % 156) + labels[i / image] * 11) as u8;
    Batch { pixels: (0..images * image).map(byte).collect(), labels }
}

fn step<T: Product>(cpu: &mut Cpu<T>, config: &Config, step: u64) -> StepRecord {
    step_of(cpu, config, step, BATCH)
}

fn step_of<T: Product>(cpu: &mut Cpu<T>, config: &Config, step: u64, images: usize) -> StepRecord {
    cpu.step(&batch_of(step, images), &hyper(config, step)).unwrap();
    block_on(cpu.settle()).unwrap();
    let [record] = cpu.finished().unwrap()[..] else { panic!("one step, one record") };
    record
}

fn state<T: Product>(cpu: &mut Cpu<T>) -> State {
    block_on(cpu.state()).unwrap()
}

/// Batches with one group of images for each image, with as many groups as there can be, and with groups of unequal size; each
/// number of workers up to 8 divides some of them evenly and others not.
#[test]
fn no_bit_of_a_run_depends_on_the_number_of_workers() {
    for fragment in CASES {
        let config = config(fragment);
        for images in [1, 2, 7, 16, 37, 128] {
            let steps = if images > 50 { 2 } else { 4 };
            let run = |workers: usize| {
                let mut cpu = cpu_for::<f32>(&config, images, workers);
                let records: Vec<StepRecord> = (0..steps).map(|s| step_of(&mut cpu, &config, s, images)).collect();
                assert!(records.iter().all(|record| record.finite), "{records:?}");
                let losses: Vec<u32> = records.iter().map(|record| record.loss.to_bits()).collect();
                (losses, records, cpu.gradients().to_vec(), state(&mut cpu))
            };
            let one = run(1);
            assert!(one == run(1), "{fragment}, batch {images}: a run repeats");
            for workers in 2..=8 {
                let other = run(workers);
                assert_eq!(other.0, one.0, "{fragment}, batch {images}, {workers} workers: bits of the losses");
                assert!(other == one, "{fragment}, batch {images}, {workers} workers: gradients and state");
            }
        }
    }
}

/// Each image's logits are independent: parts only change how many images a product has at a time.
#[test]
fn logits_of_all_parts_are_those_of_one() {
    let config = config("norm=bn");
    let (mut one, mut three) = (cpu::<f32>(&config, 1), cpu::<f32>(&config, 3));
    // More than two batches, so that the last one is divided differently.
    let images =
        (0..3).map(batch).reduce(|a, b| Batch { pixels: [a.pixels, b.pixels].concat(), labels: [a.labels, b.labels].concat() });
    let mut images = images.unwrap();
    images.labels.truncate(16);
    images.pixels.truncate(16 * 32 * 32 * 3);
    let (wanted, found) = (block_on(one.logits(&images)).unwrap(), block_on(three.logits(&images)).unwrap());
    assert_eq!(found.len(), 160);
    assert_eq!(found, wanted);
    let layer = one.network().layers.len() - 1;
    let seven = batch(0);
    let (wanted, found) = (block_on(one.output_of(&seven, layer)).unwrap(), block_on(three.output_of(&seven, layer)).unwrap());
    assert_eq!(found.len(), 70);
    assert_eq!(found, wanted);
}

#[test]
fn a_snapshot_covers_the_images_of_all_parts() {
    let config = config("norm=lrn");
    let (mut one, mut three) = (cpu::<f64>(&config, 1), cpu::<f64>(&config, 3));
    let probe = batch(9);
    for cpu in [&mut one, &mut three] {
        step(cpu, &config, 0);
    }
    let (wanted, found) = (
        block_on(one.snapshot(&hyper(&config, 1), &probe)).unwrap(),
        block_on(three.snapshot(&hyper(&config, 1), &probe)).unwrap(),
    );
    let total = |g: &GradientStats| g.bins.iter().sum::<u32>() + g.below + g.above + g.zero;
    for (wanted, found) in wanted.activation_gradients.iter().zip(&found.activation_gradients) {
        assert_eq!((found.bins.len(), total(found)), (GRADIENT_BINS, total(wanted)));
        // In f64, rounding moves almost no value to another bin; a norm is rounded to f32 in each part.
        let moved: u32 = found.bins.iter().zip(&wanted.bins).map(|(a, b)| a.abs_diff(*b)).sum();
        assert!(moved <= 2, "{moved} values are in other bins");
        assert!((found.norm - wanted.norm).abs() <= 4.0 * f32::EPSILON * wanted.norm, "{} {}", found.norm, wanted.norm);
    }
    for (wanted, found) in wanted.activations.iter().zip(&found.activations) {
        assert_eq!(found.bins.iter().sum::<u32>(), wanted.bins.iter().sum::<u32>());
        assert!((found.mean - wanted.mean).abs() <= 4.0 * f32::EPSILON * wanted.std, "{} {}", found.mean, wanted.mean);
    }
}

/// Images are independent in evaluation mode, also with noise: the same values are counted.
#[test]
fn the_activations_of_a_snapshot_do_not_depend_on_the_number_of_workers() {
    for fragment in CASES.into_iter().chain(["activation=sigmoid"]) {
        let config = config(fragment);
        // Fewer probe images than the batch has: the last helper has gradients only.
        for images in [BATCH, 2] {
            let probe = batch_of(9, images);
            let look = |workers: usize| {
                let mut cpu = cpu::<f32>(&config, workers);
                step(&mut cpu, &config, 0);
                let snapshot = block_on(cpu.snapshot(&hyper(&config, 1), &probe)).unwrap();
                assert!(!cpu.lost_helpers());
                snapshot
            };
            let one = look(1);
            let values = |i: usize| one.activations[i].bins.iter().sum::<u32>() as usize;
            let network = Network::new(&config, 10);
            for (i, block) in network.blocks.iter().enumerate() {
                assert_eq!(values(i), images * network.layers[block.activation].output.len(), "{fragment}: {}", block.name);
            }
            for workers in 2..=BATCH {
                let other = look(workers);
                assert_eq!(other.parameters, one.parameters);
                assert_eq!(other.norms, one.norms);
                for (found, wanted) in other.activation_gradients.iter().zip(&one.activation_gradients) {
                    let counts = |stats: &GradientStats| stats.to_words()[..GradientStats::WORDS - 1].to_vec();
                    assert_eq!(counts(found), counts(wanted), "{fragment}, {images} images, {workers} workers");
                }
                for (found, wanted) in other.activations.iter().zip(&one.activations) {
                    // Sums over more than one part are rounded differently, in f64.
                    assert!((found.mean - wanted.mean).abs() <= f32::EPSILON * wanted.mean.abs(), "{found:?} {wanted:?}");
                    assert!((found.std - wanted.std).abs() <= f32::EPSILON * wanted.std, "{found:?} {wanted:?}");
                    let found = ActivationStats { mean: wanted.mean, std: wanted.std, ..found.clone() };
                    assert_eq!(found, *wanted, "{fragment}, {images} images, {workers} workers");
                }
            }
        }
    }
}

#[test]
fn the_first_layer_that_is_not_finite_is_found_in_any_part() {
    let config = config("norm=none&dropout=0");
    let find = |workers: usize| -> Vec<Option<NotFinite>> {
        let mut cpu = cpu::<f32>(&config, workers);
        let good = state(&mut cpu);
        let mut found = vec![block_on(cpu.first_not_finite(&batch(0), &hyper(&config, 0))).unwrap()];
        for tensor in ["conv3.weight", "fc8.bias"] {
            let mut bad = good.clone();
            bad.parameters[cpu.network().tensor(tensor).unwrap().range.start] = f32::INFINITY;
            cpu.set_state(&bad).unwrap();
            assert!(!step(&mut cpu, &config, 0).finite);
            assert_eq!(state(&mut cpu), bad);
            found.push(block_on(cpu.first_not_finite(&batch(0), &hyper(&config, 0))).unwrap());
        }
        found
    };
    let one = find(1);
    assert!(one[0].is_none() && one[1].as_ref().is_some_and(|found| found.layer == "conv3") && one[2].is_some(), "{one:?}");
    assert_eq!(find(3), one);
}

#[test]
fn a_gradient_that_is_not_finite_is_found_in_a_helpers_part() {
    let config = config("norm=none&dropout=0&activation=tanh");
    // fc6, fc7 and the logits are 0, all probabilities 1/10. With fc8's weights 3e38 to class 0 and -3e38 to the others, a unit
    // of fc7 gets a gradient of -2.7e38 where the label is 0, and 0.3e38 elsewhere. Through 64 weights of 0.1 to a unit of fc6
    // that is -17e38, beyond the largest f32, or 1.9e38.
    let images = Batch { labels: vec![3, 0], pixels: batch(0).pixels[..2 * 32 * 32 * 3].to_vec() };
    for workers in [1, 2] {
        let mut cpu = cpu::<f32>(&config, workers);
        let mut bad = state(&mut cpu);
        for (name, value) in
            [("fc6.weight", 0.0), ("fc6.bias", 0.0), ("fc7.weight", 0.1), ("fc7.bias", 0.0), ("fc8.weight", -3e38)]
        {
            bad.parameters[cpu.network().tensor(name).unwrap().range.clone()].fill(value);
        }
        bad.parameters[cpu.network().tensor("fc8.weight").unwrap().range.clone()].iter_mut().step_by(10).for_each(|w| *w = 3e38);
        cpu.set_state(&bad).unwrap();
        let found = block_on(cpu.first_not_finite(&images, &hyper(&config, 0))).unwrap();
        assert_eq!(found, Some(NotFinite { layer: "fc6.dropout".into(), place: Place::Gradient }), "{workers} workers");
        // Part 0, which has the first image, has nothing to show.
        let own = cpu.network().layers.iter().position(|layer| layer.name == "fc6.dropout").unwrap();
        assert_eq!(cpu.output_gradient(own).iter().all(|g| g.is_finite()), workers == 2);
    }
}

/// A helper that never answers: its line ends after the first message.
fn dead<T: Product>() -> Line<T> {
    let ((to_helper, inbox), (_, answers)) = (unbounded(), unbounded());
    drop(inbox);
    Line::between(to_helper, answers, ())
}

#[test]
fn a_lost_helper_costs_nothing_but_time() {
    for fragment in ["norm=none", "norm=bn&dropout=0.5"] {
        let config = config(fragment);
        let mut alone = cpu::<f32>(&config, 1);
        let wanted: Vec<StepRecord> = (0..4).map(|s| step(&mut alone, &config, s)).collect();

        // One of two helpers is dead from the start: the run equals that of a single worker, bit for bit.
        let mut lost = with_helpers::<f32>(&config, vec![threads::start(Network::new(&config, 10), 2, NORMALISATION), dead()]);
        assert_eq!((lost.workers(), lost.lost_helpers()), (3, false));
        let found: Vec<StepRecord> = (0..4).map(|s| step(&mut lost, &config, s)).collect();
        assert_eq!(found, wanted, "{fragment}");
        assert_eq!((lost.workers(), lost.lost_helpers(), lost.lost_helpers()), (1, true, false));
        assert_eq!(state(&mut lost), state(&mut alone));

        // A helper dies between two steps: the earlier steps stay.
        let mut later = cpu::<f32>(&config, 2);
        step(&mut later, &config, 0);
        let before = state(&mut later);
        let mut goes_on = with_helpers::<f32>(&config, vec![dead()]);
        goes_on.set_state(&before).unwrap();
        let mut from_there = cpu::<f32>(&config, 1);
        from_there.set_state(&before).unwrap();
        assert_eq!(step(&mut goes_on, &config, 1), step(&mut from_there, &config, 1));

        // Each operation notices the loss.
        let mut asked = with_helpers::<f32>(&config, vec![dead()]);
        assert_eq!(block_on(asked.logits(&batch(0))).unwrap().len(), 10 * BATCH);
        assert!(asked.lost_helpers());
        let mut asked = with_helpers::<f32>(&config, vec![dead()]);
        assert_eq!(block_on(asked.snapshot(&hyper(&config, 0), &batch(0))).unwrap().activations.len(), 8);
        assert!(asked.lost_helpers());
        let mut asked = with_helpers::<f32>(&config, vec![dead()]);
        assert_eq!(block_on(asked.first_not_finite(&batch(0), &hyper(&config, 0))).unwrap(), None);
        assert!(asked.lost_helpers() && step(&mut asked, &config, 0).finite);
    }
}

#[test]
fn steps_wait_for_work_and_keep_their_order() {
    let config = config("norm=none");
    let mut cpu = cpu::<f32>(&config, 2);
    for s in 0..3 {
        cpu.step(&batch(s), &hyper(&config, s)).unwrap();
    }
    assert_eq!((cpu.in_flight(), cpu.finished().unwrap()), (3, vec![]));
    block_on(cpu.work()).unwrap();
    assert_eq!((cpu.in_flight(), cpu.finished().unwrap().iter().map(|r| r.step).collect::<Vec<_>>()), (0, vec![0, 1, 2]));
}
