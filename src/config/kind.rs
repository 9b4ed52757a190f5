//! The kinds of values that a setting can have, and how their Rust types are read from text and written as text.

use serde::Serialize;

/// What a setting's value can be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// One of a few words.
    Choice { options: &'static [&'static str] },
    /// `true` or `false`.
    Switch,
    /// A whole number in `min..=max`.
    Integer { min: u32, max: u32 },
    /// A number in `min..=max`; `log` asks for a logarithmic slider.
    Number { min: f64, max: f64, log: bool },
}

impl Kind {
    /// The allowed values, for a message.
    pub fn allowed(&self) -> String {
        match self {
            Kind::Choice { options } => options.join(", "),
            Kind::Switch => "true, false".into(),
            Kind::Integer { min, max } => format!("{min} to {max}"),
            Kind::Number { min, max, .. } => format!("{} to {}", min.write(), max.write()),
        }
    }
}

/// One of the options of a setting that only the page uses, or that is only compared with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(pub &'static str);

/// How a Rust type is read from and written as text.
pub trait Value: Sized {
    /// The value and whether it was clamped; `None` when the text is not of this kind.
    fn read(kind: Kind, text: &str) -> Option<(Self, bool)>;
    fn write(&self) -> String;
}

/// The position of a word among its options.
pub fn place(kind: Kind, text: &str) -> Option<usize> {
    let Kind::Choice { options } = kind else { return None };
    options.iter().position(|option| *option == text)
}

impl Value for Word {
    fn read(kind: Kind, text: &str) -> Option<(Self, bool)> {
        let Kind::Choice { options } = kind else { return None };
        place(kind, text).map(|place| (Word(options[place]), false))
    }

    fn write(&self) -> String {
        self.0.into()
    }
}

impl Value for bool {
    fn read(_: Kind, text: &str) -> Option<(Self, bool)> {
        // An attribute without a value (`<alexnet-lab autoplay>`) means true.
        match text {
            "true" | "1" | "" => Some((true, false)),
            "false" | "0" => Some((false, false)),
            _ => None,
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for u32 {
    fn read(kind: Kind, text: &str) -> Option<(Self, bool)> {
        let Kind::Integer { min, max } = kind else { return None };
        // Through a float, so that "1e3" can be read and "99999999999" is clamped rather than refused.
        let number = number(text).filter(|number| !number.is_nan())?;
        let used = number.clamp(f64::from(min), f64::from(max));
        (used.fract() == 0.0).then_some((used as u32, used != number))
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for f64 {
    fn read(kind: Kind, text: &str) -> Option<(Self, bool)> {
        let Kind::Number { min, max, .. } = kind else { return None };
        // Adding 0 turns -0 into 0, which has the same text everywhere.
        let number = number(text).filter(|number| !number.is_nan())?;
        let used = number.clamp(min, max) + 0.0;
        Some((used, used != number))
    }

    /// Text that reads back as the same number; scientific where it saves more than two characters.
    fn write(&self) -> String {
        let (plain, scientific) = (format!("{self}"), format!("{self:e}"));
        if scientific.len() + 2 < plain.len() { scientific } else { plain }
    }
}

/// A decimal number, rounded to nearest.
#[cfg(not(target_arch = "wasm32"))]
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// The same, read by the browser: it rounds the same way, and the module needs no tables for it.
#[cfg(target_arch = "wasm32")]
fn number(text: &str) -> Option<f64> {
    let (negative, word) = text.strip_prefix('-').map_or((false, text.strip_prefix('+').unwrap_or(text)), |rest| (true, rest));
    if ["inf", "infinity"].iter().any(|name| word.eq_ignore_ascii_case(name)) {
        return Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    // JavaScript would also read "", "0x10" and blanks.
    let plain = text.bytes().any(|byte| byte.is_ascii_digit()) && text.bytes().all(|byte| b"0123456789+-.eE".contains(&byte));
    plain.then(|| wasm_bindgen::JsValue::from_str(text).unchecked_into_f64()).filter(|number| !number.is_nan())
}
