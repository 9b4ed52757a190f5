//! Settings that cannot learn: each is trained and does what its hint says, but not with the remedy that the hint names.

use crate::common::striped;
use alexnet_lab::backend::machine::Host;
use alexnet_lab::config::hints::Hint;
use alexnet_lab::config::{Config, Variation};
use alexnet_lab::data::Dataset;
use alexnet_lab::trainer::Trainer;
use pollster::block_on;
use std::path::Path;

const BASE: &str = "width=0.25&batch=16&lr=0.01&norm=none&backend=cpu&workers=1";

fn config(changes: &str) -> Config {
    let (config, notes) = Config::from_fragment(&format!("{BASE}&{changes}"));
    assert_eq!(notes, [], "{changes}");
    config
}

/// The only hint on these settings, if any.
fn hint(config: &Config, step: u64) -> Option<Hint> {
    let hints = config.hints(step);
    assert!(hints.len() < 2, "{hints:?}");
    hints.first().copied()
}

struct Run {
    trainer: Trainer,
    losses: Vec<f64>,
}

/// Trained on stripes for `steps` steps, from `step` on.
fn run_from(changes: &str, step: u64, steps: usize) -> Run {
    let mut trainer = block_on(Trainer::new(config(changes), striped(64, 40), &Host::native())).unwrap();
    let state = block_on(trainer.state()).unwrap();
    trainer.start_from(&state, step).unwrap();
    let mut losses = vec![];
    while losses.len() < steps && trainer.step().unwrap() {
        losses.extend(trainer.records().unwrap().iter().map(|record| f64::from(record.loss)));
    }
    Run { trainer, losses }
}

fn run(changes: &str, steps: usize) -> Run {
    run_from(changes, 0, steps)
}

impl Run {
    fn parameters(&mut self) -> Vec<f32> {
        block_on(self.trainer.state()).unwrap().parameters
    }

    /// Mean loss of the last ten steps; infinite after a divergence.
    fn loss(&self) -> f64 {
        let last = &self.losses[self.losses.len().saturating_sub(10)..];
        if self.trainer.has_diverged() { f64::INFINITY } else { last.iter().sum::<f64>() / last.len() as f64 }
    }

    /// Norm of the gradient of conv1's weights.
    fn gradient(&mut self) -> f64 {
        f64::from(block_on(self.trainer.snapshot()).unwrap().expect("a step was made").parameters[0].norm)
    }

    fn accuracy(&mut self) -> f64 {
        block_on(self.trainer.evaluate()).unwrap().accuracy
    }
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt()
}

/// Checks that `changes` has the hint, and that `changes` with `remedy` on top has none.
fn noted(changes: &str, expected: Hint, remedy: &str) -> String {
    assert_eq!(hint(&config(changes), 0), Some(expected), "{changes}");
    let mended = format!("{changes}&{remedy}");
    assert_eq!(hint(&config(&mended), 0), None, "{mended}");
    mended
}

/// How far the weights move in a few steps, relative to their size.
fn way(changes: &str, step: u64) -> f64 {
    let (mut before, mut after) = (run_from(changes, step, 0), run_from(changes, step, 5));
    let apart: Vec<f32> = before.parameters().iter().zip(after.parameters()).map(|(a, b)| a - b).collect();
    norm(&apart) / norm(&before.parameters())
}

#[test]
fn without_a_rate_no_weight_moves() {
    for (changes, most) in [("lr=0", 0.0), ("lr=9e-11", 1e-7)] {
        let mended = noted(changes, Hint::NoRate, "lr=0.01");
        let (still, moving) = (way(changes, 0), way(&mended, 0));
        assert!(still <= most && moving > 1e-3, "{changes}: {still} {moving}");
    }
    let mended = noted("schedule=step&schedule_every=10", Hint::RateVanishes, "schedule_every=1000");
    let (still, moving) = (way("schedule=step&schedule_every=10", 100), way(&mended, 100));
    assert!(still < 1e-7 && moving > 1e-3, "{still} {moving}");
    // It depends on where the run is.
    assert_eq!(hint(&config("schedule=step&schedule_every=1000"), 8500), None);
    assert_eq!(hint(&config("schedule=step&schedule_every=1000"), 9000), Some(Hint::RateVanishes));
}

#[test]
fn where_no_signal_gets_through_no_gradient_comes_back() {
    let one = "init_scale=1";
    let small = "batch=8";
    let cases = [
        ("init_scale=0", Hint::NoWeights, one, 0.0),
        ("init_scale=0&activation=tanh", Hint::NoWeights, one, 0.0),
        ("init_scale=0&activation=sigmoid", Hint::NoWeights, one, 0.0),
        ("init_scale=0&activation=leaky_relu", Hint::NoWeights, one, 0.0),
        ("init_scale=0&norm=bn", Hint::NoWeights, one, 0.0),
        ("init_scale=1e-3", Hint::NoWeights, one, 1e-6),
        ("init_scale=1e-6&norm=bn", Hint::NoWeights, one, 1e-6),
        ("init_scale=0&init_scale_layer=conv3", Hint::NoWeights, one, 0.0),
        ("init_scale=0&init_scale_layer=fc7&norm=bn", Hint::NoWeights, one, 0.0),
        ("arch=lenet&init_scale=0&init_scale_layer=fc4", Hint::NoWeights, one, 0.0),
        ("batch=1&norm=bn", Hint::BatchOfOne, small, 0.0),
        ("norm=lrn&lrn_k=10&lrn_beta=2", Hint::SignalErased, "lrn_k=2&lrn_beta=0.75", 1e-2),
        ("norm=lrn&lrn_k=10&lrn_beta=1", Hint::SignalErased, "lrn_k=2&lrn_beta=0.75", 0.1),
        ("norm=lrn&lrn_alpha=10&lrn_beta=2", Hint::SignalErased, "lrn_alpha=1e-4&lrn_beta=0.75", 0.1),
    ];
    for (changes, expected, remedy, most) in cases {
        let mended = noted(changes, expected, remedy);
        // A layer of zeros may block the first step only.
        let (gone, there) = (run(changes, 3).gradient(), run(&mended, 3).gradient());
        println!("{changes}: {gone:e}, with the remedy {there:e}");
        assert!(gone <= most * there && there > 1e-5, "{changes}: {gone:e} {there:e}");
    }
    // Similar settings that do have gradients.
    for changes in [
        "init_scale=0&init_scale_layer=conv3&activation=tanh",
        "init_scale=0&init_scale_layer=conv3&activation=leaky_relu",
        "init_scale=0&init_scale_layer=conv2&init=paper",
        "init_scale=1e-3&norm=bn",
        "batch=1&norm=bn&bn_place=lrn",
        "batch=2&norm=bn",
        "batch=1",
    ] {
        assert_eq!(hint(&config(changes), 0), None, "{changes}");
        let gradient = run(changes, 3).gradient();
        println!("{changes}: {gradient:e}");
        assert!(gradient > 0.0, "{changes}");
    }
    // The last layer gets its weights in the first step, and the others their gradients after it.
    for changes in ["init_scale=0&init_scale_layer=fc8", "arch=lenet&init_scale=0&init_scale_layer=fc5"] {
        assert_eq!(hint(&config(changes), 0), None, "{changes}");
        assert!(run(changes, 3).gradient() > 1e-3, "{changes}");
    }
}

#[test]
fn weights_that_are_thrown_off_learn_nothing() {
    let guessing = 10f64.ln();
    for changes in ["lr=10", "lr=10&norm=bn", "lr=10&activation=sigmoid", "lr=1.1&momentum=0.99", "lr=0.11&momentum=0.999"] {
        let mended = noted(changes, Hint::FarTooFast, "lr=0.01&momentum=0.9");
        let (off, learnt) = (run(changes, 100), run(&mended, 100));
        println!("{changes}: {} {}", off.loss(), learnt.loss());
        assert!(off.loss() > 0.98 * guessing, "{changes}: {}", off.loss());
    }
}

#[test]
fn tests_fail_where_the_running_statistics_stay() {
    for changes in ["norm=bn&bn_momentum=0", "norm=bn&bn_momentum=1e-4"] {
        let mended = noted(changes, Hint::StatisticsStay, "bn_momentum=0.1");
        let (mut still, mut moving) = (run(changes, 100), run(&mended, 100));
        assert_eq!(still.losses, moving.losses, "training is the same");
        let [failed, right] = [&mut still, &mut moving].map(Run::accuracy);
        println!("{changes}: {failed}, with the remedy {right}");
        assert!(failed <= 0.5 * right && right > 0.8, "{changes}: {failed} {right}");
    }
    assert_eq!(hint(&config("bn_momentum=0"), 0), None, "without batch normalisation it means nothing");
}

#[test]
fn what_is_asked_for_in_vain_is_noted() {
    noted("stop_steps=50&test_every=100", Hint::NeverTested, "test_every=50");
    noted("stop_accuracy=90&test_every=0", Hint::NeverStops, "test_every=1");
    noted("stop_loss=1&test_every=0", Hint::NeverStops, "test_every=100");
    noted("hold_back=rotation", Hint::NothingHeldBack, "data=toy");
    noted("arch=lenet&depth=1", Hint::FixedDepth, "depth=0");
    noted("arch=convnet26&dropout=0.5", Hint::NoDropout, "arch=lenet");
    noted("init_scale_layer=fc5", Hint::NoSuchLayer, "arch=convnet26");
    assert_eq!(hint(&config("stop_steps=50&test_every=0"), 0), None, "no test is what was asked for");
    assert_eq!(Dataset::builtin(&config("hold_back=rotation")).held_back, Variation::None);
    assert_ne!(Dataset::builtin(&config("hold_back=rotation&data=toy")).held_back, Variation::None);
}

#[test]
fn every_hint_has_its_own_code() {
    let all = [
        Hint::NoRate,
        Hint::RateVanishes,
        Hint::FarTooFast,
        Hint::NoWeights,
        Hint::BatchOfOne,
        Hint::StatisticsStay,
        Hint::SignalErased,
        Hint::NeverTested,
        Hint::NeverStops,
        Hint::NothingHeldBack,
        Hint::FixedDepth,
        Hint::NoDropout,
        Hint::NoSuchLayer,
    ];
    for hint in all {
        assert_eq!(hint.code().replace('_', ""), format!("{hint:?}").to_lowercase());
    }
}

#[test]
fn nothing_is_said_of_settings_that_learn_or_that_have_no_effect() {
    assert_eq!(Config::default().hints(0), []);
    let list = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("www/js/lessons/recipes.json")).unwrap();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let base = list["base"].as_str().unwrap();
    let mut noted = vec![];
    for recipe in list["recipes"].as_array().unwrap() {
        let (config, _) = Config::from_fragment(&format!("{base}&{}", recipe["changes"].as_str().unwrap()));
        if !config.hints(0).is_empty() {
            assert_eq!(recipe["expected"], "stalls", "{recipe}");
            noted.push(recipe["key"].as_str().unwrap().to_string());
        }
    }
    // Its very point is that nothing can be learnt.
    assert_eq!(noted, ["zero_init"]);
    for changes in [
        "activation=sigmoid&depth=12",
        "norm=none&lrn_k=10&lrn_alpha=10&lrn_beta=2",
        "norm=lrn&lrn_k=10",
        "norm=lrn&lrn_alpha=1&lrn_beta=1",
        "norm=bn&bn_momentum=1",
        "norm=bn&bn_epsilon=1",
        "norm=bn&bn_noise=1",
        "train_size=4",
        "lr=1e-5",
        "weight_decay=0.1",
        "lr=1",
        "momentum=0.999",
    ] {
        assert_eq!(config(changes).hints(0), [], "{changes}");
    }
}
