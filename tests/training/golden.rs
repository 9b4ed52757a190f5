//! Golden values of another framework: JAX in float64, written by `golden/make.py`. Nothing here needs Python.
//!
//! Inputs are exact in f32, so the only difference is rounding. A sum of K products, in any order, is off by at most K u times
//! the sum of their sizes, with u the unit roundoff of the float type. Rounding is random enough that sqrt(K) is typical, which
//! leaves room for a sum of sizes larger than the largest result. The tolerance is therefore (K + 8) u times the largest value of
//! the tensor; the 8 covers the operations around the sum.

use alexnet_lab::config::{ActivationFunction, LrnRegion, PoolKind};
use alexnet_lab::layers::lrn::{self, Lrn};
use alexnet_lab::layers::{Window, activation, batch_norm, conv, linear, local, pool, softmax_loss};
use alexnet_lab::math::gemm::Product;
use alexnet_lab::network::Shape;
use alexnet_lab::optimizer;
use alexnet_lab::step::Hyper;
use alexnet_lab::step::peers::Peers;
use alexnet_lab::step::tree::Branch;
use pollster::block_on;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// The cases of one layer.
struct Golden {
    layer: &'static str,
    cases: Vec<Value>,
}

static BYTES: &[u8] = include_bytes!("../golden/layers.safetensors");

impl Golden {
    fn new(layer: &'static str) -> Golden {
        let (_, header) = SafeTensors::read_metadata(BYTES).unwrap();
        let cases: Value = serde_json::from_str(&header.metadata().as_ref().unwrap()["cases"]).unwrap();
        Golden { layer, cases: cases[layer].as_array().unwrap().clone() }
    }

    /// Calls `check` for each case in f64 and f32.
    fn each(&self, wide: impl Fn(&Case<f64>), narrow: impl Fn(&Case<f32>)) {
        assert!(!self.cases.is_empty());
        for (index, constants) in self.cases.iter().enumerate() {
            let name = format!("{}.{index}", self.layer);
            wide(&Case { name: name.clone(), constants, marker: std::marker::PhantomData });
            narrow(&Case { name, constants, marker: std::marker::PhantomData });
        }
    }
}

struct Case<'a, T> {
    name: String,
    constants: &'a Value,
    marker: std::marker::PhantomData<T>,
}

impl<T: Product> Case<'_, T> {
    fn number(&self, key: &str) -> f64 {
        self.constants[key].as_f64().unwrap_or_else(|| panic!("{} has no {key}", self.name))
    }

    fn count(&self, key: &str) -> usize {
        self.number(key) as usize
    }

    fn constant<C: serde::de::DeserializeOwned>(&self, key: &str) -> C {
        serde_json::from_value(self.constants[key].clone()).unwrap()
    }

    fn shape(&self, tensor: &str) -> Vec<usize> {
        let file = SafeTensors::deserialize(BYTES).unwrap();
        file.tensor(&format!("{}.{tensor}", self.name)).unwrap().shape().to_vec()
    }

    /// Floats that are exact in f32 are stored as f32.
    fn wanted(&self, tensor: &str) -> Vec<f64> {
        let file = SafeTensors::deserialize(BYTES).unwrap();
        let view = file.tensor(&format!("{}.{tensor}", self.name)).unwrap();
        match view.dtype() {
            Dtype::F64 => view.data().as_chunks::<8>().0.iter().map(|word| f64::from_le_bytes(*word)).collect(),
            Dtype::F32 => view.data().as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word).into()).collect(),
            other => panic!("{tensor} is of type {other}"),
        }
    }

    fn input(&self, tensor: &str) -> Vec<T> {
        self.wanted(tensor).into_iter().map(T::of).collect()
    }

    fn zeros_like(&self, tensor: &str) -> Vec<T> {
        vec![T::ZERO; self.shape(tensor).iter().product()]
    }

    /// (batch, height, width, channels) of the tensor, without the batch; a vector of features is 1x1.
    fn image(&self, tensor: &str) -> Shape {
        match self.shape(tensor)[..] {
            [_, height, width, channels] => Shape { height, width, channels },
            [_, channels] => Shape { height: 1, width: 1, channels },
            ref other => panic!("{tensor} has the shape {other:?}"),
        }
    }

    fn window(&self) -> Window {
        let [kernel, stride, padding] = ["kernel", "stride", "padding"].map(|key| self.count(key));
        Window { input: self.image("input"), output: self.image("output"), kernel, stride, padding }
    }

    /// Compares with the golden tensor; `terms` is the length K of the reduction.
    fn compare(&self, tensor: &str, found: &[T], terms: usize) {
        let scale = self.wanted(tensor).iter().fold(0.0f64, |most, value| most.max(value.abs()));
        self.compare_at(tensor, found, terms, scale);
    }

    /// The same where the result is smaller than its summands, which have the size `scale`.
    fn compare_at(&self, tensor: &str, found: &[T], terms: usize, scale: f64) {
        let (wanted, tolerance) = (self.wanted(tensor), (terms + 8) as f64 * unit::<T>() * scale);
        assert_eq!(found.len(), wanted.len(), "{}.{tensor}", self.name);
        for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            let found = found.to_f64();
            let message = format!("{}.{tensor}[{index}]: {found} instead of {wanted}, tolerance {tolerance:e}", self.name);
            assert!((found - wanted).abs() <= tolerance, "{message}");
        }
    }
}

/// The unit roundoff.
fn unit<T: Product>() -> f64 {
    if size_of::<T>() == 4 { f64::from(f32::EPSILON) / 2.0 } else { f64::EPSILON / 2.0 }
}

/// `golden!(layer, check)`: a test of that name that runs `check` on every case in both float types.
macro_rules! golden {
    ($($layer:ident: $test:ident $check:ident;)*) => {$(
        #[test]
        fn $test() {
            Golden::new(stringify!($layer)).each($check::<f64>, $check::<f32>);
        }
    )*};
}

golden! {
    conv: conv_matches check_conv;
    linear: linear_matches check_linear;
    activation: activation_matches check_activation;
    pool: pool_matches check_pool;
    lrn: lrn_matches check_lrn;
    lrn_map: lrn_within_a_map_matches check_lrn_map;
    local: local_matches check_local;
    batch_norm: batch_norm_matches check_batch_norm;
    softmax_loss: softmax_loss_matches check_softmax_loss;
    sgd: sgd_matches check_sgd;
}

fn check_conv<T: Product>(case: &Case<T>) {
    let [input, weight, bias, grad_output] = ["input", "weight", "bias", "grad_output"].map(|name| case.input(name));
    let (window, batch) = (case.window(), case.shape("input")[0]);
    let mut scratch = vec![T::ZERO; conv::scratch_len(&window, batch)];
    let mut output = case.zeros_like("output");
    conv::forward(&window, &input, &weight, &bias, &mut output, &mut scratch);
    let [mut grad_input, mut grad_weight, mut grad_bias] = ["input", "weight", "bias"].map(|name| case.zeros_like(name));
    conv::backward_parameters(&window, &input, &grad_output, [&mut grad_weight, &mut grad_bias], &mut scratch);
    conv::backward_input(&window, &weight, &grad_output, &mut grad_input, &mut scratch);
    let taps = window.kernel * window.kernel;
    let positions = batch * window.output.height * window.output.width;
    case.compare("output", &output, taps * window.input.channels);
    case.compare("grad_input", &grad_input, taps * window.output.channels);
    case.compare("grad_weight", &grad_weight, positions);
    case.compare("grad_bias", &grad_bias, positions);
}

fn check_local<T: Product>(case: &Case<T>) {
    let [input, weight, bias, grad_output] = ["input", "weight", "bias", "grad_output"].map(|name| case.input(name));
    let (window, batch) = (case.window(), case.shape("input")[0]);
    let mut scratch = vec![T::ZERO; local::scratch_len(&window, batch)];
    let mut output = case.zeros_like("output");
    local::forward(&window, &input, &weight, &bias, &mut output, &mut scratch);
    let [mut grad_input, mut grad_weight, mut grad_bias] = ["input", "weight", "bias"].map(|name| case.zeros_like(name));
    local::backward_parameters(&window, &input, &grad_output, [&mut grad_weight, &mut grad_bias], &mut scratch);
    local::backward_input(&window, &weight, &grad_output, &mut grad_input, &mut scratch);
    let taps = window.kernel * window.kernel;
    case.compare("output", &output, taps * window.input.channels);
    case.compare("grad_input", &grad_input, taps * window.output.channels);
    case.compare("grad_weight", &grad_weight, batch);
    case.compare("grad_bias", &grad_bias, batch);
}

fn check_linear<T: Product>(case: &Case<T>) {
    let [input, weight, bias, grad_output] = ["input", "weight", "bias", "grad_output"].map(|name| case.input(name));
    let mut output = case.zeros_like("output");
    let (batch, features) = (case.shape("input")[0], case.shape("input")[1]);
    let mut scratch = vec![T::ZERO; linear::scratch_len(features, bias.len())];
    linear::forward(&input, &weight, &bias, &mut output, &mut scratch);
    let [mut grad_input, mut grad_weight, mut grad_bias] = ["input", "weight", "bias"].map(|name| case.zeros_like(name));
    linear::backward_parameters(&input, &grad_output, [&mut grad_weight, &mut grad_bias], &mut scratch);
    linear::backward_input(bias.len(), &weight, &grad_output, &mut grad_input, &mut scratch);
    case.compare("output", &output, features);
    case.compare("grad_input", &grad_input, bias.len());
    case.compare("grad_weight", &grad_weight, batch);
    case.compare("grad_bias", &grad_bias, batch);
}

fn check_activation<T: Product>(case: &Case<T>) {
    let function: ActivationFunction = match case.constant::<String>("function").as_str() {
        "relu" => ActivationFunction::Relu,
        "sigmoid" => ActivationFunction::Sigmoid,
        "tanh" => ActivationFunction::Tanh,
        "leaky_relu" => ActivationFunction::LeakyRelu,
        other => panic!("unknown function {other}"),
    };
    let (mut output, mut grad_input) = (case.zeros_like("output"), case.zeros_like("input"));
    activation::forward(function, &case.input("input"), &mut output);
    activation::backward(function, &output, &case.input("grad_output"), &mut grad_input);
    case.compare("output", &output, 1);
    case.compare("grad_input", &grad_input, 1);
}

fn check_pool<T: Product>(case: &Case<T>) {
    let kind = if case.constant::<String>("pool") == "max" { PoolKind::Max } else { PoolKind::Avg };
    let (window, input) = (case.window(), case.input("input"));
    let (mut output, mut grad_input) = (case.zeros_like("output"), case.zeros_like("input"));
    pool::forward(kind, &window, &input, &mut output);
    pool::backward(kind, &window, &input, &output, &case.input("grad_output"), &mut grad_input);
    let terms = window.kernel * window.kernel;
    case.compare("output", &output, if kind == PoolKind::Max { 0 } else { terms });
    case.compare("grad_input", &grad_input, terms);
}

fn check_lrn<T: Product>(case: &Case<T>) {
    check_lrn_over(case, LrnRegion::Channels);
}

fn check_lrn_map<T: Product>(case: &Case<T>) {
    check_lrn_over(case, LrnRegion::Map);
}

fn check_lrn_over<T: Product>(case: &Case<T>, region: LrnRegion) {
    let [k, alpha, beta] = ["k", "alpha", "beta"].map(|name| case.number(name));
    let lrn = Lrn { n: case.count("n"), k, alpha, beta, region };
    let (shape, input) = (case.image("input"), case.input("input"));
    let (mut output, mut grad_input) = (case.zeros_like("output"), case.zeros_like("input"));
    lrn::forward(&lrn, shape, &input, &mut output);
    lrn::backward(&lrn, shape, &input, &case.input("grad_output"), &mut grad_input);
    let neighbours = if region == LrnRegion::Map { lrn.n * lrn.n } else { lrn.n };
    case.compare("output", &output, neighbours);
    // A sum over the neighbours' terms, each of which contains such a sum.
    case.compare("grad_input", &grad_input, 2 * neighbours);
}

fn check_batch_norm<T: Product>(case: &Case<T>) {
    let [input, gamma, beta, grad_output] = ["input", "gamma", "beta", "grad_output"].map(|name| case.input(name));
    let (epsilon, channels) = (case.number("epsilon"), gamma.len());
    let rows = input.len() / channels;
    let mut statistics = vec![T::ZERO; 2 * channels];
    let (mean, variance) = statistics.split_at_mut(channels);
    block_on(batch_norm::statistics(&input, &Branch::new(1, 0..1), mean, variance, &mut Peers::none())).unwrap();
    let (mean, variance) = (&*mean, &*variance);
    let mut output = case.zeros_like("output");
    batch_norm::forward(&input, [mean, variance], [&gamma, &beta], epsilon, &mut output);
    let [mut grad_input, mut grad_gamma, mut grad_beta] = ["input", "gamma", "beta"].map(|name| case.zeros_like(name));
    let (batch, gradients) = ([mean, variance], [&mut grad_gamma[..], &mut grad_beta]);
    batch_norm::backward_parameters(&input, batch, epsilon, &grad_output, gradients);
    let sums = [&grad_gamma[..], &grad_beta];
    batch_norm::backward_input(&input, rows, batch, &gamma, epsilon, &grad_output, sums, &mut grad_input);

    // Subtracting the mean loses mean / deviation; grad_input is scale * grad_output after two subtractions.
    let loss = |c: usize| mean[c].to_f64().abs() / (variance[c].to_f64() + epsilon).sqrt();
    let terms = rows * (1 + (0..channels).map(loss).fold(0.0, f64::max).ceil() as usize);
    let slope = |c: usize| gamma[c].to_f64().abs() / (variance[c].to_f64() + epsilon).sqrt();
    let largest = |values: &[T]| values.iter().fold(0.0f64, |most, value| most.max(value.to_f64().abs()));
    case.compare("output", &output, terms);
    case.compare_at("grad_gamma", &grad_gamma, terms, largest(&grad_output));
    case.compare_at("grad_beta", &grad_beta, rows, largest(&grad_output));
    case.compare_at("grad_input", &grad_input, terms, largest(&grad_output) * (0..channels).map(slope).fold(0.0, f64::max));

    let mut running = case.input("running");
    let mut evaluated = case.zeros_like("evaluated");
    let (mean, variance) = running.split_at(channels);
    batch_norm::forward(&input, [mean, variance], [&gamma, &beta], epsilon, &mut evaluated);
    case.compare("evaluated", &evaluated, 1);
    batch_norm::update_running(&statistics, &mut running, rows, case.number("momentum"));
    case.compare("updated_running", &running, terms);
}

fn check_softmax_loss<T: Product>(case: &Case<T>) {
    let (logits, labels): (Vec<T>, Vec<u32>) = (case.input("logits"), case.constant("labels"));
    let (mut probabilities, mut grad_logits) = (case.zeros_like("logits"), case.zeros_like("logits"));
    let (loss, correct) = softmax_loss::forward(&logits, &labels, labels.len(), &mut probabilities);
    softmax_loss::backward(&probabilities, &labels, labels.len(), &mut grad_logits);
    let classes = case.shape("logits")[1];
    let largest = logits.iter().fold(0.0f64, |most, z| most.max(z.to_f64().abs()));
    case.compare_at("loss", &[loss], classes, largest); // a difference of logits
    case.compare("grad_logits", &grad_logits, classes);
    assert_eq!(correct as usize, case.count("correct"), "{}", case.name);
}

fn check_sgd<T: Product>(case: &Case<T>) {
    let [learning_rate, momentum, weight_decay] = ["lr", "momentum", "weight_decay"].map(|key| case.number(key) as f32);
    let hyper = Hyper { learning_rate, momentum, weight_decay, ..Hyper::default() };
    let (mut parameters, mut velocities) = (case.input("start"), case.zeros_like("start"));
    let gradients = case.input("gradients");
    for gradients in gradients.chunks_exact(parameters.len()) {
        optimizer::update(&hyper, gradients, &mut velocities, &mut parameters);
    }
    // Four operations per step.
    let terms = 4 * gradients.len() / parameters.len();
    case.compare("parameters", &parameters, terms);
    case.compare("velocities", &velocities, terms);
}
