//! The activation kernels against the CPU.

use crate::common::*;
use alexnet_lab::config::{ActivationFunction, PoolKind};
use alexnet_lab::gpu::recorder::StepParams;
use alexnet_lab::layers::fused::{Before, GradInput};
use alexnet_lab::layers::{Window, activation, pool};
use alexnet_lab::network::Shape;

#[test]
fn activation_matches_the_cpu() {
    use ActivationFunction::*;
    for function in [Relu, LeakyRelu, Sigmoid, Tanh] {
        for (batch, height, width, channels) in [(1, 1, 1, 1), (3, 5, 7, 6), (2, 4, 4, 8)] {
            let shape = Shape { height, width, channels };
            let n = batch * shape.len();
            let x: Vec<f32> = random(1, n).iter().map(|x| 60.0 * x).collect();
            let g = random(2, n);
            let mut recorder = recorder(batch, StepParams::default());
            let input = upload(&mut recorder, &x, channels);
            let grad_output = upload(&mut recorder, &g, channels);
            let (output, grad_input) = (empty(&mut recorder, n, channels), empty(&mut recorder, n, channels));
            activation::record_forward(&mut recorder, "test", function.into(), shape, &input, &output).unwrap();
            // The kernel of a pooling layer that averages one pixel goes backward through the function.
            let grad_pool = empty(&mut recorder, n, channels);
            let before = Some(Before { function, output: &output, grad_input: &grad_input });
            let grads = GradInput { view: &grad_pool, dropout: None, before, function: None };
            let window = Window { input: shape, output: shape, kernel: 1, stride: 1, padding: 0 };
            let kept = pool::Kept::new(&mut recorder, "test.pool", PoolKind::Avg, &window).unwrap();
            pool::record_backward(&mut recorder, "test.pool", &window, &kept, &grad_output, grads).unwrap();
            recorder.take().run(device());
            let mut wanted = vec![0.0; n];
            activation::forward(function, &x, &mut wanted);
            let found = download(&output, channels);
            // WGSL allows tanh an absolute error of 1e-5; exp 3 + 2 |x| ulp, which weighs most where the sigmoid is about 1/2.
            assert_close(&format!("{function:?} forward"), &found, &wanted, 1e-5);
            activation::backward(function, &found, &g, &mut wanted);
            assert_eq!(download(&grad_pool, channels), g);
            // Three roundings of numbers below 1.
            assert_close(&format!("{function:?} backward"), &download(&grad_input, channels), &wanted, 3.0 * f32::EPSILON);
        }
    }
}
