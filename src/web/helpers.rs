//! Helpers in other workers. They exchange the same messages in JavaScript's form.
//!
//! A message is an array of its kind (`Uint8Array`, in the format of postcard, whose code is a fraction of JSON's), its values
//! (`Float32Array`) and its bytes (`Uint8Array`). The buffers are moved, not copied. `undefined` ends the line.

use crate::backend::cpu::Part;
use crate::backend::machine::Plan;
use crate::config::Config;
use crate::data::Normalisation;
use crate::network::Network;
use crate::step::peers::{Line, Message, What};
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use js_sys::{Array, Float32Array, Function, Uint8Array};
use wasm_bindgen::prelude::*;

/// Starts a helper in another worker. `start(receive, part)` returns `send(message, transfer)`; helpers of different networks, but
/// of the same part, may share a worker. `send` and `receive` may be called without a message, and `start` may throw.
pub fn start(start: &Function, plan: &Plan) -> Line<f32> {
    let (sender, answers) = unbounded();
    let receive = receiver(sender);
    // If there is nowhere to send to, the closure is dropped, and the line's other end with it.
    let line = match start.call2(&JsValue::UNDEFINED, receive.as_ref().unchecked_ref(), &plan.part.into()) {
        Ok(send) => line(send.unchecked_into(), answers, receive),
        Err(_) => Line::new(|_, _, _| {}, answers, ()),
    };
    let begin = What::Begin { fragment: plan.config.to_fragment(), classes: plan.classes, capacity: plan.capacity };
    line.send(begin, &[plan.normalisation.mean, plan.normalisation.std].concat(), &[]);
    line
}

/// Makes this worker a helper. `send(message, transfer)` reaches part 0. Returns the function that receives its messages.
#[wasm_bindgen]
pub fn help(send: Function) -> Function {
    let (sender, inbox) = unbounded();
    let receive = receiver(sender).into_js_value();
    let mut line = line(send, inbox, ());
    wasm_bindgen_futures::spawn_local(async move {
        let Ok(Message { what: What::Begin { fragment, classes, capacity }, values, .. }) = line.receive().await else { return };
        let (config, _) = Config::from_fragment(&fragment);
        let three = |first: usize| [values[first], values[first + 1], values[first + 2]];
        Part::new(Network::new(&config, classes), capacity, Normalisation { mean: three(0), std: three(3) }).help(line).await;
    });
    receive.unchecked_into()
}

fn line(send: Function, receive: UnboundedReceiver<Message<f32>>, receiver: impl std::any::Any) -> Line<f32> {
    let end = End(send.clone());
    let post = move |what, values: &[f32], bytes: &[u8]| {
        let what = postcard::to_allocvec(&what).expect("plain data");
        let (what, values, bytes) = (Uint8Array::from(&what[..]), Float32Array::from(values), Uint8Array::from(bytes));
        let transfer = Array::of(&[what.buffer(), values.buffer(), bytes.buffer()]);
        let parts = Array::of(&[JsValue::from(what), values.into(), bytes.into()]);
        // A message that cannot be sent is noticed when its answer is missing.
        let _ = send.call2(&JsValue::UNDEFINED, &parts, &transfer);
    };
    Line::new(post, receive, (end, receiver))
}

/// Ends the other side.
struct End(Function);

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.0.call0(&JsValue::UNDEFINED);
    }
}

/// JavaScript calls this with each message.
fn receiver(sender: UnboundedSender<Message<f32>>) -> Closure<dyn FnMut(JsValue)> {
    Closure::new(move |message: JsValue| match read(message) {
        Some(message) => _ = sender.unbounded_send(message),
        None => sender.close_channel(),
    })
}

fn read(message: JsValue) -> Option<Message<f32>> {
    let parts = message.dyn_into::<Array>().ok()?;
    let what = parts.get(0).dyn_into::<Uint8Array>().ok()?.to_vec();
    let values = parts.get(1).dyn_into::<Float32Array>().ok()?.to_vec();
    let bytes = parts.get(2).dyn_into::<Uint8Array>().ok()?.to_vec();
    Some(Message { what: postcard::from_bytes(&what).ok()?, values, bytes })
}
