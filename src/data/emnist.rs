//! EMNIST (Cohen et al. 2017, <https://www.nist.gov/itl/products-and-services/emnist-dataset>): IDX files of digits and letters.
//! Images are stored column by column, so they lie on their side, mirrored.

/// One of the six ways in which EMNIST is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emnist {
    /// Digits, from either of the two sets that have only digits.
    Digits,
    /// Letters of either case, labelled 1 to 26.
    Letters,
    /// Digits and letters; small letters that look like their capitals share a class with them.
    Merged,
    /// Digits, capital and small letters.
    ByClass,
}

/// Characters in the order of their labels.
const CHARACTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MERGED: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt";

impl Emnist {
    /// By the name of a file, `emnist-letters-train-images-idx3-ubyte` and the like.
    pub fn of_name(name: &str) -> Option<Emnist> {
        let (before, rest) = name.split_once("emnist-")?;
        match rest.split('-').next() {
            _ if before.ends_with('f') => None, // FEMNIST is another set
            Some("digits" | "mnist") => Some(Emnist::Digits),
            Some("letters") => Some(Emnist::Letters),
            Some("balanced" | "bymerge") => Some(Emnist::Merged),
            Some("byclass") => Some(Emnist::ByClass),
            _ => None,
        }
    }

    /// By the number of images, if the name was lost: no other set has as many. A round number says nothing if the file is
    /// `named` as part of some set.
    pub fn of_count(count: u32, named: bool) -> Option<Emnist> {
        match count {
            240_000 => Some(Emnist::Digits),
            40_000 if !named => Some(Emnist::Digits),
            124_800 | 20_800 => Some(Emnist::Letters),
            112_800 | 18_800 => Some(Emnist::Merged),
            _ => None,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Emnist::Digits => "EMNIST digits",
            Emnist::Letters => "EMNIST letters",
            Emnist::Merged => "EMNIST, merged classes",
            Emnist::ByClass => "EMNIST, all classes",
        }
    }

    /// What the labels stand for, from [`Emnist::first_label`] on.
    pub fn classes(self) -> Vec<String> {
        let characters = match self {
            Emnist::Digits => &CHARACTERS[..10],
            Emnist::Letters => &CHARACTERS[10..36],
            Emnist::Merged => MERGED,
            Emnist::ByClass => CHARACTERS,
        };
        characters.chars().map(String::from).collect()
    }

    pub fn first_label(self) -> u8 {
        u8::from(self == Emnist::Letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_told_by_name_and_have_the_classes_that_are_published() {
        let classes = |name: &str| Emnist::of_name(name).map(|set| set.classes().len());
        let expected = [("letters", 26), ("digits", 10), ("mnist", 10), ("balanced", 47), ("bymerge", 47), ("byclass", 62)];
        for (part, count) in expected {
            assert_eq!(classes(&format!("emnist-{part}-train-images-idx3-ubyte.gz")), Some(count), "{part}");
        }
        for other in ["femnist-letters", "qmnist-train-images-idx3-ubyte", "fashion-mnist", "emnist-mapping.txt"] {
            assert_eq!(classes(other), None, "{other}");
        }
    }
}
