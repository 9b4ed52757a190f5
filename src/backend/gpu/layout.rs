//! Converts between the logical layout of [`Network::tensors`] and the padded one on the GPU, where rows and columns of a tensor
//! are multiples of 4 and every tensor starts at a multiple of [`ALIGNMENT`]. Padding is 0 and stays 0.

use crate::gpu::view::{ALIGNMENT, padded};
use crate::network::{Kind, Network, Shape};

/// A tensor as (outer, rows, columns): conv (kh * kw, in, out), local (height * width * kh * kw, in, out), its bias (height * width, 1,
/// out), linear (height * width, in channels, out), vectors (1, 1, n).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// First element in the logical flat buffer.
    pub logical: usize,
    /// First element in the padded flat buffer.
    pub start: usize,
    pub outer: usize,
    pub rows: usize,
    /// Rows as stored; the single row of a vector is not padded.
    pub padded_rows: usize,
    pub columns: usize,
}

impl Place {
    /// Elements as stored.
    pub fn len(&self) -> usize {
        self.outer * self.padded_rows * padded(self.columns)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Elements without padding.
    pub fn values(&self) -> usize {
        self.outer * self.rows * self.columns
    }

    /// Calls `f` with the logical and the padded start of each row of `columns` elements, relative to the tensor.
    fn each_row(&self, mut f: impl FnMut(usize, usize)) {
        for outer in 0..self.outer {
            for row in 0..self.rows {
                f((outer * self.rows + row) * self.columns, (outer * self.padded_rows + row) * padded(self.columns));
            }
        }
    }

    /// This tensor, padded, from the whole logical buffer.
    pub fn pad(&self, logical: &[f32]) -> Vec<f32> {
        let mut stored = vec![0.0; self.len()];
        self.each_row(|from, to| {
            stored[to..to + self.columns].copy_from_slice(&logical[self.logical + from..][..self.columns]);
        });
        stored
    }

    /// Appends this tensor, from its padded form, without padding.
    pub fn unpad(&self, stored: &[f32], values: &mut Vec<f32>) {
        self.each_row(|_, from| values.extend(&stored[from..from + self.columns]));
    }
}

/// Where every tensor is.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// In the order of [`Network::tensors`].
    pub tensors: Vec<Place>,
    /// Mean and variance of each [`Network::running`]: two places each.
    pub running: Vec<Place>,
}

impl Layout {
    pub fn of(network: &Network) -> Layout {
        let matrix = |logical, outer, rows, columns| Place { logical, start: 0, outer, rows, padded_rows: padded(rows), columns };
        let vector = |logical, columns| Place { logical, start: 0, outer: 1, rows: 1, padded_rows: 1, columns };
        let tensors = network.tensors.iter().enumerate().map(|(i, tensor)| match *tensor.shape {
            [height, width, kh, kw, rows, columns] => matrix(tensor.range.start, height * width * kh * kw, rows, columns),
            [height, width, columns] => Place { outer: height * width, ..vector(tensor.range.start, columns) },
            [kh, kw, rows, columns] => matrix(tensor.range.start, kh * kw, rows, columns),
            [rows, columns] => {
                // Its rows are the layer's input in (height, width, channels) order.
                let input = linear_input(network, i).unwrap_or(Shape { height: 1, width: 1, channels: rows });
                matrix(tensor.range.start, input.height * input.width, input.channels, columns)
            }
            _ => vector(tensor.range.start, tensor.range.len()),
        });
        let running = network.running.iter().flat_map(|running| {
            [running.start, running.start + running.channels].map(|logical| vector(logical, running.channels))
        });
        Layout { tensors: pack(tensors), running: pack(running) }
    }

    /// Length of the padded parameter buffer.
    pub fn parameters(&self) -> usize {
        end(&self.tensors)
    }

    /// Length of the padded buffer of running statistics.
    pub fn running_len(&self) -> usize {
        end(&self.running)
    }
}

/// The input shape of the linear layer that has `tensor` as its weight.
fn linear_input(network: &Network, tensor: usize) -> Option<Shape> {
    let has = |kind: &Kind| matches!(kind, Kind::Linear { weight, .. } if *weight == tensor);
    network.layers.iter().find(|layer| has(&layer.kind)).map(|layer| layer.input)
}

/// Puts the places one after another.
fn pack(places: impl Iterator<Item = Place>) -> Vec<Place> {
    let next = |start: &mut usize, place: Place| {
        let place = Place { start: *start, ..place };
        *start = (place.start + place.len()).next_multiple_of(ALIGNMENT);
        Some(place)
    };
    places.scan(0, next).collect()
}

fn end(places: &[Place]) -> usize {
    places.last().map_or(0, |place| (place.start + place.len()).next_multiple_of(ALIGNMENT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn padding_and_back_keeps_every_value_and_only_those() {
        for fragment in ["width=0.25", "width=0.25&norm=bn&depth=1", "arch=local&width=0.25"] {
            let network = Network::new(&Config::from_fragment(fragment).0, 7);
            let layout = Layout::of(&network);
            let logical: Vec<f32> = (1..=network.parameters()).map(|i| i as f32).collect();
            let (mut back, mut sum) = (vec![], 0.0);
            for place in &layout.tensors {
                let stored = place.pad(&logical);
                sum += stored.iter().map(|value| f64::from(*value)).sum::<f64>();
                place.unpad(&stored, &mut back);
            }
            assert_eq!(back, logical);
            assert_eq!(sum, logical.iter().map(|value| f64::from(*value)).sum::<f64>());
            assert_eq!(layout.running.len(), 2 * network.running.len());
        }
    }
}
