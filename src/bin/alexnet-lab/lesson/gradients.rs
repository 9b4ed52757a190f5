//! How a gradient changes on its way back through many layers.

use super::measured::{Lesson, Measured};
use super::run::{Lane, Plan, Run, mean};
use super::settings;
use crate::outcome::Outcome;
use alexnet_lab::data::Dataset;

pub const RELU_OR_SIGMOID: Lesson = Lesson {
    name: "relu-or-sigmoid",
    claim: "Sigmoid shrinks the gradient layer by layer, to a thousandth or less over eleven layers. ReLU does not.",
    effect: "log10 of conv1's gradient with ReLU divided by that with sigmoid",
    measure: relu_or_sigmoid,
};

fn relu_or_sigmoid(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let lesson = settings::of("relu-or-sigmoid");
    let run = Run::new(data, seed, Plan { lesson, looks: false, test: false })?;
    let [relu, sigmoid] = &run.lanes[..] else { unreachable!("two lanes") };
    let conv1 = |lane: &Lane| lane.weight_gradient("conv1");
    // From the gradient of one hidden activation to that of the one before.
    let gains = |lane: &Lane| -> Vec<f64> { lane.activation_gradients().windows(2).map(|pair| pair[0] / pair[1]).collect() };
    let largest = |lane: &Lane| gains(lane).into_iter().fold(0.0, f64::max);
    let product = |lane: &Lane| gains(lane).into_iter().product::<f64>();
    let ratio = conv1(relu) / conv1(sigmoid);
    let much = lesson.number("much");
    let holds = ratio > much && product(sigmoid) < 1.0 / much;
    Ok(Measured::new(
        holds,
        ratio.log10(),
        [
            ("relu_conv1", conv1(relu)),
            ("sigmoid_conv1", conv1(sigmoid)),
            ("relu_largest_gain", largest(relu)),
            ("relu_product_of_gains", product(relu)),
            ("sigmoid_largest_gain", largest(sigmoid)),
            ("sigmoid_product_of_gains", product(sigmoid)),
            ("bound_of_slopes", 0.25f64.powi(relu.hidden() as i32 - 1)),
            ("relu_dead", mean_share(relu, |stats| stats.dead)),
            ("sigmoid_saturated", mean_share(sigmoid, |stats| stats.saturated)),
            ("relu_loss", relu.loss()),
            ("sigmoid_loss", sigmoid.loss()),
        ],
    ))
}

/// Mean over the hidden blocks at the run's end.
fn mean_share(lane: &Lane, share: fn(&alexnet_lab::stats::ActivationStats) -> f32) -> f64 {
    mean(&lane.last.activations[..lane.hidden()].iter().map(|stats| f64::from(share(stats))).collect::<Vec<_>>())
}

pub const PRODUCT_OF_WEIGHTS: Lesson = Lesson {
    name: "product-of-weights",
    claim: "The gradient of conv1 is a product that contains the weights of all later layers. Halving the weights multiplies it by 0.5 to the power of the number of these layers.",
    effect: "exponent of the weights' scale in conv1's gradient, divided by the number of layers",
    measure: product_of_weights,
};

fn product_of_weights(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let lesson = settings::of("product-of-weights");
    let run = Run::new(data, seed, Plan { lesson, looks: false, test: false })?;
    let [one, half, double] = [0, 1, 2].map(|lane| run.lanes[lane].weight_gradient("conv1"));
    let layers = run.lanes[0].hidden() as f64;
    let power = (one / half).log2() / layers;
    // The loss's own gradient is bounded, so doubling gives a little more or less than the power alone.
    let up = (double / one).log2() / layers;
    Ok(Measured::new(
        (0.8..1.25).contains(&power) && up > 0.8,
        power,
        [
            ("one_conv1", one),
            ("half_conv1", half),
            ("double_conv1", double),
            ("layers", layers),
            ("half_rule", 0.5f64.powf(layers)),
            ("half_ratio", half / one),
            ("double_rule", 2f64.powf(layers)),
            ("double_ratio", double / one),
            ("double_power", up),
            ("double_steps_to_divergence", run.lanes[2].diverged.map_or(f64::NAN, |step| step as f64)),
            ("one_loss", run.lanes[0].loss()),
            ("half_loss", run.lanes[1].loss()),
        ],
    ))
}
