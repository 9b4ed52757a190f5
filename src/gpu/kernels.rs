//! The table of kernels: file, entry point and bindings of each. `tests/gpu/shaders.rs` compares it with the WGSL.
//!
//! To add a kernel: write its entry point in `shaders/<stem>.wgsl`, add a row below, and record it with
//! [`super::recorder::Recorder::dispatch`] in `src/layers/<stem>.rs`. A shader consists of the dispatch's constants,
//! `common.wgsl`, the file named after `+`, and the kernel's own file. Indices of bindings are unique in a file. A row lists the
//! bindings that its entry point uses, in the order of the dispatch's buffers.

/// What a kernel does with a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// `var<uniform>`
    Uniform,
    /// `var<storage, read>`
    Read,
    /// `var<storage, read_write>`
    ReadWrite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    pub index: u32,
    pub name: &'static str,
    pub access: Access,
}

#[derive(Debug)]
pub struct Kernel {
    /// `conv.forward`
    pub name: &'static str,
    pub source: &'static str,
    pub entry: &'static str,
    pub bindings: &'static [Binding],
}

/// A constant of a shader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    Whole(u32),
    Float(f32),
    Switch(bool),
}

impl From<usize> for Constant {
    fn from(value: usize) -> Self {
        Constant::Whole(value as u32)
    }
}

impl From<u32> for Constant {
    fn from(value: u32) -> Self {
        Constant::Whole(value)
    }
}

impl From<f32> for Constant {
    fn from(value: f32) -> Self {
        Constant::Float(value)
    }
}

impl From<bool> for Constant {
    fn from(value: bool) -> Self {
        Constant::Switch(value)
    }
}

impl std::fmt::Display for Constant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Constant::Whole(value) => write!(f, "u32 = {value}u"),
            // Rust's shortest form that reads back as the same float.
            Constant::Float(value) => write!(f, "f32 = {value:e}f"),
            Constant::Switch(value) => write!(f, "bool = {value}"),
        }
    }
}

/// Prepended to every kernel: index helpers, step parameters and the random function of `src/rng.rs`.
pub const COMMON: &str = include_str!(concat!(env!("OUT_DIR"), "/common.wgsl"));

/// Threads per workgroup, in every kernel.
pub const WORKGROUP: usize = 64;

macro_rules! kernels {
    (access uniform) => { Access::Uniform };
    (access read) => { Access::Read };
    (access write) => { Access::ReadWrite };
    ($($NAME:ident = $stem:literal $(+ $before:literal)? $entry:ident ($($index:literal $access:ident $binding:ident),*);)*) => {
        $(pub const $NAME: Kernel = Kernel {
            name: concat!($stem, ".", stringify!($entry)),
            source: concat!(
                $(include_str!(concat!(env!("OUT_DIR"), "/", $before, ".wgsl")),)?
                include_str!(concat!(env!("OUT_DIR"), "/", $stem, ".wgsl"))
            ),
            entry: stringify!($entry),
            bindings: &[$(Binding { index: $index, name: stringify!($binding), access: kernels!(access $access) }),*],
        };)*

        pub const KERNELS: &[&Kernel] = &[$(&$NAME),*];
    };
}

// `write` is read_write in WGSL, which has no write-only storage.
kernels! {
    ACTIVATION_FORWARD = "activation" forward (0 read input, 1 write output, 13 uniform params, 12 write dropped);
    CONV_FORWARD = "conv" forward (0 read input, 1 read weight, 2 read bias, 3 write output);
    CONV_BACKWARD = "conv" backward
        (0 read input, 4 read grad_output, 6 write partial, 1 read weight, 5 write grad_input, 14 read activated, 15 write grad_before);
    CONV_BACKWARD_WEIGHT = "conv" backward_weight (0 read input, 4 read grad_output, 6 write partial);
    CONV_TILED_FORWARD = "conv_tiled" + "tile" forward (0 read input, 1 read weight, 2 read bias, 3 write output);
    CONV_TILED_BACKWARD_INPUT = "conv_tiled" + "tile" backward_input
        (4 read grad_output, 1 read weight, 5 write grad_input, 14 read activated, 15 write grad_before);
    CONV_TILED_BACKWARD_WEIGHT = "conv_tiled" + "tile" backward_weight
        (0 read input, 4 read grad_output, 6 write partial);
    FINITE_CHECK = "finite" check (0 read values, 1 write flags);
    INPUT_NORMALISE = "input" normalise (0 read pixels, 1 write output);
    LINEAR_FORWARD = "linear" forward
        (0 read input, 1 read weight, 2 read bias, 3 write output, 13 uniform params, 12 write dropped);
    LINEAR_BACKWARD = "linear" backward
        (0 read input, 4 read grad_output, 6 write grad_weight, 7 write grad_bias, 1 read weight, 13 uniform params,
        5 write grad_input, 14 read activated, 15 write grad_before);
    LINEAR_TILED_FORWARD = "linear_tiled" + "tile" forward
        (0 read input, 1 read weight, 2 read bias, 3 write output, 13 uniform params, 12 write dropped);
    LINEAR_TILED_BACKWARD_INPUT = "linear_tiled" + "tile" backward_input
        (4 read grad_output, 1 read weight, 13 uniform params, 5 write grad_input, 14 read activated, 15 write grad_before);
    LINEAR_TILED_BACKWARD_WEIGHT = "linear_tiled" + "tile" backward_weight
        (0 read input, 4 read grad_output, 6 write grad_weight, 7 write grad_bias);
    NOISE_APPLY = "noise" apply (0 read input, 1 write output, 13 uniform params);
    OPTIMIZER_COLLECT = "optimizer" collect
        (0 write gradients, 1 read partial, 2 read segments, 6 read result, 3 write not_finite_seen);
    OPTIMIZER_UPDATE = "optimizer" update
        (7 read final_gradients, 4 write velocities, 5 write parameters, 9 read statistics, 10 write running, 6 read result,
        8 write records, 3 write not_finite_seen, 13 uniform params);
    SOFTMAX_FORWARD = "softmax_loss" forward (0 read logits, 2 write probabilities);
    SOFTMAX_FORWARD_BACKWARD = "softmax_loss" forward_backward
        (0 read logits, 1 read labels, 2 write probabilities, 3 write grad_logits, 4 write result);
    POOL_FORWARD_MAX = "pool" forward_max (0 read input, 1 write output, 2 write winners);
    POOL_BACKWARD_MAX = "pool" backward_max (2 write winners, 3 read grad_output, 4 write grad_input, 14 read activated, 15 write grad_before);
    POOL_FORWARD_AVG = "pool" forward_avg (0 read input, 1 write output);
    POOL_BACKWARD_AVG = "pool" backward_avg (3 read grad_output, 4 write grad_input, 14 read activated, 15 write grad_before);
    LRN_FORWARD = "lrn" + "lrn_power" forward (0 read input, 1 write output);
    LRN_BACKWARD = "lrn" + "lrn_power" backward
        (0 read input, 2 read grad_output, 3 write grad_input, 14 read activated, 15 write grad_before);
    LRN_MAP_FORWARD = "lrn_map" + "lrn_power" forward (0 read input, 1 write output, 4 write denominators);
    LRN_MAP_BACKWARD = "lrn_map" + "lrn_power" backward
        (0 read input, 2 read grad_output, 4 write denominators, 3 write grad_input, 14 read activated, 15 write grad_before);
    LOCAL_FORWARD = "local" forward (0 read input, 1 read weight, 2 read bias, 3 write output);
    LOCAL_BACKWARD_INPUT = "local" backward_input
        (4 read grad_output, 1 read weight, 5 write grad_input, 14 read activated, 15 write grad_before);
    LOCAL_BACKWARD_WEIGHT = "local" backward_weight (0 read input, 4 read grad_output, 6 write grad_weight, 7 write grad_bias);
    BATCH_NORM_PARTIAL_STATISTICS = "batch_norm" partial_statistics (0 read input, 1 write partials);
    BATCH_NORM_JOIN_STATISTICS = "batch_norm" join_statistics (1 write partials, 2 write statistics);
    BATCH_NORM_FORWARD = "batch_norm" forward
        (0 read input, 2 write statistics, 4 read gamma, 5 read beta, 6 write output, 13 uniform params, 12 write dropped);
    BATCH_NORM_PARTIAL_GRADIENTS = "batch_norm" partial_gradients
        (0 read input, 1 write partials, 2 write statistics, 7 read grad_output);
    BATCH_NORM_JOIN_GRADIENTS = "batch_norm" join_gradients (1 write partials, 8 write grad_gamma, 9 write grad_beta);
    BATCH_NORM_BACKWARD = "batch_norm" backward
        (0 read input, 2 write statistics, 4 read gamma, 7 read grad_output, 8 write grad_gamma, 9 write grad_beta,
        10 write grad_input, 15 write grad_before);
    STATS_GRADIENT = "stats" gradient (0 read tasks, 1 read values, 2 write counts, 3 write partials);
    STATS_ACTIVATION = "stats" activation (0 read tasks, 1 read values, 2 write counts);
    STATS_ACTIVATION_BINS = "stats" activation_bins (0 read tasks, 1 read values, 2 write counts, 3 write partials);
}
