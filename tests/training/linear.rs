//! Softmax regression on pixels, trained until its gradient is gone: what can be learnt without hidden layers.

use alexnet_lab::data::{IMAGE, Images};
use alexnet_lab::math::gemm::{Operand, Start, multiply, scratch_len};
use alexnet_lab::trainer::argmax;

const CLASSES: usize = 10;
/// Norm of the final gradient, relative to the first.
const CONVERGED: f32 = 1e-3;

/// Pixels as floats of mean 0 and variance 1 over the training images, and a 1 for the bias: (n, columns).
struct Rows {
    values: Vec<f32>,
    labels: Vec<u8>,
}

const COLUMNS: usize = IMAGE + 1;

impl Rows {
    fn new(images: &Images, mean: f32, std: f32) -> Rows {
        let row = |i: usize| images.image(i).iter().map(move |byte| (f32::from(*byte) - mean) / std).chain([1.0]);
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

    fn accuracy(&self, weights: &[f32]) -> f64 {
        let logits = self.times(weights, CLASSES, false);
        let right = logits.chunks_exact(CLASSES).zip(&self.labels).filter(|(row, label)| argmax(row) == usize::from(**label));
        right.count() as f64 / self.labels.len() as f64
    }
}

fn norm(values: &[f32]) -> f32 {
    values.iter().map(|x| x * x).sum::<f32>().sqrt()
}

/// Accuracy on `test` of the regression with weight decay `decay` that fits `train` best.
///
/// The loss is strongly convex: Nesterov's method with steps of 1 / L finds its one minimum, where L is the largest curvature,
/// at most half the largest eigenvalue of the pixels' second moments, plus the decay.
pub fn linear_accuracy(train: &Images, test: &Images, decay: f32) -> f64 {
    let count = train.pixels.len() as f64;
    let mean = train.pixels.iter().map(|byte| f64::from(*byte)).sum::<f64>() / count;
    let variance = train.pixels.iter().map(|byte| (f64::from(*byte) - mean).powi(2)).sum::<f64>() / count;
    let [train, test] = [train, test].map(|images| Rows::new(images, mean as f32, variance.sqrt() as f32));

    let mut direction = vec![1.0; COLUMNS];
    let mut largest = 0.0;
    for _ in 0..30 {
        let length = norm(&direction);
        direction.iter_mut().for_each(|x| *x /= length);
        direction = train.times(&train.times(&direction, 1, false), 1, true);
        largest = norm(&direction) / train.labels.len() as f32;
    }
    // The power method approaches from below; a tenth more is surely enough.
    let step = 1.0 / (0.55 * largest + decay);
    let shrink = (step * decay).sqrt();
    let momentum = (1.0 - shrink) / (1.0 + shrink);

    let (mut weights, mut ahead) = (vec![0.0; COLUMNS * CLASSES], vec![0.0; COLUMNS * CLASSES]);
    let mut first = None;
    for _ in 0..2000 {
        let gradient = train.gradient(&ahead, decay);
        let size = norm(&gradient);
        if size <= CONVERGED * *first.get_or_insert(size) {
            return test.accuracy(&weights);
        }
        for ((w, a), g) in weights.iter_mut().zip(&mut ahead).zip(&gradient) {
            let next = *a - step * g;
            (*w, *a) = (next, next + momentum * (next - *w));
        }
    }
    panic!("the regression has not converged");
}
