//! Settings that are allowed but cannot learn, or cannot be evaluated as they ask. `tests/training/hints.rs` trains with each of them.

use super::{ActivationFunction, BnPlace, BuiltIn, Config, InitialWeights, LrnRegion, Norm, Variation};

/// Below this learning rate no weight ever moves: weights are near 0.1, gradients below 100.
const NO_RATE: f64 = 1e-10;
/// How many steps ahead the learning rate is checked.
const SOON: u64 = 100;
/// At this initial scale no signal is left after eight layers. Batch normalisation makes up for part of it.
const NO_WEIGHT: f64 = 1e-3;
const NO_WEIGHT_WITH_BN: f64 = 1e-6;
/// If local response normalisation divides the signal by more than this, too little is left: at 100, the loss stays at random
/// guessing for 3,000 steps and more.
const NO_SIGNAL: f32 = 80.0;
/// When a batch has a smaller share in the running statistics, they lag behind for more than ten thousand steps.
const NO_STATISTICS: f64 = 1e-4;
/// A learning rate that momentum raises to this value makes every network diverge.
const FAR_TOO_FAST: f64 = 99.0;

/// What is wrong with the settings, for the page's `hints.<code>`. Its texts name the settings by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    NoRate,
    RateVanishes,
    FarTooFast,
    NoWeights,
    BatchOfOne,
    StatisticsStay,
    SignalErased,
    NeverTested,
    NeverStops,
    NothingHeldBack,
    FixedDepth,
    NoDropout,
    NoSuchLayer,
}

/// The page's names for them, in the order of [`Hint`].
const CODES: [&str; 13] = [
    "no_rate",
    "rate_vanishes",
    "far_too_fast",
    "no_weights",
    "batch_of_one",
    "statistics_stay",
    "signal_erased",
    "never_tested",
    "never_stops",
    "nothing_held_back",
    "fixed_depth",
    "no_dropout",
    "no_such_layer",
];

impl Hint {
    pub fn code(self) -> &'static str {
        CODES[self as usize]
    }
}

impl Config {
    /// What keeps a run with these settings from learning, or from being evaluated, from `step` on. Usually nothing.
    #[inline(never)]
    pub fn hints(&self, step: u64) -> Vec<Hint> {
        let plan = self.arch.plan();
        let scaled = self.init_scale_layer.0;
        let (lrn, bn) = (self.norm == Norm::Lrn, self.norm == Norm::Bn);
        let bn_everywhere = bn && self.bn_place == BnPlace::All;
        let faded = self.init_scale <= if bn_everywhere { NO_WEIGHT_WITH_BN } else { NO_WEIGHT };
        // A ReLU at exactly 0 passes no gradient on. The paper's biases keep some units above 0.
        let dead = self.init_scale == 0.0
            && self.activation == ActivationFunction::Relu
            && self.init != InitialWeights::Paper
            && plan.places.iter().any(|place| place.name == scaled && place.features > 0);
        let all = [
            (Hint::NoRate, self.lr < NO_RATE),
            (Hint::RateVanishes, self.lr >= NO_RATE && self.learning_rate(step + SOON) < NO_RATE),
            (Hint::FarTooFast, self.lr >= FAR_TOO_FAST * (1.0 - self.momentum)),
            (Hint::NoWeights, if scaled == "all" { faded } else { dead }),
            (Hint::BatchOfOne, bn_everywhere && self.batch == 1),
            (Hint::StatisticsStay, bn && self.bn_momentum <= NO_STATISTICS),
            (Hint::SignalErased, lrn && self.lrn_division() > NO_SIGNAL),
            (Hint::NeverTested, self.stop_steps > 0 && self.test_every > self.stop_steps),
            (Hint::NeverStops, self.test_every == 0 && self.stop_accuracy.max(self.stop_loss) > 0.0),
            (Hint::NothingHeldBack, self.hold_back != Variation::None && self.data != BuiltIn::Toy),
            (Hint::FixedDepth, self.depth > 0 && plan.deepens.is_none()),
            (Hint::NoDropout, self.dropout > 0.0 && !plan.has_dropout()),
            (Hint::NoSuchLayer, scaled != "all" && !plan.has(scaled)),
        ];
        let mut found = Vec::new();
        for (hint, is_so) in all {
            if is_so {
                found.push(hint);
            }
        }
        found
    }

    /// The factor by which local response normalisation, after conv1 and conv2, divides a signal whose mean square starts at 1.
    fn lrn_division(&self) -> f32 {
        // In f32, because the module already has its power function.
        let neighbours = if self.lrn_region == LrnRegion::Map { self.lrn_n * self.lrn_n } else { self.lrn_n };
        let divided =
            |by: f32| by * (self.lrn_k as f32 + self.lrn_alpha as f32 * neighbours as f32 / (by * by)).powf(self.lrn_beta as f32);
        divided(divided(1.0))
    }
}

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Hint::NoRate => "With this lr, no weight changes. Choose a larger one, such as 0.01.",
            Hint::RateVanishes => {
                "The learning rate is divided by 10 every schedule_every steps. Within 100 steps, almost nothing of it is left. Choose a larger schedule_every, or schedule=constant."
            }
            Hint::FarTooFast => {
                "With this lr and this momentum, the weights jump too far to learn. Choose a much smaller lr."
            }
            Hint::NoWeights => "With this init_scale, no signal gets through and no gradient comes back. Set init_scale to 1.",
            Hint::BatchOfOne => {
                "Batch normalisation over a batch of 1 leaves no gradient for the layers before the last. Choose a batch of 8 or more, or another norm."
            }
            Hint::StatisticsStay => {
                "With this bn_momentum, the running statistics of batch normalisation stay at their initial values. Evaluation uses these statistics, so tests fail even when training goes well. Set bn_momentum to 0.1."
            }
            Hint::SignalErased => {
                "These LRN constants make the signal so small that the layers learn nothing. Choose a smaller lrn_k, lrn_alpha or lrn_beta (the paper uses 2, 1e-4 and 0.75)."
            }
            Hint::NeverTested => "The run stops at stop_steps, before its first evaluation at test_every. Choose a smaller test_every.",
            Hint::NeverStops => {
                "stop_accuracy and stop_loss need evaluations, but test_every=0 means none. Set test_every above 0."
            }
            Hint::NothingHeldBack => "hold_back has no effect on these images. Add data=toy, or omit hold_back.",
            Hint::FixedDepth => "depth has no effect in this architecture. Choose arch=scaled, or omit depth.",
            Hint::NoDropout => "dropout has no effect in this architecture. Choose another arch, or omit dropout.",
            Hint::NoSuchLayer => {
                "init_scale has no effect: this architecture has no such layer. Choose another init_scale_layer."
            }
        })
    }
}
