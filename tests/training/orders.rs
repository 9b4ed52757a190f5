//! Operations in orders that nobody would choose: nothing panics, nothing is lost, and a refused operation leaves the run as it
//! was.

use crate::common::striped;
use alexnet_lab::backend::machine::Host;
use alexnet_lab::config::{Config, Effect};
use alexnet_lab::data::{Dataset, Images};
use alexnet_lab::error::Error;
use alexnet_lab::trainer::Trainer;
use pollster::block_on;
use proptest::prelude::*;

const SMALL: &str = "width=0.25&batch=4&test_size=8&norm=bn&dropout=0.5";

fn config(fragment: &str) -> Config {
    let (config, notes) = Config::from_fragment(&format!("{SMALL}&{fragment}"));
    assert_eq!(notes, []);
    config
}

fn trainer(fragment: &str) -> Trainer {
    on(&Host::native(), fragment)
}

fn on(host: &Host, fragment: &str) -> Trainer {
    block_on(Trainer::new(config(fragment), striped(16, 8), host)).unwrap()
}

/// Steps without reading their records.
fn enqueue(trainer: &mut Trainer, steps: usize) {
    (0..steps).for_each(|_| assert!(trainer.step().unwrap()));
}

/// `steps` calls; those after a divergence may do nothing.
fn attempt(trainer: &mut Trainer, steps: usize) {
    for _ in 0..steps {
        trainer.step().unwrap();
    }
}

/// Waits, and returns the losses of all steps whose records were not taken yet.
fn losses(trainer: &mut Trainer) -> Vec<u32> {
    block_on(trainer.settle()).unwrap();
    trainer.records().unwrap().iter().map(|record| record.loss.to_bits()).collect()
}

fn on_each_backend(check: impl Fn(&str)) {
    ["backend=cpu", "backend=gpu"].into_iter().for_each(check);
}

#[test]
fn steps_under_way_are_told_after_a_change_of_settings() {
    on_each_backend(|backend| {
        // One host, and so one choice of kernels.
        let host = Host::native();
        let (mut changed, mut plain) = (on(&host, backend), on(&host, backend));
        enqueue(&mut changed, 3);
        enqueue(&mut plain, 3);
        let effect = block_on(changed.set_config(config(&format!("{backend}&activation=tanh")), false)).unwrap();
        assert_eq!((effect, changed.step_count()), (Effect::Rebuild, 3));
        assert_eq!(losses(&mut changed), losses(&mut plain), "{backend}");
        enqueue(&mut changed, 2);
        block_on(changed.restart()).unwrap();
        assert_eq!(losses(&mut changed).len(), 0, "{backend}: what came before a restart is over");
    });
}

#[test]
fn a_divergence_that_nobody_has_seen_yet_is_no_step_done() {
    on_each_backend(|backend| {
        let mut run = trainer(&format!("{backend}&norm=none&lr=10&init_scale=10"));
        attempt(&mut run, 20);
        let file = block_on(run.save("run.safetensors")).unwrap();
        assert!(run.has_diverged(), "{backend}");
        assert!(!run.step().unwrap());
        let records = run.records().unwrap();
        assert!(records.iter().rev().skip(1).all(|record| record.finite) && !records.last().unwrap().finite, "{records:?}");
        let step = records.last().unwrap().step;
        let state = block_on(run.state()).unwrap();
        block_on(run.load("run.safetensors", &file)).unwrap();
        assert!(run.step_count() == step && !run.has_diverged() && block_on(run.state()).unwrap() == state);
        // The same with a change of the network: the run continues at the step that was not done.
        attempt(&mut run, 20);
        block_on(run.set_config(config(&format!("{backend}&lr=10&init_scale=10&norm=none&pool=avg")), false)).unwrap();
        assert!(run.step_count() == step && !run.has_diverged() && !run.records().unwrap().last().unwrap().finite);
        assert!(block_on(run.state()).unwrap() == state);
    });
}

#[test]
fn what_is_refused_leaves_the_run_as_it_was() {
    on_each_backend(|backend| {
        let (mut refused, mut plain) = (trainer(backend), trainer(backend));
        let nine = Dataset { classes: striped(1, 1).classes[..9].to_vec(), ..without(&striped(16, 8), 9) };
        let other = block_on(block_on(Trainer::new(config("backend=cpu"), nine, &Host::native())).unwrap().save("nine")).unwrap();
        let mut late = block_on(plain.save("late")).unwrap();
        let at = late.windows(10).position(|bytes| bytes == b"\"step\":\"0\"").expect("the step is in the file's header");
        late.splice(at + 8..at + 9, u64::MAX.to_string().bytes());
        let length = u64::from_le_bytes(late[..8].try_into().unwrap()) + u64::MAX.to_string().len() as u64 - 1;
        late[..8].copy_from_slice(&length.to_le_bytes());
        let mut expected = vec![];
        for (name, bytes) in [("nine", &other[..]), ("late", &late), ("half", &other[..other.len() / 2]), ("empty", &[])] {
            enqueue(&mut refused, 1);
            enqueue(&mut plain, 1);
            let error = block_on(refused.load(name, bytes)).unwrap_err();
            let wanted = if name == "nine" { "weights_shape" } else { "weights_file" };
            assert_eq!(serde_json::to_value(&error).unwrap()["code"], wanted, "{name}: {error}");
            assert_eq!(name == "late", error.to_string().contains("'step' in its metadata"), "{error}");
            expected.extend(losses(&mut plain));
        }
        // 1,024 images of the widest network: terabytes.
        let huge = config(&format!("{backend}&arch=original&width=2&batch=1024&depth=12"));
        enqueue(&mut refused, 1);
        let error = block_on(refused.set_config(huge, false)).unwrap_err();
        let (Error::TooLarge { needed, limit } | Error::TooMuchMemory { needed, limit }) = error else {
            panic!("{backend}: {error:?}");
        };
        assert!(needed > limit && error.to_string().contains(&needed.to_string()), "{backend}: {error}");
        enqueue(&mut refused, 2);
        enqueue(&mut plain, 3);
        expected.extend(losses(&mut plain));
        assert_eq!(losses(&mut refused), expected, "{backend}");
        assert!(block_on(refused.state()).unwrap() == block_on(plain.state()).unwrap(), "{backend}");
    });
}

#[test]
fn a_lost_device_costs_neither_the_data_nor_the_saved_weights() {
    let mut run = trainer("backend=gpu");
    let five = Dataset { classes: striped(0, 0).classes[..5].to_vec(), ..without(&striped(16, 8), 5) };
    block_on(run.set_dataset(five)).unwrap();
    enqueue(&mut run, 2);
    let file = block_on(run.save("run.safetensors")).unwrap();
    enqueue(&mut run, 1);
    let next = losses(&mut run)[2];
    for again in [false, true] {
        run.machine().device().unwrap().destroy();
        // The loss of the device is known after the steps in flight.
        let _ = (run.step(), block_on(run.settle()));
        assert!(matches!(run.step(), Err(Error::DeviceLost { .. })));
        let tanh = config("backend=gpu&activation=tanh");
        assert!(matches!(block_on(run.set_config(tanh, false)), Err(Error::DeviceLost { .. })), "its weights are lost");
        if again {
            block_on(run.restart()).unwrap();
            assert_eq!(run.step_count(), 0);
        }
        block_on(run.load("run.safetensors", &file)).unwrap();
        assert_eq!((run.step_count(), run.dataset().classes.len()), (2, 5));
        enqueue(&mut run, 1);
        assert_eq!(losses(&mut run), [next]);
    }
}

/// The images whose label is below `classes`.
fn without(dataset: &Dataset, classes: u8) -> Dataset {
    let below = |images: &Images| images.select((0..images.len()).filter(|i| images.labels[*i] < classes));
    let (train, test) = (below(&dataset.train), below(&dataset.test));
    Dataset { train_total: train.len(), test_total: test.len(), train, test, ..dataset.clone() }
}

#[test]
fn one_class_and_no_test_images() {
    on_each_backend(|backend| {
        let mut run = trainer(backend);
        let one = Dataset { classes: vec!["only".into()], ..without(&striped(16, 8), 1) };
        block_on(run.set_dataset(Dataset { test: Images::default(), test_total: 0, ..one })).unwrap();
        enqueue(&mut run, 2);
        assert_eq!(losses(&mut run), [0, 0], "{backend}: one class is certain");
        assert!(!run.can_evaluate());
        let evaluation = block_on(run.evaluate()).unwrap();
        assert_eq!((evaluation.count, evaluation.loss, evaluation.accuracy, evaluation.confusion), (0, 0.0, 0.0, vec![0]));
        assert!(block_on(run.predict(0..8)).unwrap().images.is_empty());
        assert_eq!(block_on(run.layer_output(None, 0)).unwrap(), None);
        assert!(block_on(run.snapshot()).unwrap().is_some());
    });
}

#[test]
fn an_evaluation_that_is_cut_short_counts_what_it_has_seen() {
    let mut run = trainer("backend=cpu");
    assert_eq!(block_on(run.evaluate_chunk()).unwrap(), None, "four of eight");
    block_on(run.set_config(config("backend=cpu&test_size=1"), false)).unwrap();
    let evaluation = block_on(run.evaluate_chunk()).unwrap().unwrap();
    let mut four = trainer("backend=cpu&test_size=4");
    assert_eq!(evaluation, block_on(four.evaluate()).unwrap());
    // Nothing waits for images that have not arrived.
    run.dataset_mut().test = striped(16, 8).test.select(0..3);
    block_on(run.set_config(config("backend=cpu"), false)).unwrap();
    assert!(!run.can_evaluate());
    assert_eq!(block_on(run.evaluate()).unwrap().count, 3);
}

#[derive(Clone, Debug)]
enum Operation {
    Step,
    Records,
    Settle,
    Set(&'static str, bool),
    Snapshot,
    Chunk,
    Predict(usize),
    Maps(usize),
    Save,
    Load,
    LoadGarbage(Vec<u8>),
    Restart,
    Resume,
    Divergence,
    Arrive(usize),
    Data(usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let settings = vec![
        "",
        "lr=10&init_scale=10&norm=none",
        "activation=tanh",
        "norm=lrn",
        "batch=1",
        "batch=9",
        "test_size=1",
        "depth=1",
        "dropout=0.9&momentum=0",
        "train_size=1",
        "schedule=step&schedule_every=1",
        "augment=true&overlap=false",
    ];
    prop_oneof![
        6 => Just(Step), 1 => Just(Records), 1 => Just(Settle), 1 => Just(Snapshot), 2 => Just(Chunk), 1 => Just(Save),
        1 => Just(Load), 1 => Just(Restart), 1 => Just(Resume), 1 => Just(Divergence),
        3 => (prop::sample::select(settings), any::<bool>()).prop_map(|(fragment, restart)| Set(fragment, restart)),
        1 => any::<usize>().prop_map(Predict), 1 => (0..99usize).prop_map(Maps), 2 => (0..9usize).prop_map(Arrive),
        1 => (0..9usize).prop_map(Data), 1 => prop::collection::vec(any::<u8>(), 0..99).prop_map(LoadGarbage),
    ]
}

/// Carries out one operation; `file` is the last one saved.
fn perform(run: &mut Trainer, file: &mut Vec<u8>, operation: Operation) {
    use Operation::*;
    match operation {
        Step => drop(run.step().unwrap()),
        Records => {
            assert!(run.records().unwrap().iter().all(|record| record.finite == record.loss.is_finite() || !record.finite))
        }
        Settle => block_on(run.settle()).unwrap(),
        Set(fragment, restart) => drop(block_on(run.set_config(config(&format!("backend=cpu&{fragment}")), restart)).unwrap()),
        Snapshot => drop(block_on(run.snapshot()).unwrap()),
        Chunk => drop(block_on(run.evaluate_chunk()).unwrap()),
        Predict(first) => drop(block_on(run.predict(first % 12..first)).unwrap()),
        Maps(at) => {
            drop(block_on(run.layer_output(at.checked_sub(1).map(|at| at % run.network().layers.len()), at % 12)).unwrap())
        }
        Save => *file = block_on(run.save("run")).unwrap(),
        // Another data set may have come in between.
        Load => drop(block_on(run.load("run", file))),
        LoadGarbage(bytes) => assert!(block_on(run.load("garbage", &bytes)).is_err()),
        Restart => block_on(run.restart()).unwrap(),
        Resume => block_on(run.resume()).unwrap(),
        Divergence => assert_eq!(block_on(run.divergence()).unwrap().is_some(), run.has_diverged()),
        Arrive(images) => {
            let classes = run.dataset().classes.len() as u8;
            run.dataset_mut().train.append(without(&striped(images, 0), classes).train);
        }
        Data(images) => {
            let classes = striped(0, 0).classes[..=images].to_vec();
            let arrived = without(&striped(images, images), classes.len() as u8);
            block_on(run.set_dataset(Dataset { classes, train_total: 12, shard: 4, ..arrived })).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn any_order(operations in prop::collection::vec(operation(), 0..30)) {
        let (mut run, mut file) = (trainer("backend=cpu"), vec![]);
        for operation in operations {
            perform(&mut run, &mut file, operation);
            let steps: Vec<f32> = block_on(run.state()).unwrap().parameters;
            assert!(steps.iter().all(|w| w.is_finite()), "the last good state is kept");
        }
    }
}
