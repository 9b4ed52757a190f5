//! Weights files: what is saved is read back, PyTorch's layouts, and no bytes make the reader panic.

use alexnet_lab::config::Config;
use alexnet_lab::data::Normalisation;
use alexnet_lab::error::Error;
use alexnet_lab::network::Network;
use alexnet_lab::step::State;
use alexnet_lab::weights::{self, Meta};
use proptest::prelude::*;
use safetensors::SafeTensors;

const FILE: &str = "w.safetensors";

fn meta(fragment: &str) -> Meta {
    let (config, notes) = Config::from_fragment(fragment);
    assert_eq!(notes, []);
    let classes = ["cat", "dog", "ship"].map(String::from).to_vec();
    Meta {
        config,
        step: 12_345,
        classes,
        data: "Pets \"quoted\"".into(),
        normalisation: Normalisation { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
    }
}

/// Every number of the state differs from its neighbours.
fn example(fragment: &str) -> (Meta, Network, State) {
    let meta = meta(fragment);
    let network = Network::new(&meta.config, meta.classes.len());
    let ramp = |n: usize, start: f32| (0..n).map(|i| start + i as f32 / 1024.0).collect();
    let (parameters, running) = (network.parameters(), network.running_len());
    let state = State { parameters: ramp(parameters, -9.0), velocities: ramp(parameters, 3.0), running: ramp(running, 0.5) };
    (meta, network, state)
}

fn saved(fragment: &str) -> Vec<u8> {
    let (meta, network, state) = example(fragment);
    weights::save(FILE, &network, &state, &meta).unwrap()
}

/// Loads as the program does: into the network that the metadata describes.
fn load_all(bytes: &[u8]) -> Result<State, Error> {
    let checkpoint = weights::load(FILE, bytes)?;
    checkpoint.state(&checkpoint.network())
}

/// The file with a changed JSON header and the same tensors.
fn with_header(bytes: &[u8], change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let end = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header = serde_json::from_slice(&bytes[8..end]).unwrap();
    change(&mut header);
    let text = header.to_string().into_bytes();
    [&(text.len() as u64).to_le_bytes()[..], &text, &bytes[end..]].concat()
}

#[test]
fn what_is_saved_comes_back() {
    for fragment in ["width=0.25&norm=none", "width=0.25&norm=bn&depth=2&pool=avg&lr=0.003", "width=0.5&overlap=false"] {
        let (meta, network, state) = example(fragment);
        let bytes = weights::save(FILE, &network, &state, &meta).unwrap();
        assert_eq!(bytes, saved(fragment), "the same state gives the same bytes");
        let checkpoint = weights::load(FILE, &bytes).unwrap();
        assert_eq!((&checkpoint.meta, &checkpoint.network()), (&meta, &network));
        assert_eq!(checkpoint.notes, []);
        assert!(checkpoint.state(&network).unwrap() == state, "{fragment}");
    }
}

#[test]
fn the_file_has_pytorchs_names_and_layouts() {
    let (meta, network, state) = example("width=0.25&norm=bn&depth=1");
    let bytes = weights::save(FILE, &network, &state, &meta).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let value = |name: &str, index: usize| {
        let (words, _) = file.tensor(name).unwrap().data().as_chunks::<4>();
        f32::from_le_bytes(words[index])
    };
    let ours = |name: &str, index: usize| state.parameters[network.tensor(name).unwrap().range.start + index];
    let shapes = [
        ("conv1.weight", vec![8, 3, 5, 5]),
        ("conv4_1.bias", vec![24]),
        ("fc6.weight", vec![64, 256]),
        ("velocity.fc8.weight", vec![3, 64]),
        ("bn4_1.weight", vec![24]),
        ("bn7.running_var", vec![64]),
    ];
    for (name, shape) in shapes {
        assert_eq!(file.tensor(name).unwrap().shape(), shape, "{name}");
    }
    // conv1: out 7, in 2, row 4, column 1.
    assert_eq!(value("conv1.weight", ((7 * 3 + 2) * 5 + 4) * 5 + 1), ours("conv1.weight", ((4 * 5 + 1) * 3 + 2) * 8 + 7));
    // fc6 sees conv5's pooled 4x4x16: out 9, channel 13, row 2, column 3.
    assert_eq!(value("fc6.weight", 9 * 256 + (13 * 4 + 2) * 4 + 3), ours("fc6.weight", ((2 * 4 + 3) * 16 + 13) * 64 + 9));
    // fc7: out 5, in 60.
    assert_eq!(value("fc7.weight", 5 * 64 + 60), ours("fc7.weight", 60 * 64 + 5));
    assert_eq!(value("bn2.running_var", 3), state.running[2 * 8 + 16 + 3]);
}

#[test]
fn a_file_without_velocities_starts_at_rest() {
    let (_, network, state) = example("width=0.25&norm=none");
    let bytes = saved("width=0.25&norm=none");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let parameters = file.iter().filter(|(name, _)| !name.starts_with("velocity."));
    let bytes = safetensors::serialize(parameters, header.metadata().clone()).unwrap();
    let loaded = load_all(&bytes).unwrap();
    assert!(loaded.parameters == state.parameters);
    assert_eq!(loaded.velocities, vec![0.0; network.parameters()]);
}

#[test]
fn a_file_of_another_network_is_refused_with_the_tensors_name() {
    let bytes = saved("width=0.25&norm=none");
    let checkpoint = weights::load(FILE, &bytes).unwrap();
    let into = |fragment: &str, classes| checkpoint.state(&Network::new(&Config::from_fragment(fragment).0, classes));
    assert_eq!(
        into("width=0.5&norm=none", 3),
        Err(Error::WeightsShape {
            file: FILE.into(),
            tensor: "conv1.weight".into(),
            found: "[8, 3, 5, 5]".into(),
            wanted: "[16, 3, 5, 5]".into()
        })
    );
    assert!(matches!(into("width=0.25&norm=none", 4), Err(Error::WeightsShape { tensor, .. }) if tensor == "fc8.weight"));
    assert!(matches!(into("width=0.25&norm=bn", 3), Err(Error::WeightsMissing { tensor, .. }) if tensor == "bn1.weight"));
    let deeper = saved("width=0.25&norm=none&depth=1");
    let base = Network::new(&meta("width=0.25&norm=none").config, 3);
    let refused = weights::load(FILE, &deeper).unwrap().state(&base);
    assert!(matches!(&refused, Err(Error::WeightsFile { why, .. }) if why.contains("conv4_1.")), "{refused:?}");
}

#[test]
fn bad_metadata_is_named() {
    let good = saved("width=0.25&norm=none");
    let cases = [
        ("version", "2"),
        ("version", "one"),
        ("step", "-1"),
        ("classes", "[]"),
        ("classes", "cat"),
        ("mean", "[0, 0]"),
        ("std", "[1, 1, 0]"),
        ("std", "[1, 1, 1e99]"),
    ];
    for (key, value) in cases {
        let bytes = with_header(&good, |header| header["__metadata__"][key] = value.into());
        let error = load_all(&bytes).unwrap_err();
        assert!(matches!(&error, Error::WeightsFile { why, .. } if why.contains(key)), "{key}={value}: {error}");
    }
    let bytes = with_header(&good, |header| header["__metadata__"]["config"] = "v=1&width=0.25&norm=none&colour=red".into());
    assert_eq!(weights::load(FILE, &bytes).unwrap().notes.len(), 1);
    let bytes = with_header(&good, |header| drop(header.as_object_mut().unwrap().remove("__metadata__")));
    assert!(matches!(load_all(&bytes), Err(Error::WeightsFile { .. })));
}

#[test]
fn a_header_that_does_not_fit_its_tensors_is_refused() {
    let good = saved("width=0.25&norm=none");
    let end = SafeTensors::deserialize(&good).unwrap().iter().map(|(_, tensor)| tensor.data().len()).sum::<usize>();
    let cases: [(&str, serde_json::Value); 10] = [
        ("shape", [8, 3, 5, 6].into()),
        ("shape", [8, 3, 5].into()),
        ("shape", [-8, 3, 5, -5].into()),
        ("shape", [1u64 << 62, 1 << 62, 1 << 62, 0].into()),
        ("shape", 600.into()),
        ("dtype", 32.into()),
        ("data_offsets", [0].into()),
        ("data_offsets", [4, 0].into()),
        ("data_offsets", [end, end + 2400].into()),
        ("data_offsets", [0.5, 2400.5].into()),
    ];
    for (key, value) in cases {
        let bytes = with_header(&good, |header| header["conv1.weight"][key] = value.clone());
        let error = load_all(&bytes).unwrap_err();
        assert!(matches!(&error, Error::WeightsFile { why, .. } if why.contains("conv1.weight")), "{key}={value}: {error}");
    }
    let removed = with_header(&good, |header| drop(header.as_object_mut().unwrap().remove("velocity.conv1.weight")));
    let longer = [&good[..], &[0]].concat();
    let endless = [&u64::MAX.to_le_bytes()[..], &good[8..]].concat();
    for bytes in [&removed, &longer, &good[..good.len() - 1], &endless, &good[..7]] {
        let error = load_all(bytes).unwrap_err();
        assert!(matches!(error, Error::WeightsFile { .. }), "{error}");
    }
}

#[test]
fn a_file_is_aligned_and_has_the_bytes_that_the_crate_writes() {
    let good = saved("width=0.25&norm=bn");
    let (length, header) = SafeTensors::read_metadata(&good).unwrap();
    assert_eq!(length % 8, 0);
    let again = safetensors::serialize(SafeTensors::deserialize(&good).unwrap().iter(), header.metadata().clone()).unwrap();
    // The crate writes the metadata in any order.
    assert_eq!((again.len(), &again[8 + length..]), (good.len(), &good[8 + length..]));
    assert_eq!(with_header(&again, |_| ()), with_header(&good, |_| ()));
}

/// The file with the number at `index` of a tensor replaced.
fn with_number(bytes: &[u8], tensor: &str, index: usize, number: f32) -> Vec<u8> {
    let view = SafeTensors::deserialize(bytes).unwrap().tensor(tensor).unwrap().data().as_ptr() as usize;
    let at = view - bytes.as_ptr() as usize + 4 * index;
    let mut bytes = bytes.to_vec();
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    bytes
}

#[test]
fn a_number_that_no_run_can_go_on_from_is_refused_wherever_it_is() {
    let good = saved("width=0.25&norm=bn");
    let names: Vec<String> = SafeTensors::deserialize(&good).unwrap().names().iter().map(|name| name.to_string()).collect();
    assert!(names.len() > 70, "parameters, velocities and running statistics: {}", names.len());
    for name in &names {
        for number in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.5] {
            let loaded = load_all(&with_number(&good, name, 2, number));
            if number == -0.5 && !name.ends_with("running_var") {
                assert!(loaded.is_ok(), "{name}: {loaded:?}");
                continue;
            }
            let Err(Error::WeightsValue { file, tensor, index, value }) = loaded else { panic!("{name} {number}: {loaded:?}") };
            assert_eq!((file.as_str(), &tensor, value), (FILE, name, number.to_string()));
            assert!(index.ends_with("2]"), "{index}");
        }
    }
    // conv1 is (8, 3, 5, 5): out 7, in 2, row 4, column 1.
    let at = ((7 * 3 + 2) * 5 + 4) * 5 + 1;
    let error = load_all(&with_number(&good, "velocity.conv1.weight", at, f32::NAN)).unwrap_err();
    assert!(error.to_string().starts_with("w.safetensors: velocity.conv1.weight[7, 2, 4, 1] is NaN, "), "{error}");
    // The largest numbers and a variance of 0 are valid.
    assert!(load_all(&with_number(&good, "conv1.weight", 0, f32::MIN)).is_ok());
    assert!(load_all(&with_number(&good, "bn1.running_var", 0, 0.0)).is_ok());
}

#[test]
fn a_state_that_could_not_be_loaded_again_is_not_saved() {
    let (meta, network, state) = example("width=0.25&norm=bn");
    let save = |change: &dyn Fn(&mut State)| {
        let mut state = state.clone();
        change(&mut state);
        weights::save(FILE, &network, &state, &meta)
    };
    assert!(save(&|_| ()).is_ok());
    // conv1 is (5, 5, 3, 8) here, and (8, 3, 5, 5) in the file.
    let (row, column, channel, out) = (4, 1, 2, 7);
    let error = save(&|state| state.parameters[((row * 5 + column) * 3 + channel) * 8 + out] = f32::INFINITY).unwrap_err();
    assert!(error.to_string().contains("conv1.weight[7, 2, 4, 1] is inf"), "{error}");
    assert!(matches!(save(&|state| state.velocities[0] = f32::NAN), Err(Error::WeightsValue { .. })));
    // Means first, then variances: bn1 has 8 channels.
    let error = save(&|state| state.running[8 + 5] = -1.0).unwrap_err();
    assert!(error.to_string().contains("bn1.running_var[5] is -1"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), framed in any::<bool>()) {
        // Framed: the header's length is right, so that the bytes reach the JSON reader.
        let bytes = if framed { [&(bytes.len() as u64).to_le_bytes()[..], &bytes].concat() } else { bytes };
        prop_assert!(load_all(&bytes).is_err());
    }

    #[test]
    fn mutated_files_are_an_error_or_a_state(
        changes in proptest::collection::vec((0usize..5000, any::<u8>()), 1..8), keep in 0.0f64..1.5,
    ) {
        let mut bytes = saved("width=0.25&norm=bn");
        for (position, byte) in changes {
            bytes[position] = byte; // the header is about 7,000 bytes long
        }
        bytes.truncate((bytes.len() as f64 * keep.min(1.0)) as usize);
        match load_all(&bytes) {
            Ok(state) => prop_assert_eq!(state.velocities.len(), state.parameters.len()),
            Err(error) => prop_assert!(error.to_string().starts_with(FILE)),
        }
    }
}
