//! Results on test images: losses, accuracies, mistakes.

use crate::data::Images;
use serde::Serialize;

/// How many of the most confident mistakes an evaluation keeps.
const MISTAKES: usize = 12;

/// Loss and accuracy on test images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Training steps done before it.
    pub step: u64,
    pub loss: f64,
    pub accuracy: f64,
    pub count: usize,
    pub confusion: Vec<u32>, // (classes, classes): true class, predicted class
    /// The most confident mistakes, the worst first, at most `MISTAKES`.
    pub mistakes: Vec<Mistake>,
    /// Where something is held back, the accuracies of both halves: images like those of training, and the same scenes with what
    /// is held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<[f64; 2]>,
    /// With `train_eval`, loss and accuracy on the first training images: in the network's evaluation mode, and not augmented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<[f64; 2]>,
}

impl Evaluation {
    /// Adds a test image: losses and right answers are sums until the end.
    pub(super) fn add(&mut self, image: usize, label: usize, logits: &[f32]) {
        let guess = argmax(logits);
        self.loss += cross_entropy(logits, label);
        self.confusion[label * logits.len() + guess] += 1;
        if guess != label {
            let probability = (-cross_entropy(logits, guess)).exp();
            let at = self.mistakes.partition_point(|other| other.probability >= probability);
            self.mistakes.insert(at, Mistake { image, guess, probability });
            self.mistakes.truncate(MISTAKES);
        }
        if let Some(right) = &mut self.pair {
            right[image % 2] += f64::from(u8::from(guess == label));
        }
        self.count += 1;
    }
}

/// A test image that was mistaken for another class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mistake {
    pub image: usize,
    pub guess: usize,
    /// The probability that the network gave its guess.
    pub probability: f64,
}

/// Test images with the network's predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    pub images: Images,
    pub probabilities: Vec<f32>, // (n, classes)
}

/// `-log softmax(logits)[label]`.
pub fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let largest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|z| (f64::from(*z) - largest).exp()).sum();
    largest + sum.ln() - f64::from(logits[label])
}

/// The first index of the largest value.
pub fn argmax(values: &[f32]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}
