//! Documents for readers: the guide names every setting, every link has a target, and both languages have the same structure.

use alexnet_lab::config::{Effect, SETTINGS, Setting};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

const LANGUAGES: [&str; 2] = ["en", "zh"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The Markdown files of a language, sorted.
fn guide(language: &str) -> Vec<PathBuf> {
    let folder = root().join("www/guide").join(language);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Every document that readers are sent to.
fn documents() -> Vec<PathBuf> {
    let files = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benches/README.md"].map(|file| root().join(file));
    files.into_iter().chain(LANGUAGES.iter().flat_map(|language| guide(language))).collect()
}

/// Headings with their level and their anchor, as GitHub makes it.
fn headings(markdown: &str) -> Vec<(HeadingLevel, String)> {
    let (mut found, mut text, mut seen) = (vec![], String::new(), HashMap::new());
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => text.clear(),
            Event::Text(part) | Event::Code(part) => text += &part,
            Event::End(TagEnd::Heading(level)) => {
                let kept = text.to_lowercase().replace(' ', "-");
                let name: String = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
                let times = seen.entry(name.clone()).and_modify(|times| *times += 1).or_insert(0);
                found.push((level, if *times == 0 { name } else { format!("{name}-{times}") }));
            }
            _ => {}
        }
    }
    found
}

/// Addresses of links and pictures.
fn addresses(markdown: &str) -> Vec<String> {
    let address = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    };
    Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(address).collect()
}

/// Whether a cell agrees with the table of settings; numbers may be written differently.
fn says_default(cell: &str, setting: &Setting) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    cell.trim_matches('`') == setting.default || (number(cell).is_some() && number(cell) == number(setting.default))
}

#[test]
fn the_guide_names_every_setting_and_no_other() {
    for language in LANGUAGES {
        let page = read(&root().join("www/guide").join(language).join("settings.md"));
        let rows: Vec<Vec<&str>> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        let key = |row: &[&str]| row[0].split('`').nth(1).unwrap_or_default().to_string();
        for setting in SETTINGS {
            let row = rows
                .iter()
                .find(|row| key(row) == setting.key)
                .unwrap_or_else(|| panic!("{language}: {} is missing", setting.key));
            assert_eq!(row[0].ends_with('↺'), setting.effect == Effect::Restart, "{language}: whether {} restarts", setting.key);
            assert!(
                says_default(row[2], setting),
                "{language}: the default of {} is {}, not {}",
                setting.key,
                setting.default,
                row[2]
            );
        }
        for row in &rows {
            assert!(SETTINGS.iter().any(|setting| setting.key == key(row)), "{language}: {} is no setting", row[0]);
        }
        assert_eq!(rows.len(), SETTINGS.len(), "{language}: a setting stands there twice");
    }
}

#[test]
fn the_readme_is_one_page() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(lines <= 120, "README.md has {lines} lines; what is more than 120 belongs to the guide");
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    for file in documents() {
        let text = read(&file);
        for address in addresses(&text) {
            if address.contains("://") || address.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = address.split_once('#').unwrap_or((&address, ""));
            let target = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            let from = file.strip_prefix(root()).unwrap().display();
            assert!(target.exists(), "{from} links to {address}, but there is no such file");
            if !heading.is_empty() {
                let known = headings(&read(&target));
                assert!(known.iter().any(|(_, name)| name == heading), "{from} links to {address}, but there is no such heading");
            }
        }
    }
}

#[test]
fn every_path_that_is_named_exists() {
    const FOLDERS: [&str; 6] = ["src/", "tests/", "www/", "shaders/", "benches/", "findings/"];
    for file in documents() {
        for event in Parser::new_ext(&read(&file), Options::ENABLE_TABLES) {
            let Event::Code(code) = event else { continue };
            // `src/layers/NAME.rs` is any of these files.
            let is_path =
                FOLDERS.iter().any(|folder| code.starts_with(folder)) && !code.contains([' ', '*']) && !code.contains("NAME");
            assert!(!is_path || root().join(&*code).exists(), "{} names {code}, which does not exist", file.display());
        }
    }
}

#[test]
fn both_languages_have_the_same_pages_and_headings() {
    let [english, chinese] = LANGUAGES.map(guide);
    let names = |files: &[PathBuf]| -> Vec<String> {
        files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(&english), names(&chinese));
    for (one, other) in english.iter().zip(&chinese) {
        let levels = |file: &Path| -> Vec<HeadingLevel> { headings(&read(file)).into_iter().map(|(level, _)| level).collect() };
        assert_eq!(levels(one), levels(other), "{} and {} have other headings", one.display(), other.display());
        // Typed or copied text is the same in both: code, except for its comments.
        let code = |file: &Path| read(file).matches("\n```").count();
        assert_eq!(code(one), code(other), "{} and {} have other examples", one.display(), other.display());
    }
}
