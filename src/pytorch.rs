//! A PyTorch script that rebuilds a network, loads its weights file, and prints the logits of images.
//!
//! `pytorch.py` is the script with places to fill in. The filled-in lines make up for PyTorch's differences:
//!
//! | layer | here | in PyTorch |
//! | --- | --- | --- |
//! | local response normalisation | alpha times the sum over n channels (the paper) | alpha times their mean |
//! | the same within a map | | sums by `avg_pool2d` |
//! | local layer | | a module of the script |
//! | average pooling | over the elements inside the image | `count_include_pad=False` |
//! | linear after convolution | (height, width, channels) | (channels, height, width), as the weights file has it |

use crate::config::ActivationFunction::{LeakyRelu, Relu, Sigmoid, Tanh};
use crate::config::{Config, LrnRegion, PoolKind};
use crate::layers::activation::LEAKY_SLOPE;
use crate::network::{Kind, Layer, Network, output_size};

const TEMPLATE: &str = include_str!("pytorch.py");
const LOCAL: &str = include_str!("pytorch_local.py");

/// The script for the configured network; `weights` is the name of its file, which lies beside the script.
pub fn script(config: &Config, classes: usize, weights: &str) -> String {
    let network = Network::new(config, classes);
    let lines: Vec<Lines> = network.layers.iter().map(|layer| Lines::of(layer, &network, config)).collect();
    let modules = lines.iter().filter_map(|lines| lines.module.clone());
    let input = network.input;
    let has_local = network.layers.iter().any(|layer| matches!(layer.kind, Kind::Local { .. }));
    // JSON's strings are Python's too.
    let file = serde_json::to_string(weights).expect("a string has a JSON form");
    TEMPLATE
        .replace("# LOCAL\n\n\n", if has_local { LOCAL } else { "" })
        .replace("SETTINGS", &config.clone().on_machine_of(&Config::default()).to_fragment())
        .replace("FILE)", &format!("{file})"))
        .replace("SHAPE", &format!("(batch, {}, {}, {})", input.channels, input.height, input.width))
        .replace("HEIGHT", &input.height.to_string())
        .replace("# MODULES", &joined(modules))
        .replace("# LAYERS", &joined(lines.iter().flat_map(|lines| lines.calls.clone())))
}

/// Joins the statements of a method's body.
fn joined(statements: impl Iterator<Item = String>) -> String {
    statements.collect::<Vec<_>>().join("\n        ")
}

/// One layer in PyTorch.
struct Lines {
    /// The module, if the layer has parameters.
    module: Option<String>,
    /// The statements applied to `x`.
    calls: Vec<String>,
}

impl Lines {
    fn of(layer: &Layer, network: &Network, config: &Config) -> Lines {
        let (name, input, output) = (&layer.name, layer.input, layer.output);
        let spatial = input.height * input.width > 1;
        let shape = if output.height * output.width > 1 {
            format!("  # (batch, {}, {}, {})", output.channels, output.height, output.width)
        } else {
            format!("  # (batch, {})", output.channels)
        };
        let call = |function: String| Lines { module: None, calls: vec![format!("x = {function}")] };
        match layer.kind {
            Kind::Conv { kernel, stride, padding, .. } => Lines {
                module: Some(format!(
                    "self.{name} = nn.Conv2d({}, {}, kernel_size={kernel}, stride={stride}, padding={padding})",
                    input.channels, output.channels
                )),
                calls: vec![format!("x = self.{name}(x){shape}")],
            },
            Kind::Local { kernel, stride, padding, .. } => Lines {
                module: Some(format!(
                    "self.{name} = Local({}, {}, {}, {}, kernel_size={kernel}, stride={stride}, padding={padding})",
                    output.height, output.width, input.channels, output.channels
                )),
                calls: vec![format!("x = self.{name}(x){shape}")],
            },
            Kind::Linear { .. } => {
                let flatten = spatial.then(|| "x = x.flatten(1)".to_string());
                Lines {
                    module: Some(format!("self.{name} = nn.Linear({}, {})", input.len(), output.channels)),
                    calls: flatten.into_iter().chain([format!("x = self.{name}(x){shape}")]).collect(),
                }
            }
            Kind::BatchNorm { running, epsilon, momentum, .. } => {
                let (bn, dimensions) = (&network.running[running].name, if spatial { 2 } else { 1 });
                Lines {
                    module: Some(format!(
                        "self.{bn} = nn.BatchNorm{dimensions}d({}, eps={epsilon:?}, momentum={momentum:?})",
                        input.channels
                    )),
                    calls: vec![format!("x = self.{bn}(x)")],
                }
            }
            Kind::Activation { function } => call(match function {
                Relu => "torch.relu(x)".into(),
                Sigmoid => "torch.sigmoid(x)".into(),
                Tanh => "torch.tanh(x)".into(),
                LeakyRelu => format!("F.leaky_relu(x, {LEAKY_SLOPE:?})"),
            }),
            Kind::Lrn { n, k, alpha, beta, region: LrnRegion::Channels } => call(format!(
                "F.local_response_norm(x, size={n}, alpha={n} * {alpha:?}, beta={beta:?}, k={k:?})  # which divides alpha by size"
            )),
            Kind::Lrn { n, k, alpha, beta, region: LrnRegion::Map } => {
                let (below, above) = (n / 2, n - 1 - n / 2);
                Lines {
                    module: None,
                    calls: vec![
                        format!("squares = F.pad(x * x, ({below}, {above}, {below}, {above}))"),
                        format!("sums = F.avg_pool2d(squares, {n}, stride=1, divisor_override=1)"),
                        format!("x = x / ({k:?} + {alpha:?} * sums) ** {beta:?}"),
                    ],
                }
            }
            Kind::Pool { pool, kernel, stride, padding } => {
                let sticks_out = output.height > output_size(input.height, kernel, stride, padding);
                let ceil = if sticks_out { ", ceil_mode=True" } else { "" };
                let window = format!("kernel_size={kernel}, stride={stride}, padding={padding}{ceil}");
                call(match pool {
                    PoolKind::Max => format!("F.max_pool2d(x, {window}){shape}"),
                    PoolKind::Avg => format!("F.avg_pool2d(x, {window}, count_include_pad=False){shape}"),
                })
            }
            // Noise is only for training.
            Kind::Noise => Lines { module: None, calls: vec![] },
            Kind::Dropout => call(format!("F.dropout(x, {:?}, self.training)", config.dropout)),
            // Its input is the network's output.
            Kind::SoftmaxLoss => Lines { module: None, calls: vec![] },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fragment: &str) -> String {
        let (config, notes) = Config::from_fragment(fragment);
        assert_eq!(notes, []);
        script(&config, 10, "run \"1\".safetensors")
    }

    #[test]
    fn every_place_is_filled() {
        let script = of("norm=bn");
        for place in ["# LOCAL", "SETTINGS", "FILE)", "SHAPE", "HEIGHT", "# MODULES", "# LAYERS"] {
            assert!(TEMPLATE.contains(place), "{place} is no place of the template");
            assert!(!script.contains(place), "{place} is left in\n{script}");
        }
        assert!(script.contains(r#"with_name("run \"1\".safetensors")"#), "{script}");
    }

    #[test]
    fn pytorchs_own_conventions_are_met() {
        let lines = |fragment: &str| of(fragment).lines().map(|line| line.trim().to_string()).collect::<Vec<_>>();
        let lrn = lines("norm=lrn&lrn_n=3&lrn_alpha=0.5&depth=1&dropout=0.5");
        for line in [
            "x = F.local_response_norm(x, size=3, alpha=3 * 0.5, beta=0.75, k=2.0)  # which divides alpha by size",
            "self.conv4_1 = nn.Conv2d(96, 96, kernel_size=3, stride=1, padding=1)",
            "x = F.max_pool2d(x, kernel_size=3, stride=2, padding=1)  # (batch, 64, 4, 4)",
            "x = x.flatten(1)",
            "self.fc6 = nn.Linear(1024, 256)",
            "x = F.dropout(x, 0.5, self.training)",
        ] {
            assert!(lrn.iter().any(|found| found == line), "{line}\n{lrn:#?}");
        }
        let bn = lines("norm=bn&bn_epsilon=1e-7&pool=avg&activation=leaky_relu&arch=original");
        for line in [
            "self.bn1 = nn.BatchNorm2d(96, eps=1e-7, momentum=0.1)",
            "self.bn7 = nn.BatchNorm1d(4096, eps=1e-7, momentum=0.1)",
            "x = F.leaky_relu(x, 0.01)",
            "x = F.avg_pool2d(x, kernel_size=3, stride=2, padding=0, count_include_pad=False)  # (batch, 96, 27, 27)",
            "nearest = torch.arange(227) * SIDE // 227",
        ] {
            assert!(bn.iter().any(|found| found == line), "{line}\n{bn:#?}");
        }
    }
}
