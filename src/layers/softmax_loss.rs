//! Softmax and cross-entropy: `p_i = e^z_i / sum e^z_j`, `loss = mean over the batch of -ln p_label` - Bridle 1990.
//!
//! Backward: `grad z_i = (p_i - [i = label]) / batch`. The largest logit is subtracted first, so that no exponential overflows.

use crate::cpu::Float;

/// The mean loss, and how many images have their largest logit (the first of equal ones) at their label.
///
/// # Panics
/// When a label is not below `classes`; decoders refuse such labels.
pub fn forward<T: Float>(
    logits: &[T],            // (batch, classes)
    labels: &[u32],          // (batch)
    probabilities: &mut [T], // (batch, classes)
) -> (T, u32) {
    let classes = logits.len() / labels.len();
    let (mut loss, mut correct) = (T::ZERO, 0);
    for ((logits, p), label) in logits.chunks_exact(classes).zip(probabilities.chunks_exact_mut(classes)).zip(labels) {
        let best = logits.iter().enumerate().fold(0, |best, (i, z)| if *z > logits[best] { i } else { best });
        correct += u32::from(best == *label as usize);
        let (largest, ln_sum) = softmax(logits, p);
        loss += ln_sum - (logits[*label as usize] - largest);
    }
    (loss / T::of(labels.len() as f64), correct)
}

/// The probabilities of one image; gives the largest logit and `ln sum e^(z - largest)`.
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
    probabilities: &[T],   // (batch, classes)
    labels: &[u32],        // (batch)
    grad_logits: &mut [T], // (batch, classes)
) {
    let share = T::ONE / T::of(labels.len() as f64);
    let classes = probabilities.len() / labels.len();
    for ((p, grad), label) in probabilities.chunks_exact(classes).zip(grad_logits.chunks_exact_mut(classes)).zip(labels) {
        for (grad, p) in grad.iter_mut().zip(p) {
            *grad = *p * share;
        }
        grad[*label as usize] -= share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_lose_the_logarithm_of_their_number() {
        let mut p = [0.0f64; 8];
        let (loss, correct) = forward(&[1000.0, 1000.0, 1000.0, 1000.0, 0.0, 0.0, 0.0, 0.0], &[0, 3], &mut p);
        // The second image's loss is the first's plus 0; ln and the mean round once each.
        assert!((loss - 4f64.ln()).abs() < 4.0 * f64::EPSILON, "{loss}");
        assert_eq!((correct, p), (1, [0.25; 8]));
    }
}
