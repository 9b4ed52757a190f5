//! Shaders as the module carries them: without comments and indentation, which are a third of their bytes.

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
    code.filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect()
}
