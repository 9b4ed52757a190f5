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
    let fragment = "width=0.25&norm=bn&train_size=500&test_every=100&lane2=dropout:0.5";
    let run = Run::new(data, seed, Plan { fragment, steps: 400, middle: None, test: true })?;
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
    claim: "What a layer sees goes on moving with batch normalisation too, and yet it trains faster: the drift alone does not explain its gain (contested).",
    effect: "loss without minus loss with BN",
    measure: covariate_shift,
};

fn covariate_shift(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let fragment = "width=0.25&norm=none&lr=0.02&test_every=0&lane2=norm:bn";
    let run = Run::new(data, seed, Plan { fragment, steps: 300, middle: Some(50), test: false })?;
    let [none, bn] = &run.lanes[..] else { unreachable!("two lanes") };
    // How far median, 95th percentile and mean of conv4's activations moved at most, in standard deviations of the first look.
    let moved = |lane: &Lane| {
        let [start, end] = [lane.middle.as_ref().unwrap_or(&lane.first), &lane.last].map(|look| lane.activations(look, "conv4"));
        let moves = [
            quantile(end, 0.5) - quantile(start, 0.5),
            quantile(end, 0.95) - quantile(start, 0.95),
            f64::from(end.mean - start.mean),
        ];
        moves.into_iter().map(f64::abs).fold(0.0, f64::max) / f64::from(start.std)
    };
    let [gain, gain_error] = run.difference(0, 1);
    Ok(Measured::new(
        gain > 2.0 * gain_error && moved(bn) > 0.05,
        gain,
        [
            ("none_moved", moved(none)),
            ("bn_moved", moved(bn)),
            ("bn_moved_over_none_moved", moved(bn) / moved(none)),
            ("none_loss", none.loss()),
            ("bn_loss", bn.loss()),
            ("gain_error", gain_error),
        ],
    ))
}
