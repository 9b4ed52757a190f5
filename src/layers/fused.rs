//! What a kernel does for its neighbouring layers, so that these need no dispatch: forward, the activation function and the
//! dropout that follow; backward, those in front. The WGSL is in `common.wgsl`.

use super::dropout::Units;
use crate::config::ActivationFunction::{self, LeakyRelu, Relu, Sigmoid, Tanh};
use crate::error::Result;
use crate::gpu::kernels::{Constant, Kernel};
use crate::gpu::recorder::Recorder;
use crate::gpu::view::View;

/// What follows a layer in the forward pass.
#[derive(Clone, Copy, Default)]
pub struct After<'a> {
    pub function: Option<ActivationFunction>,
    /// After the function; its output goes to the view.
    pub dropout: Option<(Units, &'a View)>,
}

impl From<ActivationFunction> for After<'_> {
    fn from(function: ActivationFunction) -> Self {
        After { function: Some(function), dropout: None }
    }
}

impl<'a> After<'a> {
    pub(super) fn constants(&self) -> [(&'static str, Constant); 3] {
        let [layer, features] = dropout_constants(self.dropout.map(|(units, _)| units));
        [("FUNCTION", code(self.function).into()), layer, features]
    }

    /// For the bindings `params` and `dropped`.
    pub(super) fn views(&self, recorder: &mut Recorder) -> Result<[View; 2]> {
        let [nothing, ..] = recorder.nothing()?;
        Ok([recorder.params.clone(), self.dropout.map_or(nothing, |(_, output)| output.clone())])
    }
}

/// Where a layer's backward pass leaves the gradient of its input, and what is in front of the layer. A view alone suffices.
#[derive(Clone, Copy)]
pub struct GradInput<'a> {
    /// With dropout in front, the gradient of the dropout's input.
    pub view: &'a View,
    pub dropout: Option<Units>,
    /// The activation function in front of the layer, or of the dropout.
    pub before: Option<Before<'a>>,
    /// The network's activation function. It is compiled into kernels that layers with and without one in front share.
    pub function: Option<ActivationFunction>,
}

#[derive(Clone, Copy)]
pub struct Before<'a> {
    pub function: ActivationFunction,
    pub output: &'a View,
    pub grad_input: &'a View,
}

impl<'a> From<&'a View> for GradInput<'a> {
    fn from(view: &'a View) -> Self {
        GradInput { view, dropout: None, before: None, function: None }
    }
}

/// Records a kernel whose last bindings are the gradient of its input and those of `pass_through_activation`; `views` are for the
/// others. Without `grad_input`, the kernel writes none of the last ones. `constants` may hold an ACTIVATION_BEFORE.
pub(super) fn record_backward(
    recorder: &mut Recorder,
    label: &str,
    kernel: &'static Kernel,
    constants: &[(&str, Constant)],
    views: &[&View],
    grad_input: Option<GradInput>,
    workgroups: usize,
) -> Result<()> {
    let nothing = recorder.nothing()?;
    let before = grad_input.and_then(|grad_input| grad_input.before);
    let [view, output, further] = match (grad_input, before) {
        (Some(to), Some(before)) => [to.view, before.output, before.grad_input],
        (to, _) => [to.map_or(&nothing[0], |to| to.view), &nothing[1], &nothing[2]],
    };
    let through = ("ACTIVATION_BEFORE", code(before.map(|before| before.function)).into());
    let given = constants.iter().any(|(name, _)| *name == through.0);
    let through = if given { &[][..] } else { &[through] };
    let dropout = dropout_constants(grad_input.and_then(|grad_input| grad_input.dropout));
    let constants = [constants, through, &dropout].concat();
    recorder.dispatch(label, kernel, &constants, &[views, &[view, output, further]].concat(), workgroups)
}

fn dropout_constants(units: Option<Units>) -> [(&'static str, Constant); 2] {
    let Units { layer, features } = units.unwrap_or(Units { layer: 0, features: 0 });
    [("DROPOUT_LAYER", layer.into()), ("DROPOUT_FEATURES", features.into())]
}

/// The function's number in `common.wgsl`. Any other number leaves values unchanged.
pub fn code(function: Option<ActivationFunction>) -> u32 {
    match function {
        Some(Relu) => 0,
        Some(Sigmoid) => 1,
        Some(Tanh) => 2,
        Some(LeakyRelu) => 3,
        None => 4,
    }
}
