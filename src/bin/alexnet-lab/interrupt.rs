//! Ctrl+C, and the signals by which a system ends programs. The first signal asks a run to end; the second ends the program.

use crate::outcome::{INTERRUPTED, Outcome, say};
use crate::output;
use indicatif::ProgressBar;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Watches from now on. `bar` is suspended while a line is printed, so that the two do not mix.
    pub fn watch(bar: &ProgressBar) -> Outcome<Interrupt> {
        let (came, bar) = (Arc::new(AtomicBool::new(false)), bar.clone());
        let interrupt = Interrupt(came.clone());
        ctrlc::set_handler(move || {
            if came.swap(true, Ordering::Relaxed) {
                output::abandon();
                std::process::exit(INTERRUPTED.into());
            }
            bar.suspend(|| say!("Stopping after this step. Press Ctrl+C again to stop at once."));
        })?;
        Ok(interrupt)
    }

    pub fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Everything is saved, so the next signal counts as the second.
    pub fn ends_at_once(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
