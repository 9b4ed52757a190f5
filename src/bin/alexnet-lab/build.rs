//! `build`: from the sources to `dist/`, in steps. A step is skipped if its inputs have not changed.

use crate::bindings;
use crate::guide;
use crate::npm;
use crate::outcome::{Failure, Outcome, about, fail, say, tell};
use crate::share;
use crate::single::{self, Carries};
use crate::slides;
use crate::tools::{Page, copy, finish, list, repository, walk};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const TARGET: &str = "wasm32-unknown-unknown";

/// A WebAssembly module with its bindings, made from the library; `www/js/worker/module.js` loads them.
struct Module {
    /// The bindings' name in `dist/pkg`; the module's name ends in `_bg`.
    name: &'static str,
    cargo: &'static [&'static str],
    /// Flags for this crate only: the dependencies are compiled once for all modules.
    rustc: &'static [&'static str],
    wasm_opt: &'static [&'static str],
}

const MODULES: &[Module] = &[
    Module { name: "alexnet_lab", cargo: &[], rustc: &[], wasm_opt: &[] },
    // Fused multiply-add is twice as fast. An engine without it rejects the whole module.
    Module {
        name: "alexnet_lab_relaxed",
        cargo: &[],
        rustc: &["-Ctarget-feature=+relaxed-simd"],
        wasm_opt: &["--enable-relaxed-simd"],
    },
    // It decodes pictures. Level 3 makes the module 3 % larger, and decodes a third faster than level 2.
    Module {
        name: "alexnet_reader",
        cargo: &["--features", "reader", "--config", "profile.wasm.opt-level=3"],
        rustc: &[],
        wasm_opt: &[],
    },
];

/// Turns off two defaults of LLVM that make a step no faster. Inlining functions without a hint makes the module a fifth larger;
/// unrolling loops of unknown length makes it 1.5 % larger.
const LLVM: &[&str] = &["-Cllvm-args=--inline-threshold=0", "-Cllvm-args=--unroll-runtime=false"];

struct Step {
    name: &'static str,
    /// Files and folders below the root; a change in any of them repeats the step.
    inputs: &'static [&'static str],
    /// Results below the root; if one is missing, the step is repeated.
    outputs: &'static [&'static str],
    make: fn(&Page) -> Outcome,
}

const STEPS: &[Step] = &[
    Step {
        name: "tools",
        inputs: &["package.json", "package-lock.json"],
        outputs: &[
            "node_modules/.bin/esbuild",
            "node_modules/.bin/wasm-opt",
            "node_modules/uplot",
            "node_modules/qrcode-generator",
        ],
        make: tools,
    },
    Step {
        name: "engine",
        inputs: &["src", "shaders", "build.rs", "Cargo.toml", "Cargo.lock", ".cargo/config.toml", "package-lock.json"],
        outputs: &[
            "dist/pkg/alexnet_lab.js",
            "dist/pkg/alexnet_lab_bg.wasm",
            "dist/pkg/alexnet_lab_relaxed.js",
            "dist/pkg/alexnet_lab_relaxed_bg.wasm",
            "dist/pkg/alexnet_reader.js",
            "dist/pkg/alexnet_reader_bg.wasm",
            // The engine's types for `tsc`: see tsconfig.json.
            "target/page/types/alexnet_lab.d.ts",
            "target/page/types/alexnet_reader.d.ts",
        ],
        make: engine,
    },
    Step {
        name: "scripts",
        inputs: &["www/js", "www/css", "www/style.css", "www/i18n", "package-lock.json"],
        outputs: &[
            "dist/js/alexnet-lab.js",
            "dist/js/worker.js",
            "dist/js/helper.js",
            "dist/js/reader.js",
            "dist/js/export.js",
            "dist/js/lessons.js",
            "dist/js/drill.js",
            "dist/js/embed.js",
            "dist/js/code.js",
            "dist/js/handover.js",
            "dist/style.css",
            "dist/lessons.css",
            "dist/drill.css",
            "dist/embed.css",
        ],
        make: scripts,
    },
    Step {
        name: "guide",
        inputs: &["www/guide", "www/css/tokens.css", "src/bin/alexnet-lab/guide.rs"],
        outputs: &["dist/guide/en/index.html", "dist/guide/zh/index.html", "dist/guide/guide.css"],
        make: guide_pages,
    },
    Step {
        name: "slides",
        inputs: &[
            "www/slides",
            "www/css/tokens.css",
            "package-lock.json",
            "src/bin/alexnet-lab/guide.rs",
            "src/bin/alexnet-lab/slides.rs",
        ],
        outputs: &["dist/slides/en/index.html", "dist/slides/zh/index.html", "dist/slides/slides.js", "dist/slides/slides.css"],
        make: slides::render,
    },
    Step {
        name: "files",
        inputs: &["www"],
        outputs: &["dist/index.html", "dist/embed.html", "dist/i18n", "dist/data"],
        make: files,
    },
    Step {
        name: "single",
        inputs: &["www", "src", "shaders", "Cargo.toml", "Cargo.lock", "package-lock.json", "src/bin/alexnet-lab/single.rs"],
        outputs: &["dist/lab.html"],
        make: |page| single::write(page, &page.dist.join("lab.html"), Carries::FirstImages),
    },
];

#[derive(clap::Args)]
pub struct Arguments {
    /// Where the page will be: other sites can then show its picture, and embed it from its address alone
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// Also write the whole page as one HTML file, which opens without a server and without a network
    #[arg(long, value_name = "FILE")]
    single: Option<PathBuf>,
    /// Put all 12,000 photographs into that file, not only the first 1,500
    #[arg(long, requires = "single")]
    all_images: bool,
    /// Also write the page as a package for npm: the element, types, a server, a notebook widget
    #[arg(long, value_name = "FOLDER")]
    npm: Option<PathBuf>,
    /// Put no photographs and no recorded lessons into that file, only the toy objects: then it fits into a `data:` address
    #[arg(long, requires = "single", conflicts_with = "all_images")]
    no_images: bool,
}

/// `build`: prints the path of what was built.
pub fn command(arguments: &Arguments) -> Outcome {
    let page = run_for(Some(arguments.address.as_deref()))?;
    if let Some(file) = &arguments.single {
        let carries = match (arguments.all_images, arguments.no_images) {
            (true, _) => Carries::AllImages,
            (_, true) => Carries::Toys,
            _ => Carries::FirstImages,
        };
        single::write(&page, file, carries)?;
        tell!("{}", file.display());
    }
    if let Some(folder) = &arguments.npm {
        npm::write(&page, folder)?;
        tell!("{}", folder.display());
    }
    if arguments.single.is_none() && arguments.npm.is_none() {
        tell!("{}", page.dist.display());
    }
    Ok(())
}

/// Brings `dist/` up to date, for the address of the last build.
pub fn run() -> Outcome<Page> {
    run_for(None)
}

fn run_for(address: Option<Option<&str>>) -> Outcome<Page> {
    let root = repository();
    if !root.join("www/index.html").is_file() {
        fail!(
            "{} has no www/index.html: the page is built inside the repository. Run the program there, or use `serve --dir`.",
            root.display()
        );
    }
    let page = Page { dist: root.join("dist"), work: root.join("target/page"), root };
    fs::create_dir_all(&page.work).map_err(about(&page.work))?;
    // One build at a time: a second one waits here, then finds everything done.
    let lock = page.work.join("lock");
    let lock = File::create(&lock).map_err(about(&lock))?;
    lock.lock()?;
    if let Some(address) = address {
        share::remember(&page, address)?;
    }
    for (number, step) in STEPS.iter().enumerate() {
        let stamp = page.work.join(step.name);
        let hash = format!("{:016x}", hash_of(&page.root, step.inputs)?);
        let complete = step.outputs.iter().all(|output| page.root.join(output).exists());
        if complete && fs::read_to_string(&stamp).is_ok_and(|last| last == hash) {
            continue;
        }
        say!("[{}/{}] {} ...", number + 1, STEPS.len(), step.name);
        let start = Instant::now();
        // A step that fails half-way is repeated, whatever the sources are then.
        let _ = fs::remove_file(&stamp);
        (step.make)(&page)?;
        fs::write(&stamp, hash).map_err(about(&stamp))?;
        say!("[{}/{}] {} done in {:.1} s", number + 1, STEPS.len(), step.name, start.elapsed().as_secs_f64());
    }
    share::write(&page)?;
    Ok(page)
}

/// Installs esbuild, wasm-opt, uPlot and reveal.js in the versions of the lock file.
fn tools(page: &Page) -> Outcome {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&page.root);
    finish(npm, "Install Node.js 20 or newer (https://nodejs.org), which bundles the page's scripts.")
}

/// The engine as WebAssembly with its JavaScript bindings, once for each kind of browser.
fn engine(page: &Page) -> Outcome {
    install_target()?;
    let pkg = page.dist.join("pkg");
    fs::create_dir_all(&pkg).map_err(about(&pkg))?;
    // Cargo compiles one module after the other. A module is finished while the next one compiles.
    std::thread::scope(|scope| {
        let mut finishing = vec![];
        for module in MODULES {
            let compiled = page.work.join(format!("{}.wasm", module.name));
            fs::copy(compile(page, module)?, &compiled).map_err(about(&compiled))?;
            let pkg = &pkg;
            finishing.push(scope.spawn(move || bindings::bind(page, module.name, module.wasm_opt, &compiled, pkg)));
        }
        finishing.into_iter().try_for_each(|thread| thread.join().expect("no step panics"))
    })
}

/// `rustup target add`, unless the compiler has the target already.
fn install_target() -> Outcome {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().map_err(|error| {
        Failure::new(format!("rustc could not be started: {error}. Install Rust (https://rustup.rs), which compiles the engine."))
    })?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    if sysroot.join("lib/rustlib").join(TARGET).is_dir() {
        return Ok(());
    }
    say!("      installing the Rust target {TARGET}");
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]);
    finish(
        rustup,
        "The page needs Rust's WebAssembly target. Install it with rustup (https://rustup.rs) or with your system's package manager.",
    )
}

/// Compiles the library and returns the path of the module, as cargo reports it.
fn compile(page: &Page, module: &Module) -> Outcome<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["rustc", "--profile", "wasm", "--lib", "--crate-type", "cdylib", "--target", TARGET]).args(module.cargo);
    cargo.args(["--locked", "--message-format", "json-render-diagnostics", "--"]).args(LLVM).args(module.rustc);
    cargo.current_dir(&page.root);
    // These would replace the flags of .cargo/config.toml, including SIMD.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let output = cargo
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("cargo could not be started: {error}. Install Rust (https://rustup.rs).")))?;
    if !output.status.success() {
        fail!("The engine could not be compiled for {TARGET}. See cargo's messages above.");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let modules = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let module = modules
        .filter(|message| message["reason"] == "compiler-artifact" && message["target"]["name"] == "alexnet_lab")
        .filter_map(|message| message["filenames"].as_array()?.iter().find_map(|name| Some(PathBuf::from(name.as_str()?))))
        .next_back();
    module.ok_or_else(|| Failure::new("cargo compiled the engine, but reported no module. Please report this."))
}

/// The page's scripts and style sheets, each bundled into one file.
fn scripts(page: &Page) -> Outcome {
    let mut esbuild = page.tool("esbuild");
    esbuild.args(["js/alexnet-lab=www/js/main.js", "style=www/style.css"]);
    for script in ["worker", "helper", "reader", "export", "lessons", "drill", "embed", "code", "handover"] {
        esbuild.arg(format!("js/{script}=www/js/{script}.js"));
    }
    for sheet in ["lessons", "drill", "embed"] {
        esbuild.arg(format!("{sheet}=www/css/{sheet}.css"));
    }
    esbuild.args(["--bundle", "--format=esm", "--target=es2022"]);
    esbuild.args(["--define:Intl.NumberFormat=NumberFormat", "--inject:./www/js/number_format.js"]);
    esbuild.args(["--minify", "--log-level=warning"]).arg(format!("--outdir={}", page.dist.display()));
    finish(esbuild, "")
}

/// The guide, for readers without GitHub.
fn guide_pages(page: &Page) -> Outcome {
    guide::render(&page.root.join("www"), &page.dist.join("guide"))
}

/// Copies everything in `www/` that is neither bundled nor rendered.
fn files(page: &Page) -> Outcome {
    for entry in list(&page.dist)? {
        let made = ["js", "pkg", "guide", "slides", "style.css", "lessons.css", "drill.css", "embed.css"];
        if !made.iter().any(|made| entry.ends_with(made)) {
            if entry.is_dir() { fs::remove_dir_all(&entry) } else { fs::remove_file(&entry) }.map_err(about(&entry))?;
        }
    }
    let www = page.root.join("www");
    for file in walk(&www)? {
        let name = file.strip_prefix(&www).expect("walk stays inside");
        // English texts are part of the scripts.
        let english = name.parent() == Some(Path::new("i18n")) && name.to_string_lossy().ends_with("en.json");
        let bundled = english
            || ["js", "css", "guide", "slides", "single", "npm", "style.css"].iter().any(|source| name.starts_with(source));
        // Neither the script that made the data nor the README's picture is part of the page.
        if bundled || name == Path::new("screenshot.png") || name.extension().is_some_and(|extension| extension == "py") {
            continue;
        }
        copy(&file, &page.dist.join(name))?;
    }
    Ok(())
}

/// A hash of the names and bytes of `inputs`, and of this file and its parts. The rest of the program does not affect the page.
fn hash_of(root: &Path, inputs: &[&str]) -> Outcome<u64> {
    let mut hasher = DefaultHasher::new();
    [include_str!("build.rs"), include_str!("bindings.rs"), include_str!("tools.rs")].hash(&mut hasher);
    for input in inputs {
        for file in walk(&root.join(input))? {
            if *input != "src" || !file.starts_with(root.join("src/bin")) {
                file.strip_prefix(root).expect("walk stays inside").hash(&mut hasher);
                fs::read(&file).map_err(about(&file))?.hash(&mut hasher);
            }
        }
    }
    Ok(hasher.finish())
}
