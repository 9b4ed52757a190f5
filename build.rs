//! Shaders as the module carries them: without comments, indentation and unnecessary spaces, which are two fifths of their bytes.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=shaders");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo gives a folder"));
    for entry in fs::read_dir("shaders")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wgsl") {
            fs::write(out.join(path.file_name().expect("a file")), without_comments(&fs::read_to_string(&path)?))?;
        }
    }
    Ok(())
}

/// WGSL has no strings, so `//` always starts a comment.
fn without_comments(source: &str) -> String {
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
    code.filter(|line| !line.is_empty()).map(|line| without_spaces(line) + "\n").collect()
}

/// A line without the spaces that only readers need. A directive (`src/gpu/unroll.rs`) keeps its spaces.
fn without_spaces(line: &str) -> String {
    if line.starts_with('#') {
        return line.into();
    }
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '@');
    let mut text = String::new();
    let mut words = line.split(' ').peekable();
    while let Some(word) = words.next() {
        text += word;
        let Some(next) = words.peek() else { break };
        // The space in `a - -b`, and before a word after a template's `>`, stays too.
        let apart = |c: Option<char>| c.is_some_and(|c| is_word(c) || c == '-' || c == '>');
        if apart(word.chars().last()) && next.starts_with(|c: char| is_word(c) || c == '-') {
            text.push(' ');
        }
    }
    text
}
