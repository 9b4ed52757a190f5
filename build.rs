//! Shaders as the module carries them: without comments, indentation and needless spaces, which are two fifths of their bytes.

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

/// WGSL has no strings, so that `//` starts a comment wherever it is.
fn without_comments(source: &str) -> String {
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
    code.filter(|line| !line.is_empty()).map(|line| without_spaces(line) + "\n").collect()
}

/// A line without the spaces that only the eye needs; those of a directive (`src/gpu/unroll.rs`) stay.
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
        // `a - -b`, and a word behind a template's `>` stay apart too.
        let apart = |c: Option<char>| c.is_some_and(|c| is_word(c) || c == '-' || c == '>');
        if apart(word.chars().last()) && next.starts_with(|c: char| is_word(c) || c == '-') {
            text.push(' ');
        }
    }
    text
}
