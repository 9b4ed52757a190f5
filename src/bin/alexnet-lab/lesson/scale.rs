//! How the scale of a layer's weights changes its output and gradients, measured in f64 without updates, and how it changes the
//! steps of a training run.

use super::measured::{Lesson, Measured};
use super::run::{Lane, Plan, Run, mean};
use super::settings::{self, Own};
use crate::outcome::Outcome;
use alexnet_lab::backend::cpu::Cpu;
use alexnet_lab::config::Config;
use alexnet_lab::data::{Dataset, batch};
use alexnet_lab::layers::input;
use alexnet_lab::network::Network;
use alexnet_lab::step::{Hyper, initial_state};

pub const SCALE_OF_WEIGHTS: Lesson = Lesson {
    name: "scale-of-weights",
    claim: "BN((aW)u) = BN(Wu). The gradient at u does not change, and the gradient at aW is 1/a as large. Relative to the weights, each step is therefore 1/a^2 as large. At tiny a, epsilon breaks this rule.",
    effect: "largest relative error of the three identities, a = 4",
    measure: scale_of_weights,
};

/// Scale so small that the variance falls below epsilon.
const TINY: f64 = 1e-3;

/// Results of one training step without its update.
struct Pass {
    output: Vec<f64>,      // of the layer, after batch normalisation if there is one
    grad_input: Vec<f64>,  // of the layer
    grad_weight: Vec<f64>, // of the layer
    relative_update: f64,  // of the weights, at a learning rate of 1
}

fn scale_of_weights(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let lesson = settings::of("scale-of-weights");
    // Only this layer's weights are scaled.
    let pass = |fragment: &str, scale: f64| pass(data, seed, fragment, &lesson.layer, scale);
    let a = lesson.number("scale");
    let identities = |of: &Pass, scaled: &Pass, scale: f64| {
        [
            distance(&of.output, &scaled.output),
            norm(&scaled.grad_input) / norm(&of.grad_input),
            norm(&scaled.grad_weight) / norm(&of.grad_weight) * scale,
        ]
    };
    let bn = pass("norm=bn", 1.0);
    let larger = pass("norm=bn", a);
    let [output, to_input, to_weight] = identities(&bn, &larger, a);
    let tiny = identities(&bn, &pass("norm=bn", TINY), TINY);
    let exact = "norm=bn&bn_epsilon=1e-8";
    let [tiny_without_epsilon, ..] = identities(&pass(exact, 1.0), &pass(exact, TINY), TINY);
    let none = identities(&pass("norm=none", 1.0), &pass("norm=none", a), a);
    let error = output.max((to_input - 1.0).abs()).max((to_weight - 1.0).abs());
    let trained = trained(data, seed, lesson)?;
    // Each step of the run relative to the weights, on average. Rule and measurement differ by the steps since the first.
    let steady = (0.5..2.0).contains(&(trained.bn_update_ratio * a * a));
    // Without BN, the output is four times as large: its distance is three times its size.
    let holds = steady && error < 1e-3 && tiny[0] > 0.1 && tiny_without_epsilon < 0.1 && (none[0] - (a - 1.0)).abs() < 1e-3;
    Ok(Measured::new(
        holds,
        error,
        [
            ("bn_output_difference", output),
            ("bn_gradient_to_input_ratio", to_input),
            ("bn_gradient_to_weight_ratio_times_a", to_weight),
            ("bn_relative_update_ratio", larger.relative_update / bn.relative_update),
            ("bn_trained_update_ratio", trained.bn_update_ratio),
            ("bn_first_loss_difference", trained.bn_first_loss_difference),
            ("none_trained_update_ratio", trained.none_update_ratio),
            ("none_first_loss_difference", trained.none_first_loss_difference),
            ("tiny_output_difference", tiny[0]),
            ("tiny_gradient_to_input_ratio", tiny[1]),
            ("tiny_gradient_to_weight_ratio_times_a", tiny[2]),
            ("tiny_output_difference_epsilon_1e-8", tiny_without_epsilon),
            ("none_output_difference", none[0]),
            ("none_gradient_to_input_ratio", none[1]),
            ("none_gradient_to_weight_ratio_times_a", none[2]),
        ],
    ))
}

/// Results of runs that differ only in the scale of the layer's initial weights: 4 against 1.
struct Trained {
    /// Ratio of the relative updates, |dW| / |W|, on average over the run.
    bn_update_ratio: f64,
    none_update_ratio: f64,
    /// Absolute difference of the first losses.
    bn_first_loss_difference: f64,
    none_first_loss_difference: f64,
}

fn trained(data: &Dataset, seed: u32, lesson: &'static Own) -> Outcome<Trained> {
    let run = Run::new(data, seed, Plan { lesson, looks: true, test: false })?;
    let [bn, bn_larger, none, none_larger] = &run.lanes[..] else { unreachable!("four lanes") };
    // Without momentum and weight decay an update is the gradient times the learning rate, which all runs share.
    let ratio = |of: &Lane, larger: &Lane| {
        let looks = of.looks.iter().zip(&larger.looks);
        mean(
            &looks
                .map(|(a, b)| larger.relative_gradient(b, &lesson.layer) / of.relative_gradient(a, &lesson.layer))
                .collect::<Vec<_>>(),
        )
    };
    Ok(Trained {
        bn_update_ratio: ratio(bn, bn_larger),
        none_update_ratio: ratio(none, none_larger),
        bn_first_loss_difference: (bn.losses[0] - bn_larger.losses[0]).abs(),
        none_first_loss_difference: (none.losses[0] - none_larger.losses[0]).abs(),
    })
}

/// Forward and backward on the first images, with a layer's weights multiplied by `scale`.
fn pass(data: &Dataset, seed: u32, fragment: &str, layer: &str, scale: f64) -> Pass {
    const IMAGES: u32 = 32;
    let config = Config { seed, ..Config::from_fragment(&format!("width=0.25&{fragment}")).0 };
    let network = Network::new(&config, data.classes.len());
    let mut cpu = Cpu::<f64>::new(network.clone(), IMAGES as usize, data.normalisation);
    let state = initial_state(&network, seed);
    // The layer itself has no other weights: its bias is 0 at the start.
    let weight = network.tensor(&format!("{layer}.weight")).expect("the network has the layer").range.clone();
    cpu.set_state(&state).expect("the state is the network's");
    cpu.parameters_mut()[weight.clone()].iter_mut().for_each(|w| *w *= scale);

    let batch = batch::gather(&data.train, &(0..IMAGES).collect::<Vec<_>>(), network.input, data.border(), None);
    let mut images = vec![0.0; batch.pixels.len()];
    input::normalise(&batch.pixels, &data.normalisation, &mut images);
    cpu.set_input(&images);
    let hyper = Hyper { seed, ..Hyper::default() };
    cpu.differentiate(&batch.labels, &hyper);

    let at = |name: &str| network.layers.iter().position(|layer| layer.name == name);
    let index = at(layer).expect("the network has the layer");
    let (grad_weight, weights) = (cpu.gradients()[weight.clone()].to_vec(), &cpu.parameters_mut()[weight].to_vec());
    Pass {
        output: cpu.output(at(&format!("{layer}.bn")).unwrap_or(index)).to_vec(),
        grad_input: cpu.output_gradient(index - 1).to_vec(),
        relative_update: norm(&grad_weight) / norm(weights),
        grad_weight,
    }
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The distance of the two, relative to the norm of `of`.
fn distance(of: &[f64], other: &[f64]) -> f64 {
    norm(&of.iter().zip(other).map(|(a, b)| b - a).collect::<Vec<_>>()) / norm(of)
}
