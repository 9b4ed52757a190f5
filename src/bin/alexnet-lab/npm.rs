//! `build --npm`: the page as a package for npm, with types, a server for one machine, and a widget for notebooks.

use crate::outcome::{Outcome, about, fail};
use crate::tools::{Page, copy, finish, list, walk};
use std::fs;
use std::path::Path;

/// Writes the package to `folder`, which is new, empty, or an earlier package.
pub fn write(page: &Page, folder: &Path) -> Outcome {
    // Overwrites an earlier package, and nothing else.
    if folder.exists() && !list(folder)?.is_empty() {
        let text = fs::read_to_string(folder.join("package.json")).unwrap_or_default();
        let package: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        if package["bin"]["alexnet-lab"] != "serve.js" {
            fail!("{} has other files in it. Name a new folder for the package.", folder.display());
        }
    }
    for (source, files) in [(&page.dist, walk(&page.dist)?), (&page.root.join("www/npm"), walk(&page.root.join("www/npm"))?)] {
        for file in files {
            copy(&file, &folder.join(file.strip_prefix(source).expect("walk stays inside")))?;
        }
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(page.root.join(licence), folder.join(licence)).map_err(about(folder))?;
    }
    let package = folder.join("package.json");
    let text = fs::read_to_string(&package).map_err(about(&package))?;
    fs::write(&package, text.replace("{{version}}", env!("CARGO_PKG_VERSION"))).map_err(about(&package))?;
    let mut esbuild = page.tool("esbuild");
    esbuild.args([
        "www/js/widget.js",
        "--bundle",
        "--loader:.html=text",
        "--format=esm",
        "--target=es2022",
        "--minify",
        "--log-level=warning",
    ]);
    esbuild.arg(format!("--outfile={}", std::path::absolute(folder.join("widget.js"))?.display()));
    finish(esbuild, "")
}
