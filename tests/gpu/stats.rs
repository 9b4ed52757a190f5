//! The statistics kernels against `src/stats`, given the same floats. Padding is filled with NaN to check that it is ignored.

use crate::common::*;
use alexnet_lab::backend::cpu::Cpu;
use alexnet_lab::backend::gpu::Gpu;
use alexnet_lab::backend::gpu::buffers::Buffers;
use alexnet_lab::backend::gpu::stats::Stats;
use alexnet_lab::config::Config;
use alexnet_lab::data::Normalisation;
use alexnet_lab::data::batch::Batch;
use alexnet_lab::gpu::device::Device;
use alexnet_lab::gpu::recorder::Recorder;
use alexnet_lab::gpu::view::{View, padded};
use alexnet_lab::network::{Kind, Network};
use alexnet_lab::stats::{ACTIVATION_BINS, ActivationStats, GradientStats, Snapshot};
use alexnet_lab::step::{Hyper, initial_state};
use pollster::block_on;

const BATCH: usize = 3;
const ROUNDING: f32 = f32::EPSILON / 2.0;

/// A network on the GPU whose tensors a test fills.
struct Bench {
    device: Device,
    network: Network,
    buffers: Buffers,
    stats: Stats,
}

impl Bench {
    fn new(device: &Device, fragment: &str) -> Bench {
        let (config, notes) = Config::from_fragment(fragment);
        assert_eq!(notes, []);
        let network = Network::new(&config, 7);
        let mut recorder = Recorder::new(device, BATCH).unwrap();
        let buffers = Buffers::new(&mut recorder, &network).unwrap();
        let stats = Stats::new(device, &mut recorder, &network, &buffers).unwrap();
        Bench { device: device.clone(), network, buffers, stats }
    }

    /// Fills a buffer of rows of `channels`, with NaN as padding.
    fn fill(&self, view: &View, values: &[f32], channels: usize) {
        let mut stored = pad(values, channels);
        for row in stored.chunks_exact_mut(padded(channels)) {
            row[channels..].fill(f32::NAN);
        }
        view.write(&self.device, bytemuck::cast_slice(&stored));
    }

    /// Fills all tensors of a flat buffer; the padding gets NaN.
    fn fill_tensors(&self, view: &View, values: &[f32]) {
        for (i, place) in self.buffers.layout.tensors.iter().enumerate() {
            let mut stored = place.pad(values);
            let is_value = place.pad(&vec![1.0; values.len()]);
            stored.iter_mut().zip(is_value).filter(|(_, is)| *is == 0.0).for_each(|(pad, _)| *pad = f32::NAN);
            self.buffers.tensor(view, i).write(&self.device, bytemuck::cast_slice(&stored));
        }
    }

    fn measure(&mut self, images: usize) -> Snapshot {
        self.stats.measure_gradients(&self.device);
        self.stats.measure_activations(&self.device, images);
        block_on(self.stats.read(&self.device, 5)).unwrap()
    }
}

/// Values over 60 orders of magnitude, including every special case.
fn gradients(seed: u32, n: usize) -> Vec<f32> {
    let special = [0.0, -0.0, 1e-40, -1e-44, f32::MAX, -1e25, 1e-30, f32::MIN_POSITIVE, 1.0, std::f32::consts::SQRT_2];
    let (size, sign) = (random(seed, n), random(seed + 1, n));
    let value = |i: usize| if i % 50 < special.len() { special[i % 50] } else { 10f32.powf(30.0 * size[i]) * sign[i] };
    (0..n).map(value).collect()
}

fn compare_gradients(what: &str, found: &GradientStats, wanted: &GradientStats) {
    let counts = |stats: &GradientStats| (stats.bins.clone(), stats.below, stats.above, stats.zero, stats.nan, stats.inf);
    assert_eq!(counts(found), counts(wanted), "{what}: bins, below, above, zero, nan, inf");
    // A thread adds at most 256 squares and the first thread 64 such sums, with a rounding each; the root halves the error.
    let close = (found.norm - wanted.norm).abs() <= wanted.norm * (160.0 + 4.0) * ROUNDING;
    let same = found.norm == wanted.norm || found.norm.is_nan() && wanted.norm.is_nan();
    assert!(close || same, "{what}: norm {} on the GPU, {} on the CPU", found.norm, wanted.norm);
}

fn check_gradients(bench: &mut Bench, parameters: &[f32], activations: &[Vec<f32>]) {
    bench.fill_tensors(&bench.buffers.gradients, parameters);
    for (block, values) in bench.network.blocks.iter().zip(activations) {
        let channels = bench.network.layers[block.activation].output.channels;
        bench.fill(&bench.buffers.grads[block.activation], values, channels);
    }
    let tensors: Vec<f32> = parameters.iter().rev().copied().collect();
    bench.fill_tensors(&bench.buffers.parameters, &tensors);
    let found = bench.measure(BATCH);
    assert_eq!(found.step, 5);
    for (tensor, norm) in bench.network.tensors.iter().zip(&found.norms) {
        let wanted = GradientStats::of(&tensors[tensor.range.clone()]);
        compare_gradients(&tensor.name, &GradientStats { norm: *norm, ..wanted.clone() }, &wanted);
    }
    assert_eq!(found.parameters.len(), bench.network.tensors.len());
    for (tensor, found) in bench.network.tensors.iter().zip(&found.parameters) {
        compare_gradients(&tensor.name, found, &GradientStats::of(&parameters[tensor.range.clone()]));
    }
    assert_eq!(found.activation_gradients.len(), activations.len());
    for ((block, values), found) in bench.network.blocks.iter().zip(activations).zip(&found.activation_gradients) {
        compare_gradients(&block.name, found, &GradientStats::of(values));
    }
}

fn activation_lengths(network: &Network) -> Vec<usize> {
    network.blocks.iter().map(|block| BATCH * network.layers[block.activation].output.len()).collect()
}

#[test]
fn gradients_are_counted_like_on_the_cpu() {
    let mut bench = Bench::new(device(), "width=0.25&norm=bn");
    let parameters = gradients(1, bench.network.parameters());
    let mut activations: Vec<_> = activation_lengths(&bench.network).iter().map(|n| gradients(*n as u32, *n)).collect();
    check_gradients(&mut bench, &parameters, &activations);
    // The next snapshot starts from 0. One tensor has a NaN, another infinities, a third only zeros.
    let mut parameters: Vec<f32> = parameters.iter().map(|g| g * 0.5).collect();
    parameters[7] = f32::NAN;
    parameters[bench.network.tensors[3].range.start] = f32::NEG_INFINITY;
    activations[1][5] = f32::INFINITY;
    activations[2].fill(0.0);
    activations[3].fill(1e-30); // squares that are no f32
    check_gradients(&mut bench, &parameters, &activations);
}

#[test]
fn tensors_may_span_several_bindings() {
    let small = device().with_binding_limit(48 * 1024);
    let mut bench = Bench::new(&small, "width=0.25&norm=none");
    let parameters = gradients(3, bench.network.parameters());
    let activations: Vec<_> = activation_lengths(&bench.network).iter().map(|n| gradients(*n as u32, *n)).collect();
    check_gradients(&mut bench, &parameters, &activations);
    check_activations(&mut bench, BATCH, |_, n| random(9, n));
}

fn check_activations(bench: &mut Bench, images: usize, make: impl Fn(usize, usize) -> Vec<f32>) {
    let values: Vec<_> = activation_lengths(&bench.network).into_iter().enumerate().map(|(i, n)| make(i, n)).collect();
    for (block, values) in bench.network.blocks.iter().zip(&values) {
        let channels = bench.network.layers[block.activation].output.channels;
        bench.fill(&bench.buffers.outputs[block.activation], values, channels);
    }
    let found = bench.measure(images);
    assert_eq!(found.activations.len(), values.len());
    for ((block, values), found) in bench.network.blocks.iter().zip(&values).zip(&found.activations) {
        let layer = &bench.network.layers[block.activation];
        let function = if let Kind::Activation { function } = layer.kind { Some(function) } else { None };
        let values = &values[..images * layer.output.len()];
        let wanted = ActivationStats::of(values, layer.output.channels, function);
        compare_activations(&block.name, values, found, &wanted);
    }
}

fn compare_activations(what: &str, values: &[f32], found: &ActivationStats, wanted: &ActivationStats) {
    let exact = |stats: &ActivationStats| (stats.nan, stats.inf, stats.min, stats.max, stats.saturated, stats.dead);
    assert_eq!(exact(found), exact(wanted), "{what}: nan, inf, min, max, saturated, dead");
    // A thread sums at most 256 differences of at most the range; joining 64 threads adds that many roundings of the mean.
    let [min, max, rounding] = [wanted.min, wanted.max, ROUNDING].map(f64::from);
    let (range, size) = (max - min, min.abs().max(max.abs()));
    let mean = (f64::from(found.mean) - f64::from(wanted.mean)).abs();
    let tolerance = (256.0 * range + 64.0 * size) * rounding;
    assert!(mean <= tolerance, "{what}: mean {} and {}", found.mean, wanted.mean);
    // Relative error 256 + 4 * 64 roundings of the variance about a value that is at most one range away.
    let variance = (f64::from(found.std).powi(2) - f64::from(wanted.std).powi(2)).abs();
    assert!(variance <= 2.0 * 512.0 * rounding * range * range, "{what}: std {} and {}", found.std, wanted.std);
    compare_bins(what, values, found, wanted);
}

/// Values within the rounding error of an edge may fall on either side of it.
fn compare_bins(what: &str, values: &[f32], found: &ActivationStats, wanted: &ActivationStats) {
    let (mut certain, mut possible) = ([0u32; ACTIVATION_BINS], [0u32; ACTIVATION_BINS]);
    let scale = ACTIVATION_BINS as f64 / (f64::from(wanted.max) - f64::from(wanted.min));
    let bin = |place: f64| (place.max(0.0) as usize).min(ACTIVATION_BINS - 1);
    for x in values.iter().filter(|x| x.is_finite()) {
        let place = if wanted.max > wanted.min { (f64::from(*x) - f64::from(wanted.min)) * scale } else { 0.0 };
        // Difference, quotient (2.5 ulp in WGSL) and product: 4 roundings in ulp of a place of at most 64.
        let slack = 4.0 * f64::from(f32::EPSILON) * ACTIVATION_BINS as f64;
        let (low, high) = (bin(place - slack), bin(place + slack));
        certain[low] += u32::from(low == high);
        (low..=high).for_each(|bin| possible[bin] += 1);
    }
    assert_eq!(found.bins.iter().sum::<u32>(), wanted.bins.iter().sum::<u32>(), "{what}: values in bins");
    for (i, count) in found.bins.iter().enumerate() {
        assert!(
            (certain[i]..=possible[i]).contains(count),
            "{what}: bin {i} holds {count}, not {} to {}",
            certain[i],
            possible[i]
        );
    }
    let unsure = possible.iter().sum::<u32>() - certain.iter().sum::<u32>();
    assert!(unsure as usize <= 2 + values.len() / 50, "{what}: {unsure} values at an edge make the test weak");
}

#[test]
fn activations_are_measured_like_on_the_cpu() {
    for activation in ["relu", "sigmoid", "tanh", "leaky_relu"] {
        let mut bench = Bench::new(device(), &format!("width=0.25&norm=none&activation={activation}"));
        // Over the whole range of the function; for ReLU, every fourth channel is dead (channels are multiples of 4).
        let make = |i: usize, n: usize| -> Vec<f32> {
            let x = random(i as u32, n);
            match activation {
                "relu" => x.iter().enumerate().map(|(j, x)| if j % 4 == i % 4 { 0.0 } else { 3.0 * x.max(0.0) }).collect(),
                "sigmoid" => x.iter().map(|x| 1.0 / (1.0 + (-8.0 * x).exp())).collect(),
                "tanh" => x.iter().map(|x| (4.0 * x).tanh()).collect(),
                _ => x.iter().map(|x| if *x <= 0.0 { 0.01 * x } else { *x }).collect(),
            }
        };
        check_activations(&mut bench, BATCH, make);
        // Fewer images than the buffers hold, then all again.
        check_activations(&mut bench, 1, make);
        check_activations(&mut bench, BATCH, |i, n| make(i + 100, n));
    }
}

#[test]
fn activations_with_a_large_mean_nan_and_infinity() {
    let mut bench = Bench::new(device(), "width=0.25&norm=none");
    check_activations(&mut bench, BATCH, |i, n| {
        let mut x: Vec<f32> = random(i as u32, n).iter().map(|x| 1000.0 + x).collect();
        match i {
            0 => x[3] = f32::NAN,
            1 => (x[0], x[4]) = (f32::INFINITY, f32::NEG_INFINITY),
            2 => x.fill(f32::NAN),
            3 => x.fill(-2.5),
            4 => x.iter_mut().for_each(|x| *x = -*x),
            // Squares that no f32 can hold.
            5 => x.iter_mut().for_each(|x| *x *= 1e30),
            6 => x.iter_mut().for_each(|x| *x *= 1e-30),
            7 => x.iter_mut().enumerate().for_each(|(i, x)| *x = if i % 2 == 0 { 1e38 } else { -1e38 }),
            _ => {}
        }
        x
    });
}

/// Means and deviations of the three channels.
const NORMALISATION: Normalisation = Normalisation { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] };

/// Noisy images whose brightness follows their label.
fn batch(network: &Network, images: usize, seed: u32) -> Batch {
    let labels: Vec<u32> = (0..images as u32).map(|i| (i + seed) % network.classes as u32).collect();
    let noise = random(seed, images * network.input.len());
    let byte = |(i, x): (usize, &f32)| (60.0 + 50.0 * x + 20.0 * labels[i / network.input.len()] as f32) as u8;
    Batch { pixels: noise.iter().enumerate().map(byte).collect(), labels }
}

#[test]
fn a_snapshot_of_a_trained_network_agrees_with_the_cpu() {
    for fragment in [
        "norm=lrn",
        "norm=bn&activation=tanh&pool=avg",
        "norm=none&activation=sigmoid&depth=2",
        "norm=bn&bn_noise=0.5&activation=tanh&pool=avg",
    ] {
        let (config, _) = Config::from_fragment(&format!("width=0.25&{fragment}"));
        let network = Network::new(&config, 7);
        let state = initial_state(&network, 1);
        let mut gpu = block_on(Gpu::new(device(), &network, BATCH, NORMALISATION)).unwrap();
        let mut single: Cpu<f32> = Cpu::new(network.clone(), BATCH, NORMALISATION);
        let mut double: Cpu<f64> = Cpu::new(network.clone(), BATCH, NORMALISATION);
        gpu.set_state(&state).unwrap();
        single.set_state(&state).unwrap();
        double.set_state(&state).unwrap();
        let probe = batch(&network, 2, 9);
        for step in 0..2 {
            let hyper = Hyper { step, seed: 1, learning_rate: 1e-3, momentum: 0.9, weight_decay: 5e-4, dropout: 0.5, noise: 0.5 };
            let batch = batch(&network, BATCH, step as u32);
            gpu.step(&batch, &hyper).unwrap();
            single.step(&batch, &hyper).unwrap();
            double.step(&batch, &hyper).unwrap();
            // A snapshot between two steps must not disturb the second.
            let found = block_on(gpu.snapshot(&hyper, &probe)).unwrap();
            let single = block_on(single.snapshot(&hyper, &probe)).unwrap();
            let double = block_on(double.snapshot(&hyper, &probe)).unwrap();
            println!("{fragment}, step {step}");
            compare_snapshots(&network, [&found, &single, &double]);
        }
    }
}

/// Tensors whose gradient is 0 except for rounding: a bias that batch normalisation removes again.
fn has_no_gradient(network: &Network, tensor: usize) -> bool {
    network.layers.windows(2).any(|pair| match (&pair[0].kind, &pair[1].kind) {
        (Kind::Conv { bias, .. } | Kind::Linear { bias, .. }, Kind::BatchNorm { .. }) => *bias == tensor,
        _ => false,
    })
}

/// Each quantity is within 16 times the effect of f32 rounding on its kind anywhere in the network, which f64 shows.
fn compare_snapshots(network: &Network, [found, single, double]: [&Snapshot; 3]) {
    let gradients = |s: &Snapshot| -> Vec<GradientStats> {
        let parameters = s.parameters.iter().enumerate().filter(|(i, _)| !has_no_gradient(network, *i)).map(|(_, g)| g);
        parameters.chain(&s.activation_gradients).cloned().collect()
    };
    let own = |s: &Snapshot| -> Vec<f32> {
        s.norms.iter().enumerate().filter(|(i, _)| !has_no_gradient(network, *i)).map(|(_, norm)| *norm).collect()
    };
    let norms = |s: &Snapshot| gradients(s).iter().map(|g| g.norm).chain(own(s)).collect::<Vec<_>>();
    let sizes = |s: &Snapshot| s.activations.iter().flat_map(|a| [a.min, a.max, a.mean, a.std]).collect::<Vec<_>>();
    for (name, of) in [("norm", &norms as &dyn Fn(&Snapshot) -> Vec<f32>), ("min, max, mean, std", &sizes)] {
        let wanted = of(double);
        let error = |s: &Snapshot| -> Vec<f32> {
            of(s).iter().zip(&wanted).map(|(a, b)| (a - b).abs() / (b.abs() + f32::MIN_POSITIVE)).collect()
        };
        let rounding = error(single).into_iter().fold(f32::EPSILON, f32::max);
        println!("{name}: rounding {rounding:e} gpu {:e}", error(found).into_iter().fold(0.0, f32::max));
        assert!(rounding < 1e-3, "{name}: rounding of {rounding:e} makes the test weak");
        for (i, error) in error(found).into_iter().enumerate() {
            let (a, b) = (of(found)[i], wanted[i]);
            assert!(error <= 16.0 * rounding, "{name} {i}: GPU {a}, CPU {b}: {error:e} is more than 16 * {rounding:e}");
        }
    }
    for (found, single) in gradients(found).iter().zip(gradients(single)) {
        let total = |g: &GradientStats| g.bins.iter().sum::<u32>() + g.below + g.above + g.zero + g.nan + g.inf;
        assert_eq!(total(found), total(&single), "values counted");
        // A value changes bins when rounding carries it over an edge; the share of such values is like their relative error.
        let moved: u32 = found.bins.iter().zip(&single.bins).map(|(a, b)| a.abs_diff(*b)).sum();
        assert!(moved <= 2 + total(found) / 100, "{moved} of {} values are in other bins", total(found));
    }
}
