//! What a file's name says: what the file is for, whether it is there by chance, and its name before it was copied.

/// The name of one of the user's files.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// Name or path.
    pub path: String,
    /// How many folders it lies below the given one.
    pub depth: usize,
}

impl Name {
    /// From a browser's path, which begins with the folder that was dropped.
    pub fn of_path(path: String) -> Name {
        let depth = path.matches('/').count().saturating_sub(1);
        Name { path, depth }
    }

    /// The path from the given folder on, with its own name.
    pub fn below(&self) -> String {
        let parts: Vec<&str> = self.path.split(['/', '\\']).collect();
        parts[parts.len().saturating_sub(self.depth + 2)..].join("/")
    }
}

/// How many skipped files a note names.
const TOLD: usize = 3;

/// Skipped files: the names of the first few, and how many there are.
#[derive(Default)]
pub struct Skipped {
    names: Vec<String>,
    pub count: u64,
}

impl Skipped {
    pub fn add(&mut self, path: &str) {
        if self.names.len() < TOLD {
            self.names.push(base(path).into());
        }
        self.count += 1;
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The names, as a note tells them.
    pub fn told(&self) -> String {
        self.names.join(", ")
    }
}

/// What images are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    Train,
    Test,
}

/// The name without its folder, for both kinds of separator.
pub fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The folder's name without the path to it.
pub fn parent(path: &str) -> &str {
    path.rsplit(['/', '\\']).nth(1).unwrap_or("")
}

/// The base name in lower case, without the number that a browser adds to a second download.
pub fn plain(path: &str) -> String {
    let name = base(path).to_lowercase();
    let Some((before, rest)) = name.split_once('(') else { return name };
    match rest.split_once(')') {
        Some((number, after)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            before.trim_end().to_string() + after.trim_start()
        }
        _ => name,
    }
}

/// What the images are for according to the file's name or, if that does not say, the folder's.
pub fn split(path: &str) -> Option<Split> {
    let name = plain(path);
    if name.contains("test") || name.contains("t10k") {
        return Some(Split::Test);
    }
    if name.contains("train") || name.starts_with("data_batch") {
        return Some(Split::Train);
    }
    match parent(path).to_lowercase().as_str() {
        "test" | "t10k" => Some(Split::Test),
        "train" | "training" => Some(Split::Train),
        _ => None,
    }
}

/// Whether an operating system, or a program that packs files, has left the file there.
pub fn is_litter(path: &str) -> bool {
    let name = base(path).to_lowercase();
    let folders = ["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"];
    name.starts_with('.')
        || ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"].contains(&name.as_str())
        || path.split(['/', '\\']).any(|part| folders.contains(&part))
}

/// Whether the file is one of the notes beside the data.
pub fn is_note(path: &str) -> bool {
    const ENDS: [&str; 21] = [
        ".txt",
        ".html",
        ".htm",
        ".md",
        ".rst",
        ".pdf",
        ".json",
        ".yaml",
        ".yml",
        ".xml",
        ".py",
        ".ipynb",
        ".log",
        ".jsonl",
        ".safetensors",
        ".md5",
        ".sha1",
        ".sha256",
        ".sha512",
        ".asc",
        ".sig",
    ];
    let name = plain(path);
    ENDS.iter().any(|end| name.ends_with(end))
        || ["readme", "license", "licence", "copying", "citation", "checksums"].contains(&name.as_str())
        || name.ends_with("sums") // SHA256SUMS and the like
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_second_download_is_not_part_of_a_name() {
        assert_eq!(plain("c/Data_Batch_1 (1).bin"), "data_batch_1.bin");
        assert_eq!(plain("data_batch_1(12).bin"), "data_batch_1.bin");
        assert_eq!(plain("train-images-idx3-ubyte (2).gz"), "train-images-idx3-ubyte.gz");
        for other in ["a (b).bin", "a ().bin", "a (1.bin", "a.bin"] {
            assert_eq!(plain(other), other);
        }
    }

    #[test]
    fn a_name_says_what_it_is_for_or_its_folder_does() {
        let expected = [
            ("c/test_batch.bin", Some(Split::Test)),
            ("t10k-labels-idx1-ubyte", Some(Split::Test)),
            ("test/data_batch_1.bin", Some(Split::Train)),
            ("test/mine.bin", Some(Split::Test)),
            ("test/train/mine.bin", Some(Split::Train)),
            ("tests/mine.bin", None),
        ];
        for (path, split) in expected {
            assert_eq!(super::split(path), split, "{path}");
        }
    }

    #[test]
    fn what_systems_leave_is_known() {
        for litter in
            [".DS_Store", "c/._data_batch_1.bin", "Thumbs.db", "c\\desktop.ini", "__MACOSX/c/data_batch_1.bin", "c/.git"]
        {
            assert!(is_litter(litter), "{litter}");
        }
        assert!(!is_litter("data_batch_1.bin") && !is_litter("home/.cache/data_batch_1.bin"));
        for note in ["batches.meta.txt", "c/readme.html", "README", "MD5SUMS", "sha256sums", "data_batch_1.bin.sha256"] {
            assert!(is_note(note), "{note}");
        }
        assert!(!is_note("batches.meta") && !is_note("data_batch_1.bin"));
    }
}
