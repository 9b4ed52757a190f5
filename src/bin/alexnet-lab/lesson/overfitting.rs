//! Between training and test images, and between one step and a later one.

use super::run::{LAST, Lane, Plan, Run, mean, quantile};
use super::{Lesson, Measured};
use crate::Outcome;
use alexnet_lab::data::Dataset;

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
    let run = Run::new(data, seed, Plan { fragment, steps: 300, look_every: 25, test: false })?;
    let [none, bn, noisy] = &run.lanes[..] else { unreachable!("three lanes") };
    let ([gain, gain_error], [noisy_gain, noisy_gain_error]) = (run.difference(0, 1), run.difference(0, 2));
    Ok(Measured::new(
        noisy_gain > 2.0 * noisy_gain_error && moved(noisy) > moved(bn),
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

/// How far conv4's activations were from those at step 50, on average over the later looks: the largest move of median, 95th
/// percentile and mean, in standard deviations at step 50.
fn moved(lane: &Lane) -> f64 {
    const SETTLED: u64 = 50;
    let mut looks = lane.looks.iter().filter(|look| look.step >= SETTLED).map(|look| lane.activations(look, "conv4"));
    let Some(start) = looks.next() else { return f64::NAN };
    let distances: Vec<f64> = looks
        .map(|look| {
            let moves = [0.5, 0.95].map(|q| quantile(look, q) - quantile(start, q));
            let furthest = moves.into_iter().chain([f64::from(look.mean - start.mean)]).map(f64::abs).fold(0.0, f64::max);
            furthest / f64::from(start.std)
        })
        .collect();
    mean(&distances)
}
