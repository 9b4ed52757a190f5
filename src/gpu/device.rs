//! The adapter, the device and its queue; how its failures become [`Error`]s.

use super::family::{Choice, Family};
use crate::error::{Error, Result};
use futures_channel::oneshot;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Bytes that a binding may span at most, whatever the adapter offers. Sizes must fit in a browser's `usize` of 32 bits and be
/// multiples of the largest alignment.
const LARGEST_BINDING: u64 = (1 << 32) - 256;

/// What is known about the adapter.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Facts {
    /// `NVIDIA GeForce RTX 3060`, `llvmpipe (LLVM 15.0.6, 256 bits)`; in a browser often `nvidia ampere`, or empty.
    pub name: String,
    /// `vulkan`, `metal`, `dx12` or `webgpu`.
    pub backend: String,
    /// Whether the adapter computes on the processor. The CPU backend is faster then.
    pub software: bool,
}

/// An open device. Clones share it and its compiled pipelines.
#[derive(Clone)]
pub struct Device {
    pub facts: Facts,
    pub queue: wgpu::Queue,
    pub(crate) device: wgpu::Device,
    /// Bytes that one binding may span: the adapter's limit, or less in tests of the splitting.
    binding_limit: u64,
    buffer_limit: u64,
    choice: Choice,
    failure: Arc<Mutex<Option<Error>>>,
    pub(crate) pipelines: Pipelines,
}

/// A device's pipelines, by source text.
pub(crate) type Pipelines = Arc<Mutex<HashMap<String, Pipeline>>>;

#[derive(Clone)]
pub(crate) struct Pipeline {
    pub compute: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// Size of a buffer for `bytes`: a binding must not be empty, and the largest alignment in use is 256.
pub(crate) fn allocated(bytes: u64) -> u64 {
    bytes.max(256).next_multiple_of(4)
}

impl Device {
    /// Opens the most powerful adapter, with the sizes it offers.
    ///
    /// # Errors
    /// [`Error::NoAdapter`], [`Error::NoDevice`].
    pub async fn open() -> Result<Device> {
        let instance = wgpu::Instance::default();
        let options =
            wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
        let adapter = instance.request_adapter(&options).await.map_err(|_| Error::NoAdapter)?;
        let offered = adapter.limits();
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("alexnet-lab"),
            required_features: adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
            required_limits: wgpu::Limits {
                max_buffer_size: offered.max_buffer_size,
                max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
                ..wgpu::Limits::default()
            },
            ..Default::default()
        };
        let (device, queue) =
            adapter.request_device(&descriptor).await.map_err(|error| Error::NoDevice { why: error.to_string() })?;
        let failure = Arc::new(Mutex::new(None));
        report_failures(&device, &failure);
        Ok(Device {
            facts: facts(&adapter.get_info(), browser_name(&device)),
            queue,
            binding_limit: offered.max_storage_buffer_binding_size.min(LARGEST_BINDING),
            buffer_limit: offered.max_buffer_size,
            device,
            choice: Choice { family: Family::Registers, measured: None },
            failure,
            pipelines: Arc::default(),
        })
    }

    /// The same device with a smaller binding limit, to test the splitting.
    pub fn with_binding_limit(&self, bytes: u64) -> Device {
        Device { binding_limit: bytes.min(self.binding_limit), ..self.clone() }
    }

    /// The same device with this family of kernels.
    pub fn with_family(&self, family: Family) -> Device {
        self.with_choice(Choice { family, measured: None })
    }

    pub(crate) fn with_choice(&self, choice: Choice) -> Device {
        Device { choice, ..self.clone() }
    }

    /// The family of kernels that computes the matrix products.
    pub fn family(&self) -> Family {
        self.choice.family
    }

    /// The family, and the rates that decided it.
    pub fn choice(&self) -> Choice {
        self.choice
    }

    /// Destroys the device at once. Its users get [`Error::DeviceLost`], as after a reset of the driver.
    pub fn destroy(&self) {
        self.device.destroy();
    }

    /// Bytes that one binding may span.
    pub fn binding_limit(&self) -> u64 {
        self.binding_limit
    }

    /// Whether passes can carry timestamps.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn has_timestamps(&self) -> bool {
        self.device.features().contains(wgpu::Features::TIMESTAMP_QUERY)
    }

    /// Reports the driver's first failure, if any, at every call.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn check(&self) -> Result<()> {
        self.poll();
        lock(&self.failure).clone().map_or(Ok(()), Err)
    }

    /// A zeroed buffer that kernels read and write.
    ///
    /// # Errors
    /// [`Error::TooLarge`] before anything is allocated.
    pub(crate) fn storage(&self, label: &str, bytes: u64) -> Result<wgpu::Buffer> {
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        self.buffer(label, bytes, usage)
    }

    pub(crate) fn buffer(&self, label: &str, bytes: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        self.fits(bytes)?;
        let size = allocated(bytes);
        Ok(self.device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false }))
    }

    /// # Errors
    /// [`Error::TooLarge`] when the adapter allows no buffer of this size.
    pub(crate) fn fits(&self, bytes: u64) -> Result<()> {
        if bytes > self.buffer_limit { Err(Error::TooLarge { needed: bytes, limit: self.buffer_limit }) } else { Ok(()) }
    }

    /// Bytes of buffers that the driver holds now; `None` where wgpu does not count them.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn allocated_bytes(&self) -> Option<u64> {
        self.wait_idle();
        let report = self.device.generate_allocator_report()?;
        Some(report.allocations.iter().map(|allocation| allocation.size).sum())
    }

    /// From here on, [`Watch::outcome`] reports an allocation that fails, and the device stays usable.
    pub(crate) fn watch(&self) -> Watch {
        // Anything made from a buffer that could not be allocated fails validation.
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        Watch { memory: self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory), validation }
    }

    /// Delivers callbacks that are due. In a browser the event loop does this.
    pub(crate) fn poll(&self) {
        #[cfg(not(target_arch = "wasm32"))]
        let _ = self.device.poll(wgpu::PollType::Poll);
    }

    /// Blocks until everything enqueued is done.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn wait_idle(&self) {
        let _ = self.device.poll(wgpu::PollType::wait_indefinitely());
    }

    /// Waits for `receiver`: natively by polling the device, in a browser by yielding to the event loop.
    ///
    /// # Errors
    /// Whatever the driver reported instead.
    pub(crate) async fn wait<T>(&self, receiver: &mut oneshot::Receiver<T>) -> Result<T> {
        #[cfg(not(target_arch = "wasm32"))]
        self.wait_idle();
        let received = receiver.await;
        self.check()?;
        received.map_err(|_| Error::DeviceLost { why: "it dropped a pending read".into() })
    }

    /// Reads `bytes` bytes of a buffer from `offset` on, in pieces.
    pub(crate) async fn read(&self, buffer: &wgpu::Buffer, offset: u64, bytes: u64) -> Result<Vec<u8>> {
        const PIECE: u64 = 1 << 26;
        self.check()?;
        let mut data = Vec::with_capacity(bytes as usize);
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = self.buffer("staging", bytes.min(PIECE), usage)?;
        for start in (0..bytes).step_by(PIECE as usize) {
            let length = PIECE.min(bytes - start);
            let mut encoder = self.encoder("read");
            encoder.copy_buffer_to_buffer(buffer, offset + start, &staging, 0, length);
            self.queue.submit([encoder.finish()]);
            let mut mapped = map(&staging, length);
            self.wait(&mut mapped).await?.map_err(|error| Error::DeviceLost { why: error.to_string() })?;
            data.extend_from_slice(&mapped_bytes(&staging, length)?);
            staging.unmap();
        }
        staging.destroy();
        Ok(data)
    }

    pub(crate) fn encoder(&self, label: &str) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some(label) })
    }
}

/// See [`Device::watch`].
pub(crate) struct Watch {
    memory: wgpu::ErrorScopeGuard,
    validation: wgpu::ErrorScopeGuard,
}

impl Watch {
    /// # Errors
    /// [`Error::Gpu`] when memory ran out or validation failed.
    pub(crate) async fn outcome(self) -> Result<()> {
        let (memory, validation) = (self.memory.pop().await, self.validation.pop().await);
        memory.or(validation).map_or(Ok(()), |error| Err(gpu_error(&error)))
    }
}

fn gpu_error(error: &wgpu::Error) -> Error {
    let place = match error {
        wgpu::Error::OutOfMemory { .. } => "an allocation",
        wgpu::Error::Validation { .. } => "validation",
        wgpu::Error::Internal { .. } => "the driver",
    };
    Error::Gpu { place: place.into(), why: error.to_string() }
}

/// Starts mapping the first `bytes` of `staging` for reading.
pub(crate) fn map(staging: &wgpu::Buffer, bytes: u64) -> oneshot::Receiver<std::result::Result<(), wgpu::BufferAsyncError>> {
    let (sender, receiver) = oneshot::channel();
    // A receiver that is gone needs no answer.
    staging.map_async(wgpu::MapMode::Read, ..bytes, move |outcome| drop(sender.send(outcome)));
    receiver
}

/// The bytes of a mapped buffer.
pub(crate) fn mapped_bytes(staging: &wgpu::Buffer, bytes: u64) -> Result<Vec<u8>> {
    let view = staging.get_mapped_range(..bytes);
    let view = view.map_err(|error| Error::Gpu { place: "reading a buffer".into(), why: error.to_string() })?;
    Ok(view.to_vec())
}

/// Keeps the first failure, or the loss of the device.
fn report_failures(device: &wgpu::Device, failure: &Arc<Mutex<Option<Error>>>) {
    let lost = failure.clone();
    device.set_device_lost_callback(move |reason, message| {
        // Dropping the last handle also ends here; nothing is left then to read the failure.
        let why = if message.is_empty() { format!("{reason:?}") } else { message };
        // Other failures are consequences of this one.
        *lock(&lost) = Some(Error::DeviceLost { why });
    });
    let wrong = failure.clone();
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        lock(&wrong).get_or_insert_with(|| gpu_error(&error));
    }));
}

fn facts(info: &wgpu::AdapterInfo, browser_name: Option<String>) -> Facts {
    let name = browser_name.unwrap_or_else(|| info.name.clone());
    let words = format!("{name} {} {}", info.driver, info.driver_info).to_lowercase();
    let known = ["llvmpipe", "lavapipe", "swiftshader", "basic render driver", "softpipe"];
    let software = info.device_type == wgpu::DeviceType::Cpu || known.iter().any(|name| words.contains(name));
    let backend = if cfg!(target_arch = "wasm32") { "webgpu".into() } else { info.backend.to_str().into() };
    Facts { name, backend, software }
}

/// The adapter's description if the browser reveals it (most do not), else vendor and architecture.
#[cfg(target_arch = "wasm32")]
fn browser_name(device: &wgpu::Device) -> Option<String> {
    let info = js_sys::Reflect::get(device.as_webgpu()?.as_ref(), &"adapterInfo".into()).ok()?;
    let word = |key: &str| js_sys::Reflect::get(&info, &key.into()).ok()?.as_string().filter(|word| !word.is_empty());
    let words: Vec<String> = ["vendor", "architecture"].into_iter().filter_map(word).collect();
    word("description").or_else(|| (!words.is_empty()).then(|| words.join(" ")))
}

#[cfg(not(target_arch = "wasm32"))]
fn browser_name(_: &wgpu::Device) -> Option<String> {
    None
}

/// Locks a mutex, poisoned or not: the data is never half written.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
