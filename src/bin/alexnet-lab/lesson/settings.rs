//! The lessons' settings and thresholds, from the page's own file.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Values that all lessons share, and each lesson's own.
#[derive(Deserialize)]
pub struct Settings {
    /// How many last steps give the mean loss at the end of a run.
    pub last: usize,
    /// How many standard errors a difference of two losses must exceed.
    pub errors: f64,
    lessons: BTreeMap<String, Own>,
}

#[derive(Deserialize)]
pub struct Own {
    /// The fragment of the networks side by side.
    pub fragment: String,
    /// Steps of the run.
    pub until: u64,
    /// Steps between snapshots; the first snapshot is after step 1.
    pub every: u64,
    /// The layer that the lesson is about, if it is about one.
    #[serde(default)]
    pub layer: String,
    #[serde(default)]
    numbers: BTreeMap<String, f64>,
    /// A ladder of networks, in which each one changes the one before it.
    #[serde(default)]
    pub rungs: Vec<Rung>,
}

#[derive(Deserialize)]
pub struct Rung {
    /// Of its numbers in the report: `relu` for `relu_test_accuracy`.
    pub name: String,
    /// Written like those of a lane: `pool:max,lr:0.01`.
    pub changes: String,
}

pub static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../www/js/lessons/run/lessons.json")).expect("the file has this form")
});

/// A lesson's values in the file.
pub fn of(name: &str) -> &'static Own {
    SETTINGS.lessons.get(name).unwrap_or_else(|| panic!("lessons.json has no lesson {name}"))
}

impl Own {
    pub fn number(&self, name: &str) -> f64 {
        *self.numbers.get(name).unwrap_or_else(|| panic!("lessons.json has no number {name} for this lesson"))
    }
}
