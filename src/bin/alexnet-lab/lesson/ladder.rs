//! From LeNet to AlexNet, one change at a time.

use super::measured::{Lesson, Measured};
use super::run::{Plan, Run, configs};
use super::settings::{self, Own};
use crate::outcome::Outcome;
use alexnet_lab::config::Config;
use alexnet_lab::data::Dataset;

pub const FROM_LENET: Lesson = Lesson {
    name: "from-lenet",
    claim: "From LeNet to AlexNet, one change at a time and with the same number of steps, ReLU adds more test accuracy than any other change.",
    effect: "test accuracy that ReLU adds, minus the largest gain of another change",
    measure: from_lenet,
};

fn from_lenet(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let lesson = settings::of("from-lenet");
    let run = Run::of(data, rungs(lesson, seed).into_iter(), Plan { lesson, looks: false, test: true })?;
    let accuracies: Vec<f64> = run.lanes.iter().map(|lane| lane.test_accuracy()).collect();
    let gain = |rung: usize| accuracies[rung] - accuracies[rung - 1];
    let relu = lesson.rungs.iter().position(|rung| rung.name == "relu").expect("the ladder has ReLU");
    let others = (1..accuracies.len()).filter(|rung| *rung != relu);
    let lead = gain(relu) - others.map(gain).fold(f64::NEG_INFINITY, f64::max);
    let numbers = lesson.rungs.iter().zip(&accuracies);
    Ok(Measured {
        holds: lead > 0.0,
        effect: lead,
        numbers: numbers.map(|(rung, accuracy)| (format!("{}_test_accuracy", rung.name), *accuracy)).collect(),
    })
}

/// Every rung of the ladder: the fragment's first network, and each further one with its change to the one before.
fn rungs(lesson: &Own, seed: u32) -> Vec<Config> {
    let mut config = configs(lesson, seed).next().expect("a fragment has a network");
    let climb = |changes: &str| {
        let (next, notes) = config.clone().with(&mut changes.split(',').filter_map(|change| change.split_once(':')));
        assert!(notes.is_empty(), "{changes}: {notes:?}");
        config = next;
        config.clone()
    };
    lesson.rungs.iter().map(|rung| &*rung.changes).map(climb).collect()
}
