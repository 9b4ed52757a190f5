//! Softmax and cross-entropy: `p_i = e^z_i / sum e^z_j`, `loss = mean over the batch of -ln p_label` - Bridle 1990.
//!
//! Backward: `grad z_i = (p_i - [i = label]) / batch`. The largest logit is subtracted first, so that no exponential overflows.

use crate::error::Result;
use crate::gpu::kernels::{SOFTMAX_FORWARD, SOFTMAX_FORWARD_BACKWARD};
use crate::gpu::recorder::{Recorder, workgroups};
use crate::gpu::view::View;
use crate::math::float::Float;

/// These images' share of the mean loss over `batch` images, and how many of them have their largest logit (the first of equal
/// ones) at their label.
///
/// # Panics
/// When a label is not below `classes`; decoders refuse such labels.
pub fn forward<T: Float>(
    logits: &[T],            // (images, classes)
    labels: &[u32],          // (images)
    batch: usize,            // all images of the step, of which these may be a part
    probabilities: &mut [T], // (images, classes)
) -> (T, u32) {
    let classes = logits.len() / labels.len();
    let (mut loss, mut correct) = (T::ZERO, 0);
    for ((logits, p), label) in logits.chunks_exact(classes).zip(probabilities.chunks_exact_mut(classes)).zip(labels) {
        let best = logits.iter().enumerate().fold(0, |best, (i, z)| if *z > logits[best] { i } else { best });
        correct += u32::from(best == *label as usize);
        let (largest, ln_sum) = softmax(logits, p);
        loss += ln_sum - (logits[*label as usize] - largest);
    }
    (loss / T::of(batch as f64), correct)
}

/// The probabilities of any number of images: (images, classes) both.
pub fn probabilities<T: Float>(logits: &[T], classes: usize, probabilities: &mut [T]) {
    for (logits, p) in logits.chunks_exact(classes).zip(probabilities.chunks_exact_mut(classes)) {
        softmax(logits, p);
    }
}

/// The probabilities of one image; returns the largest logit and `ln sum e^(z - largest)`.
fn softmax<T: Float>(logits: &[T], probabilities: &mut [T]) -> (T, T) {
    let largest = logits.iter().fold(-T::INFINITY, |largest, z| if *z > largest { *z } else { largest });
    for (p, z) in probabilities.iter_mut().zip(logits) {
        *p = (*z - largest).exp();
    }
    let sum: T = probabilities.iter().copied().sum();
    probabilities.iter_mut().for_each(|p| *p = *p / sum);
    (largest, sum.ln())
}

/// The gradient of the logits.
pub fn backward<T: Float>(
    probabilities: &[T],   // (images, classes)
    labels: &[u32],        // (images)
    batch: usize,          // as in `forward`
    grad_logits: &mut [T], // (images, classes)
) {
    let share = T::ONE / T::of(batch as f64);
    let classes = probabilities.len() / labels.len();
    for ((p, grad), label) in probabilities.chunks_exact(classes).zip(grad_logits.chunks_exact_mut(classes)).zip(labels) {
        for (grad, p) in grad.iter_mut().zip(p) {
            *grad = *p * share;
        }
        grad[*label as usize] -= share;
    }
}

// ---- on the GPU

/// Evaluation: `logits` to `probabilities`, (batch, classes) both.
pub fn record_forward(recorder: &mut Recorder, classes: usize, logits: &View, probabilities: &View) -> Result<()> {
    let groups = workgroups(recorder.batch);
    recorder.dispatch("loss.forward", &SOFTMAX_FORWARD, &[("CLASSES", classes.into())], &[logits, probabilities], groups)
}

/// Training: probabilities, the gradient of the logits, the mean loss, and how many images have their largest logit at their label.
pub fn record_forward_backward(
    recorder: &mut Recorder,
    classes: usize,
    logits: &View,        // (batch, classes)
    labels: &View,        // (batch)
    probabilities: &View, // (batch, classes)
    grad_logits: &View,   // (batch, classes)
    result: &View,        // (2): mean loss, correct
) -> Result<()> {
    let views = [logits, labels, probabilities, grad_logits, result];
    recorder.dispatch("loss.forward_backward", &SOFTMAX_FORWARD_BACKWARD, &[("CLASSES", classes.into())], &views, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_lose_the_logarithm_of_their_number() {
        let mut p = [0.0f64; 8];
        let (loss, correct) = forward(&[1000.0, 1000.0, 1000.0, 1000.0, 0.0, 0.0, 0.0, 0.0], &[0, 3], 2, &mut p);
        // The second image's loss is the first's plus 0; ln and the mean round once each.
        assert!((loss - 4f64.ln()).abs() < 4.0 * f64::EPSILON, "{loss}");
        assert_eq!((correct, p), (1, [0.25; 8]));
    }
}
