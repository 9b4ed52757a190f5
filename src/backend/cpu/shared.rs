//! What part 0 does together with its helpers, each with its own images.

use super::{Cpu, Mode};
use crate::data::batch::Batch;
use crate::math::gemm::Product;
use crate::step::peers::{FirstNotFinite, Gone, Message, Peers, What};
use crate::step::tree::parts;
use crate::step::{Hyper, Share};
use std::ops::Range;

impl<T: Product> Cpu<T> {
    /// Does `work` with the helpers. If one is gone, none is used any more, and the work is repeated alone: it has not changed
    /// the state yet.
    pub(super) async fn together<R>(&mut self, work: impl AsyncFn(&mut Cpu<T>) -> Result<R, Gone>) -> R {
        loop {
            match work(self).await {
                Ok(done) => return done,
                Err(Gone) => {
                    assert!(!self.helpers.is_empty(), "nobody is there who could be gone");
                    self.helpers.clear();
                    (self.helped, self.lost_helpers) = (0, true);
                    self.part.set_capacity(self.capacity);
                }
            }
        }
    }

    /// Leaves the whole batch's gradients; returns the mean loss and how many images were classified right.
    pub(super) async fn gradients_of(&mut self, batch: &Batch, hyper: &Hyper) -> Result<(T, u32), Gone> {
        let (images, image) = (batch.labels.len(), self.network().input.len());
        let parts = parts(images, self.workers());
        let cut = |part: &Range<usize>| {
            let pixels = &batch.pixels[part.start * image..part.end * image];
            (pixels, &batch.labels[part.clone()], Share::new(hyper, part.start, images))
        };
        let helpers = &mut self.helpers[..parts.len() - 1];
        for (helper, part) in helpers.iter().zip(&parts[1..]) {
            let (pixels, labels, share) = cut(part);
            helper.send(What::Differentiate { labels: labels.to_vec(), share }, &self.parameters, pixels);
        }
        let (pixels, labels, share) = cut(&parts[0]);
        self.part.load(pixels);
        let mut peers = Peers::Helpers(helpers);
        let (answer, mut correct) =
            self.part.differentiate(&self.parameters, labels, share, &mut self.gradients, &mut peers).await?;
        let mut answers = vec![answer];
        for helper in &mut *helpers {
            let Message { what: What::Gradients { correct: right }, values, .. } = helper.receive().await? else {
                return Err(Gone);
            };
            correct += right;
            answers.push(values);
        }
        let loss = self.part.join(images, answers, &mut self.gradients).ok_or(Gone)?;
        self.helped = helpers.len();
        Ok((loss, correct))
    }

    /// Logits of at most `capacity` images in evaluation mode: (images, classes).
    pub(super) async fn logits_of(&mut self, pixels: &[u8]) -> Result<Vec<T>, Gone> {
        let (image, classes) = (self.network().input.len(), self.network().classes);
        let parts = parts(pixels.len() / image, self.workers());
        let cut = |part: &Range<usize>| &pixels[part.start * image..part.end * image];
        let helpers = &mut self.helpers[..parts.len() - 1];
        for (helper, part) in helpers.iter().zip(&parts[1..]) {
            helper.send(What::Evaluate, &[&self.parameters[..], &self.running].concat(), cut(part));
        }
        self.part.load(cut(&parts[0]));
        self.part.forward(&self.parameters, &self.running, &Mode::Evaluation);
        let mut logits = self.part.logits().to_vec();
        for (helper, part) in helpers.iter_mut().zip(&parts[1..]) {
            let Message { what, values, .. } = helper.receive().await?;
            if what != What::Logits || values.len() != part.len() * classes {
                return Err(Gone);
            }
            logits.extend(values);
        }
        Ok(logits)
    }

    /// Repeats a step's passes and finds the first layers, over all parts, with a value that is not finite. Returns the loss too.
    pub(super) async fn not_finite_in(&mut self, batch: &Batch, hyper: &Hyper) -> Result<(T, FirstNotFinite), Gone> {
        let (loss, _) = self.gradients_of(batch, hyper).await?;
        let helpers = &mut self.helpers[..self.helped];
        helpers.iter().for_each(|helper| helper.send(What::AskNotFinite, &[], &[]));
        let mut all = self.part.first_not_finite();
        for helper in helpers {
            let What::NotFinite(found) = helper.receive().await?.what else { return Err(Gone) };
            all = all.or(found);
        }
        Ok((loss, all))
    }
}
