//! The papers' experiments were recorded on the complete CIFAR-10. Their first steps, on the photographs that ship with the page, come
//! out again.

use crate::common::{folder, run};
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// Largest relative difference of a loss. Processors round differently, and ten steps amplify that; a rate that is off by one percent
/// differs by more (checked below).
const TOLERANCE: f64 = 1e-4;

/// The losses of as many steps as `wanted` has.
fn losses(folder: &Path, link: &str, wanted: usize) -> Vec<f64> {
    let output = run(folder, &["train", "--link", link, "--steps", &wanted.to_string(), "--log", "log.jsonl"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = fs::read_to_string(folder.join("log.jsonl")).unwrap();
    log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["loss"].as_f64().unwrap()).collect()
}

/// The largest relative difference.
fn difference(found: &[f64], wanted: &[f64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    found.iter().zip(wanted).map(|(found, wanted)| (found / wanted - 1.0).abs()).fold(0.0, f64::max)
}

#[test]
fn the_first_steps_of_the_recorded_experiments_come_out_again() {
    let (folder, results) = (folder("papers"), Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/papers/results"));
    let mut searches = 0;
    for file in fs::read_dir(results).unwrap() {
        let report: Value = serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
        let mut seen = HashSet::new();
        for result in report["results"].as_array().unwrap() {
            let link = result["link"].as_str().unwrap();
            // The other seeds of the same settings take the same way.
            if !seen.insert((result["name"].to_string(), result["rate"].to_string())) {
                continue;
            }
            let wanted: Vec<f64> = result["first"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap()).collect();
            let found = difference(&losses(&folder, link, wanted.len()), &wanted);
            assert!(found <= TOLERANCE, "{link}: {found:e}");
            // The runs of a search end with their rate.
            let rate = link.rsplit_once("&lr=").and_then(|(_, rate)| rate.parse::<f64>().ok());
            if let Some(rate) = rate.filter(|_| searches == 0) {
                let other = losses(&folder, &format!("{link}&lr={}", 1.01 * rate), wanted.len());
                assert!(difference(&other, &wanted) > TOLERANCE, "another rate goes unnoticed");
            }
            searches += usize::from(rate.is_some());
        }
    }
    assert!(searches > 0);
}
