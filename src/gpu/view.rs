//! Tensors as they lie in a device's memory: ranges of buffers, with channels padded to whole vec4s.

use super::device::Device;
use crate::error::Result;
use crate::network::Shape;

/// A range of a buffer.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) buffer: wgpu::Buffer,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

impl View {
    /// `floats` (or other 4-byte words) from `start` on. `start` is a multiple of [`ALIGNMENT`].
    pub fn slice(&self, start: usize, floats: usize) -> View {
        debug_assert!(start.is_multiple_of(ALIGNMENT) && (start + floats) as u64 * 4 <= self.bytes);
        View { buffer: self.buffer.clone(), offset: self.offset + start as u64 * 4, bytes: floats as u64 * 4 }
    }

    pub(crate) fn resource(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: self.offset,
            size: std::num::NonZeroU64::new(self.bytes),
        })
    }

    /// Enqueues a write of `data` (whole 4-byte words) at the start of the view.
    pub fn write(&self, device: &Device, data: &[u8]) {
        device.queue.write_buffer(&self.buffer, self.offset, data);
    }

    /// The same, `bytes` from the start.
    pub fn write_at(&self, device: &Device, bytes: u64, data: &[u8]) {
        device.queue.write_buffer(&self.buffer, self.offset + bytes, data);
    }

    /// Reads the view after everything enqueued so far.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn read<T: bytemuck::Pod>(&self, device: &Device) -> Result<Vec<T>> {
        Ok(bytemuck::pod_collect_to_vec(&device.read(&self.buffer, self.offset, self.bytes).await?))
    }

    /// Length in 4-byte words.
    pub fn words(&self) -> usize {
        (self.bytes / 4) as usize
    }
}

/// A slice of a buffer starts at a multiple of this many 4-byte words (256 bytes, the largest alignment in use).
pub const ALIGNMENT: usize = 64;

/// Channels as they are stored: a multiple of 4.
pub fn padded(channels: usize) -> usize {
    channels.next_multiple_of(4)
}

/// Words of one image's activation as stored.
pub fn stored(shape: Shape) -> usize {
    shape.height * shape.width * padded(shape.channels)
}
