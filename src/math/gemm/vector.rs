//! The vectors of floats that the kernels are built from.

use crate::math::float::Float;

/// # Safety
/// For all functions: the elements exist, and the processor has the instructions.
pub trait Vector: Copy {
    type Element: Float;
    const LANES: usize;

    fn zero() -> Self;
    unsafe fn load(from: *const Self::Element) -> Self;
    /// One element in all lanes.
    unsafe fn spread(from: *const Self::Element) -> Self;
    unsafe fn store(self, to: *mut Self::Element);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// `self + a b`, rounded once where the machine has fused multiply-add, else twice.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
}

/// Four floats, which compilers turn into the machine's vectors.
#[derive(Clone, Copy)]
pub struct Lanes<T>([T; 4]);

impl<T: Float> Vector for Lanes<T> {
    type Element = T;
    const LANES: usize = 4;

    #[inline(always)]
    fn zero() -> Self {
        Lanes([T::ZERO; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller's promise.
        Lanes(unsafe { from.cast::<[T; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn spread(from: *const T) -> Self {
        // SAFETY: the caller's promise.
        Lanes([unsafe { *from }; 4])
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[T; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Lanes(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Lanes(std::array::from_fn(|i| self.0[i] - other.0[i]))
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Lanes(std::array::from_fn(|i| self.0[i] * other.0[i]))
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        Lanes(std::array::from_fn(|i| a.0[i].mul_add(b.0[i], self.0[i])))
    }
}

/// A [`Vector`] of f32 made of the machine's own instructions.
#[cfg(any(target_arch = "x86_64", target_arch = "wasm32"))]
macro_rules! vector {
    ($name:ident, $of:ty, $lanes:literal, zero: $zero:expr, load: $load:expr, spread: $spread:expr, store: $store:expr,
     add: $add:expr, sub: $sub:expr, mul: $mul:expr, add_product: $add_product:expr) => {
        #[derive(Clone, Copy)]
        pub struct $name($of);

        impl super::Vector for $name {
            type Element = f32;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn zero() -> Self {
                // SAFETY: no vector is made where the processor lacks the instructions.
                #[allow(unused_unsafe)]
                $name(unsafe { $zero })
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                // SAFETY: the caller's promise, here and below.
                $name(unsafe { $load(from.cast()) })
            }

            #[inline(always)]
            unsafe fn spread(from: *const f32) -> Self {
                $name(unsafe { $spread(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                unsafe { $store(to.cast(), self.0) }
            }

            #[inline(always)]
            #[allow(unused_unsafe)]
            unsafe fn add(self, other: Self) -> Self {
                $name(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            #[allow(unused_unsafe)]
            unsafe fn sub(self, other: Self) -> Self {
                $name(unsafe { $sub(self.0, other.0) })
            }

            #[inline(always)]
            #[allow(unused_unsafe)]
            unsafe fn mul(self, other: Self) -> Self {
                $name(unsafe { $mul(self.0, other.0) })
            }

            #[inline(always)]
            #[allow(unused_unsafe)]
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                $name(unsafe { $add_product(a.0, b.0, self.0) })
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
pub mod x86 {
    use std::arch::x86_64::*;

    vector!(Avx2, __m256, 8, zero: _mm256_setzero_ps(), load: _mm256_loadu_ps, spread: |x: *const f32| _mm256_set1_ps(*x),
        store: _mm256_storeu_ps, add: _mm256_add_ps, sub: _mm256_sub_ps, mul: _mm256_mul_ps, add_product: _mm256_fmadd_ps);
    vector!(Avx512, __m512, 16, zero: _mm512_setzero_ps(), load: _mm512_loadu_ps, spread: |x: *const f32| _mm512_set1_ps(*x),
        store: _mm512_storeu_ps, add: _mm512_add_ps, sub: _mm512_sub_ps, mul: _mm512_mul_ps, add_product: _mm512_fmadd_ps);
}

#[cfg(target_arch = "wasm32")]
pub mod wasm {
    use std::arch::wasm32::*;

    vector!(Simd128, v128, 4, zero: f32x4_splat(0.0), load: v128_load, spread: |x: *const f32| v128_load32_splat(x.cast()),
        store: v128_store, add: f32x4_add, sub: f32x4_sub, mul: f32x4_mul, add_product: fused);

    /// `to[k][i] = from[i][k]`; the rows of `to` are `stride` elements apart.
    ///
    /// # Safety
    /// Both have four rows of at least four elements.
    #[inline(always)]
    pub unsafe fn transpose(from: [*const f32; 4], to: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        let [a, b, c, d] = from.map(|row| unsafe { v128_load(row.cast()) });
        let (ab, cd) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<0, 4, 1, 5>(c, d));
        let (ab_high, cd_high) = (i32x4_shuffle::<2, 6, 3, 7>(a, b), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        let columns = [
            i64x2_shuffle::<0, 2>(ab, cd),
            i64x2_shuffle::<1, 3>(ab, cd),
            i64x2_shuffle::<0, 2>(ab_high, cd_high),
            i64x2_shuffle::<1, 3>(ab_high, cd_high),
        ];
        for (k, column) in columns.into_iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { v128_store(to.add(k * stride).cast(), column) }
        }
    }

    /// Rounds once or twice, depending on the machine: relaxed SIMD leaves it open.
    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    fn fused(a: v128, b: v128, c: v128) -> v128 {
        f32x4_relaxed_madd(a, b, c)
    }

    #[cfg(not(target_feature = "relaxed-simd"))]
    #[inline(always)]
    fn fused(a: v128, b: v128, c: v128) -> v128 {
        f32x4_add(f32x4_mul(a, b), c)
    }
}
