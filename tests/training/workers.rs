//! The CPU backend on several workers: the same gradients and losses however a batch is divided, the same bits every time, and a
//! run that continues when a helper is lost.

use alexnet_lab::backend::cpu::{Cpu, threads};
use alexnet_lab::config::Config;
use alexnet_lab::data::Normalisation;
use alexnet_lab::data::batch::Batch;
use alexnet_lab::math::gemm::Product;
use alexnet_lab::network::Network;
use alexnet_lab::rng::{Stream, hash};
use alexnet_lab::stats::{GRADIENT_BINS, GradientStats};
use alexnet_lab::step::peers::{Line, parts};
use alexnet_lab::step::{Hyper, NotFinite, Place, State, StepRecord, initial_state};
use futures_channel::mpsc::unbounded;
use pollster::block_on;

const NORMALISATION: Normalisation = Normalisation { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] };
/// Not divisible by any number of parts.
const BATCH: usize = 7;
const CASES: [&str; 5] = [
    "norm=none",
    "norm=lrn&pool=avg&activation=tanh",
    "norm=bn",
    "norm=bn&dropout=0.5&overlap=false",
    "norm=bn&bn_place=lrn&bn_noise=0.5",
];

fn config(fragment: &str) -> Config {
    let (config, notes) = Config::from_fragment(&format!("width=0.25&{fragment}"));
    assert_eq!(notes, []);
    config
}

/// A backend with the configuration's initial state, and threads as helpers.
fn cpu<T: Product>(config: &Config, workers: usize) -> Cpu<T> {
    let network = Network::new(config, 10);
    let helper = |part: &std::ops::Range<usize>| threads::start(network.clone(), part.len(), NORMALISATION);
    with_helpers(config, parts(BATCH, workers)[1..].iter().map(helper).collect())
}

fn with_helpers<T: Product>(config: &Config, helpers: Vec<Line<T>>) -> Cpu<T> {
    let network = Network::new(config, 10);
    let state = initial_state(&network, config.seed);
    let mut cpu = Cpu::with_helpers(network, BATCH, NORMALISATION, helpers);
    cpu.set_state(&state).unwrap();
    cpu
}

fn hyper(config: &Config, step: u64) -> Hyper {
    Hyper { learning_rate: 0.0002, ..Hyper::of(config, step) }
}

/// Noise whose brightness depends on the label.
fn batch(step: u64) -> Batch {
    let image = 32 * 32 * 3;
    let bits = |i: usize| hash(3, Stream::Order, step as u32, 0, i as u32);
    let labels: Vec<u32> = (0..BATCH).map(|i| bits(i) % 10).collect();
    let byte = |i: usize| ((bits(BATCH + i) % 156) + labels[i / image] * 11) as u8;
    Batch { pixels: (0..BATCH * image).map(byte).collect(), labels }
}

fn step<T: Product>(cpu: &mut Cpu<T>, config: &Config, step: u64) -> StepRecord {
    cpu.step(&batch(step), &hyper(config, step)).unwrap();
    block_on(cpu.settle()).unwrap();
    let [record] = cpu.finished().unwrap()[..] else { panic!("one step, one record") };
    record
}

fn state<T: Product>(cpu: &mut Cpu<T>) -> State {
    block_on(cpu.state()).unwrap()
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|x| x * x).sum::<f64>().sqrt()
}

/// The relative error of `found` against `wanted`, layer by layer. A bias before batch normalisation has only rounding as its
/// gradient, and counts with its layer's weight.
fn errors(network: &Network, found: &[f64], wanted: &[f64]) -> Vec<f64> {
    let of_layer = |tensors: [usize; 2]| {
        let range = network.tensors[tensors[0]].range.start..network.tensors[tensors[1]].range.end;
        let difference = norm(found[range.clone()].iter().zip(&wanted[range.clone()]).map(|(a, b)| a - b));
        difference / norm(wanted[range].iter().copied())
    };
    network.layers.iter().filter_map(|layer| layer.kind.tensors()).map(of_layer).collect()
}

fn gradients<T: Product>(config: &Config, workers: usize) -> (Vec<f64>, StepRecord) {
    let mut cpu = cpu::<T>(config, workers);
    let record = step(&mut cpu, config, 0);
    assert_eq!(cpu.workers(), workers);
    (cpu.gradients().iter().map(|g| g.to_f64()).collect(), record)
}

/// In f64, dividing a batch changes only the order of sums. The longest has 7 * 32 * 32 terms: at most a random walk of that many
/// roundings, 85 times 2^-53. Ten layers add ten of them.
#[test]
fn gradients_do_not_depend_on_the_parts() {
    let tolerance = 10.0 * f64::sqrt(7.0 * 32.0 * 32.0) * f64::EPSILON / 2.0;
    for fragment in CASES {
        let config = config(fragment);
        let network = Network::new(&config, 10);
        let (whole, record) = gradients::<f64>(&config, 1);
        for workers in 2..=4 {
            let (cut, other) = gradients::<f64>(&config, workers);
            let worst = errors(&network, &cut, &whole).into_iter().fold(0.0, f64::max);
            println!("{fragment}, {workers} parts: {worst:e} of {tolerance:e}");
            assert!(worst <= tolerance, "{fragment}, {workers} parts: {worst:e} is more than {tolerance:e}");
            assert!(worst > 0.0, "{fragment}: {workers} parts add up in the order of one");
            assert_eq!((other.correct, other.finite), (record.correct, true));
            assert!((other.loss - record.loss).abs() <= f32::EPSILON * record.loss, "{other:?} {record:?}");
        }
    }
}

/// Training amplifies a rounding error from step to step, and by jumps at the kinks of ReLU and max pooling. No formula in
/// epsilon gives the rate, but a run in f64 from slightly wrong weights does. `golden_training.rs` derives how much f32 is off:
/// 72 roundings of 2^-24. Another order of sums may cost an f32 run as much as the worst of a few such draws costs an f64 run; in
/// f64 it is 2^-29 of that. A record's loss is an f32 and rounds once more.
#[test]
fn twenty_losses_do_not_depend_on_the_parts() {
    const OFF: f64 = 72.0 / (1u32 << 24) as f64;
    for fragment in CASES {
        let config = config(fragment);
        let (exact, draws) = (losses::<f64>(&config, 1, 0, 0.0), [1, 2, 3, 4].map(|draw| losses::<f64>(&config, 1, draw, OFF)));
        let mut largest = 0.0;
        let cost: Vec<f32> = (0..20)
            .map(|s| {
                largest = draws.iter().map(|off| (off[s] - exact[s]).abs()).fold(largest, f32::max);
                largest
            })
            .collect();
        let single = losses::<f32>(&config, 1, 0, 0.0);
        for workers in 2..=4 {
            let parts = |found: &[f32], whole: &[f32], share: f32| {
                let mut worst: f32 = 0.0;
                for (s, (found, whole)) in found.iter().zip(whole).enumerate() {
                    let (tolerance, difference) = (share * cost[s] + f32::EPSILON * whole, (found - whole).abs());
                    worst = worst.max(difference / tolerance);
                    let what = format!("{fragment}, {workers} parts, step {s}: {found} and {whole}");
                    assert!(difference <= tolerance, "{what} differ by {difference:e}, more than {tolerance:e}");
                }
                assert_eq!((found.len(), whole.len()), (20, 20));
                worst
            };
            let of_f32 = parts(&losses::<f32>(&config, workers, 0, 0.0), &single, 1.0);
            let of_f64 = parts(&losses::<f64>(&config, workers, 0, 0.0), &exact, 1.0 / (1u32 << 29) as f32);
            println!("{fragment}, {workers} parts: {of_f32:.3} of {:.1e}, in f64 {of_f64:.3} of its tolerance", cost[19]);
        }
    }
}

/// The losses of twenty steps, from weights with a relative error of plus or minus `error`.
fn losses<T: Product>(config: &Config, workers: usize, draw: u32, error: f64) -> Vec<f32> {
    let mut cpu = cpu::<T>(config, workers);
    for (i, weight) in cpu.parameters_mut().iter_mut().enumerate() {
        let sign = if hash(draw, Stream::Order, 0, 0, i as u32) & 1 == 0 { 1.0 } else { -1.0 };
        *weight = T::of(weight.to_f64() * (1.0 + sign * error));
    }
    (0..20).map(|s| step(&mut cpu, config, s).loss).collect()
}

#[test]
fn equal_runs_give_equal_bits_with_any_number_of_workers() {
    let config = config("norm=bn&dropout=0.5");
    for workers in 2..=4 {
        let run = || {
            let mut cpu = cpu::<f32>(&config, workers);
            let losses: Vec<u32> = (0..30).map(|s| step(&mut cpu, &config, s).loss.to_bits()).collect();
            let logits = block_on(cpu.logits(&batch(40))).unwrap();
            (losses, state(&mut cpu), logits)
        };
        assert!(run() == run(), "{workers} workers");
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
    for (i, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        // fc6 sums 256 terms, each later layer 64, of size near 1.
        assert!((found - wanted).abs() < 256.0 * f32::EPSILON * (1.0 + wanted.abs()), "logit {i}: {found} {wanted}");
    }
    let layer = one.network().layers.len() - 1;
    let seven = batch(0);
    let (wanted, found) = (block_on(one.output_of(&seven, layer)).unwrap(), block_on(three.output_of(&seven, layer)).unwrap());
    assert_eq!(found.len(), 70);
    assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 256.0 * f32::EPSILON), "{found:?} {wanted:?}");
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
