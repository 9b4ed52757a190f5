//! The architectures, a table each: [`crate::network::Network::new`] reads any of them.
//!
//! A new one is a table here, an option of `arch` in [`super::SETTINGS`], and the option's texts.

use super::{Architecture, PoolKind};
use LrnPlace::{AfterActivation, AfterPool};
use PoolKind::{Avg, Max};

/// An architecture at width 1.
pub struct Plan {
    /// Height and width of the input.
    pub side: usize,
    /// The learnt layers, in order, with what may follow each.
    pub places: &'static [Place],
    /// The name of the layer after which `depth` adds layers like it; none in an architecture of fixed depth.
    pub deepens: Option<&'static str>,
    /// For `init=paper`.
    pub biases: Factors,
}

/// A learnt layer, and what may follow it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub name: &'static str,
    pub learnt: Learnt,
    /// Channels or features; 0 for one per class.
    pub features: usize,
    /// Where local response normalisation may stand.
    pub lrn: Option<LrnPlace>,
    pub pool: Option<Pooling>,
    pub dropout: bool,
    /// For `init=paper`, as are the factors.
    pub start: Start,
    /// Of this layer's weights.
    pub factors: Factors,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learnt {
    Conv {
        kernel: usize,
        stride: usize,
        padding: usize,
    },
    /// A convolution whose weights are not shared between positions.
    Local {
        kernel: usize,
        stride: usize,
        padding: usize,
    },
    Linear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LrnPlace {
    AfterActivation,
    AfterPool,
}

/// Pooling with stride 2. Overlapping windows are 3x3, others 2x2 without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pooling {
    /// For `pool=paper`.
    pub kind: PoolKind,
    /// Of overlapping windows.
    pub padding: usize,
    /// Whether the last overlapping window may stick out of the image.
    pub sticks_out: bool,
}

/// The normal distribution of the weights, and the biases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    pub std: Std,
    pub bias: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Std {
    Of(f64),
    /// Divided by the number of inputs.
    PerInput(f64),
}

/// What the learning rate and the weight decay of a tensor are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors {
    pub rate: f64,
    pub decay: f64,
}

impl Factors {
    pub const ONE: Factors = Factors { rate: 1.0, decay: 1.0 };
}

impl Architecture {
    pub fn plan(self) -> &'static Plan {
        match self {
            Architecture::Scaled => &SCALED,
            Architecture::Original => &ORIGINAL,
            Architecture::Lenet => &LENET,
            Architecture::Convnet26 => &CONVNET_26,
            Architecture::Convnet18 => &CONVNET_18,
            Architecture::Local => &LOCAL,
        }
    }
}

impl Plan {
    /// Whether it has a learnt layer of this name, besides those that `depth` adds.
    pub fn has(&self, name: &str) -> bool {
        self.places.iter().any(|place| place.name == name)
    }

    pub fn has_dropout(&self) -> bool {
        self.places.iter().any(|place| place.dropout)
    }
}

impl Place {
    const fn new(name: &'static str, learnt: Learnt, features: usize) -> Place {
        // Krizhevsky et al. 2012, section 5.
        let start = Start { std: Std::Of(0.01), bias: 0.0 };
        Place { name, learnt, features, lrn: None, pool: None, dropout: false, start, factors: Factors::ONE }
    }

    const fn lrn(self, place: LrnPlace) -> Place {
        Place { lrn: Some(place), ..self }
    }

    const fn pool(self, pooling: Pooling) -> Place {
        Place { pool: Some(pooling), ..self }
    }

    const fn dropout(self) -> Place {
        Place { dropout: true, ..self }
    }

    const fn bias(self, bias: f64) -> Place {
        Place { start: Start { bias, ..self.start }, ..self }
    }

    const fn std(self, std: Std) -> Place {
        Place { start: Start { std, ..self.start }, ..self }
    }

    const fn decay(self, decay: f64) -> Place {
        Place { factors: Factors { decay, ..self.factors }, ..self }
    }

    /// The constants of a first layer whose input is pixels of 0 to 255 minus their mean. The lab divides by the standard deviation too:
    /// weights that are larger by that factor, with steps that are larger by its square, learn the same function step by step.
    const fn of_pixels(self, std: f64) -> Place {
        let Factors { rate, decay } = self.factors;
        let square = PIXEL_STD * PIXEL_STD;
        Place { factors: Factors { rate: rate * square, decay: decay / square }, ..self.std(Std::Of(std * PIXEL_STD)) }
    }
}

/// Of CIFAR-10's pixels: 63, 62 and 67 in the three channels.
const PIXEL_STD: f64 = 64.0;

const fn conv(name: &'static str, kernel: usize, stride: usize, padding: usize, channels: usize) -> Place {
    Place::new(name, Learnt::Conv { kernel, stride, padding }, channels)
}

/// A local layer whose output has the size of its input.
const fn local(name: &'static str, kernel: usize, channels: usize) -> Place {
    Place::new(name, Learnt::Local { kernel, stride: 1, padding: kernel / 2 }, channels)
}

const fn fc(name: &'static str, features: usize) -> Place {
    Place::new(name, Learnt::Linear, features)
}

const fn classes(name: &'static str) -> Place {
    fc(name, 0)
}

/// With padding 1, overlapping windows give the same sizes as the others: 32 -> 16 -> 8 -> 4.
const PADDED: Pooling = Pooling { kind: Max, padding: 1, sticks_out: false };

const SCALED: Plan = Plan {
    side: 32,
    places: &[
        conv("conv1", 5, 1, 2, 32).lrn(AfterActivation).pool(PADDED),
        conv("conv2", 5, 1, 2, 64).bias(1.0).lrn(AfterActivation).pool(PADDED),
        conv("conv3", 3, 1, 1, 96),
        conv("conv4", 3, 1, 1, 96).bias(1.0),
        conv("conv5", 3, 1, 1, 64).bias(1.0).pool(PADDED),
        fc("fc6", 256).bias(1.0).dropout(),
        fc("fc7", 256).bias(1.0).dropout(),
        classes("fc8"),
    ],
    deepens: Some("conv4"),
    biases: Factors::ONE,
};

const INSIDE: Pooling = Pooling { kind: Max, padding: 0, sticks_out: false };

/// Krizhevsky et al. 2012, in one tower as is usual today: 62,378,344 parameters for 1000 classes.
const ORIGINAL: Plan = Plan {
    side: 227,
    places: &[
        conv("conv1", 11, 4, 0, 96).lrn(AfterActivation).pool(INSIDE),
        conv("conv2", 5, 1, 2, 256).bias(1.0).lrn(AfterActivation).pool(INSIDE),
        conv("conv3", 3, 1, 1, 384),
        conv("conv4", 3, 1, 1, 384).bias(1.0),
        conv("conv5", 3, 1, 1, 256).bias(1.0).pool(INSIDE),
        fc("fc6", 4096).bias(1.0).dropout(),
        fc("fc7", 4096).bias(1.0).dropout(),
        classes("fc8"),
    ],
    deepens: Some("conv4"),
    biases: Factors::ONE,
};

/// The standard deviation of LeCun's weights, which were uniform within 2.4 / inputs.
const LENET_STD: Std = Std::PerInput(1.385_640_646_055_102);
const LENET_POOL: Pooling = Pooling { kind: Avg, ..PADDED };

/// LeNet-5 as it is taught: LeCun et al. 1998 without the table of connections, the learnt poolings and the radial basis functions.
const LENET: Plan = Plan {
    side: 32,
    places: &[
        conv("conv1", 5, 1, 0, 6).std(LENET_STD).lrn(AfterActivation).pool(LENET_POOL),
        conv("conv2", 5, 1, 0, 16).std(LENET_STD).lrn(AfterActivation).pool(LENET_POOL),
        fc("fc3", 120).std(LENET_STD).dropout(),
        fc("fc4", 84).std(LENET_STD).dropout(),
        classes("fc5").std(LENET_STD),
    ],
    deepens: None,
    biases: Factors::ONE,
};

/// Windows begin at the image's corner, and the last ones stick out of it: 32 -> 16 -> 8 -> 4.
const fn sticking_out(kind: PoolKind) -> Pooling {
    Pooling { kind, padding: 0, sticks_out: true }
}

/// cuda-convnet's `layers-80sec.cfg` and `layer-params-80sec.cfg`: an error of 26 % on CIFAR-10 after 80 seconds.
const CONVNET_26: Plan = Plan {
    side: 32,
    places: &[
        conv("conv1", 5, 1, 2, 32).of_pixels(1e-4).pool(sticking_out(Max)).lrn(AfterPool),
        conv("conv2", 5, 1, 2, 32).pool(sticking_out(Avg)).lrn(AfterPool),
        conv("conv3", 5, 1, 2, 64).pool(sticking_out(Avg)),
        fc("fc4", 64).std(Std::Of(0.1)).decay(7.5),
        classes("fc5").std(Std::Of(0.1)).decay(7.5),
    ],
    deepens: None,
    biases: Factors { rate: 2.0, decay: 0.0 },
};

/// cuda-convnet's `layers-18pct.cfg` and `layer-params-18pct.cfg`: an error of 18 % after 20 minutes, with local response
/// normalisation within a map.
const CONVNET_18: Plan = Plan {
    side: 32,
    places: &[
        conv("conv1", 5, 1, 2, 32).of_pixels(1e-4).pool(sticking_out(Max)).lrn(AfterPool),
        conv("conv2", 5, 1, 2, 32).pool(sticking_out(Avg)).lrn(AfterPool),
        conv("conv3", 5, 1, 2, 64).pool(sticking_out(Avg)),
        classes("fc4").decay(250.0),
    ],
    deepens: None,
    biases: Factors { rate: 2.0, decay: 0.0 },
};

/// cuda-convnet's `layers-conv-local-13pct.cfg` and `layers-conv-local-11pct.cfg`: errors of 13 % without and 11 % with local response
/// normalisation, on crops of 24x24 pixels.
const LOCAL: Plan = Plan {
    side: 32,
    places: &[
        conv("conv1", 5, 1, 2, 64).decay(0.0).of_pixels(1e-4).lrn(AfterActivation).pool(sticking_out(Max)),
        conv("conv2", 5, 1, 2, 64).decay(0.0).lrn(AfterActivation).pool(sticking_out(Max)),
        local("local3", 3, 32).std(Std::Of(0.04)),
        local("local4", 3, 32).std(Std::Of(0.04)),
        classes("fc5"),
    ],
    deepens: None,
    biases: Factors { rate: 2.0, decay: 0.0 },
};
