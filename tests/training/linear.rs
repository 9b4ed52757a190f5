//! Softmax regression on pixels, trained until its gradient is gone: what can be learnt without hidden layers.

use alexnet_lab::data::{IMAGE, Images};
use alexnet_lab::math::gemm::{Operand, Start, multiply, scratch_len};
use alexnet_lab::trainer::argmax;
use std::f64::consts::PI;

const CLASSES: usize = 10;
/// Norm of the final gradient, relative to the first.
const CONVERGED: f32 = 1e-3;

/// Images as rows of numbers, and a 1 for the bias: (n, columns). Pixels have mean 0 and variance 1 over the training images.
///
/// The numbers are those of a cosine transform, a rotation, which changes neither what a regression can learn nor the length of its
/// gradient. Unlike pixels, they are nearly uncorrelated.
struct Rows {
    values: Vec<f32>,
    labels: Vec<u8>,
}

const COLUMNS: usize = IMAGE + 1;
/// Rows, columns and channels of an image, each with the distance of neighbours.
const AXES: [(usize, usize); 3] = [(32, 96), (32, 3), (3, 1)];

/// The orthonormal cosine transform along each axis.
fn rotate(image: &mut [f32]) {
    for (length, stride) in AXES {
        let cosine = |wave: usize, at: usize| {
            let scale = if wave == 0 { 1.0 } else { 2.0 } / length as f64;
            (scale.sqrt() * (PI * wave as f64 * (at as f64 + 0.5) / length as f64).cos()) as f32
        };
        let table: Vec<f32> = (0..length * length).map(|i| cosine(i / length, i % length)).collect();
        for line in image.chunks_exact_mut(length * stride) {
            let before = line.to_vec();
            for (row, waves) in line.chunks_exact_mut(stride).zip(table.chunks_exact(length)) {
                row.fill(0.0);
                for (before, wave) in before.chunks_exact(stride).zip(waves) {
                    row.iter_mut().zip(before).for_each(|(sum, x)| *sum += wave * x);
                }
            }
        }
    }
}

impl Rows {
    fn new(images: &Images, mean: f32, std: f32) -> Rows {
        let row = |i: usize| {
            let mut row: Vec<f32> = images.image(i).iter().map(|byte| (f32::from(*byte) - mean) / std).collect();
            rotate(&mut row);
            row.push(1.0);
            row
        };
        Rows { values: (0..images.len()).flat_map(row).collect(), labels: images.labels.clone() }
    }

    /// `a` times these rows, from the right or, transposed, from the left.
    fn times(&self, other: &[f32], columns: usize, transposed: bool) -> Vec<f32> {
        let rows = Operand::matrix(&self.values, COLUMNS);
        let (a, height, depth) =
            if transposed { (rows.transposed(), COLUMNS, self.labels.len()) } else { (rows, self.labels.len(), COLUMNS) };
        let mut product = vec![0.0; height * columns];
        multiply(&a, &Operand::matrix(other, columns), Start::Zero, &mut product, &mut vec![0.0; scratch_len(depth, columns)]);
        product
    }

    /// The loss's gradient for `weights` (columns, classes).
    fn gradient(&self, weights: &[f32], decay: f32) -> Vec<f32> {
        let mut p = self.times(weights, CLASSES, false);
        for (row, label) in p.chunks_exact_mut(CLASSES).zip(&self.labels) {
            let largest = row.iter().copied().fold(f32::MIN, f32::max);
            row.iter_mut().for_each(|z| *z = (*z - largest).exp());
            let sum: f32 = row.iter().sum::<f32>() * self.labels.len() as f32;
            row.iter_mut().for_each(|z| *z /= sum);
            row[usize::from(*label)] -= 1.0 / self.labels.len() as f32;
        }
        let mut gradient = self.times(&p, CLASSES, true);
        gradient.iter_mut().zip(weights).for_each(|(g, w)| *g += decay * w);
        gradient
    }

    /// The mean square of each column.
    fn moments(&self) -> Vec<f32> {
        let mut sums = vec![0.0; COLUMNS];
        for row in self.values.chunks_exact(COLUMNS) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * x);
        }
        sums.iter().map(|sum| sum / self.labels.len() as f32).collect()
    }

    fn accuracy(&self, weights: &[f32]) -> f64 {
        let logits = self.times(weights, CLASSES, false);
        let right = logits.chunks_exact(CLASSES).zip(&self.labels).filter(|(row, label)| argmax(row) == usize::from(**label));
        right.count() as f64 / self.labels.len() as f64
    }
}

fn norm(values: &[f32]) -> f32 {
    values.iter().map(|x| x * x).sum::<f32>().sqrt()
}

/// Accuracies on `test` of the regressions that fit `train` best, one for each weight decay.
///
/// The loss is strongly convex: Nesterov's method finds its one minimum. Each weight has its own rate, as its curvature is at most
/// half the second moment of its column, plus the decay, apart from what is left of correlations. The momentum begins anew where it
/// leads uphill (O'Donoghue and Candès, 2015).
pub fn linear_accuracies(train: &Images, test: &Images, decays: &[f32]) -> Vec<f64> {
    let count = train.pixels.len() as f64;
    let mean = train.pixels.iter().map(|byte| f64::from(*byte)).sum::<f64>() / count;
    let variance = train.pixels.iter().map(|byte| (f64::from(*byte) - mean).powi(2)).sum::<f64>() / count;
    let [train, test] = [train, test].map(|images| Rows::new(images, mean as f32, variance.sqrt() as f32));
    let moments = train.moments();
    decays.iter().map(|decay| test.accuracy(&fit(&train, &moments, *decay))).collect()
}

/// The best weights: (columns, classes).
fn fit(train: &Rows, moments: &[f32], decay: f32) -> Vec<f32> {
    let mut rates: Vec<f32> = moments.iter().map(|moment| 1.0 / (0.5 * moment + decay)).collect();
    let mut direction = vec![1.0; COLUMNS];
    let mut largest = 0.0;
    for _ in 0..12 {
        let length = norm(&direction);
        direction.iter_mut().for_each(|x| *x /= length);
        let curved = train.times(&train.times(&direction, 1, false), 1, true);
        let curvature = |(x, c): (&f32, f32)| 0.5 * c / train.labels.len() as f32 + decay * x;
        direction = direction.iter().zip(curved).map(curvature).zip(&rates).map(|(c, rate)| c * rate).collect();
        largest = norm(&direction);
    }
    // The power method approaches from below. A tenth more is enough, as probabilities that are not one half have a smaller curvature.
    rates.iter_mut().for_each(|rate| *rate /= 1.1 * largest);

    let (mut weights, mut ahead) = (vec![0.0; COLUMNS * CLASSES], vec![0.0; COLUMNS * CLASSES]);
    let mut first = None;
    let mut inertia = 1.0f32;
    for _ in 0..2000 {
        let gradient = train.gradient(&ahead, decay);
        let size = norm(&gradient);
        if size <= CONVERGED * *first.get_or_insert(size) {
            return ahead;
        }
        let next = ahead.iter().zip(&gradient).enumerate().map(|(i, (a, g))| a - rates[i / CLASSES] * g).collect::<Vec<f32>>();
        let uphill: f32 = next.iter().zip(&weights).zip(&gradient).map(|((next, w), g)| (next - w) * g).sum();
        inertia = if uphill > 0.0 { 1.0 } else { inertia };
        let more = (1.0 + (1.0 + 4.0 * inertia * inertia).sqrt()) / 2.0;
        let momentum = (inertia - 1.0) / more;
        ahead = next.iter().zip(&weights).map(|(next, w)| next + momentum * (next - w)).collect();
        (weights, inertia) = (next, more);
    }
    panic!("the regression has not converged");
}
