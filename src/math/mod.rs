//! Arithmetic without layers or networks: float types, elementary functions, matrix products.

pub mod exp;
pub mod float;
pub mod gemm;
