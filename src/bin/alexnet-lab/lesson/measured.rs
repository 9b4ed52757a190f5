//! A lesson's claim and its measurements.

use crate::outcome::Outcome;
use alexnet_lab::data::Dataset;
use std::collections::BTreeMap;

/// What a lesson claims, and how it is measured.
pub struct Lesson {
    /// The name as in the page's link: `lesson=norms`.
    pub name: &'static str,
    pub claim: &'static str,
    /// The meaning of the number called effect.
    pub effect: &'static str,
    /// Measures the claim for one seed.
    pub measure: fn(&Dataset, u32) -> Outcome<Measured>,
}

/// The outcome for one seed.
pub struct Measured {
    pub holds: bool,
    pub effect: f64,
    /// Further numbers, by name.
    pub numbers: BTreeMap<String, f64>,
}

impl Measured {
    pub fn new<const N: usize>(holds: bool, effect: f64, numbers: [(&'static str, f64); N]) -> Measured {
        Measured { holds, effect, numbers: numbers.map(|(name, number)| (name.into(), number)).into() }
    }
}
