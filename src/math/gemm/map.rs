//! Linear maps of a few values, each applied to many values side by side with the machine's vectors.

use super::vector::{Lanes, Vector};
use crate::math::float::Float;
use std::marker::PhantomData;

/// A vector of values. Only this file makes one from memory, where the processor has its instructions.
#[derive(Clone, Copy)]
pub struct Values<V>(V);

impl<V: Vector> Values<V> {
    #[inline(always)]
    pub fn plus(self, other: Self) -> Self {
        // SAFETY: whoever holds a vector is where the processor has its instructions; also below.
        Values(unsafe { self.0.add(other.0) })
    }

    #[inline(always)]
    pub fn minus(self, other: Self) -> Self {
        // SAFETY: as above.
        Values(unsafe { self.0.sub(other.0) })
    }

    #[inline(always)]
    pub fn times(self, factor: f64) -> Self {
        // SAFETY: as above.
        Values(unsafe { self.0.mul(V::spread(&V::Element::of(factor))) })
    }

    /// `self + factor other`
    #[inline(always)]
    pub fn plus_times(self, factor: f64, other: Self) -> Self {
        // SAFETY: as above.
        Values(unsafe { self.0.add_product(V::spread(&V::Element::of(factor)), other.0) })
    }
}

/// A linear map of N values into P.
pub trait Map<const N: usize, const P: usize> {
    fn of<V: Vector>(x: [Values<V>; N]) -> [Values<V>; P];
}

/// A float with vectors of its own on each machine.
pub trait Vectors: Float {
    /// [`map`], after its check.
    fn map<M: Map<N, P>, const N: usize, const P: usize>(work: &Runs<Self>);
}

impl Vectors for f32 {
    fn map<M: Map<N, P>, const N: usize, const P: usize>(work: &Runs<f32>) {
        best::<M, N, P>(work);
    }
}

impl Vectors for f64 {
    fn map<M: Map<N, P>, const N: usize, const P: usize>(work: &Runs<f64>) {
        portable::<f64, M, N, P>(work);
    }
}

/// Distances in a tensor.
#[derive(Clone, Copy)]
pub struct Steps {
    /// Between the values that are mapped together.
    pub value: usize,
    /// Between runs.
    pub run: usize,
}

/// Lanes of the widest vector.
pub const WIDEST: usize = 8;

/// Where a map of `n` values into `p` reads and writes: `runs` runs of `len` values side by side.
pub struct Runs<'a, T> {
    from: *const T,
    from_steps: Steps,
    n: usize,
    to: *mut T,
    to_steps: Steps,
    p: usize,
    runs: usize,
    len: usize,
    tensors: PhantomData<(&'a [T], &'a mut [T])>,
}

impl<'a, T> Runs<'a, T> {
    /// # Panics
    /// When a value lies outside its tensor, or fewer than [`WIDEST`] lie side by side.
    pub fn new(
        (from, from_steps, n): (&'a [T], Steps, usize),
        (to, to_steps, p): (&'a mut [T], Steps, usize),
        runs: usize,
        len: usize,
    ) -> Self {
        let end = |steps: Steps, count: usize| {
            let last_run = steps.run.saturating_mul(runs.saturating_sub(1));
            steps.value.saturating_mul(count.saturating_sub(1)).saturating_add(last_run).saturating_add(len)
        };
        assert!(len >= WIDEST, "no vector is wider");
        assert!(end(from_steps, n) <= from.len() && end(to_steps, p) <= to.len(), "every value lies in its tensor");
        let (from, to) = (from.as_ptr(), to.as_mut_ptr());
        Runs { from, from_steps, n, to, to_steps, p, runs, len, tensors: PhantomData }
    }
}

/// Maps the N values that lie a step apart into P values, for all values side by side and all runs.
///
/// # Panics
/// When the runs are those of another map.
pub fn map<T: Vectors, M: Map<N, P>, const N: usize, const P: usize>(work: &Runs<T>) {
    assert!((work.n, work.p) == (N, P), "the map's runs");
    T::map::<M, N, P>(work);
}

/// # Safety
/// The processor has the vector's instructions, and [`map`] has checked N and P.
#[inline(always)]
unsafe fn each<V: Vector, M: Map<N, P>, const N: usize, const P: usize>(work: &Runs<V::Element>) {
    let Runs { from_steps, to_steps, len, .. } = *work;
    for run in 0..work.runs {
        let mut at = 0;
        while at < len {
            // The last vector also covers values that have been mapped: nothing that is read is written.
            let place = at.min(len - V::LANES);
            // SAFETY: the caller's promise.
            unsafe {
                let from = work.from.add(run * from_steps.run + place);
                let to = work.to.add(run * to_steps.run + place);
                let values = M::of(std::array::from_fn(|i| Values(V::load(from.add(i * from_steps.value)))));
                for (i, value) in values.into_iter().enumerate() {
                    value.0.store(to.add(i * to_steps.value));
                }
            }
            at += V::LANES;
        }
    }
}

/// With vectors that every machine has, and the only ones for f64.
fn portable<T: Float, M: Map<N, P>, const N: usize, const P: usize>(work: &Runs<T>) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<T: Float, M: Map<N, P>, const N: usize, const P: usize>(work: &Runs<T>) {
            // SAFETY: `map` has checked the runs.
            unsafe { each::<Lanes<T>, M, N, P>(work) }
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has the instructions.
            return unsafe { avx2::<T, M, N, P>(work) };
        }
    }
    // SAFETY: `map` has checked the runs.
    unsafe { each::<Lanes<T>, M, N, P>(work) }
}

/// With this machine's fastest vectors. Those of AVX-512 are no faster: each of their reads crosses a line of the cache.
fn best<M: Map<N, P>, const N: usize, const P: usize>(work: &Runs<f32>) {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    // SAFETY: `map` has checked the runs.
    return unsafe { each::<super::vector::wasm::Simd128, M, N, P>(work) };
    #[cfg(target_arch = "x86_64")]
    {
        use super::vector::x86::Avx2;
        #[target_feature(enable = "avx2,fma")]
        fn avx2<M: Map<N, P>, const N: usize, const P: usize>(work: &Runs<f32>) {
            // SAFETY: `map` has checked the runs; the instructions are there by the attribute.
            unsafe { each::<Avx2, M, N, P>(work) }
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the instructions.
            return unsafe { avx2::<M, N, P>(work) };
        }
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    portable::<f32, M, N, P>(work)
}
