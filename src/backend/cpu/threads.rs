//! Helpers of the native program: one thread each, for as long as the backend lives.

use super::part::Part;
use crate::data::Normalisation;
use crate::math::gemm::Product;
use crate::network::Network;
use crate::step::peers::{Line, Message};
use futures_channel::mpsc::unbounded;
use std::thread::{Builder, JoinHandle};

/// Starts a helper for at most `capacity` images. If no thread can be started, the line ends at once.
pub fn start<T: Product>(network: Network, capacity: usize, normalisation: Normalisation) -> Line<T> {
    let ((to_helper, inbox), (from_helper, answers)) = (unbounded::<Message<T>>(), unbounded());
    let work = move || {
        let line = Line::between(from_helper, inbox, ());
        pollster::block_on(Part::new(network, capacity, normalisation).help(line));
    };
    let thread = Builder::new().name("helper".into()).spawn(work).ok();
    Line::between(to_helper, answers, Joined(thread))
}

/// Joins its thread when dropped, so that the thread does not outlive the backend.
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        // A panic was noticed by its missing answer.
        self.0.take().map(JoinHandle::join);
    }
}
