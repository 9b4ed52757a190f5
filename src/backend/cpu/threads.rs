//! Helpers of the native program: one thread each, for as long as the backend lives.

use super::part::Part;
use crate::data::Normalisation;
use crate::math::gemm::Product;
use crate::network::Network;
use crate::step::peers::{Line, Message};
use futures_channel::mpsc::unbounded;
use std::thread::{Builder, JoinHandle};

/// Starts a helper for at most `capacity` images. If there is no thread to be had, the line ends at once.
pub fn start<T: Product>(network: Network, capacity: usize, normalisation: Normalisation) -> Line<T> {
    let ((to_helper, inbox), (from_helper, answers)) = (unbounded::<Message<T>>(), unbounded());
    let work = move || {
        let line = Line::between(from_helper, inbox, ());
        pollster::block_on(Part::new(network, capacity, normalisation).help(line));
    };
    let thread = Builder::new().name("helper".into()).spawn(work).ok();
    Line::between(to_helper, answers, Joined(thread))
}

/// Waits for its thread, so that nothing of it is left when the backend is gone.
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        // One that panicked has been noticed by its missing answer.
        self.0.take().map(JoinHandle::join);
    }
}
