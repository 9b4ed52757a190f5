//! Random settings over the whole of every range: nothing panics, every number is finite or the run is reported as diverged, and
//! the same run gives the same bits.

use crate::common::striped;
use alexnet_lab::backend::machine::Host;
use alexnet_lab::config::{Config, Effect, Kind, SETTINGS, Setting};
use alexnet_lab::network::Network;
use alexnet_lab::stats::Snapshot;
use alexnet_lab::step::initial_state;
use alexnet_lab::trainer::Trainer;
use pollster::block_on;
use proptest::prelude::*;

/// Images of the data set: fewer than some batches, and fewer than `train_size` and `test_size` usually ask for.
const TRAIN: usize = 12;
const TEST: usize = 5;

/// Any text that a setting allows; the ends of its range are more frequent than by chance.
fn values(setting: &'static Setting) -> BoxedStrategy<String> {
    let default = Just(setting.default.to_string());
    match (setting.key, setting.kind) {
        // The others are the same but slow.
        ("width", _) => prop_oneof![20 => Just("0.25"), 2 => Just("0.5"), 1 => Just("1")].prop_map(String::from).boxed(),
        ("arch", _) => Just("scaled".to_string()).boxed(),
        ("batch", _) => prop_oneof![Just(1), 2..=5u32, Just(15)].prop_map(|batch| batch.to_string()).boxed(),
        (_, Kind::Choice { options }) => prop::sample::select(options).prop_map(String::from).boxed(),
        (_, Kind::Switch) => any::<bool>().prop_map(|on| on.to_string()).boxed(),
        (_, Kind::Integer { min, max }) => {
            prop_oneof![2 => default, 1 => Just(min.to_string()), 1 => Just(max.to_string()), 2 => (min..=max).prop_map(|n| n.to_string())]
                .boxed()
        }
        (_, Kind::Number { min, max, .. }) => {
            // Uniform on a linear axis, and over every size that a float can have next to 0.
            let small = (-320.0..0.0f64).prop_map(move |power| (min + (max - min) * 10f64.powf(power)).to_string());
            let uniform = (min..=max).prop_map(|x| x.to_string());
            prop_oneof![4 => default, 1 => Just(min.to_string()), 1 => Just(max.to_string()), 2 => uniform, 1 => small].boxed()
        }
    }
}

/// The engine's settings, except for the choice of backend.
fn known() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| setting.effect != Effect::View && setting.key != "backend")
}

/// A configuration on `backend`, and one that differs in one setting; as fragments, which are readable in a failure.
fn configurations(backend: &'static str) -> impl Strategy<Value = [String; 2]> {
    let all: Vec<_> = known().map(|setting| values(setting).prop_map(|value| (setting.key, value))).collect();
    let one = prop::sample::select(known().collect::<Vec<_>>());
    let flip = one.prop_flat_map(|setting| values(setting).prop_map(|value| (setting.key, value)));
    (all, flip).prop_map(move |(pairs, (key, value))| {
        let pairs = pairs.iter().map(|(key, value)| (*key, value.as_str())).chain([("backend", backend)]);
        let (config, notes) = Config::from_pairs(pairs);
        assert_eq!(notes, []);
        let mut flipped = config.clone();
        flipped.set(key, &value).unwrap();
        [config, flipped].map(|config| config.to_fragment())
    })
}

/// Everything that a run reports, as bits. NaN has one form only.
#[derive(Default, PartialEq, Debug)]
struct Told(Vec<u64>);

impl Told {
    fn number(&mut self, x: f64) {
        self.0.push(if x.is_nan() { u64::MAX } else { x.to_bits() });
    }

    fn numbers(&mut self, values: &[f32]) {
        values.iter().for_each(|x| self.number(f64::from(*x)));
    }
}

/// Up to `steps` steps. A step that is not finite ends them, is reported, and leaves the state as it was.
fn train(trainer: &mut Trainer, steps: usize, told: &mut Told) {
    for _ in 0..steps {
        let (before, step) = (block_on(trainer.state()).unwrap(), trainer.step_count());
        let diverged = trainer.has_diverged();
        assert_eq!(trainer.step().unwrap(), !diverged, "all images are there");
        block_on(trainer.settle()).unwrap();
        let records = trainer.records().unwrap();
        assert_eq!(records.len(), usize::from(!diverged));
        for record in records {
            assert_eq!((record.step, record.finite), (step, !trainer.has_diverged()));
            assert!(record.loss.is_finite() || !record.finite, "{record:?}");
            assert!(record.correct <= trainer.config().batch);
            told.numbers(&[record.loss, record.correct as f32]);
        }
        let after = block_on(trainer.state()).unwrap();
        if let Some(divergence) = block_on(trainer.divergence()).unwrap() {
            assert!(trainer.has_diverged() && after == before && trainer.step_count() == divergence.step);
            assert!(trainer.network().layers.iter().any(|layer| layer.name == divergence.found.layer), "{divergence:?}");
            told.number(divergence.step as f64);
        } else {
            assert!(!trainer.has_diverged(), "the layer is not named");
        }
        told.numbers(&after.parameters);
        told.numbers(&after.running);
    }
}

/// Statistics: every value is counted once, and finite values give finite statistics.
fn check_snapshot(snapshot: &Snapshot, network: &Network, batch: usize, told: &mut Told) {
    assert_eq!((snapshot.parameters.len(), snapshot.activations.len()), (network.tensors.len(), network.blocks.len()));
    let shapes = network.blocks.iter().map(|block| network.layers[block.activation].output.len());
    let tensors = network.tensors.iter().map(|tensor| tensor.range.len());
    let gradients = snapshot.parameters.iter().chain(&snapshot.activation_gradients);
    for (stats, length) in gradients.zip(tensors.chain(shapes.clone().map(|length| batch * length))) {
        let counted = stats.bins.iter().sum::<u32>() + stats.below + stats.above + stats.zero + stats.nan + stats.inf;
        assert_eq!(counted as usize, length);
        told.number(f64::from(stats.norm));
        assert_eq!(stats.percentiles().iter().all(|p| p.is_finite()), counted > stats.zero + stats.nan + stats.inf);
    }
    assert_eq!(snapshot.norms.len(), network.tensors.len());
    assert!(snapshot.norms.iter().all(|norm| norm.is_finite()), "{:?}", snapshot.norms);
    told.numbers(&snapshot.norms);
    for (stats, length) in snapshot.activations.iter().zip(shapes) {
        let counted = stats.bins.iter().sum::<u32>() + stats.nan + stats.inf;
        assert_eq!(counted as usize, batch.min(TRAIN) * length);
        assert!([stats.min, stats.max, stats.mean, stats.std].iter().all(|x| x.is_finite()), "{stats:?}");
        assert!((0.0..=1.0).contains(&stats.saturated) && (0.0..=1.0).contains(&stats.dead), "{stats:?}");
        told.numbers(&[stats.min, stats.max, stats.mean, stats.std, stats.saturated, stats.dead]);
    }
}

/// Reads everything about a run, and changes nothing.
fn look(trainer: &mut Trainer, told: &mut Told) {
    let (before, network, batch) =
        (block_on(trainer.state()).unwrap(), trainer.network().clone(), trainer.config().batch as usize);
    if let Some(snapshot) = block_on(trainer.snapshot()).unwrap() {
        check_snapshot(&snapshot, &network, batch, told);
    }
    let logits = block_on(trainer.logits(0..TEST)).unwrap();
    let finite = logits.iter().all(|z| z.is_finite());
    let evaluation = block_on(trainer.evaluate()).unwrap();
    assert_eq!(evaluation.count, TEST.min(trainer.config().test_size as usize));
    assert_eq!(evaluation.confusion.iter().sum::<u32>() as usize, evaluation.count);
    assert!((0.0..=1.0).contains(&evaluation.accuracy) && (evaluation.loss.is_finite() || !finite), "{evaluation:?}");
    told.number(evaluation.loss);
    let predictions = block_on(trainer.predict(0..usize::MAX)).unwrap();
    assert_eq!((predictions.images.len(), predictions.probabilities.len()), (TEST, TEST * network.classes));
    for p in predictions.probabilities.chunks(network.classes) {
        // Ten roundings of half an ulp each, and of the division.
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 16.0 * f32::EPSILON || !finite, "{p:?}");
    }
    told.numbers(&predictions.probabilities);
    for block in &network.blocks {
        let maps = block_on(trainer.layer_output(Some(block.activation), TEST - 1)).unwrap().expect("the image is there");
        assert_eq!(maps.len(), network.layers[block.activation].output.len());
        told.numbers(&maps);
        assert_eq!(block_on(trainer.layer_output(Some(block.activation), TEST)).unwrap(), None);
    }
    assert!(block_on(trainer.state()).unwrap() == before, "looking has changed the state");
}

/// One life of a run, from the settings' start.
fn live(trainer: &mut Trainer, config: &Config, flipped: &Config) -> Told {
    let mut told = Told::default();
    block_on(trainer.set_config(config.clone(), true)).unwrap();
    assert_eq!(block_on(trainer.snapshot()).unwrap(), None, "before any step");
    train(trainer, 2, &mut told);
    let (step, diverged) = (trainer.step_count(), trainer.has_diverged());
    let effect = block_on(trainer.set_config(flipped.clone(), false)).unwrap();
    assert_eq!(trainer.step_count(), if effect == Effect::Restart { 0 } else { step });
    assert_eq!(trainer.has_diverged(), diverged && matches!(effect, Effect::View | Effect::Live));
    look(trainer, &mut told);
    block_on(trainer.resume()).unwrap();
    train(trainer, 1, &mut told);
    look(trainer, &mut told);
    let file = block_on(trainer.save("run.safetensors")).unwrap();
    let [mut on, mut again] = [Told::default(), Told::default()];
    block_on(trainer.resume()).unwrap();
    train(trainer, 1, &mut on);
    block_on(trainer.load("run.safetensors", &file)).unwrap();
    train(trainer, 1, &mut again);
    assert!(on == again, "a loaded run goes on differently");
    block_on(trainer.restart()).unwrap();
    let start = initial_state(trainer.network(), flipped.seed);
    assert!(trainer.step_count() == 0 && block_on(trainer.state()).unwrap() == start, "restart is not the start");
    told
}

fn check(fragments: [&str; 2]) {
    let [config, flipped] = fragments.map(|fragment| {
        let (config, notes) = Config::from_fragment(fragment);
        assert_eq!(notes, []);
        config
    });
    let mut trainer = block_on(Trainer::new(config.clone(), striped(TRAIN, TEST), &Host::native())).unwrap();
    let first = live(&mut trainer, &config, &flipped);
    let second = live(&mut trainer, &config, &flipped);
    assert!(first == second, "the same run gives other bits");
}

fn few(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(few(40))]

    #[test]
    fn any_settings_on_the_cpu([config, flipped] in configurations("cpu")) {
        check([&config, &flipped]);
    }
}

proptest! {
    #![proptest_config(few(3))]

    #[test]
    fn any_settings_on_the_gpu([config, flipped] in configurations("gpu")) {
        check([&config, &flipped]);
    }
}

#[test]
fn the_original_architecture_takes_a_step_too() {
    let fragment = "arch=original&width=0.25&batch=1&norm=bn&depth=1&init_scale=0&backend=cpu&augment=true&dropout=0.9";
    check([fragment, &format!("{fragment}&norm=lrn&lrn_n=15&overlap=false")]);
}

#[test]
fn neighbours_are_one_flip_away_and_none_is_missing() {
    let config = Config::default();
    let values = |config: &Config| SETTINGS.iter().map(|setting| config.get(setting.key)).collect::<Vec<_>>();
    let flips: Vec<String> = config
        .neighbours()
        .iter()
        .map(|neighbour| {
            assert_eq!(values(&config).iter().zip(values(neighbour)).filter(|(a, b)| *a != b).count(), 1);
            assert_eq!(config.effect_of_change(neighbour), Some(Effect::Rebuild));
            neighbour.to_fragment()
        })
        .collect();
    for flip in
        ["activation=sigmoid", "activation=tanh", "activation=leaky_relu", "norm=none", "norm=bn", "pool=avg", "overlap=false"]
    {
        assert_eq!(flips.iter().filter(|fragment| fragment.contains(flip)).count(), 1, "{flip} in {flips:?}");
    }
    assert!(flips.iter().all(|fragment| !fragment.contains("backend")));
}
