//! A lesson's claim, and what is measured of it.

use crate::outcome::Outcome;
use alexnet_lab::data::Dataset;
use std::collections::BTreeMap;

/// What a lesson says, and how it is measured.
pub struct Lesson {
    /// As in the page's link: `lesson=norms`.
    pub name: &'static str,
    pub claim: &'static str,
    /// What the number called effect is.
    pub effect: &'static str,
    /// For one seed.
    pub measure: fn(&Dataset, u32) -> Outcome<Measured>,
}

/// What came out with one seed.
pub struct Measured {
    pub holds: bool,
    pub effect: f64,
    /// By name.
    pub numbers: BTreeMap<&'static str, f64>,
}

impl Measured {
    pub fn new<const N: usize>(holds: bool, effect: f64, numbers: [(&'static str, f64); N]) -> Measured {
        Measured { holds, effect, numbers: BTreeMap::from(numbers) }
    }
}
