//! The parts of a batch, and the messages between them.
//!
//! A step's images are cut into parts, one for each worker ([`parts`]). Part 0 holds the state. A helper keeps nothing between
//! steps that a result depends on, so a helper that dies costs only its time. There is no shared memory: every array of a
//! [`Message`] is moved or copied to the other side. Sums over parts are added in the order of the parts, so equal inputs give
//! equal bits whichever part is ready first.

use super::Share;
use crate::math::float::Float;
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::ops::Range;

/// A message: its kind and its arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<T> {
    pub what: What,
    pub values: Vec<T>,
    pub bytes: Vec<u8>,
}

/// Requests to a helper and its answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Values: the parameters' gradients. Bytes: this part's share of the loss, an `f64`.
    Gradients {
        correct: u32,
    },
    /// Values: those of one part, to be joined with the other parts' during the backward pass.
    Join,
    /// Values: those of all parts, joined.
    Joined,
    /// Values: parameters and running statistics. Bytes: (images, height, width, 3).
    Evaluate,
    /// Values: (images, classes).
    Logits,
    /// Asks for statistics of the gradients of each block's activation in the last step.
    AskStatistics,
    /// Bytes: (blocks, [`crate::stats::GradientStats::WORDS`]) `u32`.
    Statistics,
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

    /// Replaces `values` by those of all parts joined; every part calls this at the same place. `join` takes the values joined so
    /// far and those of the next part. Two parts exchange their values and both join them, so neither waits for an answer. With
    /// more, part 0 joins and sends the result to all. `meanwhile` runs before any waiting.
    pub async fn join(&mut self, values: &mut [T], join: impl Fn(&mut [T], &[T]), meanwhile: impl FnOnce()) -> Result<(), Gone> {
        match self {
            Peers::Helpers(helpers) => {
                let pair = helpers.len() == 1;
                if pair {
                    helpers[0].send(What::Join, values, &[]);
                }
                meanwhile();
                for helper in helpers.iter_mut() {
                    join(values, &told(helper, values.len()).await?.1);
                }
                if !pair {
                    helpers.iter().for_each(|helper| helper.send(What::Joined, values, &[]));
                }
            }
            Peers::First(first) => {
                first.send(What::Join, values, &[]);
                meanwhile();
                let (what, mut all) = told(first, values.len()).await?;
                if what == What::Join {
                    join(&mut all, values);
                }
                values.copy_from_slice(&all);
            }
        }
        Ok(())
    }
}

/// Receives the next message, which must hold the values of a part or of all.
async fn told<T>(line: &mut Line<T>, length: usize) -> Result<(What, Vec<T>), Gone> {
    let Message { what, values, .. } = line.receive().await?;
    if matches!(what, What::Join | What::Joined) && values.len() == length { Ok((what, values)) } else { Err(Gone) }
}

/// `sum += values`, of equal lengths.
pub fn add<T: Float>(sum: &mut [T], values: &[T]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += *value);
}

/// `images` in at most `workers` parts of nearly equal length, none empty; longer parts come first.
pub fn parts(images: usize, workers: usize) -> Vec<Range<usize>> {
    let count = workers.min(images);
    let end = |part: usize| part * (images / count) + part.min(images % count);
    (0..count).map(|part| end(part)..end(part + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_channel::mpsc::unbounded;
    use pollster::block_on;

    #[test]
    fn parts_cover_the_images_and_differ_by_one_at_most() {
        assert_eq!(parts(7, 3), [0..3, 3..5, 5..7]);
        assert_eq!(parts(2, 8), [0..1, 1..2]);
        assert_eq!(parts(0, 2), []);
        // With fewer images, no part is longer than with more.
        for workers in 1..=8 {
            for images in 1..40 {
                let (fewer, more) = (parts(images, workers), parts(images + 1, workers));
                assert!(fewer.iter().zip(&more).all(|(fewer, more)| fewer.len() <= more.len()), "{images} in {workers}");
            }
        }
    }

    #[test]
    fn values_are_joined_in_the_order_of_the_parts() {
        // 1 + 2^60 - 2^60 is 0 in this order and 1 in the other. For two parts, the result shows which came first.
        let big = (1u64 << 60) as f32;
        let order = |all: &mut [f32], next: &[f32]| all[0] = 2.0 * all[0] + next[0];
        assert_eq!(joined([1.0, big, -big], add), [0.0; 3]);
        assert_eq!(joined([1.0, 10.0], order), [12.0; 2]);
        assert_eq!(joined([1.0, 10.0, 100.0], order), [124.0; 3]);
    }

    /// Each part's result after all have joined their values.
    fn joined<const N: usize>(values: [f32; N], join: fn(&mut [f32], &[f32])) -> [f32; N] {
        let (mut lines, mut threads) = (vec![], vec![]);
        for value in &values[1..] {
            let ((to, inbox), (from, answers)) = (unbounded(), unbounded());
            lines.push(Line::between(to, answers, ()));
            let mut own = [*value];
            threads.push(std::thread::spawn(move || {
                let outcome = block_on(Peers::First(&mut Line::between(from, inbox, ())).join(&mut own, join, || ()));
                outcome.map(|()| own[0])
            }));
        }
        let mut own = [values[0]];
        assert_eq!(block_on(Peers::Helpers(&mut lines).join(&mut own, join, || ())), Ok(()));
        let mut all = [own[0]; N];
        for (all, thread) in all[1..].iter_mut().zip(threads) {
            *all = thread.join().unwrap().unwrap();
        }
        // A helper that has ended is noticed.
        assert_eq!(block_on(Peers::Helpers(&mut lines).join(&mut own, join, || ())), Err(Gone));
        all
    }

    #[test]
    fn the_first_layer_of_all_parts_is_found() {
        let found = |output, gradient| FirstNotFinite { output, gradient };
        assert_eq!(found(None, Some(2)).or(found(Some(3), None)), found(Some(3), Some(2)));
        assert_eq!(found(Some(1), Some(2)).or(found(Some(3), Some(5))), found(Some(1), Some(5)));
    }
}
