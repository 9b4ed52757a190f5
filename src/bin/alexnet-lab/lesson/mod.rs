//! `lesson`: the claims of the page's lessons, each measured over several seeds. In `lesson/`, `run.rs` has the runs; other files
//! have the claims.

mod channels;
mod gradients;
mod ladder;
mod measured;
mod overfitting;
mod passes;
mod run;
mod scale;
mod settings;

use crate::outcome::{Outcome, fail, misuse, tell};
use crate::settings::Data;
use alexnet_lab::config::Config;
use alexnet_lab::data::Dataset;
use measured::{Lesson, Measured};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(clap::Args)]
pub struct Arguments {
    /// Lesson to measure; --list shows all lessons
    #[arg(required_unless_present = "list")]
    name: Option<String>,
    /// List the lessons and their claims
    #[arg(long)]
    list: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Number of seeds to measure with: 1, 2, and so on
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    seeds: u32,
    #[command(flatten)]
    data: Data,
}

const LESSONS: [Lesson; 10] = [
    ladder::FROM_LENET,
    gradients::RELU_OR_SIGMOID,
    passes::FIGURE_1,
    gradients::PRODUCT_OF_WEIGHTS,
    scale::SCALE_OF_WEIGHTS,
    channels::LRN_COMPETITION,
    channels::NORMS,
    channels::POOLING,
    overfitting::DROPOUT,
    overfitting::COVARIATE_SHIFT,
];

/// A lesson's outcome over all seeds. Measured numbers are in the order of the seeds.
#[derive(Serialize)]
struct Report {
    lesson: &'static str,
    claim: &'static str,
    /// Whether the claim holds with every seed.
    holds: bool,
    effect_is: &'static str,
    effect: Vec<f64>,
    seeds: Vec<u32>,
    data: String,
    measured: BTreeMap<String, Vec<f64>>,
}

pub fn run(arguments: &Arguments) -> Outcome {
    if arguments.list {
        return list(arguments.json);
    }
    let name = arguments.name.as_deref().unwrap_or_default();
    let Some(lesson) = LESSONS.iter().find(|lesson| lesson.name == name) else {
        let names = LESSONS.map(|lesson| lesson.name).join(", ");
        misuse!("There is no lesson {name}. Choose one of {names}.");
    };
    let data = arguments.data.load(&mut Config::default(), &[])?;
    let report = measure(lesson, &data, arguments.seeds)?;
    if arguments.json {
        tell!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report)?;
    }
    Ok(())
}

fn list(as_json: bool) -> Outcome {
    if as_json {
        let rows =
            LESSONS.map(|Lesson { name, claim, effect, .. }| json!({ "lesson": name, "claim": claim, "effect_is": effect }));
        tell!("{:#}", json!(rows));
        return Ok(());
    }
    for lesson in &LESSONS {
        tell!("{:<20} {}", lesson.name, lesson.claim);
    }
    Ok(())
}

/// Measures seeds side by side, one per core.
fn measure(lesson: &Lesson, data: &Dataset, seeds: u32) -> Outcome<Report> {
    let (next, found) = (AtomicU32::new(1), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > seeds {
                return;
            }
            let measured = (lesson.measure)(data, seed);
            found.lock().expect("no thread panics").insert(seed, measured);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(seeds as usize);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut report = Report {
        lesson: lesson.name,
        claim: lesson.claim,
        holds: true,
        effect_is: lesson.effect,
        effect: vec![],
        seeds: vec![],
        data: data.title(),
        measured: BTreeMap::new(),
    };
    for (seed, measured) in found.into_inner().expect("no thread panics") {
        let Measured { holds, effect, numbers } = measured?;
        if !effect.is_finite() {
            fail!(
                "{} cannot be measured with seed {seed}: a run diverged, or had no test images. Use a data set with test images.",
                lesson.name
            );
        }
        report.holds &= holds;
        report.effect.push(effect);
        report.seeds.push(seed);
        numbers.into_iter().for_each(|(name, number)| report.measured.entry(name).or_default().push(number));
    }
    Ok(report)
}

fn print(report: &Report) -> Outcome {
    tell!("{}", report.claim);
    tell!("It {} with every seed. Effect: {}.", if report.holds { "holds" } else { "does not hold" }, report.effect_is);
    let row = |name: &str, numbers: &[f64]| -> Outcome {
        tell!("{name:<42}{}", numbers.iter().map(|number| format!("{:>12}", short(*number))).collect::<String>());
        Ok(())
    };
    row("seed", &report.seeds.iter().map(|seed| f64::from(*seed)).collect::<Vec<_>>())?;
    row("effect", &report.effect)?;
    report.measured.iter().try_for_each(|(name, numbers)| row(name, numbers))
}

fn short(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        size if (0.001..100_000.0).contains(&size) => format!("{number:.4}").trim_end_matches('0').trim_end_matches('.').into(),
        _ => format!("{number:.3e}"),
    }
}
