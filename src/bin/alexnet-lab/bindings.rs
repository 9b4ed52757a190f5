//! From a compiled module to its JavaScript bindings and its optimised form: a part of `build`.

use crate::outcome::{Failure, Outcome, about};
use crate::tools::{Page, complete, finish};
use serde::Deserialize;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;

/// Features of every browser with 128-bit SIMD. `--all-features` would let wasm-opt use features that browsers reject.
const WASM_FEATURES: &[&str] =
    &["bulk-memory", "reference-types", "sign-ext", "nontrapping-float-to-int", "mutable-globals", "multivalue", "simd"];

const OPTIMISE: &[&str] = &[
    "-O3",
    // LLVM has inlined the hot code; more inlining costs 3 kB.
    "--always-inline-max-function-size=2",
    "--flexible-inline-max-function-size=10",
    "--one-caller-inline-max-function-size=20",
    // Moves small offsets into loads and stores, which makes a step 2 % faster. This is safe: an address that wraps around would
    // end in the first kilobyte, which holds only the end of the stack.
    "--low-memory-unused",
    // Names of one kind stand together, and with them similar functions: packed, the module is 4 kB smaller.
    "--reorder-functions-by-name",
    // Removes sections that only tools read.
    "--strip-producers",
    "--strip-target-features",
    // Each import has a long name with a hash, here and in the bindings: 6 kB.
    "--minify-imports-and-exports-and-modules",
];

/// Prefix of an export's name in the bindings, as in `wasm.$$start`, so that no browser property has the same name.
const EXPORT: &str = "$$";
/// The properties that esbuild renames: exports, imports, and the module of the imports.
const PROPERTIES: &str = r"^(\$\$|__wb|\./)";

/// The names that wasm-opt has changed, as it prints them.
#[derive(Deserialize)]
struct Names {
    /// (module, name, new name); the module's new name is `a`.
    imports: Vec<(String, String, String)>,
    /// (name, new name)
    exports: Vec<(String, String)>,
}

/// Writes the module's bindings and its optimised form to `pkg`.
pub fn bind(page: &Page, name: &str, wasm_opt_flags: &[&str], compiled: &Path, pkg: &Path) -> Outcome {
    let raw = page.work.join("pkg");
    fs::create_dir_all(&raw).map_err(about(&raw))?;
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(compiled)
        .out_name(name)
        .web(true)
        .and_then(|bindgen| bindgen.typescript(true).generate(&raw))
        .map_err(|error| {
            Failure::new(format!("The JavaScript bindings of {} could not be generated: {error:#}.", compiled.display()))
        })?;

    // In a folder without the bindings: `tsc` would read those instead if the types were missing.
    let types = page.work.join("types");
    fs::create_dir_all(&types).map_err(about(&types))?;
    let declarations = format!("{name}.d.ts");
    fs::rename(raw.join(&declarations), types.join(&declarations)).map_err(about(&raw))?;

    let (script, wasm) = (format!("{name}.js"), format!("{name}_bg.wasm"));
    let names = page.work.join(format!("{name}.json"));
    let mut wasm_opt = page.tool("wasm-opt");
    wasm_opt.arg("--mvp-features").args(WASM_FEATURES.iter().map(|feature| format!("--enable-{feature}"))).args(wasm_opt_flags);
    wasm_opt.args(OPTIMISE).arg(raw.join(&wasm)).arg("-o").arg(pkg.join(&wasm));
    wasm_opt.stdout(File::create(&names).map_err(about(&names))?);
    complete(wasm_opt, "")?;

    let names = fs::read(&names).map_err(about(&names))?;
    let names: Names = serde_json::from_slice(&names)
        .map_err(|error| Failure::new(format!("The list of renamed functions from wasm-opt could not be read: {error}.")))?;
    let bindings = fs::read_to_string(raw.join(&script)).map_err(about(&raw))?;
    let marked = page.work.join(&script);
    fs::write(&marked, bindings.replace("wasm.", &format!("wasm.{EXPORT}"))).map_err(about(&marked))?;
    let new_names = page.work.join(format!("{name}.names.json"));
    fs::write(&new_names, serde_json::to_vec(&names.by_property())?).map_err(about(&new_names))?;
    let mut esbuild = page.tool("esbuild");
    esbuild.arg(marked).args(["--minify", "--format=esm", "--log-level=warning"]);
    // The module's name is quoted.
    esbuild.arg(format!("--mangle-props={PROPERTIES}")).arg("--mangle-quoted");
    esbuild.arg(format!("--mangle-cache={}", new_names.display())).arg(format!("--outdir={}", pkg.display()));
    finish(esbuild, "")
}

impl Names {
    /// The new name of each property of the bindings.
    fn by_property(&self) -> HashMap<String, &str> {
        let exports = self.exports.iter().map(|(name, new)| (format!("{EXPORT}{name}"), &**new));
        let imports = self.imports.iter().map(|(_, name, new)| (name.clone(), &**new));
        let module = self.imports.first().map(|(module, ..)| (module.clone(), "a"));
        exports.chain(imports).chain(module).collect()
    }
}
