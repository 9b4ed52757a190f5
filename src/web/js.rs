//! Values passed to and from JavaScript, for both modules of the page.

use crate::error::Error;
use wasm_bindgen::prelude::*;

pub type Answer<T> = Result<T, JsValue>;

/// Runs once when a module is loaded.
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// An error as a JSON string: its `code` and fields, for which the page has sentences.
pub fn fail(error: Error) -> JsValue {
    serde_json::to_string(&error).expect("plain data").into()
}
