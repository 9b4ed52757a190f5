//! `build --single`: the whole page as one HTML file, which needs neither a server nor a network. `www/js/single.js` starts it.

use crate::outcome::{Outcome, about, fail, say};
use crate::tools::{Page, finish, walk};
use alexnet_lab::data::shard::Index;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::num::NonZeroU64;
use std::path::Path;

/// Photographs for testing, unless all are wanted. A shard holds 1,000 for training.
const TEST_IMAGES: usize = 500;

/// Of zopfli. Further ones gain next to nothing.
const ITERATIONS: NonZeroU64 = NonZeroU64::new(2).unwrap();

/// Types by the ending of a file's name. A file with another ending is not part of the single file.
const TYPES: &[(&str, &str)] = &[
    ("js", "text/javascript"),
    ("wasm", "application/wasm"),
    ("css", "text/css"),
    ("json", "application/json"),
    ("webp", "image/webp"),
];

/// What the single file carries besides the lab itself.
#[derive(Clone, Copy, PartialEq)]
pub enum Carries {
    /// Toy objects alone, no recorded lessons, and nothing that reads files: small enough for a frame with a `data:` address, which in Chromium may have 2 MiB.
    Toys,
    FirstImages,
    AllImages,
}

/// Writes the single file to `target`.
pub fn write(page: &Page, target: &Path, carries: Carries) -> Outcome {
    let template = fs::read_to_string(page.root.join("www/single/page.html"))?;
    let style = fs::read_to_string(page.dist.join("style.css"))?;
    let script = script(page)?;
    let mut files = String::new();
    let small = carries == Carries::Toys;
    for folder in ["js", "pkg", "i18n", "data/lessons"].iter().filter(|folder| !small || **folder != "data/lessons") {
        for path in walk(&page.dist.join(folder))? {
            let name = path.strip_prefix(&page.dist).expect("walk stays inside").to_string_lossy().replace('\\', "/");
            if small && name.starts_with("pkg/alexnet_reader") {
                continue;
            }
            add(&mut files, &name, &fs::read(&path).map_err(about(&path))?, small)?;
        }
    }
    for name in ["style.css", "lessons.css", "drill.css", "embed.css"] {
        add(&mut files, name, &fs::read(page.dist.join(name))?, small)?;
    }
    let photographs = if small { vec![] } else { photographs(&page.dist.join("data/cifar10"), carries == Carries::AllImages)? };
    for (name, bytes) in photographs {
        add(&mut files, &format!("data/cifar10/{name}"), &bytes, small)?;
    }
    let parts = [
        ("{{script hash}}", hash(&script)),
        ("{{style hash}}", hash(&style)),
        ("{{script}}", script),
        ("{{style}}", style),
        ("{{files}}", files),
        ("{{settings}}", if small { "data=\"toy\"" } else { "" }.into()),
    ];
    let html = parts.iter().fold(template, |html, (place, part)| html.replace(place, part));
    fs::write(target, &html).map_err(about(target))?;
    say!("{} has {:.1} MB.", target.display(), html.len() as f64 / 1e6);
    Ok(())
}

/// The script that starts the file, without its comments.
fn script(page: &Page) -> Outcome<String> {
    let made = page.work.join("single.js");
    let mut esbuild = page.tool("esbuild");
    esbuild.args(["www/js/single.js", "--minify", "--target=es2022", "--log-level=warning"]);
    esbuild.arg(format!("--outfile={}", made.display()));
    finish(esbuild, "")?;
    // A browser hashes the text between the tags, to the letter.
    Ok(fs::read_to_string(&made).map_err(about(&made))?.trim().into())
}

/// The source expression of a content security policy.
fn hash(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

/// A file as a script element that no browser runs. `small` packs it more tightly, which takes some seconds.
fn add(html: &mut String, name: &str, bytes: &[u8], small: bool) -> Outcome {
    let Some((_, kind)) = TYPES.iter().find(|(ending, _)| name.rsplit('.').next() == Some(ending)) else { return Ok(()) };
    // Pictures are packed already.
    let packed = *kind != "image/webp";
    let content = if packed && small {
        let mut content = vec![];
        let options = zopfli::Options { iteration_count: ITERATIONS, ..zopfli::Options::default() };
        zopfli::compress(options, zopfli::Format::Gzip, bytes, &mut content)?;
        content
    } else if packed {
        let mut encoder = GzEncoder::new(vec![], Compression::best());
        encoder.write_all(bytes)?;
        encoder.finish()?
    } else {
        bytes.to_vec()
    };
    let mark = if packed { " data-packed=\"gzip\"" } else { "" };
    let text = BASE64_STANDARD.encode(content);
    write!(
        html,
        "<script type=\"application/octet-stream\" data-file=\"{name}\" data-type=\"{kind}\"{mark}>{text}</script>\n    "
    )?;
    Ok(())
}

/// The photographs' index and sheets: all, or the first shard for training and a part of the first for testing.
fn photographs(folder: &Path, all: bool) -> Outcome<Vec<(String, Vec<u8>)>> {
    let read = |name: &str| fs::read(folder.join(name)).map_err(about(&folder.join(name)));
    let mut index = Index::read(&String::from_utf8_lossy(&read("index.json")?))?;
    let mut files = vec![];
    if !all {
        index.train.truncate(1);
        index.test.truncate(1);
        let Some(entry) = index.test.first().cloned() else { fail!("{} lists no test images.", folder.display()) };
        let (part, sheet) = index.first_of(&entry, &read(&entry.file)?, TEST_IMAGES)?;
        files.push((part.file.clone(), sheet));
        index.test = vec![part];
    }
    for entry in index.train.iter().chain(&index.test) {
        if files.iter().all(|(name, _)| *name != entry.file) {
            files.push((entry.file.clone(), read(&entry.file)?));
        }
    }
    files.push(("index.json".into(), serde_json::to_vec(&index)?));
    Ok(files)
}
