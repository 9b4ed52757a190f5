//! One run from the outside: what continues, what restarts, what stops.

use crate::common::striped;
use alexnet_lab::backend::machine::{Host, Reason};
use alexnet_lab::config::{Config, Effect, Preference};
use alexnet_lab::data::{Dataset, Images, Normalisation};
use alexnet_lab::trainer::{Trainer, argmax, cross_entropy};
use pollster::block_on;

const SMALL: &str = "width=0.25&batch=8&train_size=64&test_size=24&lr=0.02&dropout=0.5&norm=bn&augment=true&backend=cpu";

fn config(fragment: &str) -> Config {
    let (config, notes) = Config::from_fragment(&format!("{SMALL}&{fragment}"));
    assert_eq!(notes, []);
    config
}

fn trainer(fragment: &str) -> Trainer {
    block_on(Trainer::new(config(fragment), striped(64, 24), &Host::native())).unwrap()
}

/// The losses of the next `steps` steps.
fn losses(trainer: &mut Trainer, steps: usize) -> Vec<f32> {
    let mut losses = vec![];
    for _ in 0..steps {
        assert!(trainer.step().unwrap());
        block_on(trainer.settle()).unwrap();
        losses.extend(trainer.records().unwrap().iter().map(|record| record.loss));
    }
    losses
}

#[test]
fn restart_repeats_the_run_bit_for_bit() {
    let mut trainer = trainer("");
    let first = losses(&mut trainer, 12);
    block_on(trainer.restart()).unwrap();
    assert_eq!(losses(&mut trainer, 12), first);
}

#[test]
fn every_component_flips_while_training_goes_on() {
    let mut trainer = trainer("");
    losses(&mut trainer, 2);
    for flip in
        ["activation=sigmoid", "activation=tanh", "activation=leaky_relu", "norm=lrn", "norm=none", "pool=avg", "overlap=false"]
    {
        let conv3 = trainer.network().tensor("conv3.weight").unwrap().range.clone();
        let before = block_on(trainer.state()).unwrap().parameters[conv3].to_vec();
        let step = trainer.step_count();
        assert_eq!(block_on(trainer.set_config(config(flip), false)).unwrap(), Effect::Rebuild, "{flip}");
        let conv3 = trainer.network().tensor("conv3.weight").unwrap().range.clone();
        assert_eq!(block_on(trainer.state()).unwrap().parameters[conv3], before[..], "{flip} keeps the weights");
        assert_eq!(trainer.step_count(), step, "{flip} keeps the step");
        assert!(losses(&mut trainer, 2).iter().all(|loss| loss.is_finite()), "{flip}");
    }
}

#[test]
fn a_flip_with_restart_starts_from_the_same_initial_weights() {
    let mut flipped = trainer("");
    losses(&mut flipped, 5);
    block_on(flipped.set_config(config("activation=tanh"), true)).unwrap();
    assert_eq!(losses(&mut flipped, 5), losses(&mut trainer("activation=tanh"), 5));
}

#[test]
fn a_live_setting_takes_effect_at_the_next_step() {
    let mut trainer = trainer("dropout=0");
    losses(&mut trainer, 2);
    assert_eq!(block_on(trainer.set_config(config("dropout=0&lr=0&momentum=0"), false)).unwrap(), Effect::Live);
    let before = block_on(trainer.state()).unwrap().parameters;
    losses(&mut trainer, 1);
    assert_eq!(block_on(trainer.state()).unwrap().parameters, before, "a learning rate of 0 moves nothing");
}

#[test]
fn training_waits_for_images_and_does_not_depend_on_when_they_arrive() {
    let whole = striped(64, 24);
    let mut arriving = whole.clone();
    (arriving.train, arriving.test, arriving.shard) = (Images::default(), Images::default(), 16);
    let mut complete = whole.clone();
    complete.shard = 16;
    let mut late = block_on(Trainer::new(config(""), arriving, &Host::native())).unwrap();
    assert!(!late.step().unwrap() && !late.can_evaluate());
    let mut found = vec![];
    for shard in 0..4 {
        late.dataset_mut().train.append(whole.train.select(shard * 16..(shard + 1) * 16));
        found.extend(losses(&mut late, 2));
        assert_eq!(late.step().unwrap(), shard == 3, "only the first {} images are there", (shard + 1) * 16);
    }
    let mut early = block_on(Trainer::new(config(""), complete, &Host::native())).unwrap();
    assert_eq!(found, losses(&mut early, 8));
}

#[test]
fn divergence_stops_names_the_layer_and_keeps_the_last_good_state() {
    let mut trainer = trainer("norm=none&lr=10&init_scale=10");
    let mut good = block_on(trainer.state()).unwrap();
    while !trainer.has_diverged() {
        good = block_on(trainer.state()).unwrap();
        assert!(trainer.step().unwrap() && trainer.step_count() < 100);
        block_on(trainer.work()).unwrap();
        trainer.records().unwrap();
    }
    assert!(!trainer.step().unwrap(), "a run that has diverged takes no further step");
    let divergence = block_on(trainer.divergence()).unwrap().unwrap();
    assert_eq!(divergence.step, trainer.step_count(), "the step is named, and will be the next one");
    assert!(trainer.network().layers.iter().any(|layer| layer.name == divergence.found.layer), "{divergence:?}");
    assert_eq!(block_on(trainer.state()).unwrap(), good);
    block_on(trainer.resume()).unwrap();
    assert!(!trainer.has_diverged() && trainer.step_count() == divergence.step);
}

#[test]
fn what_cannot_be_had_leaves_the_run_as_it_was() {
    let mut trainer =
        block_on(Trainer::new(config(""), striped(64, 24), &Host { missing: Some(Reason::NoWebgpu), ..Host::native() })).unwrap();
    let first = losses(&mut trainer, 3);
    assert!(block_on(trainer.set_config(config("backend=gpu"), false)).is_err());
    assert_eq!(trainer.config().backend, Preference::Cpu);
    let rest = losses(&mut trainer, 3);
    assert_eq!([first, rest].concat(), losses(&mut self::trainer(""), 6));
}

#[test]
fn an_evaluation_counts_every_test_image_once_and_changes_nothing() {
    let mut trainer = trainer("");
    losses(&mut trainer, 3);
    let before = block_on(trainer.state()).unwrap();
    let evaluation = block_on(trainer.evaluate()).unwrap();
    assert_eq!((evaluation.count, evaluation.step), (24, 3));
    assert_eq!(evaluation.confusion.iter().sum::<u32>(), 24);
    let predictions = block_on(trainer.predict(0..24)).unwrap();
    let classes = trainer.network().classes;
    let mut loss = 0.0;
    for (label, p) in predictions.images.labels.iter().zip(predictions.probabilities.chunks(classes)) {
        loss -= f64::from(p[usize::from(*label)]).ln() / 24.0;
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    // The probabilities are f32: 1e-7 relative each, far below this.
    assert!((loss - evaluation.loss).abs() < 1e-4, "{loss} {}", evaluation.loss);
    assert_eq!(block_on(trainer.state()).unwrap(), before);
}

#[test]
fn a_saved_run_goes_on_as_if_it_had_not_stopped() {
    let mut trainer = trainer("");
    losses(&mut trainer, 5);
    let file = block_on(trainer.save("run.safetensors")).unwrap();
    let rest = losses(&mut trainer, 5);
    let mut other = self::trainer("activation=tanh&seed=9");
    block_on(other.load("run.safetensors", &file)).unwrap();
    assert_eq!(other.step_count(), 5);
    assert_eq!(losses(&mut other, 5), rest);
}

#[test]
fn memory_is_known_before_it_is_allocated() {
    use alexnet_lab::backend::cpu::Cpu;
    use alexnet_lab::network::Network;
    // The original network's state alone is 3 * 4 bytes per parameter.
    let network = Network::new(&config("arch=original&width=1"), 1000);
    let needed = Cpu::<f32>::memory_needed(&network, 2, 1);
    let state = 12 * network.parameters() as u64;
    // One image: 650,000 activations after convolutions and 200,000 after poolings, several times over.
    assert!(needed > state && needed < state + 2 * 40_000_000, "{needed} {state}");
    assert!(Cpu::<f32>::memory_needed(&network, 1024, 1) > 1 << 33);
}

/// The same images for both, so that an evaluation of the training images has to give what that of the test images gives.
#[test]
fn training_images_are_evaluated_as_test_images_are() {
    let images = striped(64, 24);
    let set = Dataset { train: images.train.clone(), test: images.train.clone(), test_total: 64, ..images };
    let run = |fragment: &str| block_on(Trainer::new(config(fragment), set.clone(), &Host::native())).unwrap();
    for (fragment, last) in [("test_size=64", 64), ("test_size=20", 20), ("test_size=64&train_size=40&batch=64", 40)] {
        let mut trainer = run(&format!("{fragment}&train_eval=true"));
        losses(&mut trainer, 3);
        let evaluation = block_on(trainer.evaluate()).unwrap();
        let [loss, accuracy] = evaluation.train.unwrap();
        let logits = block_on(trainer.logits(0..last)).unwrap();
        let rows = || logits.chunks(10).zip(set.train.labels.iter().map(|label| usize::from(*label)));
        let sum: f64 = rows().map(|(logits, label)| cross_entropy(logits, label)).sum();
        let right = rows().filter(|(logits, label)| argmax(logits) == *label).count();
        assert!((loss - sum / last as f64).abs() < 1e-6 * loss && accuracy == right as f64 / last as f64, "{fragment}: {loss}");
        // The run goes on as without it.
        let mut other = run(fragment);
        losses(&mut other, 3);
        let without = block_on(other.evaluate()).unwrap();
        assert_eq!(without.train, None);
        assert_eq!((without.loss, without.count), (evaluation.loss, evaluation.count), "{fragment}");
        assert_eq!(losses(&mut trainer, 2), losses(&mut other, 2), "{fragment}");
    }
    // Switched on or off during an evaluation, it ends all the same.
    for (before, after) in [("true", "false"), ("false", "true")] {
        let mut trainer = run(&format!("test_size=20&train_eval={before}"));
        losses(&mut trainer, 1);
        assert_eq!(block_on(trainer.evaluate_chunk()).unwrap(), None);
        block_on(trainer.set_config(config(&format!("test_size=20&train_eval={after}")), false)).unwrap();
        let evaluation = block_on(trainer.evaluate()).unwrap();
        assert_eq!((evaluation.count, evaluation.train.is_none_or(|[loss, _]| loss > 0.0)), (20, true), "{before}");
    }
}

#[test]
fn the_surest_mistakes_are_kept_worst_first() {
    let mut trainer = trainer("test_size=24&batch=8&dropout=0");
    losses(&mut trainer, 3);
    let evaluation = block_on(trainer.evaluate()).unwrap();
    let predictions = block_on(trainer.predict(0..24)).unwrap();
    // The same from all probabilities: every wrong answer, the most confident first, equal ones in the order of the images.
    let rows = predictions.probabilities.chunks(10).zip(&predictions.images.labels).enumerate();
    let wrong = rows.filter_map(|(image, (row, label))| {
        let guess = argmax(row);
        (guess != usize::from(*label)).then(|| (image, guess, f64::from(row[guess])))
    });
    let mut wrong: Vec<_> = wrong.collect();
    assert!(wrong.len() > 12, "{} mistakes are too few for this test", wrong.len());
    wrong.sort_by(|a, b| b.2.total_cmp(&a.2));
    let found: Vec<_> = evaluation.mistakes.iter().map(|mistake| (mistake.image, mistake.guess)).collect();
    assert_eq!(found, wrong[..12].iter().map(|(image, guess, _)| (*image, *guess)).collect::<Vec<_>>());
    for (mistake, (.., probability)) in evaluation.mistakes.iter().zip(&wrong) {
        // The probabilities are f32: an exponential and a quotient of ten sums, each rounded.
        assert!((mistake.probability - probability).abs() < 16.0 * f64::from(f32::EPSILON), "{mistake:?} {probability}");
    }
}

#[test]
fn loaded_weights_bring_the_normalisation_they_were_trained_with() {
    let mut saved = trainer("");
    losses(&mut saved, 2);
    let file = block_on(saved.save("w.safetensors")).unwrap();
    let logits = block_on(saved.logits(0..24)).unwrap();
    let other = Dataset { normalisation: Normalisation { mean: [0.3; 3], std: [0.5; 3] }, ..striped(64, 24) };
    let mut loaded = block_on(Trainer::new(config(""), other, &Host::native())).unwrap();
    let damaged = block_on(loaded.load("w.safetensors", &file[..file.len() - 1])).unwrap_err();
    assert!(damaged.to_string().starts_with("w.safetensors: this is not a safetensors file"), "{damaged}");
    assert_eq!((loaded.dataset().normalisation.mean, loaded.step_count()), ([0.3; 3], 0), "nothing has changed");
    block_on(loaded.load("w.safetensors", &file)).unwrap();
    assert_eq!(loaded.step_count(), 2);
    assert_eq!(block_on(loaded.logits(0..24)).unwrap(), logits);
}
