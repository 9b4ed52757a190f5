//! How many steps each activation function needs, each at its own best learning rate.

use super::measured::{Lesson, Measured};
use super::run::{Lane, Plan, Run, mean};
use super::settings::{self, Own};
use crate::outcome::Outcome;
use alexnet_lab::data::Dataset;

pub const FIGURE_1: Lesson = Lesson {
    name: "figure-1",
    claim: "Each at its own best learning rate, ReLU and tanh need about the same number of steps. Sigmoid needs far more.",
    effect: "steps of tanh to the training error in question, divided by those of ReLU",
    measure: figure_1,
};

fn figure_1(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let lesson = settings::of("figure-1");
    let run = Run::new(data, seed, Plan { lesson, looks: false, test: false })?;
    let [relu, tanh, sigmoid] = &run.lanes[..] else { unreachable!("three lanes") };
    let [relu_steps, tanh_steps, sigmoid_steps] = [relu, tanh, sigmoid].map(|lane| steps_to_mark(lane, lesson));
    let [relu_error, tanh_error, sigmoid_error] = [relu, tanh, sigmoid].map(|lane| error_at_end(lane, lesson));
    let (ratio, near) = (tanh_steps / relu_steps, lesson.number("near"));
    Ok(Measured::new(
        (1.0 / near..near).contains(&ratio) && sigmoid_steps.is_nan(),
        ratio,
        [
            ("relu_steps", relu_steps),
            ("tanh_steps", tanh_steps),
            ("sigmoid_steps", sigmoid_steps),
            ("relu_training_error", relu_error),
            ("tanh_training_error", tanh_error),
            ("sigmoid_training_error", sigmoid_error),
        ],
    ))
}

/// Steps until the training accuracy, averaged over about one pass over the images, reaches the mark. NaN if it never does.
fn steps_to_mark(lane: &Lane, lesson: &Own) -> f64 {
    let (right, batches) = (lesson.number("right"), lesson.number("batches") as usize);
    let reached = lane.accuracies.windows(batches).position(|batches| mean(batches) >= right);
    reached.map_or(f64::NAN, |first| (first + batches) as f64)
}

/// The training error, averaged over about the last pass.
fn error_at_end(lane: &Lane, lesson: &Own) -> f64 {
    let rows = &lane.accuracies;
    1.0 - mean(&rows[rows.len().saturating_sub(lesson.number("batches") as usize)..])
}
