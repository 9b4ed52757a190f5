//! What the README says of the settings is what the table holds.

use alexnet_lab::config::SETTINGS;

#[test]
fn the_readme_names_every_setting_and_no_other() {
    let readme = include_str!("../README.md");
    let switches = readme.split("## The switches").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the chapter");
    for setting in SETTINGS {
        assert!(switches.contains(&format!("`{}`", setting.key)), "{} is missing", setting.key);
    }
    // The other way round: whatever stands in backticks in the table is a key.
    let rows = switches.lines().filter(|line| line.starts_with("| `"));
    for key in rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)) {
        assert!(SETTINGS.iter().any(|setting| setting.key == key), "{key} is no setting");
    }
}
