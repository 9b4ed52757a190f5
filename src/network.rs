//! From a [`Config`] and the table of its architecture to a list of layers with their shapes, parameter ranges and costs.
//! Activations are NHWC: (batch, height, width, channels).

use crate::config::architectures::{Factors, Learnt, LrnPlace, Place, Plan, Pooling, Start, Std};
use crate::config::{ActivationFunction, BnPlace, Config, InitialWeights, LrnRegion, Norm, Pool, PoolKind};
use crate::rng::{self, Stream};
use serde::Serialize;
use std::ops::Range;

/// The shape of one image's activation; a vector of n features is 1x1xn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shape {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Shape {
    pub fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a layer does, with its constants and the indices of its tensors in [`Network::tensors`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Weight (kernel, kernel, in, out), bias (out).
    Conv {
        kernel: usize,
        stride: usize,
        padding: usize,
        weight: usize,
        bias: usize,
    },
    /// A convolution whose weights are not shared between positions: weight (out height, out width, kernel, kernel, in, out), bias
    /// (out height, out width, out).
    Local {
        kernel: usize,
        stride: usize,
        padding: usize,
        weight: usize,
        bias: usize,
    },
    /// Weight (in, out) with `in` in (height, width, channels) order, bias (out).
    Linear {
        weight: usize,
        bias: usize,
    },
    /// gamma (channels), beta (channels); `running` is the index in [`Network::running`].
    BatchNorm {
        gamma: usize,
        beta: usize,
        running: usize,
        epsilon: f64,
        momentum: f64,
    },
    /// After batch normalisation; the strength comes with each step.
    Noise,
    Activation {
        function: ActivationFunction,
    },
    Lrn {
        n: usize,
        k: f64,
        alpha: f64,
        beta: f64,
        region: LrnRegion,
    },
    Pool {
        pool: PoolKind,
        kernel: usize,
        stride: usize,
        padding: usize,
    },
    /// The probability is a live setting and comes with each step.
    Dropout,
    /// Ends the network; its input is the logits.
    SoftmaxLoss,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// `conv1`, `conv1.bn`, `conv1.activation`, `conv1.lrn`, `conv1.pool`, `fc6.dropout`, `loss`, ...
    pub name: String,
    #[serde(flatten)]
    pub kind: Kind,
    pub input: Shape,
    pub output: Shape,
}

impl Layer {
    /// The function of an activation layer.
    pub fn function(&self) -> Option<ActivationFunction> {
        if let Kind::Activation { function } = self.kind { Some(function) } else { None }
    }
}

/// A learnt layer and the layers after it, if present: convolution (or linear), bn, activation, lrn (or bn), pool, dropout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Block {
    /// The learnt layer's name: `conv1`, ..., `conv4_1`, ..., `fc8`.
    pub name: String,
    /// Indices in [`Network::layers`].
    pub layers: Range<usize>,
    /// The layer whose output is the block's activation: the activation function, or in the last block the logits.
    pub activation: usize,
    /// Where local response normalisation may stand.
    pub lrn: Option<LrnPlace>,
    /// Multiply-accumulate operations of one image's forward pass.
    pub macs: u64,
    pub parameters: usize,
}

/// One learnt tensor: a range of the flat parameter buffer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tensor {
    /// PyTorch's names: `conv1.weight`, `conv1.bias`, `bn1.weight` (gamma), `bn1.bias` (beta).
    pub name: String,
    /// In our layout: conv (kh, kw, in, out), local (height, width, kh, kw, in, out) and (height, width, out), linear (in, out), vectors
    /// (out).
    pub shape: Vec<usize>,
    pub range: Range<usize>,
    pub init: Init,
    /// Of the learning rate and the weight decay.
    #[serde(skip)]
    pub factors: Factors,
}

/// A tensor's initial values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "init", rename_all = "snake_case")]
pub enum Init {
    Normal { std: f64 },
    Constant { value: f64 },
}

/// Running mean and variance of one batch normalisation, each `channels` long, at `start` of the running buffer. The means come
/// first, then the variances.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Running {
    /// `bn1`; the file holds `bn1.running_mean` and `bn1.running_var`.
    pub name: String,
    pub channels: usize,
    pub start: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Network {
    pub input: Shape,
    pub classes: usize,
    pub layers: Vec<Layer>,
    pub blocks: Vec<Block>,
    pub tensors: Vec<Tensor>,
    pub running: Vec<Running>,
}

impl Kind {
    /// The indices of the layer's two tensors, weight and bias or gamma and beta. They are adjacent.
    pub fn tensors(&self) -> Option<[usize; 2]> {
        match *self {
            Kind::Conv { weight, bias, .. } | Kind::Local { weight, bias, .. } | Kind::Linear { weight, bias } => {
                Some([weight, bias])
            }
            Kind::BatchNorm { gamma, beta, .. } => Some([gamma, beta]),
            _ => None,
        }
    }
}

impl Running {
    /// Means and variances in the flat buffer.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + 2 * self.channels
    }
}

impl Network {
    /// Builds the configured network for `classes` classes.
    pub fn new(config: &Config, classes: usize) -> Network {
        let plan = config.arch.plan();
        let mut build = Builder::new(config, plan, classes);
        for place in plan.places {
            build.place(place.name, place);
            let extra = Place { lrn: None, pool: None, start: Start { bias: 0.0, ..place.start }, ..*place };
            for i in (1..=config.depth).filter(|_| plan.deepens == Some(place.name)) {
                build.place(&format!("{}_{i}", place.name), &extra);
            }
        }
        build.finish()
    }

    /// Length of the flat parameter buffer.
    pub fn parameters(&self) -> usize {
        self.tensors.last().map_or(0, |tensor| tensor.range.end)
    }

    /// Length of the part of the flat parameter buffer that ends with the last convolution's parameters.
    pub fn convolutional(&self) -> usize {
        let unshared = self.layers.iter().find_map(|layer| match layer.kind {
            Kind::Local { weight, .. } | Kind::Linear { weight, .. } => Some(self.tensors[weight].range.start),
            _ => None,
        });
        unshared.unwrap_or(self.parameters())
    }

    /// Length of the flat buffer of running statistics.
    pub fn running_len(&self) -> usize {
        self.running.last().map_or(0, |running| running.range().end)
    }

    /// Multiply-accumulate operations of one image's forward pass. Training does about three times as many.
    pub fn macs(&self) -> u64 {
        self.blocks.iter().map(|block| block.macs).sum()
    }

    /// Multiply-accumulate operations of one image's training step: forward, weight gradients, and input gradients except the
    /// first layer's.
    pub fn training_macs(&self) -> u64 {
        3 * self.macs() - self.blocks[0].macs
    }

    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// The initial parameters. Each tensor depends only on `seed` and its own name.
    pub fn initial_parameters(&self, seed: u32) -> Vec<f32> {
        let mut parameters = Vec::with_capacity(self.parameters());
        for tensor in &self.tensors {
            match tensor.init {
                Init::Constant { value } => parameters.resize(tensor.range.end, value as f32),
                Init::Normal { std } => {
                    let layer = rng::name_hash(&tensor.name);
                    let bits = |index| rng::hash(seed, Stream::Weights, 0, layer, index);
                    let draw = |i: u32| (std * rng::normal(bits(2 * i), bits(2 * i + 1))) as f32;
                    parameters.extend((0..tensor.range.len() as u32).map(draw));
                }
            }
        }
        parameters
    }

    /// Running means 0 and variances 1.
    pub fn initial_running(&self) -> Vec<f32> {
        let one = |running: &Running| [vec![0.0; running.channels], vec![1.0; running.channels]].concat();
        self.running.iter().flat_map(one).collect()
    }
}

/// Output size of a convolution or pooling along one axis.
pub fn output_size(input: usize, kernel: usize, stride: usize, padding: usize) -> usize {
    (input + 2 * padding - kernel) / stride + 1
}

/// Appends layers one after another and keeps track of the current shape.
struct Builder<'a> {
    config: &'a Config,
    plan: &'a Plan,
    shape: Shape,
    network: Network,
}

impl<'a> Builder<'a> {
    fn new(config: &'a Config, plan: &'a Plan, classes: usize) -> Self {
        let input = Shape { height: plan.side, width: plan.side, channels: 3 };
        let network = Network { input, classes, layers: vec![], blocks: vec![], tensors: vec![], running: vec![] };
        Builder { config, plan, shape: input, network }
    }

    /// Adds a learnt layer and what follows it.
    fn place(&mut self, name: &str, place: &Place) {
        let features = match place.features {
            0 => self.network.classes,
            features => (features as f64 * self.config.width_factor()).round() as usize,
        };
        match place.learnt {
            Learnt::Conv { kernel, stride, padding } => self.conv(name, place, [kernel, stride, padding], features),
            Learnt::Local { kernel, stride, padding } => self.local(name, place, [kernel, stride, padding], features),
            Learnt::Linear => self.linear(name, place, features),
        }
        if place.features == 0 {
            return;
        }
        self.activation(name);
        self.normalisation(name, place.lrn, LrnPlace::AfterActivation);
        if let Some(pooling) = &place.pool {
            self.pool(name, pooling);
        }
        self.normalisation(name, place.lrn, LrnPlace::AfterPool);
        if place.dropout {
            self.push(&format!("{name}.dropout"), Kind::Dropout, self.shape);
        }
    }

    fn conv(&mut self, name: &str, place: &Place, window: [usize; 3], channels: usize) {
        let [kernel, stride, padding] = window;
        let output = self.slid(window, channels);
        let (weight, bias) = self.shared_or_not(name, place, output, kernel, &[]);
        self.push(name, Kind::Conv { kernel, stride, padding, weight, bias }, output);
    }

    fn local(&mut self, name: &str, place: &Place, window: [usize; 3], channels: usize) {
        let [kernel, stride, padding] = window;
        let output = self.slid(window, channels);
        let (weight, bias) = self.shared_or_not(name, place, output, kernel, &[output.height, output.width]);
        self.push(name, Kind::Local { kernel, stride, padding, weight, bias }, output);
    }

    /// What a window that slides over the current shape makes of it.
    fn slid(&self, [kernel, stride, padding]: [usize; 3], channels: usize) -> Shape {
        let size = |input| output_size(input, kernel, stride, padding);
        Shape { height: size(self.shape.height), width: size(self.shape.width), channels }
    }

    /// The tensors of a convolution, which has them once, or of a local layer, which has them for each of its `positions`.
    fn shared_or_not(&mut self, name: &str, place: &Place, output: Shape, kernel: usize, positions: &[usize]) -> (usize, usize) {
        let taps = kernel * kernel;
        let (input, channels) = (self.shape.channels, output.channels);
        let shapes = [[positions, &[kernel, kernel, input, channels]].concat(), [positions, &[channels]].concat()];
        let tensors = self.weight_and_bias(name, place, shapes, taps * input, taps * channels);
        self.block(name, place, (output.height * output.width * taps * input * channels) as u64);
        tensors
    }

    fn linear(&mut self, name: &str, place: &Place, features: usize) {
        let inputs = self.shape.len();
        let (weight, bias) = self.weight_and_bias(name, place, [vec![inputs, features], vec![features]], inputs, features);
        self.block(name, place, (inputs * features) as u64);
        self.push(name, Kind::Linear { weight, bias }, Shape { height: 1, width: 1, channels: features });
    }

    /// The activation function, after batch normalisation if that stands before every one.
    fn activation(&mut self, name: &str) {
        if self.config.norm == Norm::Bn && self.config.bn_place == BnPlace::All {
            self.batch_norm(name);
        }
        self.push(&format!("{name}.activation"), Kind::Activation { function: self.config.activation }, self.shape);
        self.network.blocks.last_mut().expect("a learnt layer came first").activation = self.network.layers.len() - 1;
    }

    /// The normalisation that stands where local response normalisation does, if that is `here`.
    fn normalisation(&mut self, name: &str, place: Option<LrnPlace>, here: LrnPlace) {
        let config = self.config;
        if place != Some(here) {
            return;
        }
        if config.norm == Norm::Bn && config.bn_place == BnPlace::Lrn {
            self.batch_norm(name);
        }
        if config.norm == Norm::Lrn {
            let &Config { lrn_n, lrn_k: k, lrn_alpha: alpha, lrn_beta: beta, lrn_region: region, .. } = config;
            self.push(&format!("{name}.lrn"), Kind::Lrn { n: lrn_n as usize, k, alpha, beta, region }, self.shape);
        }
    }

    /// Batch normalisation of the block `name`: conv4_1 -> bn4_1, fc6 -> bn6.
    fn batch_norm(&mut self, name: &str) {
        let bn = format!("bn{}", name.trim_start_matches(|c: char| c.is_alphabetic()));
        let channels = self.shape.channels;
        let gamma = self.tensor(format!("{bn}.weight"), vec![channels], Init::Constant { value: 1.0 }, Factors::ONE);
        let beta = self.tensor(format!("{bn}.bias"), vec![channels], Init::Constant { value: 0.0 }, Factors::ONE);
        let running = self.network.running.len();
        let start = self.network.running_len();
        self.network.running.push(Running { name: bn, channels, start });
        let (epsilon, momentum) = (self.config.bn_epsilon, self.config.bn_momentum);
        self.push(&format!("{name}.bn"), Kind::BatchNorm { gamma, beta, running, epsilon, momentum }, self.shape);
        if self.config.bn_noise > 0.0 {
            self.push(&format!("{name}.noise"), Kind::Noise, self.shape);
        }
    }

    fn pool(&mut self, name: &str, pooling: &Pooling) {
        let pool = match self.config.pool {
            Pool::Max => PoolKind::Max,
            Pool::Avg => PoolKind::Avg,
            Pool::Paper => pooling.kind,
        };
        let overlap = self.config.overlap;
        let (kernel, stride, padding) = if overlap { (3, 2, pooling.padding) } else { (2, 2, 0) };
        // Windows that stick out by up to one stride.
        let beyond = if overlap && pooling.sticks_out { stride - 1 } else { 0 };
        let output = Shape {
            height: output_size(self.shape.height + beyond, kernel, stride, padding),
            width: output_size(self.shape.width + beyond, kernel, stride, padding),
            channels: self.shape.channels,
        };
        self.push(&format!("{name}.pool"), Kind::Pool { pool, kernel, stride, padding }, output);
    }

    /// Adds the loss.
    fn finish(mut self) -> Network {
        self.network.blocks.last_mut().expect("every architecture has layers").activation = self.network.layers.len() - 1;
        self.push("loss", Kind::SoftmaxLoss, self.shape);
        for i in 0..self.network.blocks.len() {
            let end = self.network.blocks.get(i + 1).map_or(self.network.layers.len(), |next| next.layers.start);
            self.network.blocks[i].layers.end = end;
        }
        self.network
    }

    fn push(&mut self, name: &str, kind: Kind, output: Shape) {
        self.network.layers.push(Layer { name: name.into(), kind, input: self.shape, output });
        self.shape = output;
    }

    /// Opens the block of a learnt layer. Call it just before pushing the layer.
    fn block(&mut self, name: &str, place: &Place, macs: u64) {
        let start = self.network.layers.len();
        let parameters = self.network.tensors.iter().rev().take(2).map(|tensor| tensor.range.len()).sum();
        let lrn = place.lrn;
        self.network.blocks.push(Block { name: name.into(), layers: start..start, activation: start, lrn, macs, parameters });
    }

    fn weight_and_bias(
        &mut self,
        name: &str,
        place: &Place,
        [weight, bias]: [Vec<usize>; 2], // their shapes
        fan_in: usize,
        fan_out: usize,
    ) -> (usize, usize) {
        let (fan_in, fan_out) = (fan_in as f64, fan_out as f64);
        let (std, value) = match self.config.init {
            InitialWeights::Paper => match place.start.std {
                Std::Of(std) => (std, place.start.bias),
                Std::PerInput(std) => (std / fan_in, place.start.bias),
            },
            // Glorot and Bengio 2010, normal form.
            InitialWeights::Xavier => ((2.0 / (fan_in + fan_out)).sqrt(), 0.0),
            // He et al. 2015.
            InitialWeights::He => ((2.0 / fan_in).sqrt(), 0.0),
        };
        let scaled = ["all", name].contains(&self.config.init_scale_layer.0);
        let std = if scaled { std * self.config.init_scale } else { std };
        let paper = self.config.init == InitialWeights::Paper;
        let [weights, biases] = if paper { [place.factors, self.plan.biases] } else { [Factors::ONE; 2] };
        let weight = self.tensor(format!("{name}.weight"), weight, Init::Normal { std }, weights);
        let bias = self.tensor(format!("{name}.bias"), bias, Init::Constant { value }, biases);
        (weight, bias)
    }

    fn tensor(&mut self, name: String, shape: Vec<usize>, init: Init, factors: Factors) -> usize {
        let start = self.network.parameters();
        let range = start..start + shape.iter().product::<usize>();
        self.network.tensors.push(Tensor { name, shape, range, init, factors });
        self.network.tensors.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(fragment: &str, classes: usize) -> Network {
        let (config, notes) = Config::from_fragment(fragment);
        assert_eq!(notes, []);
        Network::new(&config, classes)
    }

    #[test]
    fn parameter_counts_are_the_known_ones() {
        assert_eq!(network("", 10).parameters(), 578_250);
        assert_eq!(network("arch=original", 1000).parameters(), 62_378_344);
        assert_eq!(network("arch=lenet", 10).parameters(), 62_006);
        assert_eq!(network("arch=convnet26", 10).parameters(), 145_578);
        assert_eq!(network("arch=convnet18", 10).parameters(), 89_578);
        // Convolutions 4,864 + 102,464; local layers 64 * (9 * 64 + 1) * 32 + 64 * (9 * 32 + 1) * 32; 20,490.
        assert_eq!(network("arch=local", 10).parameters(), 1_901_386);
    }

    #[test]
    fn both_pool_sizes_give_the_same_shapes() {
        for arch in ["lenet", "convnet26", "convnet18", "local", "scaled", "original"] {
            let shapes = |overlap| {
                network(&format!("arch={arch}&overlap={overlap}"), 10).layers.iter().map(|layer| layer.output).collect::<Vec<_>>()
            };
            assert_eq!(shapes(true), shapes(false));
        }
    }

    #[test]
    fn the_page_draws_the_same_layers_before_the_engine_is_there() {
        let drawn: serde_json::Value = serde_json::from_str(include_str!("../www/js/components/layers.json")).unwrap();
        for (arch, drawn) in drawn.as_object().unwrap() {
            let network = network(&format!("arch={arch}"), 10);
            let output = |block: &Block| {
                let Shape { height, channels, .. } = network.layers[block.layers.start].output;
                serde_json::json!([block.name, height, channels])
            };
            assert_eq!(*drawn, network.blocks.iter().map(output).collect::<serde_json::Value>(), "{arch}");
        }
        assert_eq!(drawn.as_object().unwrap().len(), 6);
    }

    #[test]
    fn pooling_of_the_paper_is_that_of_each_place() {
        let kinds = |fragment: &str| -> Vec<PoolKind> {
            let kind = |layer: &Layer| if let Kind::Pool { pool, .. } = layer.kind { Some(pool) } else { None };
            network(fragment, 10).layers.iter().filter_map(kind).collect()
        };
        assert_eq!(kinds("arch=convnet26&pool=paper"), [PoolKind::Max, PoolKind::Avg, PoolKind::Avg]);
        assert_eq!(kinds("arch=lenet&pool=paper"), [PoolKind::Avg; 2]);
        assert_eq!(kinds("pool=paper"), [PoolKind::Max; 3]);
        assert_eq!(kinds("arch=convnet26&pool=avg"), [PoolKind::Avg; 3]);
    }

    #[test]
    fn a_toggle_leaves_every_other_initial_weight_alone() {
        let (base, deeper) = (network("norm=none", 10), network("norm=bn&depth=2&activation=tanh", 10));
        let (a, b) = (base.initial_parameters(3), deeper.initial_parameters(3));
        for tensor in &base.tensors {
            let other = deeper.tensor(&tensor.name).unwrap();
            assert_eq!(a[tensor.range.clone()], b[other.range.clone()], "{}", tensor.name);
        }
    }

    #[test]
    fn the_scale_may_be_that_of_one_layer() {
        let (plain, scaled) = (network("", 10), network("init_scale=4&init_scale_layer=conv3", 10));
        let (a, b) = (plain.initial_parameters(3), scaled.initial_parameters(3));
        for tensor in &plain.tensors {
            let factor = if tensor.name == "conv3.weight" { 4.0 } else { 1.0 };
            assert!(tensor.range.clone().all(|i| b[i] == factor * a[i]), "{}", tensor.name);
        }
    }

    #[test]
    fn blocks_cover_all_layers_and_name_their_activation() {
        let network = network("norm=bn&depth=1", 10);
        let names: Vec<&str> = network.blocks.iter().map(|block| block.name.as_str()).collect();
        assert_eq!(names, ["conv1", "conv2", "conv3", "conv4", "conv4_1", "conv5", "fc6", "fc7", "fc8"]);
        assert_eq!(network.blocks[0].layers.start, 0);
        assert!(network.blocks.windows(2).all(|pair| pair[0].layers.end == pair[1].layers.start));
        assert_eq!(network.blocks[8].layers.end, network.layers.len());
        assert_eq!(network.layers[network.blocks[4].activation].name, "conv4_1.activation");
        assert_eq!(network.running[4].name, "bn4_1");
    }

    /// Weights w of pixels x have the outputs of weights 64 w of pixels x / 64, and a gradient 64 times as large. Steps that multiply the
    /// rate by 64^2 and divide the decay by it keep that relation.
    #[test]
    fn the_first_layer_of_raw_pixels_learns_the_same_function() {
        let network = network("arch=convnet26&init=paper", 10);
        let weight = network.tensor("conv1.weight").unwrap();
        assert_eq!(weight.init, Init::Normal { std: 64.0 * 1e-4 });
        let (rate, decay, w, g) = (0.001, 0.004, 3.0, 5.0);
        let raw = w - rate * (g + decay * w);
        let (rate, decay) = (rate * weight.factors.rate, decay * weight.factors.decay);
        let ours = 64.0 * w - rate * (g / 64.0 + decay * 64.0 * w);
        assert!((ours / 64.0 - raw).abs() < 1e-12, "{ours} {raw}");
        let factors = |name: &str| network.tensor(name).unwrap().factors;
        assert_eq!(factors("conv2.bias"), Factors { rate: 2.0, decay: 0.0 });
        assert_eq!(factors("fc4.weight"), Factors { rate: 1.0, decay: 7.5 });
        let he = Network::new(&Config::from_fragment("arch=convnet26").0, 10);
        assert!(he.tensors.iter().all(|tensor| tensor.factors == Factors::ONE));
    }

    #[test]
    fn he_weights_have_the_stated_deviation() {
        let network = network("", 10);
        let tensor = network.tensor("fc6.weight").unwrap();
        let weights = &network.initial_parameters(1)[tensor.range.clone()];
        let std = (weights.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>() / weights.len() as f64).sqrt();
        // The relative standard error of a standard deviation is 1 / sqrt(2 n) = 0.0014.
        assert!((std / (2.0f64 / 1024.0).sqrt() - 1.0).abs() < 0.006, "{std}");
    }
}
