//! A file that is read piece by piece, so that an archive is never in memory as a whole.

use crate::error::Error;
use std::io::{self, BufRead, Read};

/// Bytes that are requested at a time.
const PIECE: usize = 1 << 20;

/// One of the user's files.
pub struct Source<R> {
    /// Name or path.
    pub name: String,
    /// Its length in bytes.
    pub length: u64,
    /// Its bytes from the start.
    pub content: R,
}

/// Reads a source in pieces. It knows its position, and tells a file that cannot be read from a damaged one.
pub struct Input<R> {
    content: R,
    piece: Vec<u8>, // `next..filled` is still to be read
    next: usize,
    filled: usize,
    position: u64,
    failed: bool,
}

/// The error to report when unpacking ended with `error` after `byte` bytes; `failed`: the file itself could not be read.
pub fn problem(file: &str, byte: u64, failed: bool, error: &io::Error) -> Error {
    let file = file.to_string();
    match error.kind() {
        _ if failed => Error::Unreadable { file },
        io::ErrorKind::UnexpectedEof => Error::CompressedTruncated { file, byte },
        _ => Error::Compressed { file, byte },
    }
}

impl<R: Read> Input<R> {
    pub fn new(content: R) -> Input<R> {
        Input { content, piece: vec![0; PIECE], next: 0, filled: 0, position: 0, failed: false }
    }

    /// What it reads from, at an unknown position.
    pub fn into_inner(self) -> R {
        self.content
    }

    /// The error to report when reading or unpacking ended with `error`.
    pub fn problem(&self, file: &str, error: &io::Error) -> Error {
        problem(file, self.position, self.failed, error)
    }

    fn fill(&mut self) -> io::Result<()> {
        (self.next, self.filled) = (0, 0);
        while self.filled < PIECE {
            match self.content.read(&mut self.piece[self.filled..]) {
                Ok(0) => break,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> BufRead for Input<R> {
    /// At the start of the file this returns its first `PIECE`.
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.next == self.filled {
            self.fill()?;
        }
        Ok(&self.piece[self.next..self.filled])
    }

    fn consume(&mut self, count: usize) {
        self.next += count;
        self.position += count as u64;
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns at most 1000 bytes per call, and fails after `good` bytes.
    struct Slow {
        good: usize,
    }

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.good == 0 {
                return Err(io::Error::other("unplugged"));
            }
            let count = buffer.len().min(1000).min(self.good);
            buffer[..count].fill(7);
            self.good -= count;
            Ok(count)
        }
    }

    #[test]
    fn pieces_are_filled_and_a_failure_is_not_called_damage() {
        let mut input = Input::new(Slow { good: PIECE + 10 });
        assert_eq!(input.fill_buf().unwrap().len(), PIECE);
        let error = io::copy(&mut input, &mut io::sink()).unwrap_err();
        let unreadable = Error::Unreadable { file: "f".into() };
        assert_eq!(input.problem("f", &error), unreadable);
    }

    #[test]
    fn the_position_is_that_of_what_was_taken() {
        let mut input = Input::new(io::Cursor::new(vec![1; PIECE + 5]));
        let mut first = [0; 9];
        input.read_exact(&mut first).unwrap();
        assert_eq!(input.problem("f", &io::Error::other("")), Error::Compressed { file: "f".into(), byte: 9 });
        let mut rest = Vec::new();
        input.read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len(), PIECE - 4);
        let end = io::Error::from(io::ErrorKind::UnexpectedEof);
        let truncated = Error::CompressedTruncated { file: "f".into(), byte: PIECE as u64 + 5 };
        assert_eq!(input.problem("f", &end), truncated);
    }
}
