//! Reading from a run without changing it: statistics, test images, feature maps.

use super::Trainer;
use super::evaluation::{Evaluation, Predictions, argmax, cross_entropy};
use crate::config::Variation;
use crate::data::batch::{self, Batch};
use crate::data::{Dataset, Images};
use crate::error::Result;
use crate::layers::{input, softmax_loss};
use crate::stats::Snapshot;
use crate::step::Hyper;
use std::ops::Range;

/// The most images in the probe batch, the first training images, on which activations are measured.
const PROBE: usize = 32;
/// Fewest test images that are evaluated together on a GPU, whose answer can take longer than a small batch.
const ENOUGH: usize = 32;

/// The training images or the test images.
type Split = fn(&Dataset) -> &Images;

impl Trainer {
    /// Gradients of the last step and activations on the probe batch. `None` before the first step after a start, a restart or a
    /// change of the network.
    pub async fn snapshot(&mut self) -> Result<Option<Snapshot>> {
        if !self.has_gradients {
            return Ok(None);
        }
        let count = PROBE.min(self.config.batch as usize).min(self.dataset().train.len());
        let probe = self.gather(|dataset| &dataset.train, 0..count);
        self.backend.snapshot(&Hyper::of(&self.config, self.step), &probe).await.map(Some)
    }

    /// How many test images an evaluation uses.
    pub fn evaluation_size(&self) -> usize {
        (self.config.test_size as usize).min(self.dataset().test_total)
    }

    /// Whether enough test images have arrived.
    pub fn can_evaluate(&self) -> bool {
        self.evaluation_size() > 0 && self.dataset().test.len() >= self.evaluation_size()
    }

    /// How many training images an evaluation uses: the first ones of those that train.
    fn fit_size(&self) -> usize {
        let trains = (self.config.train_size as usize).min(self.dataset().train.len());
        if self.config.train_eval { trains.min(self.config.test_size as usize) } else { 0 }
    }

    /// Evaluates some more images, first those of the test; `None` while there is more to do. A training step starts the
    /// evaluation anew. If not all its images have arrived, it ends with those that have; `count` says how many test images.
    pub async fn evaluate_chunk(&mut self) -> Result<Option<Evaluation>> {
        let (total, fit) = (self.evaluation_size().min(self.dataset().test.len()), self.fit_size());
        let (mut evaluation, mut fitted) = match self.evaluation.take() {
            Some(going) => going,
            None => (self.empty_evaluation(total, fit), 0),
        };
        // The setting may have changed since its start.
        let fit = if evaluation.train.is_some() { fit } else { 0 };
        let waits = self.backend.name() == "gpu";
        let together = (self.config.batch as usize).max(if waits { ENOUGH } else { 1 });
        let tests = evaluation.count < total;
        let (split, from, to): (Split, _, _) =
            if tests { (|set| &set.test, evaluation.count, total) } else { (|set| &set.train, fitted, fit) };
        let range = from..(from + together).min(to);
        let logits = self.logits_of(split, range.clone()).await?;
        for (image, logits) in range.zip(logits.chunks_exact(self.network.classes)) {
            let label = usize::from(split(&self.dataset()).labels[image]);
            if tests {
                evaluation.add(image, label, logits);
            } else if let Some([loss, right]) = &mut evaluation.train {
                *loss += cross_entropy(logits, label);
                *right += f64::from(u8::from(argmax(logits) == label));
                fitted += 1;
            }
        }
        if evaluation.count < total || fitted < fit {
            self.evaluation = Some((evaluation, fitted));
            return Ok(None);
        }
        let classes = self.network.classes;
        let right: u32 = (0..classes).map(|class| evaluation.confusion[class * classes + class]).sum();
        // Not `total`, which may have become smaller meanwhile.
        let count = evaluation.count.max(1) as f64;
        (evaluation.loss, evaluation.accuracy) = (evaluation.loss / count, f64::from(right) / count);
        let halves = [evaluation.count.div_ceil(2), evaluation.count / 2];
        evaluation.pair = evaluation.pair.map(|right| [0, 1].map(|kind| right[kind] / halves[kind].max(1) as f64));
        evaluation.train = evaluation.train.filter(|_| fitted > 0).map(|sums| sums.map(|sum| sum / fitted as f64));
        Ok(Some(evaluation))
    }

    fn empty_evaluation(&self, total: usize, fit: usize) -> Evaluation {
        let classes = self.network.classes;
        Evaluation {
            step: self.step,
            loss: 0.0,
            accuracy: 0.0,
            count: 0,
            confusion: vec![0; classes * classes],
            mistakes: vec![],
            pair: (self.dataset().held_back != Variation::None && total > 1).then_some([0.0; 2]),
            train: (fit > 0).then_some([0.0; 2]),
        }
    }

    /// A whole evaluation.
    pub async fn evaluate(&mut self) -> Result<Evaluation> {
        loop {
            if let Some(evaluation) = self.evaluate_chunk().await? {
                return Ok(evaluation);
            }
        }
    }

    /// Class probabilities of those test images in `range` that have arrived.
    pub async fn predict(&mut self, range: Range<usize>) -> Result<Predictions> {
        let arrived = self.dataset().test.len();
        let range = range.start.min(arrived)..range.end.min(arrived);
        let images = self.dataset().test.select(range.clone());
        let logits = self.logits(range).await?;
        let mut probabilities = vec![0.0; logits.len()];
        softmax_loss::probabilities(&logits, self.network.classes, &mut probabilities);
        Ok(Predictions { images, probabilities })
    }

    /// Logits of the test images in `range`: (n, classes).
    pub async fn logits(&mut self, range: Range<usize>) -> Result<Vec<f32>> {
        self.logits_of(|dataset| &dataset.test, range).await
    }

    async fn logits_of(&mut self, split: Split, range: Range<usize>) -> Result<Vec<f32>> {
        if range.is_empty() {
            return Ok(vec![]);
        }
        let batch = self.gather(split, range);
        self.backend.logits(&batch).await
    }

    /// The output of `network.layers[layer]` for one test image, or without a layer the normalised image itself: (height, width,
    /// channels). `None` when the image has not arrived.
    pub async fn layer_output(&mut self, layer: Option<usize>, image: usize) -> Result<Option<Vec<f32>>> {
        if image >= self.dataset().test.len() {
            return Ok(None);
        }
        let batch = self.gather(|dataset| &dataset.test, image..image + 1);
        if let Some(layer) = layer {
            return self.backend.output_of(&batch, layer).await.map(Some);
        }
        let mut normalised = vec![0.0; batch.pixels.len()];
        input::normalise(&batch.pixels, &self.dataset().normalisation, &mut normalised);
        Ok(Some(normalised))
    }

    /// Images of one split, without augmentation.
    fn gather(&self, split: Split, range: Range<usize>) -> Batch {
        let indices: Vec<u32> = range.map(|index| index as u32).collect();
        let dataset = self.dataset();
        batch::gather(split(&dataset), &indices, self.network.input, dataset.border(), None)
    }
}
