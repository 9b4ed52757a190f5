//! Between channels and windows: LRN, what replaced it, and pooling.

use super::measured::{Lesson, Measured};
use super::run::{Lane, Plan, Run, configs, is_clear, mean, one_thread};
use super::settings;
use crate::outcome::Outcome;
use alexnet_lab::backend::machine::Host;
use alexnet_lab::config::Config;
use alexnet_lab::data::{Dataset, batch};
use alexnet_lab::trainer::Trainer;
use pollster::block_on;

pub const LRN_COMPETITION: Lesson = Lesson {
    name: "lrn-competition",
    claim: "If alpha is large, LRN suppresses a response whose neighbours are strong. With the paper's alpha, LRN divides by nearly a constant.",
    effect: "share of the response that LRN leaves next to strong neighbours, divided by the share next to weak ones, alpha = 1",
    measure: lrn_competition,
};

fn lrn_competition(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let lesson = settings::of("lrn-competition");
    // The first network has no LRN.
    let left =
        configs(lesson, seed).skip(1).map(|config| left_by_lrn(data, config, lesson.until)).collect::<Outcome<Vec<_>>>()?;
    let [[paper_weak, paper_strong], [tenth_weak, tenth_strong], [one_weak, one_strong]] = left[..] else {
        unreachable!("three lanes with LRN")
    };
    let constant = lesson.number("k").powf(-lesson.number("beta"));
    let near = |share: f64| (share / constant - 1.0).abs() < 0.02;
    Ok(Measured::new(
        near(paper_weak) && near(paper_strong) && one_strong / one_weak < 0.5,
        one_strong / one_weak,
        [
            ("constant", constant),
            ("paper_weak", paper_weak),
            ("paper_strong", paper_strong),
            ("tenth_weak", tenth_weak),
            ("tenth_strong", tenth_strong),
            ("one_weak", one_weak),
            ("one_strong", one_strong),
        ],
    ))
}

/// The share of a response that conv1's LRN leaves after `steps` steps, on average: first where the neighbours' squares add up to
/// little (the lowest tenth), then where they add up to much (the highest tenth).
fn left_by_lrn(data: &Dataset, config: Config, steps: u64) -> Outcome<[f64; 2]> {
    const IMAGES: u32 = 32;
    let reach = config.lrn_n as usize / 2;
    let mut trainer = block_on(Trainer::new(one_thread(config)?, data.clone(), &Host::native()))?;
    for _ in 0..steps {
        trainer.step()?;
    }
    let network = trainer.network();
    let [before, after] =
        ["conv1.activation", "conv1.lrn"].map(|name| network.layers.iter().position(|layer| layer.name == name));
    let (Some(before), Some(after)) = (before, after) else { unreachable!("the network has both") };
    let channels = network.layers[before].output.channels;
    let batch = batch::gather(&data.test, &(0..IMAGES).collect::<Vec<_>>(), network.input, data.border(), None);
    let responses = block_on(trainer.backend().output_of(&batch, before))?;
    let left = block_on(trainer.backend().output_of(&batch, after))?;
    // For each response above 0: the sum of its neighbours' squares, and the share that is left.
    let mut pairs: Vec<(f32, f32)> = vec![];
    for (row, left) in responses.chunks_exact(channels).zip(left.chunks_exact(channels)) {
        for (i, response) in row.iter().enumerate().filter(|(_, response)| **response > 0.0) {
            let window = i.saturating_sub(reach)..(i + reach + 1).min(channels);
            let neighbours = window.filter(|j| *j != i).map(|j| row[j] * row[j]).sum();
            pairs.push((neighbours, left[i] / response));
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tenth = pairs.len() / 10;
    let share = |pairs: &[(f32, f32)]| mean(&pairs.iter().map(|(_, share)| f64::from(*share)).collect::<Vec<_>>());
    Ok([share(&pairs[..tenth]), share(&pairs[pairs.len() - tenth..])])
}

pub const NORMS: Lesson = Lesson {
    name: "norms",
    claim: "After the same number of steps, the network with batch normalisation before every activation has a lower loss than the networks with LRN, with no normalisation, and with BN in place of LRN.",
    effect: "lowest loss of the other networks minus the loss with BN before every activation",
    measure: norms,
};

fn norms(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let run = Run::new(data, seed, Plan { lesson: settings::of("norms"), looks: false, test: true })?;
    let [none, lrn, bn_as_lrn, bn] = &run.lanes[..] else { unreachable!("four lanes") };
    let apart = [[0, 3], [1, 3], [2, 3], [0, 1], [1, 2]].map(|[a, b]| run.difference(a, b));
    let [
        [none_bn, none_bn_error],
        [lrn_bn, lrn_bn_error],
        [place, place_error],
        [none_lrn, none_lrn_error],
        [lrn_as, lrn_as_error],
    ] = apart;
    Ok(Measured::new(
        apart[..3].iter().copied().all(is_clear),
        none_bn.min(lrn_bn).min(place),
        [
            ("none_loss", none.loss()),
            ("lrn_loss", lrn.loss()),
            ("bn_as_lrn_loss", bn_as_lrn.loss()),
            ("bn_loss", bn.loss()),
            ("none_minus_bn", none_bn),
            ("none_minus_bn_error", none_bn_error),
            ("lrn_minus_bn", lrn_bn),
            ("lrn_minus_bn_error", lrn_bn_error),
            ("bn_as_lrn_minus_bn", place),
            ("bn_as_lrn_minus_bn_error", place_error),
            ("lrn_minus_bn_as_lrn", lrn_as),
            ("lrn_minus_bn_as_lrn_error", lrn_as_error),
            ("none_minus_lrn", none_lrn),
            ("none_minus_lrn_error", none_lrn_error),
            ("none_test_accuracy", none.test_accuracy()),
            ("lrn_test_accuracy", lrn.test_accuracy()),
            ("bn_as_lrn_test_accuracy", bn_as_lrn.test_accuracy()),
            ("bn_test_accuracy", bn.test_accuracy()),
        ],
    ))
}

pub const POOLING: Lesson = Lesson {
    name: "pooling",
    claim: "Max pooling sends the gradient only to the winner of each window, and average pooling sends it to all values. Overlapping windows change the loss by less than 0.1.",
    effect: "share of conv1's activations that receive no gradient, max minus average, both 2 x 2",
    measure: pooling,
};

fn pooling(data: &Dataset, seed: u32) -> Outcome<Measured> {
    let run = Run::new(data, seed, Plan { lesson: settings::of("pooling"), looks: false, test: true })?;
    let [max_overlap, max, avg_overlap, avg] = &run.lanes[..] else { unreachable!("four lanes") };
    let zero = |lane: &Lane| {
        let stats = lane.activation_gradient("conv1");
        let others = stats.below + stats.above + stats.bins.iter().sum::<u32>();
        f64::from(stats.zero) / f64::from(stats.zero + others)
    };
    let ([kinds, kinds_error], [overlap, overlap_error]) = (run.difference(0, 2), run.difference(0, 1));
    Ok(Measured::new(
        // Three of four lose in a 2 x 2 window. Overlapping windows can share a winner, which leaves more without a gradient.
        zero(max) >= 0.75 && zero(max_overlap) >= 0.75 && zero(avg) < 0.05 && zero(avg_overlap) < 0.05 && overlap.abs() < 0.1,
        zero(max) - zero(avg),
        [
            ("max_overlap_zero_share", zero(max_overlap)),
            ("max_zero_share", zero(max)),
            ("avg_overlap_zero_share", zero(avg_overlap)),
            ("avg_zero_share", zero(avg)),
            ("max_overlap_loss", max_overlap.loss()),
            ("max_loss", max.loss()),
            ("avg_overlap_loss", avg_overlap.loss()),
            ("avg_loss", avg.loss()),
            ("max_minus_avg_loss", kinds),
            ("max_minus_avg_loss_error", kinds_error),
            ("overlap_minus_not_loss", overlap),
            ("overlap_minus_not_loss_error", overlap_error),
            ("max_overlap_test_accuracy", max_overlap.test_accuracy()),
            ("max_test_accuracy", max.test_accuracy()),
            ("avg_overlap_test_accuracy", avg_overlap.test_accuracy()),
            ("avg_test_accuracy", avg.test_accuracy()),
        ],
    ))
}
