//! Time for measurements while the program runs.

/// Milliseconds since some fixed point in time.
#[cfg(not(target_arch = "wasm32"))]
pub fn now() -> f64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_secs_f64() * 1e3
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
extern "C" {
    /// Milliseconds since some fixed point in time: wasm has no other clock. Firefox rounds them to whole ones.
    #[wasm_bindgen(js_namespace = performance)]
    pub fn now() -> f64;
}
