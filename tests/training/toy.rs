//! Toy objects: the same on every machine, random where promised, useless to a linear model, learnt by the network.

use crate::linear::linear_accuracies;
use alexnet_lab::backend::machine::Host;
use alexnet_lab::config::{Config, Variation};
use alexnet_lab::data::toy::{self, CLASSES, HELD_BACK, Scene, Split, UPRIGHT};
use alexnet_lab::data::{Dataset, IMAGE, Images};
use alexnet_lab::trainer::{Evaluation, Trainer};
use pollster::block_on;
use sha2::{Digest, Sha256};

const VARIATIONS: [Variation; 3] = [Variation::None, Variation::Texture, Variation::Rotation];
const SPLITS: [Split; 2] = [Split::Train, Split::Test];

/// Pixels, then labels, of the first 100 images; `tests/page/toy.test.mjs` checks the test images in WebAssembly.
const TRAIN_IMAGES: &str = "9b8a92617723df15966b69a173de1429676d81448ad386edbe0225b2f6066a12";
const TEST_IMAGES: &str = "e214d77a8b502e723207f99a71ae8c3ff756675560f4ce45f8f826820879f820";

fn whole(variation: Variation) -> Dataset {
    let mut set = Dataset::toy(variation);
    set.add_generated(usize::MAX);
    set
}

/// `count` images of another seed than the lab's.
fn images(seed: u32, count: u32, split: Split, variation: Variation) -> Images {
    let mut images = Images::default();
    for index in 0..count {
        let (pixels, label) = toy::draw(seed, index, split, variation);
        images.append(Images { pixels, labels: vec![label] });
    }
    images
}

#[test]
fn the_first_images_are_these() {
    let mut set = Dataset::toy(Variation::None);
    set.add_generated(700);
    let sha256 = |images: &Images| {
        let digest = Sha256::new().chain_update(&images.pixels[..100 * IMAGE]).chain_update(&images.labels[..100]).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert_eq!([sha256(&set.train), sha256(&set.test)], [TRAIN_IMAGES, TEST_IMAGES]);
}

#[test]
fn images_do_not_depend_on_how_they_are_asked_for() {
    let all = whole(Variation::None);
    assert_eq!(all.title(), "Toy objects (10,000 for training, 2,000 for testing)");
    assert_eq!((all.train.len(), all.test.len()), (all.train_total, all.test_total));
    let mut pieces = Dataset::toy(Variation::None);
    let mut left = 12_000;
    for count in [1, 7, 232, 0, 500] {
        left -= count;
        assert_eq!(pieces.add_generated(count), left);
        assert_eq!(pieces.train.pixels[..], all.train.pixels[..pieces.train.pixels.len()]);
        assert_eq!(pieces.test.labels[..], all.test.labels[..pieces.test.len()]);
    }
    // One in six is for testing; the first shard is complete after 240.
    assert_eq!((pieces.train.len(), pieces.test.len()), (616, 124));
    assert_eq!((pieces.add_generated(usize::MAX), pieces.add_generated(5)), (0, 0));
    assert_eq!(pieces, all);
    assert_ne!(toy::draw(1, 0, Split::Train, Variation::None).0, toy::draw(2, 0, Split::Train, Variation::None).0);
}

#[test]
fn classes_are_equally_frequent_and_the_stated_colours_are_theirs() {
    let set = whole(Variation::None);
    for class in 0..10 {
        let count = set.train.labels.iter().filter(|label| **label == class).count() as f64;
        // Binomial: the standard deviation is sqrt(10,000 * 0.1 * 0.9) = 30; four of them are allowed.
        assert!((count - 1000.0).abs() < 120.0, "{}: {count}", CLASSES[usize::from(class)]);
    }
    for channel in 0..3 {
        let values = || set.train.pixels.iter().skip(channel).step_by(3).map(|byte| f64::from(*byte) / 255.0);
        let count = values().count() as f64;
        let mean = values().sum::<f64>() / count;
        let std = (values().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        println!("channel {channel}: {mean:.4}, {std:.4}");
        // Stated with three digits.
        assert!((mean - f64::from(set.normalisation.mean[channel])).abs() < 6e-4, "channel {channel}: mean {mean}");
        assert!((std - f64::from(set.normalisation.std[channel])).abs() < 6e-4, "channel {channel}: std {std}");
    }
}

/// Every random quantity of a scene, as numbers with names.
fn nuisances(scene: &Scene) -> Vec<(String, f64)> {
    let mut all = vec![];
    for (name, pose) in ["object", "distractor", "other distractor", "occluder"].iter().zip(&scene.poses) {
        for (what, x) in
            [("x", pose.centre[0]), ("y", pose.centre[1]), ("size", pose.size), ("tilt", pose.tilt), ("mirror", pose.mirror)]
        {
            all.push((format!("{name}'s {what}"), f64::from(x)));
        }
    }
    all.push(("occluded".into(), f64::from(u8::from(scene.occluded))));
    for (part, paint) in scene.paints.iter().enumerate() {
        for channel in 0..3 {
            let [one, other] = paint.colours.map(|colour| f64::from(colour[channel]));
            all.push((format!("paint {part}, channel {channel}"), one + other));
            all.push((format!("paint {part}, depth of channel {channel}"), other - one));
        }
        all.push((format!("paint {part}, wave"), f64::from(paint.wave[0])));
        for texture in toy::TEXTURES {
            all.push((format!("paint {part}, {texture:?}"), f64::from(u8::from(paint.texture == texture))));
        }
    }
    all
}

/// The largest deviation of a class's mean from the overall mean, in standard errors, over all numbers; and how many were
/// compared.
fn largest_deviation(rows: &[(u8, Vec<(String, f64)>)]) -> (f64, String, usize) {
    let (mut worst, mut compared) = ((0.0, String::new()), 0);
    for at in 0..rows[0].1.len() {
        let values = || rows.iter().map(|(label, row)| (*label, row[at].1));
        let mean = values().map(|(_, x)| x).sum::<f64>() / rows.len() as f64;
        let variance = values().map(|(_, x)| (x - mean).powi(2)).sum::<f64>() / rows.len() as f64;
        for class in 0..10 {
            let of_class: Vec<f64> = values().filter(|(label, _)| *label == class).map(|(_, x)| x).collect();
            let error = (variance / of_class.len() as f64).sqrt();
            let deviation = (of_class.iter().sum::<f64>() / of_class.len() as f64 - mean).abs() / error;
            compared += 1;
            if deviation > worst.0 {
                worst = (deviation, format!("{} of {}", rows[0].1[at].0, CLASSES[usize::from(class)]));
            }
        }
    }
    (worst.0, worst.1, compared)
}

#[test]
fn what_is_left_to_chance_is_independent_of_the_class() {
    let scenes = (0..10_000).map(|index| Scene::new(1, index, Split::Train, Variation::None));
    let rows: Vec<_> = scenes.map(|scene| (scene.label, nuisances(&scene))).collect();
    let (deviation, what, compared) = largest_deviation(&rows);
    println!("largest of {compared} deviations: {deviation:.2} standard errors, {what}");
    // A normal number exceeds 5 with a chance of 6e-7; any of 900 does with 5e-4.
    assert!(compared > 700 && deviation < 5.0, "{what}: {deviation} standard errors");
}

#[test]
fn mean_colours_are_those_of_every_class() {
    let images = images(1, 10_000, Split::Train, Variation::None);
    let colour = |image: &[u8]| {
        let mean = |channel: usize| image.iter().skip(channel).step_by(3).map(|byte| f64::from(*byte)).sum::<f64>() / 1024.0;
        (0..3).map(|channel| (format!("channel {channel}"), mean(channel))).collect::<Vec<_>>()
    };
    let rows: Vec<_> = (0..images.len()).map(|i| (images.labels[i], colour(images.image(i)))).collect();
    let (deviation, what, compared) = largest_deviation(&rows);
    println!("largest of {compared} deviations: {deviation:.2} standard errors, {what}");
    // A normal number exceeds 4 with a chance of 6e-5; any of 30 does with 2e-3.
    assert!(deviation < 4.0, "{what}: {deviation} standard errors");
}

#[test]
fn what_is_held_back_is_absent_from_training_and_in_every_second_test_image() {
    for index in 0..10_000 {
        let [train, test] = SPLITS.map(|split| Scene::new(1, index, split, Variation::Texture));
        let has = |scene: &Scene| scene.paints.iter().any(|paint| paint.texture == HELD_BACK);
        assert!(!has(&train) && has(&test) == (index % 2 == 1), "image {index}");
        assert!(!has(&test) || test.paints[1..3].iter().all(|paint| paint.texture == HELD_BACK), "image {index}");
        let [train, test] = SPLITS.map(|split| Scene::new(1, index, split, Variation::Rotation).poses[0].tilt.abs());
        assert!(
            train <= UPRIGHT && if index % 2 == 1 { test >= UPRIGHT } else { test <= UPRIGHT },
            "image {index}: {train}, {test}"
        );
    }
    // Otherwise training has both.
    let scenes: Vec<Scene> = (0..1000).map(|index| Scene::new(1, index, Split::Train, Variation::None)).collect();
    let checked = scenes.iter().filter(|scene| scene.paints[1].texture == HELD_BACK).count();
    let turned = scenes.iter().filter(|scene| scene.poses[0].tilt.abs() > UPRIGHT).count();
    // A fifth and two thirds; standard deviations of 13 and 15.
    assert!((140..260).contains(&checked) && (600..734).contains(&turned), "{checked} {turned}");
}

#[test]
fn holding_back_changes_nothing_else() {
    for (index, split) in (0..200).flat_map(|index| SPLITS.map(|split| (index, split))) {
        // Test images come in pairs of one scene.
        let scene = if split == Split::Test { index / 2 } else { index };
        let [_, texture, rotation] = VARIATIONS.map(|variation| Scene::new(1, index, split, variation));
        let plain = Scene::new(1, scene, split, Variation::None);
        let mut same = texture;
        for (paint, original) in same.paints.iter_mut().zip(&plain.paints) {
            paint.texture = original.texture;
        }
        assert_eq!(same, plain);
        let mut same = rotation;
        same.poses[0].tilt = plain.poses[0].tilt;
        assert_eq!(same, plain);
    }
}

#[test]
fn a_linear_model_finds_little() {
    // The same code detects linear data.
    let stripes = crate::common::striped(500, 200);
    let easy = linear_accuracies(&stripes.train, &stripes.test, &[0.1]);
    assert!(easy[0] > 0.95, "{easy:?}");
    let set = whole(Variation::None);
    let decays = [0.1, 10.0];
    for (decay, accuracy) in decays.into_iter().zip(linear_accuracies(&set.train, &set.test, &decays)) {
        println!("linear, decay {decay}: {:.1} % of {} test images", accuracy * 100.0, set.test.len());
        assert!(accuracy < 0.3, "{accuracy}");
    }
}

#[test]
fn the_network_learns_it() {
    let fragment = "width=0.5&norm=bn&lr=0.02&schedule=step&schedule_every=1200";
    let test = trained(fragment, 1600);
    println!("{:.1} % of {} test images", test.accuracy * 100.0, test.count);
    assert!(test.count == 2000 && test.accuracy > 0.8, "{test:?}");
}

/// The evaluation on all 2,000 test images after `steps` steps.
fn trained(fragment: &str, steps: usize) -> Evaluation {
    let (config, notes) = Config::from_fragment(&format!("data=toy&backend=cpu&test_size=2000&{fragment}"));
    assert_eq!(notes, []);
    let set = whole(config.hold_back);
    let mut trainer = block_on(Trainer::new(config, set, &Host::native())).unwrap();
    for _ in 0..steps {
        assert!(trainer.step().unwrap());
        block_on(trainer.work()).unwrap();
        trainer.records().unwrap();
    }
    block_on(trainer.evaluate()).unwrap()
}

/// After 600 steps, the accuracy on test images like the training images, and on the same with what was held back.
fn pairs(what: &str) -> [[f64; 2]; 3] {
    [1, 2, 3].map(|seed| {
        let test = trained(&format!("width=0.25&norm=bn&lr=0.02&hold_back={what}&seed={seed}"), 600);
        let [like, held_back] = test.pair.unwrap();
        println!(
            "{what}, seed {seed}: {:.1} % like in training, {:.1} % with what is held back",
            like * 100.0,
            held_back * 100.0
        );
        assert!(test.count == 2000 && ((like + held_back) / 2.0 - test.accuracy).abs() < 1e-9, "{test:?}");
        [like, held_back]
    })
}

#[test]
fn a_rotation_that_is_held_back_is_not_learnt() {
    for [like, held_back] in pairs("rotation") {
        // (81 to 83 %, and 38 to 43 %; a standard error of 1.6 % each)
        assert!(like > 0.7 && like - held_back > 0.25, "{like} {held_back}");
    }
}

/// A random quantity in training gives no answer away: the other textures teach as much.
#[test]
fn a_texture_that_is_held_back_does_not_matter() {
    for [like, held_back] in pairs("texture") {
        // (58 to 61 %, and 59 to 62 %)
        assert!(like > 0.45 && (like - held_back).abs() < 0.08, "{like} {held_back}");
    }
}

#[test]
fn nothing_held_back_has_no_pairs() {
    assert_eq!(trained("width=0.25", 1).pair, None);
}
