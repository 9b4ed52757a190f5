//! How the program ends and what it says: sentences on standard output and standard error, and the exit status.

use std::io::{Error, ErrorKind};
use std::path::Path;

/// Why the program ends early: one sentence for standard error, and the exit status.
///
/// Any [`std::error::Error`] becomes one through `?`; its sentence is the error's own.
pub struct Failure {
    pub sentence: String,
    pub status: u8,
}

/// The program could not do what was asked.
const FAILED: u8 = 1;
/// What was asked makes no sense; clap ends with the same.
const MISUSED: u8 = 2;
/// As the shell says of what Ctrl+C ended: 128 and the number of the signal.
pub const INTERRUPTED: u8 = 130;

impl Failure {
    pub fn new(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), status: FAILED }
    }

    pub fn misuse(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), status: MISUSED }
    }

    /// After Ctrl+C; what there is to say has been said.
    pub fn interrupted() -> Failure {
        Failure { sentence: String::new(), status: INTERRUPTED }
    }

    /// Another sentence behind.
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

/// The same for flags that do not go together.
macro_rules! misuse {
    ($($sentence:tt)*) => { return Err($crate::outcome::Failure::misuse(format!($($sentence)*))) };
}
pub(crate) use misuse;

/// A line on standard output; one that cannot be written, on a full disk or to a pipe that is closed, ends the program with a sentence.
macro_rules! tell {
    ($($text:tt)*) => {{
        use std::io::Write;
        writeln!(std::io::stdout(), $($text)*).map_err($crate::outcome::unwritten("Standard output".as_ref()))?
    }};
}
pub(crate) use tell;

/// A line on standard error. Nobody may read it; the work goes on all the same.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}
pub(crate) use say;

/// Names the path that an input or output error is about.
pub fn about(path: &Path) -> impl Fn(Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::new(format!("{path}: {error}"))
}

/// Says what could not be written, and what to do.
pub fn unwritten(path: &Path) -> impl Fn(Error) -> Failure {
    let path = path.display().to_string();
    move |error| {
        Failure::new(match error.kind() {
            ErrorKind::StorageFull => {
                format!("{path} could not be written: the disk is full. Make room, or name another folder.")
            }
            ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                format!("{path} could not be written: it would be larger than this account may have. Name another folder.")
            }
            _ => format!("{path} could not be written: {error}."),
        })
    }
}
