//! The floors of the house. A file imports from its own floor and from those below it, and imports form no circle.
//!
//! Read the two lists first: they say what the code is built of, from the ground up.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use syn::visit::{self, Visit};

/// `src/`. A file belongs to the floor with the longest name that the file's name begins with.
const RUST: &[&str] = &[
    "error",
    "rng",
    "math",    // floats, matrix products: no layer, no network
    "config",  // the table of settings, links, lanes
    "network", // settings become a list of layers
    "step",    // what a step takes and gives; the parts of a batch
    "stats",   // statistics for the page
    "data",    // images
    "gpu",     // device, kernels, recordings: no layer
    "layers",  // the formulas, on the CPU and as recordings
    "optimizer",
    "backend/cpu", // the two executors
    "backend/gpu",
    "backend",
    "weights",
    "pytorch",
    "trainer", // a run
    "web",     // what the page sees of all that
    "bin/alexnet-lab",
    "bin/alexnet-lab/lesson",
    "bin/alexnet-lab/main",
];

/// `www/js/`, in the same way. The last floor holds what a page, a worker or a tag loads as a file.
const SCRIPTS: &[&str] = &[
    "kit",
    "worker",
    "session",
    "charts",
    "charts/plots",
    "charts/gradients",
    "charts/pictures",
    "charts/past",
    "components",
    "export",
    "drill",
    "embed",
    "lessons/run",
    "lessons/toys",
    "lessons/pictures",
    "lessons/each",
    "lessons",
    "lab",
    "",
];

/// Who imports whom: names of files below the root, without their ending.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// A sentence for each import that looks up, and for one circle.
fn faults(root: &str, ending: &str, floors: &[&str], imports: &Imports) -> Vec<String> {
    let floor = |file: &str| {
        let holds = |floor: &&&str| floor.is_empty() || file == **floor || file.starts_with(&format!("{floor}/"));
        let longest = floors.iter().filter(holds).max_by_key(|floor| floor.len());
        longest.and_then(|longest| floors.iter().position(|floor| floor == longest))
    };
    let name = |file: &str| {
        let of_folder = format!("{root}/{file}/mod{ending}");
        if Path::new(env!("CARGO_MANIFEST_DIR")).join(&of_folder).exists() { of_folder } else { format!("{root}/{file}{ending}") }
    };
    let mut faults = vec![];
    for (file, others) in imports {
        let Some(own) = floor(file) else {
            faults.push(format!("{} stands on no floor. Give it one in tests/house.rs.", name(file)));
            continue;
        };
        for other in others.iter().filter(|other| floor(other).is_some_and(|floor| floor > own)) {
            faults.push(format!("{} imports {}, which stands above it.", name(file), name(other)));
        }
    }
    if let Some((file, other)) = circle(imports) {
        faults.push(format!("{} imports {}, from which imports lead back to it.", name(&file), name(&other)));
    }
    faults
}

/// An import that closes a circle: files without remaining imports are removed until none are left or no more can be removed.
fn circle(imports: &Imports) -> Option<(String, String)> {
    let mut left = imports.clone();
    while let Some(free) = left.iter().find(|(_, others)| others.is_empty()).map(|(file, _)| file.clone()) {
        left.remove(&free);
        for others in left.values_mut() {
            others.remove(&free);
        }
    }
    // The remaining files lead into a circle: following their imports comes back to it.
    let mut way = vec![left.keys().next()?.clone()];
    loop {
        let next = left[way.last()?].first()?.clone();
        if way.contains(&next) {
            return Some((way.pop()?, next));
        }
        way.push(next);
    }
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

fn root(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// The paths of a Rust file outside its tests, each with the inline modules around it.
#[derive(Default)]
struct Paths {
    within: Vec<String>,
    found: Vec<(Vec<String>, Vec<String>)>,
}

impl Paths {
    fn tree(&mut self, tree: &syn::UseTree, mut before: Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(&path.tree, before);
            }
            syn::UseTree::Name(syn::UseName { ident }) | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                self.found.push((self.within.clone(), [before, vec![ident.to_string()]].concat()));
            }
            syn::UseTree::Glob(_) => self.found.push((self.within.clone(), before)),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, before.clone())),
        }
    }
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.tree(&item.tree, vec![]);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let words: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        // Other paths begin with a name that a `use` has imported.
        if words.len() > 1 && ["crate", "super", "alexnet_lab"].contains(&words[0].as_str()) {
            self.found.push((self.within.clone(), words));
        }
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        let tests = item.attrs.iter().any(|attribute| {
            attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
        });
        if !tests {
            self.within.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.within.pop();
        }
    }
}

/// `a/b` for `a/b.rs` and for `a/b/mod.rs`.
fn module(file: &Path, root: &Path) -> Vec<String> {
    let path = file.strip_prefix(root).unwrap().with_extension("");
    let mut words: Vec<String> = path.iter().map(|word| word.to_str().unwrap().into()).collect();
    if words.last().unwrap() == "mod" {
        words.pop();
    }
    words
}

#[test]
fn nothing_in_src_looks_up() {
    let root = root("src");
    let all: BTreeMap<Vec<String>, PathBuf> = files(&root, ".rs").into_iter().map(|file| (module(&file, &root), file)).collect();
    let mut imports = Imports::new();
    // The crate's own list of modules imports nothing.
    for (own, file) in all.iter().filter(|(own, _)| own[..] != ["lib"]) {
        let mut paths = Paths::default();
        paths.visit_file(&syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap());
        let program: &[String] = if own[0] == "bin" { &own[..2] } else { &[] };
        // Where the program's `crate::` begins.
        let here = if own.ends_with(&["main".into()]) { program } else { own };
        let others = paths.found.into_iter().filter_map(|(within, path)| {
            let mut at: Vec<String> = [here, &within].concat();
            let mut words = &path[..];
            match words[0].as_str() {
                "crate" => (at, words) = (program.to_vec(), &words[1..]),
                "alexnet_lab" => (at, words) = (vec![], &words[1..]),
                "self" => words = &words[1..],
                // The modules above, a module inside the file, or another crate.
                _ => {}
            }
            while words.first().is_some_and(|word| word == "super") {
                at.pop();
                words = &words[1..];
            }
            at.extend(words.iter().cloned());
            // The rest of the path names something in that file.
            while !at.is_empty() && !all.contains_key(&at) {
                at.pop();
                if at.len() == program.len() && !program.is_empty() {
                    return (path[0] == "crate" || path[0] == "super").then(|| [program, &["main".into()]].concat());
                }
            }
            (!at.is_empty()).then_some(at)
        });
        let others: BTreeSet<String> = others.filter(|other| other != own).map(|other| other.join("/")).collect();
        imports.insert(own.join("/"), others);
    }
    assert!(imports["trainer"].contains("backend"), "imports are seen");
    let faults = faults("src", ".rs", RUST, &imports);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The quoted strings after `word`, wherever it occurs.
fn quoted<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(word).filter_map(move |(at, _)| text[at + word.len()..].split('"').next())
}

#[test]
fn nothing_in_www_js_looks_up() {
    let root = root("www/js");
    let mut imports = Imports::new();
    for file in files(&root, ".js") {
        let text = fs::read_to_string(&file).unwrap();
        let folder = file.parent().unwrap();
        // Imports of types are in comments, and count too.
        let paths = ["from \"", "import \"", "import(\""].into_iter().flat_map(|word| quoted(&text, word).collect::<Vec<_>>());
        let mut others = BTreeSet::new();
        for path in paths.filter(|path| path.starts_with('.')) {
            let mut other = PathBuf::new();
            for part in folder.join(path).components() {
                match part {
                    Component::ParentDir => _ = other.pop(),
                    part => other.push(part),
                }
            }
            // The build generates the other files.
            if let Ok(other) = other.strip_prefix(&root)
                && root.join(other).exists()
                && other.extension().is_some_and(|ending| ending == "js")
            {
                others.insert(other.with_extension("").to_str().unwrap().into());
            }
        }
        let own = file.strip_prefix(&root).unwrap().with_extension("").to_str().unwrap().to_string();
        imports.insert(own, others);
    }
    assert!(imports["lab/element"].len() > 3, "imports are seen");
    let faults = faults("www/js", ".js", SCRIPTS, &imports);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_circle_and_a_look_up_are_named_with_both_files() {
    let imports = |pairs: &[(&str, &[&str])]| -> Imports {
        pairs.iter().map(|(file, others)| (file.to_string(), others.iter().map(|other| other.to_string()).collect())).collect()
    };
    let good = imports(&[("low/a", &[]), ("low/b", &["low/a"]), ("high/c", &["low/a", "low/b"])]);
    assert_eq!(faults("src", ".rs", &["low", "high"], &good), [""; 0]);
    let up = imports(&[("low/a", &["high/c"]), ("high/c", &[]), ("cellar", &[])]);
    let said = [
        "src/cellar.rs stands on no floor. Give it one in tests/house.rs.",
        "src/low/a.rs imports src/high/c.rs, which stands above it.",
    ];
    assert_eq!(faults("src", ".rs", &["low", "high"], &up), said);
    let round = imports(&[("low/a", &["low/b"]), ("low/b", &["low/d"]), ("low/d", &["low/b"])]);
    let said = ["src/low/d.rs imports src/low/b.rs, from which imports lead back to it."];
    assert_eq!(faults("src", ".rs", &["low"], &round), said);
}
