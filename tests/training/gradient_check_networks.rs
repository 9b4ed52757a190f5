//! Small whole networks in every combination of switches against finite differences in f64: for each tensor, the derivative along
//! a random direction, to which every entry contributes; for weight matrices, along a single entry too.

use crate::finite_difference::{Tally, normals, rms, sample};
use alexnet_lab::backend::cpu::{Cpu, Mode};
use alexnet_lab::config::{BnPlace, Config, Norm};
use alexnet_lab::data::Normalisation;
use alexnet_lab::network::{Init, Network};
use alexnet_lab::step::{Hyper, Share};

/// Images. At least 3: two rows are always normalised to +1 and -1, which leaves hardly any gradient.
const BATCH: usize = 3;
const LABELS: [u32; BATCH] = [3, 0, 9];

/// Rounding error of the loss: eight layers with sums of up to 1024 terms, each a random walk of `sqrt(1024)` steps of 2^-53, on
/// a loss near 2.3.
const ROUNDOFF: f64 = 8.0 * 32.0 * 2.3 * 1.1e-16;

struct Probe {
    cpu: Cpu<f64>,
    parameters: Vec<f64>,
    hyper: Hyper,
}

impl Probe {
    /// A network away from its special start: biases, gammas and betas are random too.
    fn new(config: &Config) -> Probe {
        let network = Network::new(config, 10);
        let mut parameters: Vec<f64> = network.initial_parameters(config.seed).into_iter().map(f64::from).collect();
        for tensor in network.tensors.iter().filter(|tensor| matches!(tensor.init, Init::Constant { .. })) {
            let noise = normals(&tensor.name, tensor.range.len());
            parameters[tensor.range.clone()].iter_mut().zip(noise).for_each(|(w, noise)| *w += 0.1 * noise);
        }
        let input = normals("images", BATCH * network.input.len());
        let mut cpu = Cpu::new(network, BATCH, Normalisation { mean: [0.0; 3], std: [1.0; 3] });
        cpu.set_input(&input);
        let hyper = Hyper { seed: 5, ..Hyper::of(config, 3) };
        Probe { cpu, parameters, hyper }
    }

    fn gradients(&mut self) -> Vec<f64> {
        self.cpu.parameters_mut().copy_from_slice(&self.parameters);
        self.cpu.differentiate(&LABELS, &self.hyper);
        self.cpu.gradients().to_vec()
    }

    /// The loss with the tensor at `start` moved by `t` along `direction`.
    fn loss(&mut self, start: usize, direction: &[f64], t: f64) -> f64 {
        let place = start..start + direction.len();
        let moved = self.parameters[place.clone()].iter().zip(direction).map(|(w, d)| w + t * d);
        self.cpu.parameters_mut()[place.clone()].iter_mut().zip(moved).for_each(|(target, w)| *target = w);
        self.cpu.forward(&Mode::Training(Share::new(&self.hyper, 0, BATCH)));
        let loss = self.cpu.loss(&LABELS).0;
        self.cpu.parameters_mut()[place.clone()].copy_from_slice(&self.parameters[place]);
        loss
    }
}

/// Checks all tensors of one configuration.
fn check(fragment: &str, total: &mut Tally) {
    let (config, notes) = Config::from_fragment(fragment);
    assert_eq!(notes, []);
    let mut probe = Probe::new(&config);
    let gradients = probe.gradients();
    let tensors = probe.cpu.network().tensors.clone();
    for tensor in &tensors {
        let (label, start) = (format!("{fragment} {}", tensor.name), tensor.range.start);
        let gradient = &gradients[tensor.range.clone()];
        // Batch normalisation removes the bias before it: its gradient is rounding, and so is the difference. A local layer has a bias
        // for each position, whose differences stay.
        if config.norm == Norm::Bn
            && config.bn_place == BnPlace::All
            && tensor.name.ends_with(".bias")
            && !tensor.name.starts_with("bn")
            && tensor.shape.len() == 1
            && tensor.range.end < gradients.len()
        {
            let difference = probe.loss(start, &vec![1.0; gradient.len()], 1e-2) - probe.loss(start, &[0.0], 0.0);
            assert!(rms(gradient) < ROUNDOFF && difference.abs() < 2.0 * ROUNDOFF, "{label}: {gradient:?} {difference:e}");
            continue;
        }
        let noise = normals(&label, gradient.len());
        let unit = 1.0 / noise.iter().map(|d| d * d).sum::<f64>().sqrt();
        let direction: Vec<f64> = noise.into_iter().map(|d| unit * d).collect();
        let along = direction.iter().zip(gradient).map(|(d, g)| d * g).sum();
        let scale = rms(gradient);
        total.compare(&label, along, scale, ROUNDOFF, |t| probe.loss(start, &direction, t)).unwrap();
        for i in sample(&label, gradient.len(), usize::from(tensor.shape.len() > 1)) {
            let label = format!("{label}[{i}]");
            total.compare(&label, gradient[i], scale, ROUNDOFF, |t| probe.loss(start + i, &[1.0], t)).unwrap();
        }
    }
}

fn check_activation(activation: &str) {
    let mut total = Tally::default();
    for norm in ["none", "lrn&lrn_alpha=0.1", "bn&bn_epsilon=1e-3"] {
        for pool in ["max", "avg"] {
            for overlap in ["false", "true"] {
                for dropout in ["0", "0.5"] {
                    let fragment =
                        format!("width=0.25&activation={activation}&norm={norm}&pool={pool}&overlap={overlap}&dropout={dropout}");
                    check(&fragment, &mut total);
                }
            }
        }
    }
    println!("{activation}: {total:?}");
    total.finish(activation);
}

#[test]
fn relu_networks_match_finite_differences() {
    check_activation("relu");
}

#[test]
fn sigmoid_networks_match_finite_differences() {
    check_activation("sigmoid");
}

#[test]
fn tanh_networks_match_finite_differences() {
    check_activation("tanh");
}

#[test]
fn leaky_relu_networks_match_finite_differences() {
    check_activation("leaky_relu");
}

#[test]
fn batch_norm_as_lrn_and_with_noise_matches_finite_differences() {
    let mut total = Tally::default();
    for fragment in
        ["bn_place=lrn", "bn_place=lrn&pool=avg&activation=sigmoid", "bn_noise=0.5", "bn_place=lrn&bn_noise=1&activation=tanh"]
    {
        check(&format!("width=0.25&norm=bn&bn_epsilon=1e-3&{fragment}"), &mut total);
    }
    total.finish("batch normalisation's place and noise");
}

#[test]
fn a_deeper_network_matches_finite_differences() {
    let mut total = Tally::default();
    check("width=0.25&depth=2&activation=tanh&norm=lrn&lrn_n=4&lrn_beta=0.5&init=xavier", &mut total);
    total.finish("depth 2");
}

#[test]
fn the_other_architectures_match_finite_differences() {
    let mut total = Tally::default();
    for fragment in [
        "arch=lenet&activation=tanh&norm=lrn&lrn_alpha=0.1&pool=paper&overlap=false&dropout=0.5",
        "arch=convnet26&width=0.25&norm=lrn&lrn_alpha=0.1&pool=paper",
        "arch=convnet26&width=0.25&norm=bn&bn_place=lrn&bn_epsilon=1e-3&pool=max",
        "arch=convnet18&width=0.25&norm=lrn&lrn_region=map&lrn_n=3&lrn_alpha=0.1&pool=paper",
        "arch=local&width=0.25&norm=lrn&lrn_alpha=0.1&pool=paper",
        "arch=local&width=0.25&norm=bn&bn_epsilon=1e-3&activation=tanh",
    ] {
        check(fragment, &mut total);
    }
    total.finish("other architectures");
}
