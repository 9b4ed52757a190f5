//! Arithmetic that knows no layer and no network: the float types, their elementary functions, and the product of matrices.

pub mod exp;
pub mod float;
pub mod gemm;
