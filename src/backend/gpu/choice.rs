//! Which family of kernels runs on an adapter: the tiled one where it was clearly faster on a small convolution, and never on an
//! adapter that computes on the processor.
//!
//! The measurement starts with a single workgroup and doubles the work until the clock and the submit no longer matter: on a
//! processor after one or a few workgroups, on a graphics card after some whole convolutions. It times whole submits, since
//! timestamp queries are optional and coarse, and takes the best of a few. The host keeps the result for as long as it lives. A
//! page stores it with [`Choices::known`] and restores it with [`Choices::recall`].

use crate::error::Result;
use crate::gpu::clock;
use crate::gpu::device::Device;
use crate::gpu::family::{Choice, Family, Rates};
use crate::gpu::kernels::{COMMON, KERNELS};
use crate::gpu::recorder::{Recorder, Recording};
use crate::gpu::view::padded;
use crate::layers::{Window, conv};
use crate::network::Shape;
use futures_channel::oneshot;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The family asked for, and what was measured on each adapter. Clones share the measurements.
#[derive(Clone, Default)]
pub struct Choices {
    asked: Option<Family>,
    known: Rc<RefCell<BTreeMap<String, Choice>>>,
}

impl Choices {
    /// Always uses the family asked for or, for `None`, the faster one.
    pub fn of(asked: Option<Family>) -> Choices {
        Choices { asked, ..Choices::default() }
    }

    /// What was measured so far, as JSON: choices by adapter and version of the kernels.
    pub fn known(&self) -> String {
        serde_json::to_string(&*self.known.borrow()).expect("plain data")
    }

    /// Restores what [`Choices::known`] wrote. A text that cannot be read, or belongs to other kernels, changes nothing.
    pub fn recall(&self, text: &str) {
        let choices: BTreeMap<String, Choice> = serde_json::from_str(text).unwrap_or_default();
        let version = version();
        self.known.borrow_mut().extend(choices.into_iter().filter(|(key, _)| key.ends_with(&version)));
    }

    /// The same device with the family that was asked for, or that is known or measured to be faster.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn choose(&self, device: Device) -> Result<Device> {
        if let Some(family) = self.asked {
            return Ok(device.with_family(family));
        }
        let key = format!("{}{}", device.facts.name, version());
        let known = self.known.borrow().get(&key).copied();
        let choice = match known {
            Some(choice) => choice,
            None => measure(&device).await?,
        };
        // Without a name it may be another adapter next time.
        if !device.facts.name.is_empty() {
            self.known.borrow_mut().insert(key, choice);
        }
        Ok(device.with_choice(choice))
    }
}

/// ` #` and a number that changes with the kernels.
fn version() -> String {
    let texts = KERNELS.iter().map(|kernel| kernel.source).chain([COMMON]);
    // FNV-1a; Rust's own hash may change from one release to the next.
    let hash = texts
        .flat_map(str::bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!(" #{hash:016x}")
}

async fn measure(device: &Device) -> Result<Choice> {
    // Two decimals: more mean nothing.
    let rounded = |rate: f64| (rate * 100.0).round() / 100.0;
    let registers = rounded(rate(&device.with_family(Family::Registers)).await?);
    // Tiles are never clearly faster on a processor, but other programs can slow one measurement and not the other.
    let tiled = if device.facts.software { 0.0 } else { rounded(rate(&device.with_family(Family::Tiled)).await?) };
    let family = if tiled > CLEARLY * registers { Family::Tiled } else { Family::Registers };
    Ok(Choice { family, measured: Some(Rates { registers, tiled }) })
}

/// On a graphics card, tiles are several times as fast. On lavapipe the two families are so close that noise would decide, and
/// with it the rounding of a run.
const CLEARLY: f64 = 1.25;

/// Images of the convolution, (16, 16, 32) to (16, 16, 64).
const BATCH: usize = 32;
const WINDOW: Window = Window {
    input: Shape { height: 16, width: 16, channels: 32 },
    output: Shape { height: 16, width: 16, channels: 64 },
    kernel: 3,
    stride: 1,
    padding: 1,
};
/// A multiply-accumulate is two operations.
const OPERATIONS: f64 = 2.0 * (BATCH * 16 * 16 * 3 * 3 * 32 * 64) as f64;
/// Long enough for clocks that tick in whole milliseconds.
const ENOUGH_MS: f64 = 12.0;
const REPEATS: usize = 3;
/// Convolutions in one submit at most: 1.2 TFLOP.
const MOST: u32 = 1 << 11;

/// GFLOP/s of the device's family.
async fn rate(device: &Device) -> Result<f64> {
    let scope = device.watch();
    let recording = convolution(device);
    if scope.outcome().await.is_err() {
        device.check()?;
        return Ok(0.0);
    }
    let recording = recording?;
    time(device, &recording, 1, 1).await?; // the first run may compile
    let all = recording.workgroups();
    let (mut groups, mut times) = (1, 1);
    let mut best = time(device, &recording, groups, times).await?;
    while best < ENOUGH_MS && times < MOST {
        (groups, times) = if groups < all { ((2 * groups).min(all), 1) } else { (all, 2 * times) };
        best = time(device, &recording, groups, times).await?;
    }
    // On a processor, one measurement is enough.
    if groups == all {
        for _ in 1..REPEATS {
            best = best.min(time(device, &recording, groups, times).await?);
        }
    }
    let share = f64::from(groups) / f64::from(all);
    Ok(OPERATIONS * share * f64::from(times) / best.max(f64::MIN_POSITIVE) / 1e6)
}

fn convolution(device: &Device) -> Result<Recording> {
    let mut recorder = Recorder::new(device, BATCH)?;
    let r = &mut recorder;
    let (inputs, outputs) = (padded(WINDOW.input.channels), padded(WINDOW.output.channels));
    let input = r.buffer("choice.input", BATCH * WINDOW.input.height * WINDOW.input.width * inputs)?;
    let weight = r.buffer("choice.weight", WINDOW.kernel * WINDOW.kernel * inputs * outputs)?;
    let bias = r.buffer("choice.bias", outputs)?;
    let output = r.buffer("choice.output", BATCH * WINDOW.output.height * WINDOW.output.width * outputs)?;
    conv::record_forward(r, "choice", &WINDOW, None, &input, &weight, &bias, &output)?;
    Ok(recorder.take())
}

/// Milliseconds until the first `groups` workgroups are done `times` times, submit and answer included.
async fn time(device: &Device, recording: &Recording, groups: u32, times: u32) -> Result<f64> {
    let (sender, mut receiver) = oneshot::channel();
    let start = clock::now();
    recording.run_part(device, groups, times);
    // A receiver that is gone needs no answer.
    device.queue.on_submitted_work_done(move || sender.send(()).unwrap_or_default());
    device.wait(&mut receiver).await?;
    Ok(clock::now() - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gives_back_what_was_measured_and_only_for_these_kernels() {
        let choice = |tiled| Choice { family: Family::Tiled, measured: Some(Rates { registers: 1.0, tiled }) };
        let (here, old) = (format!("a card{}", version()), "a card #0000000000000000");
        let whole = serde_json::to_string(&BTreeMap::from([(here.as_str(), choice(2.0)), (old, choice(3.0))])).unwrap();
        for text in [&*whole, "no JSON", "{\"a card\": 1}"] {
            let choices = Choices::default();
            choices.recall(text);
            let found: BTreeMap<String, Choice> = serde_json::from_str(&choices.known()).unwrap();
            let wanted = if text == whole { Some(&choice(2.0)) } else { None };
            assert_eq!((found.get(&here), found.get(old)), (wanted, None), "{text}");
        }
    }
}
