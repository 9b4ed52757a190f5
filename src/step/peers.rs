//! The parts of a batch, and the messages between them.
//!
//! A step's images are cut into parts, one for each worker ([`parts`](super::tree::parts)). Part 0 holds the state. A helper keeps
//! nothing between steps that a result depends on, so a helper that dies costs only its time. There is no shared memory: every
//! array of a [`Message`] is moved or copied to the other side. The order of sums over parts is that of [`super::tree`].

use super::Share;
use super::tree::{Branch, Join, join_all};
use crate::math::float::Float;
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender};
use serde::{Deserialize, Serialize};
use std::any::Any;

/// A message: its kind and its arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<T> {
    pub what: What,
    pub values: Vec<T>,
    pub bytes: Vec<u8>,
}

/// Requests to a helper and its answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// First message to a helper that starts without a `Plan`. Values: mean, standard deviation (2, 3).
    Begin {
        fragment: String,
        classes: usize,
        capacity: usize,
    },
    /// Values: the parameters. Bytes: (images, height, width, 3).
    Differentiate {
        labels: Vec<u32>,
        share: Share,
    },
    /// Values: for each node of the part's branch its share of the loss, and for each node the gradients of the convolutions; then
    /// each linear layer's inputs and gradients of outputs, (images, in) and (images, out).
    Gradients {
        correct: u32,
    },
    /// Values: the sums of a branch, to be joined with the other parts'.
    Join,
    /// Values: the batch's sum.
    Joined,
    /// Values: parameters and running statistics. Bytes: (images, height, width, 3).
    Evaluate,
    /// Values: (images, classes).
    Logits,
    /// Asks for statistics of the last step's gradients and of a part of the probe batch. Values: parameters and running statistics.
    /// Bytes: (images, height, width, 3).
    Look {
        share: Share,
    },
    /// Bytes: statistics of each block's gradient, moments of its activations, and its channels that are not 0.
    Looked,
    /// Asks how those activations are distributed. Bytes: the moments over all parts.
    Spread,
    /// Bytes: a [`crate::stats::Spread`] of each block.
    Spreads,
    /// Asks where in the last step a value was not finite.
    AskNotFinite,
    NotFinite(FirstNotFinite),
}

/// Indices of layers with a value that is not finite: the first in forward order by its output, and the first in backward order
/// by the gradient of its output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FirstNotFinite {
    pub output: Option<usize>,
    pub gradient: Option<usize>,
}

impl FirstNotFinite {
    /// The first over the layers of both.
    pub fn or(self, other: FirstNotFinite) -> FirstNotFinite {
        FirstNotFinite { output: self.output.into_iter().chain(other.output).min(), gradient: self.gradient.max(other.gradient) }
    }
}

/// The peer has disconnected or broken the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// Sends a message: its kind, its values and its bytes.
type Post<T> = dyn Fn(What, &[T], &[u8]);

/// One end of a line between part 0 and a helper. It ends when either end is dropped.
pub struct Line<T> {
    // Dropped in this order: the helper must be told of the end before anyone waits for it.
    send: Box<Post<T>>,
    receive: UnboundedReceiver<Message<T>>,
    _other_end: Box<dyn Any>,
}

impl<T> Line<T> {
    /// `other_end` is dropped last: it joins a thread or ends a worker.
    pub fn new(
        send: impl Fn(What, &[T], &[u8]) + 'static,
        receive: UnboundedReceiver<Message<T>>,
        other_end: impl Any,
    ) -> Line<T> {
        Line { send: Box::new(send), receive, _other_end: Box::new(other_end) }
    }

    /// A line between two threads.
    pub fn between(send: UnboundedSender<Message<T>>, receive: UnboundedReceiver<Message<T>>, other_end: impl Any) -> Line<T>
    where
        T: Clone + 'static,
    {
        // A peer that has stopped listening is noticed when its answer is missing.
        let send = move |what, values: &[T], bytes: &[u8]| {
            _ = send.unbounded_send(Message { what, values: values.to_vec(), bytes: bytes.to_vec() });
        };
        Line::new(send, receive, other_end)
    }

    pub fn send(&self, what: What, values: &[T], bytes: &[u8]) {
        (self.send)(what, values, bytes);
    }

    pub async fn receive(&mut self) -> Result<Message<T>, Gone> {
        self.receive.recv().await.map_err(|_| Gone)
    }
}

/// The other parts, as seen from one of them.
pub enum Peers<'a, T> {
    /// From part 0: the helpers in the order of their parts; none if part 0 is the whole batch.
    Helpers(&'a mut [Line<T>]),
    /// From a helper.
    First(&'a mut Line<T>),
}

impl<T: Float> Peers<'_, T> {
    /// The peers of a part that is the whole batch.
    pub fn none() -> Self {
        Peers::Helpers(&mut [])
    }

    /// The batch's sum, from the sums of this part's branch; every part calls this at the same place. Two parts exchange their
    /// sums and both join them, so neither waits for an answer. With more, part 0 joins and sends the result to all. `meanwhile`
    /// runs before any waiting.
    pub async fn join(
        &mut self,
        branch: &Branch,
        mut sums: Vec<T>, // (branch.sums(), length)
        join: Join<T>,
        meanwhile: impl FnOnce(),
    ) -> Result<Vec<T>, Gone> {
        let length = sums.len() / branch.sums();
        let all = |parts: &mut [Vec<T>]| {
            let workers = parts.len();
            let sums = parts.iter_mut().flat_map(|sums| sums.chunks_exact_mut(length)).collect();
            join_all(branch.batch(), workers, sums, join).ok_or(Gone)?;
            parts[0].truncate(length);
            Ok(std::mem::take(&mut parts[0]))
        };
        match self {
            Peers::Helpers(helpers) => {
                let pair = helpers.len() == 1;
                if pair {
                    helpers[0].send(What::Join, &sums, &[]);
                }
                meanwhile();
                let mut parts = vec![sums];
                for helper in helpers.iter_mut() {
                    parts.push(told(helper).await?.1);
                }
                sums = all(&mut parts)?;
                if !pair {
                    helpers.iter().for_each(|helper| helper.send(What::Joined, &sums, &[]));
                }
                Ok(sums)
            }
            Peers::First(first) => {
                first.send(What::Join, &sums, &[]);
                meanwhile();
                match told(first).await? {
                    (true, sum) => {
                        if sum.len() == length {
                            Ok(sum)
                        } else {
                            Err(Gone)
                        }
                    }
                    (false, sums_of_first) => all(&mut [sums_of_first, sums]),
                }
            }
        }
    }
}

/// Receives the next message: sums of a part, or, as the first value says, that of all.
async fn told<T>(line: &mut Line<T>) -> Result<(bool, Vec<T>), Gone> {
    match line.receive().await? {
        Message { what: What::Join, values, .. } => Ok((false, values)),
        Message { what: What::Joined, values, .. } => Ok((true, values)),
        _ => Err(Gone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_channel::mpsc::unbounded;
    use pollster::block_on;

    #[test]
    fn sums_are_joined_in_the_order_of_the_tree() {
        // A join that is not symmetric shows which sum came first.
        let join: Join<f32> = |all, next| all[0] = 2.0 * all[0] + next[0];
        assert_eq!(joined([1.0, 10.0], join), [12.0; 2]);
        // ((1, 10), 100) and ((1, 10), (100, 1000)).
        assert_eq!(joined([1.0, 10.0, 100.0], join), [124.0; 3]);
        assert_eq!(joined([1.0, 10.0, 100.0, 1000.0], join), [1224.0; 4]);
    }

    /// Each part's result after all have joined their values, one image each.
    fn joined<const N: usize>(values: [f32; N], join: Join<f32>) -> [f32; N] {
        let (mut lines, mut threads) = (vec![], vec![]);
        for (image, value) in values.into_iter().enumerate().skip(1) {
            let ((to, inbox), (from, answers)) = (unbounded(), unbounded());
            lines.push(Line::between(to, answers, ()));
            threads.push(std::thread::spawn(move || {
                let (branch, mut line) = (Branch::new(N, image..image + 1), Line::between(from, inbox, ()));
                block_on(Peers::First(&mut line).join(&branch, vec![value], join, || ()))
            }));
        }
        let branch = Branch::new(N, 0..1);
        let mut own = || block_on(Peers::Helpers(&mut lines).join(&branch, vec![values[0]], join, || ()));
        let mut all = [own().unwrap()[0]; N];
        for (all, thread) in all[1..].iter_mut().zip(threads) {
            *all = thread.join().unwrap().unwrap()[0];
        }
        // A helper that has ended is noticed.
        assert_eq!(own(), Err(Gone));
        all
    }

    #[test]
    fn the_first_layer_of_all_parts_is_found() {
        let found = |output, gradient| FirstNotFinite { output, gradient };
        assert_eq!(found(None, Some(2)).or(found(Some(3), None)), found(Some(3), Some(2)));
        assert_eq!(found(Some(1), Some(2)).or(found(Some(3), Some(5))), found(Some(1), Some(5)));
    }
}
