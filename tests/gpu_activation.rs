//! The activation kernels against the CPU.

mod gpu_common;

use alexnet_lab::gpu::recorder::StepParams;
use alexnet_lab::layers::activation::{self, Before, GradInput};
use alexnet_lab::layers::dropout;
use alexnet_lab::network::{ActivationFunction, Shape};
use gpu_common::*;

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
            activation::record_forward(&mut recorder, "test", function, shape, &input, &output).unwrap();
            // The kernel of a dropout layer that keeps every unit goes back through the function.
            let grad_dropout = empty(&mut recorder, n, channels);
            let before = Some(Before { function, output: &output, grad_input: &grad_input });
            let grads = GradInput { view: &grad_dropout, before };
            dropout::record_backward(&mut recorder, "test.dropout", shape, &grad_output, grads).unwrap();
            recorder.take().run(device());
            let mut wanted = vec![0.0; n];
            activation::forward(function, &x, &mut wanted);
            let found = download(&output, channels);
            // WGSL allows tanh an absolute error of 1e-5; exp 3 + 2 |x| ulp, which weighs most where the sigmoid is about 1/2.
            assert_close(&format!("{function:?} forward"), &found, &wanted, 1e-5);
            activation::backward(function, &found, &g, &mut wanted);
            assert_eq!(download(&grad_dropout, channels), g);
            // Three roundings of numbers below 1.
            assert_close(&format!("{function:?} backward"), &download(&grad_input, channels), &wanted, 3.0 * f32::EPSILON);
        }
    }
}
