//! How the program ends and what it says: sentences on standard output and standard error, and the exit status.

use std::io::{Error, ErrorKind};
use std::path::Path;

/// Why the program ends early: a sentence for standard error, and the exit status.
///
/// `?` turns any [`std::error::Error`] into a failure with the error's own sentence.
pub struct Failure {
    pub sentence: String,
    pub status: u8,
}

/// The program could not do what was asked.
const FAILED: u8 = 1;
/// The command makes no sense; clap exits with the same status.
const MISUSED: u8 = 2;
/// The shell's status for a program ended by Ctrl+C: 128 plus the signal's number.
pub const INTERRUPTED: u8 = 130;

impl Failure {
    pub fn new(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), status: FAILED }
    }

    pub fn misuse(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), status: MISUSED }
    }

    /// After Ctrl+C; nothing is left to say.
    pub fn interrupted() -> Failure {
        Failure { sentence: String::new(), status: INTERRUPTED }
    }

    /// Appends another sentence.
    pub fn and(self, sentence: &str) -> Failure {
        let all = format!("{} {sentence}", self.sentence);
        Failure { sentence: all.trim_end().into(), ..self }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::new(error.to_string())
    }
}

pub type Outcome<T = ()> = Result<T, Failure>;

/// Ends with a sentence, formatted like `format!`.
macro_rules! fail {
    ($($sentence:tt)*) => { return Err($crate::outcome::Failure::new(format!($($sentence)*))) };
}
pub(crate) use fail;

/// The same for flags that cannot be combined.
macro_rules! misuse {
    ($($sentence:tt)*) => { return Err($crate::outcome::Failure::misuse(format!($($sentence)*))) };
}
pub(crate) use misuse;

/// Prints a line on standard output. If it cannot be written, because a disk is full or a pipe closed, the program ends with a
/// sentence.
macro_rules! tell {
    ($($text:tt)*) => {{
        use std::io::Write;
        writeln!(std::io::stdout(), $($text)*).map_err($crate::outcome::unwritten("Standard output".as_ref()))?
    }};
}
pub(crate) use tell;

/// Prints a line on standard error. The work continues even if the line cannot be written.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}
pub(crate) use say;

/// Adds the path to an input or output error.
pub fn about(path: &Path) -> impl Fn(Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::new(format!("{path}: {error}"))
}

/// Says what could not be written and what to do.
pub fn unwritten(path: &Path) -> impl Fn(Error) -> Failure {
    let path = path.display().to_string();
    move |error| {
        Failure::new(match error.kind() {
            ErrorKind::StorageFull => {
                format!("{path} could not be written: the disk is full. Free some space, or choose another folder.")
            }
            ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                format!("{path} could not be written: it would exceed the size that this account may use. Choose another folder.")
            }
            _ => format!("{path} could not be written: {error}."),
        })
    }
}
