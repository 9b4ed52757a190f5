//! The transforms of minimal filtering: F(M, R), which is M neighbouring outputs of a filter with R taps, from N = M + R - 1
//! products instead of M R - Winograd 1980; Lavin and Gray 2016, section 4.
//!
//! Two polynomials, of M and R coefficients, are multiplied by multiplying their values at N points (Toom-Cook). The transpose of
//! that is the filter, `y = A^T ((G w) (B^T d))`: `A` and `G` take values at the points, of M and R coefficients, and `G` divides
//! them by the products of the points' distances; `B^T` takes the coefficients of Lagrange's polynomials. The other transpose is the
//! gradient of the weights: `grad w = G^T ((A grad y) (B^T d))`.
//!
//! The points are 0, infinity and pairs +-p, whose even and odd parts are computed once. N = 4 has the pair 1. N = 6 has 5/8 and
//! 3/2, whose powers are exact. Of all pairs with denominators up to 8 they lose the fewest bits: with 1 and 2, the error of a
//! 5x5 filter is twice as large. Barabasz et al. 2018 compare points.

use crate::math::gemm::{Map, Product, Runs, Steps, Values, Vector, map};

/// F(outputs, taps) along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    F2R3,
    F4R3,
    F2R5,
    /// F(2, 3) of the first three taps and F(2, 2) of the last two: one product more, and half of the error. For the gradient of
    /// the weights, whose sums are the longest.
    F2R5Split,
}

#[derive(Clone, Copy, Debug)]
pub enum Transform {
    /// `B^T`: from points to points.
    Data,
    /// `G`: from taps to points.
    Weights,
    /// `A^T`: from points to outputs.
    Outputs,
    /// `A`: from outputs to points.
    GradOutputs,
    /// `G^T`: from points to taps.
    GradWeights,
}

impl Axis {
    pub fn outputs(self) -> usize {
        if self == Axis::F4R3 { 4 } else { 2 }
    }

    pub fn taps(self) -> usize {
        if matches!(self, Axis::F2R3 | Axis::F4R3) { 3 } else { 5 }
    }

    /// Products for the outputs.
    pub fn products(self) -> usize {
        match self {
            Axis::F2R3 => 4,
            Axis::F4R3 | Axis::F2R5 => 6,
            Axis::F2R5Split => 7,
        }
    }

    /// Transforms `runs` runs of `len` values each.
    pub fn apply<T: Product>(self, transform: Transform, from: (&[T], Steps), to: (&mut [T], Steps), runs: usize, len: usize) {
        let [n, p] = match transform {
            Transform::Data => [self.outputs() + self.taps() - 1, self.products()],
            Transform::Weights => [self.taps(), self.products()],
            Transform::Outputs => [self.products(), self.outputs()],
            Transform::GradOutputs => [self.outputs(), self.products()],
            Transform::GradWeights => [self.products(), self.taps()],
        };
        let work = Runs::new((from.0, from.1, n), (to.0, to.1, p), runs, len);
        let apply = match (transform, self) {
            (Transform::Data, Axis::F2R3) => map::<T, Data, 4, 4>,
            (Transform::Data, Axis::F4R3 | Axis::F2R5) => map::<T, Data, 6, 6>,
            (Transform::Data, Axis::F2R5Split) => map::<T, Split, 6, 7>,
            (Transform::Weights, Axis::F2R3) => map::<T, Weights, 3, 4>,
            (Transform::Weights, Axis::F4R3) => map::<T, Weights, 3, 6>,
            (Transform::Weights, Axis::F2R5) => map::<T, Weights, 5, 6>,
            (Transform::Outputs, Axis::F2R3) => map::<T, Coefficients, 4, 2>,
            (Transform::Outputs, Axis::F4R3) => map::<T, Coefficients, 6, 4>,
            (Transform::Outputs, Axis::F2R5) => map::<T, Coefficients, 6, 2>,
            (Transform::GradOutputs, Axis::F2R3) => map::<T, AtPoints, 2, 4>,
            (Transform::GradOutputs, Axis::F4R3) => map::<T, AtPoints, 4, 6>,
            (Transform::GradOutputs, Axis::F2R5) => map::<T, AtPoints, 2, 6>,
            (Transform::GradOutputs, Axis::F2R5Split) => map::<T, Split, 2, 7>,
            (Transform::GradWeights, Axis::F2R3) => map::<T, GradWeights, 4, 3>,
            (Transform::GradWeights, Axis::F4R3) => map::<T, GradWeights, 6, 3>,
            (Transform::GradWeights, Axis::F2R5) => map::<T, GradWeights, 6, 5>,
            (Transform::GradWeights, Axis::F2R5Split) => map::<T, Split, 7, 5>,
            (Transform::Weights | Transform::Outputs, Axis::F2R5Split) => unreachable!("only the gradient of weights is split"),
        };
        apply(&work);
    }
}

/// The pairs of points +-p for N = 6; N = 4 has 1.
const NEAR: f64 = 0.625;
const FAR: f64 = 1.5;
const NEAR2: f64 = NEAR * NEAR;
const FAR2: f64 = FAR * FAR;

/// `B^T d`: row p holds the coefficients of the product of `x - q` over the other finite points q.
struct Data;

impl<const N: usize> Map<N, N> for Data {
    #[inline(always)]
    fn of<V: Vector>(d: [Values<V>; N]) -> [Values<V>; N] {
        let mut v = d;
        if N == 4 {
            v[0] = d[2].minus(d[0]);
            v[1] = d[2].plus(d[1]);
            v[2] = d[2].minus(d[1]);
            v[3] = d[3].minus(d[1]);
        } else {
            v[0] = d[4].plus_times(-NEAR2 - FAR2, d[2]).plus_times(NEAR2 * FAR2, d[0]);
            let (even, odd) = (d[4].plus_times(-FAR2, d[2]), d[3].plus_times(-FAR2, d[1]).times(NEAR));
            (v[1], v[2]) = (even.plus(odd), even.minus(odd));
            let (even, odd) = (d[4].plus_times(-NEAR2, d[2]), d[3].plus_times(-NEAR2, d[1]).times(FAR));
            (v[3], v[4]) = (even.plus(odd), even.minus(odd));
            v[5] = d[5].plus_times(-NEAR2 - FAR2, d[3]).plus_times(NEAR2 * FAR2, d[1]);
        }
        v
    }
}

/// `A x`, and `G x` but for the divisors: values at the points of the polynomial with coefficients `x`.
struct AtPoints;

impl<const K: usize, const N: usize> Map<K, N> for AtPoints {
    #[inline(always)]
    fn of<V: Vector>(x: [Values<V>; K]) -> [Values<V>; N] {
        let mut v = [x[0]; N];
        [v[1], v[2]] = at_pair(x, if N == 4 { 1.0 } else { NEAR });
        if N == 6 {
            [v[3], v[4]] = at_pair(x, FAR);
        }
        v[N - 1] = x[K - 1];
        v
    }
}

/// The values at p and -p.
#[inline(always)]
fn at_pair<V: Vector, const K: usize>(x: [Values<V>; K], p: f64) -> [Values<V>; 2] {
    let (mut even, mut odd) = (x[0], x[1]);
    if K > 2 {
        even = even.plus_times(p * p, x[2]);
    }
    if K > 3 {
        odd = odd.plus_times(p * p, x[3]);
    }
    if K > 4 {
        even = even.plus_times(p * p * p * p, x[4]);
    }
    odd = odd.times(p);
    [even.plus(odd), even.minus(odd)]
}

/// `A^T m`, and `G^T m` but for the divisors: the transpose of [`AtPoints`].
struct Coefficients;

impl<const N: usize, const K: usize> Map<N, K> for Coefficients {
    #[inline(always)]
    fn of<V: Vector>(m: [Values<V>; N]) -> [Values<V>; K] {
        let near = if N == 4 { 1.0 } else { NEAR };
        let (even, odd) = (m[1].plus(m[2]), m[1].minus(m[2]).times(near));
        let mut x = [even; K];
        x[1] = odd;
        if K > 2 {
            x[2] = even.times(near * near);
        }
        if K > 3 {
            x[3] = odd.times(near * near);
        }
        if K > 4 {
            x[4] = even.times(near * near * near * near);
        }
        if N == 6 {
            let (even, odd) = (m[3].plus(m[4]), m[3].minus(m[4]).times(FAR));
            x[0] = x[0].plus(even);
            x[1] = x[1].plus(odd);
            if K > 2 {
                x[2] = x[2].plus_times(FAR2, even);
            }
            if K > 3 {
                x[3] = x[3].plus_times(FAR2, odd);
            }
            if K > 4 {
                x[4] = x[4].plus_times(FAR2 * FAR2, even);
            }
        }
        x[0] = x[0].plus(m[0]);
        x[K - 1] = x[K - 1].plus(m[N - 1]);
        x
    }
}

/// Divides by the product of the distances of each point from the other finite ones.
#[inline(always)]
fn divided<V: Vector, const N: usize>(mut x: [Values<V>; N]) -> [Values<V>; N] {
    const FOUR: [f64; 4] = [-1.0, 2.0, 2.0, 1.0];
    const SIX: [f64; 6] = {
        let [near, far] = [2.0 * NEAR2 * (NEAR2 - FAR2), 2.0 * FAR2 * (FAR2 - NEAR2)];
        [NEAR2 * FAR2, near, near, far, far, 1.0]
    };
    for i in 0..N {
        x[i] = x[i].times(1.0 / if N == 4 { FOUR[i] } else { SIX[i] });
    }
    x
}

/// `G w`
struct Weights;

impl<const K: usize, const N: usize> Map<K, N> for Weights {
    #[inline(always)]
    fn of<V: Vector>(w: [Values<V>; K]) -> [Values<V>; N] {
        divided(AtPoints::of(w))
    }
}

/// `G^T u`
struct GradWeights;

impl<const N: usize, const K: usize> Map<N, K> for GradWeights {
    #[inline(always)]
    fn of<V: Vector>(u: [Values<V>; N]) -> [Values<V>; K] {
        Coefficients::of(divided(u))
    }
}

/// The transforms of [`Axis::F2R5Split`]: those of four points, and of 0, 1 and infinity.
struct Split;

/// `B^T d`
impl Map<6, 7> for Split {
    #[inline(always)]
    fn of<V: Vector>([d0, d1, d2, d3, d4, d5]: [Values<V>; 6]) -> [Values<V>; 7] {
        let [a, b, c, d] = Data::of([d0, d1, d2, d3]);
        [a, b, c, d, d4.minus(d3), d4, d5.minus(d4)]
    }
}

/// `A y`
impl Map<2, 7> for Split {
    #[inline(always)]
    fn of<V: Vector>([y0, y1]: [Values<V>; 2]) -> [Values<V>; 7] {
        let [a, b, c, d] = AtPoints::of([y0, y1]);
        [a, b, c, d, y0, b, y1]
    }
}

/// `G^T u`
impl Map<7, 5> for Split {
    #[inline(always)]
    fn of<V: Vector>([a, b, c, d, e, f, g]: [Values<V>; 7]) -> [Values<V>; 5] {
        let [w0, w1, w2] = GradWeights::of([a, b, c, d]);
        [w0, w1, w2, f.minus(e), f.plus(g)]
    }
}
