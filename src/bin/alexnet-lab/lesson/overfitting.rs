//! Between training and test images, and between one step and a later one.

use super::measured::{Lesson, Measured};
use super::run::{LAST, Lane, Plan, Run, mean, quantile};
use crate::outcome::Outcome;
use alexnet_lab::data::Dataset;
use alexnet_lab::stats::ActivationStats;

pub const DROPOUT: Lesson = Lesson {
    name: "dropout",
    claim: "On 500 training images, dropout 0.5 narrows the gap between the loss on test images and on training images.",
    effect: "gap without dropout minus gap with it, in nats",
    measure: dropout,
};

fn dropout(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let fragment = "width=0.25&norm=bn&train_size=500&test_every=50&lane2=dropout:0.5";
    let run = Run::new(data, seed, Plan { fragment, steps: 400, look_every: 0, test: true })?;
    let [without, with] = &run.lanes[..] else { unreachable!("two lanes") };
    let gap = |lane: &Lane| lane.test_loss() - lane.loss();
    let accuracy = |lane: &Lane| mean(&lane.accuracies[lane.accuracies.len() - LAST..]);
    let narrowed = gap(without) - gap(with);
    Ok(Measured::new(
        narrowed > 0.2,
        narrowed,
        [
            ("without_loss", without.loss()),
            ("without_test_loss", without.test_loss()),
            ("without_gap", gap(without)),
            ("without_accuracy", accuracy(without)),
            ("without_test_accuracy", without.test_accuracy()),
            ("with_loss", with.loss()),
            ("with_test_loss", with.test_loss()),
            ("with_gap", gap(with)),
            ("with_accuracy", accuracy(with)),
            ("with_test_accuracy", with.test_accuracy()),
        ],
    ))
}

pub const COVARIATE_SHIFT: Lesson = Lesson {
    name: "covariate-shift",
    claim: "Noise behind BN makes what a layer sees move further again, and yet the network learns faster than without BN: that the drift explains BN's gain is contested.",
    effect: "loss without BN minus loss with noisy BN",
    measure: covariate_shift,
};

fn covariate_shift(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let fragment = "width=0.25&norm=none&lr=0.02&test_every=0&lane2=norm:bn&lane3=norm:bn,bn_noise:0.5";
    let run = Run::new(data, seed, Plan { fragment, steps: 300, look_every: 5, test: false })?;
    let [none, bn, noisy] = &run.lanes[..] else { unreachable!("three lanes") };
    let ([gain, gain_error], [noisy_gain, noisy_gain_error]) = (run.difference(0, 1), run.difference(0, 2));
    Ok(Measured::new(
        noisy_gain > 2.0 * noisy_gain_error && moved(noisy) > moved(none).max(moved(bn)),
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

/// How far conv4's activations moved from one look to the next, on average from step 50 on: the largest move of median, 95th
/// percentile and mean, in standard deviations of the look before.
fn moved(lane: &Lane) -> f64 {
    const SETTLED: u64 = 50;
    let looks: Vec<_> =
        lane.looks.iter().filter(|look| look.step >= SETTLED).map(|look| lane.activations(look, "conv4")).collect();
    let distance = |[before, after]: [&ActivationStats; 2]| {
        let moves = [0.5, 0.95].map(|q| quantile(after, q) - quantile(before, q));
        let furthest = moves.into_iter().chain([f64::from(after.mean - before.mean)]).map(f64::abs).fold(0.0, f64::max);
        furthest / f64::from(before.std)
    };
    mean(&looks.windows(2).map(|pair| distance([pair[0], pair[1]])).collect::<Vec<_>>())
}
