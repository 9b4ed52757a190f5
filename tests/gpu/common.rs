//! What the GPU tests share: one open device, activations in the padded layout, comparison with a stated tolerance.
#![allow(dead_code)] // each test program uses a part

use alexnet_lab::gpu::device::Device;
use alexnet_lab::gpu::family::Family;
use alexnet_lab::gpu::recorder::{Recorder, StepParams};
use alexnet_lab::gpu::view::{View, padded};
use std::sync::OnceLock;

pub const FAMILIES: [Family; 2] = [Family::Registers, Family::Tiled];

/// The device of this test program.
pub fn device() -> &'static Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    DEVICE.get_or_init(|| {
        pollster::block_on(Device::open())
            .expect("the GPU tests need an adapter: install a Vulkan driver, for example mesa-vulkan-drivers (lavapipe)")
    })
}

/// A recorder for `batch` images whose step parameters are `params`.
pub fn recorder(batch: usize, params: StepParams) -> Recorder<'static> {
    recorder_with_limit(batch, params, u64::MAX)
}

/// The same on a device whose bindings may span no more than `limit` bytes.
pub fn recorder_with_limit(batch: usize, params: StepParams, limit: u64) -> Recorder<'static> {
    recorder_on(device().with_binding_limit(limit), batch, params)
}

/// The same with the kernels of a family.
pub fn recorder_of(family: Family, batch: usize, params: StepParams) -> Recorder<'static> {
    recorder_on(device().with_family(family), batch, params)
}

pub fn recorder_on(device: Device, batch: usize, params: StepParams) -> Recorder<'static> {
    let device = Box::leak(Box::new(device));
    let recorder = Recorder::new(device, batch).expect("a uniform buffer fits");
    recorder.params.write(device, bytemuck::bytes_of(&params));
    recorder
}

/// A buffer with `values`, whose last axis has `channels` elements and is padded to a multiple of 4.
pub fn upload(recorder: &mut Recorder, values: &[f32], channels: usize) -> View {
    let stored = pad(values, channels);
    let view = recorder.buffer("values", stored.len()).expect("a test's buffer fits");
    view.write(device(), bytemuck::cast_slice(&stored));
    view
}

/// A buffer for `values` elements of that kind, filled with NaN, so that an element that is not written shows.
pub fn empty(recorder: &mut Recorder, values: usize, channels: usize) -> View {
    let words = values / channels * padded(channels);
    let view = recorder.buffer("values", words).expect("a test's buffer fits");
    view.write(device(), bytemuck::cast_slice(&vec![f32::NAN; words]));
    view
}

/// The values of such a buffer without its padding, which must be exactly 0.
pub fn download(view: &View, channels: usize) -> Vec<f32> {
    let stored: Vec<f32> = pollster::block_on(view.read(device())).expect("the device answers");
    let mut values = Vec::new();
    for row in stored.chunks_exact(padded(channels)) {
        values.extend_from_slice(&row[..channels]);
        assert!(row[channels..].iter().all(|pad| *pad == 0.0), "padding is not 0: {row:?}");
    }
    values
}

pub fn pad(values: &[f32], channels: usize) -> Vec<f32> {
    let rows = values.chunks_exact(channels);
    rows.flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, padded(channels) - channels))).collect()
}

/// Numbers in [-1, 1) that depend on `seed`.
pub fn random(seed: u32, n: usize) -> Vec<f32> {
    use alexnet_lab::rng::{Stream, hash, uniform};
    (0..n as u32).map(|i| 2.0 * uniform(hash(seed, Stream::Weights, 0, 0, i)) - 1.0).collect()
}

/// Panics with `what`, index and both values when one pair differs by more than `tolerance`.
pub fn assert_close(what: &str, found: &[f32], wanted: &[f32], tolerance: f32) {
    assert_eq!(found.len(), wanted.len(), "{what}: lengths");
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let close = (found - wanted).abs() <= tolerance;
        assert!(close, "{what}: at {i} GPU {found} and CPU {wanted} differ by more than {tolerance:e}");
    }
}
