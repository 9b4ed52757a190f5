//! Stochastic gradient descent with momentum and weight decay, on flat buffers - PyTorch's form of Sutskever et al. 2013:
//!
//! `g = grad + weight_decay w`, `v = momentum v + g`, `w = w - learning_rate v`

use crate::backend::Hyper;
use crate::cpu::Float;

/// One update of all parameters.
pub fn update<T: Float>(
    hyper: &Hyper,
    gradients: &[T], // (parameters), all three
    velocities: &mut [T],
    parameters: &mut [T],
) {
    let [rate, momentum, decay] = [hyper.learning_rate, hyper.momentum, hyper.weight_decay].map(T::from_f32);
    for ((w, v), g) in parameters.iter_mut().zip(velocities).zip(gradients) {
        *v = momentum * *v + (*g + decay * *w);
        *w -= rate * *v;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_updates_by_hand() {
        let hyper = Hyper { step: 0, seed: 0, learning_rate: 0.5, momentum: 0.5, weight_decay: 0.25, dropout: 0.0 };
        let (mut w, mut v) = ([4.0f32], [0.0f32]);
        update(&hyper, &[1.0], &mut v, &mut w); // g = 1 + 1 = 2, v = 2, w = 3
        assert_eq!((w, v), ([3.0], [2.0]));
        update(&hyper, &[0.25], &mut v, &mut w); // g = 0.25 + 0.75 = 1, v = 2, w = 2
        assert_eq!((w, v), ([2.0], [2.0]));
    }
}
