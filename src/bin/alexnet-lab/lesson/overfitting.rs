//! Between training and test images, and between one step and a later one.

use super::measured::{Lesson, Measured};
use super::run::{Lane, Plan, Run, is_clear, mean, quantile};
use super::settings;
use crate::outcome::Outcome;
use alexnet_lab::data::Dataset;
use alexnet_lab::stats::ActivationStats;

pub const DROPOUT: Lesson = Lesson {
    name: "dropout",
    claim: "On 500 training images, dropout 0.5 narrows the gap between test loss and training loss.",
    effect: "gap without dropout minus gap with dropout, in nats",
    measure: dropout,
};

fn dropout(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let lesson = settings::of("dropout");
    let run = Run::new(data, seed, Plan { lesson, looks: false, test: true })?;
    let [without, with] = &run.lanes[..] else { unreachable!("two lanes") };
    // All units are on in both, so that only the images differ.
    let gap = |lane: &Lane| lane.test_loss() - lane.fit()[0];
    let narrowed = gap(without) - gap(with);
    Ok(Measured::new(
        narrowed > lesson.number("near"),
        narrowed,
        [
            ("without_loss", without.fit()[0]),
            ("without_test_loss", without.test_loss()),
            ("without_gap", gap(without)),
            ("without_accuracy", without.fit()[1]),
            ("without_test_accuracy", without.test_accuracy()),
            ("with_loss", with.fit()[0]),
            ("with_test_loss", with.test_loss()),
            ("with_gap", gap(with)),
            ("with_accuracy", with.fit()[1]),
            ("with_test_accuracy", with.test_accuracy()),
        ],
    ))
}

pub const COVARIATE_SHIFT: Lesson = Lesson {
    name: "covariate-shift",
    claim: "Noise after BN makes the inputs of a layer move further again, yet the network learns faster than without BN. It is therefore disputed that less movement explains BN's gain.",
    effect: "loss without BN minus loss with noise after BN",
    measure: covariate_shift,
};

fn covariate_shift(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let lesson = settings::of("covariate-shift");
    let run = Run::new(data, seed, Plan { lesson, looks: true, test: false })?;
    let [none, bn, noisy] = &run.lanes[..] else { unreachable!("three lanes") };
    let moved = |lane: &Lane| moved(lane, &lesson.layer, lesson.number("settled"));
    let ([gain, gain_error], [noisy_gain, noisy_gain_error]) = (run.difference(0, 1), run.difference(0, 2));
    Ok(Measured::new(
        is_clear([noisy_gain, noisy_gain_error]) && moved(noisy) > moved(none).max(moved(bn)),
        noisy_gain,
        [
            ("none_moved", moved(none)),
            ("bn_moved", moved(bn)),
            ("noisy_moved", moved(noisy)),
            ("none_loss", none.loss()),
            ("bn_loss", bn.loss()),
            ("noisy_loss", noisy.loss()),
            ("bn_gain", gain),
            ("bn_gain_error", gain_error),
            ("noisy_gain_error", noisy_gain_error),
        ],
    ))
}

/// How far a layer's activations move from one snapshot to the next, averaged over the snapshots from step `from` on: the largest
/// move of median, 95th percentile and mean, in standard deviations of the earlier snapshot.
fn moved(lane: &Lane, layer: &str, from: f64) -> f64 {
    let settled = lane.looks.iter().filter(|look| look.step as f64 >= from);
    let looks: Vec<_> = settled.map(|look| lane.activations(look, layer)).collect();
    let distance = |[before, after]: [&ActivationStats; 2]| {
        let moves = [0.5, 0.95].map(|q| quantile(after, q) - quantile(before, q));
        let furthest = moves.into_iter().chain([f64::from(after.mean - before.mean)]).map(f64::abs).fold(0.0, f64::max);
        furthest / f64::from(before.std)
    };
    mean(&looks.windows(2).map(|pair| distance([pair[0], pair[1]])).collect::<Vec<_>>())
}
