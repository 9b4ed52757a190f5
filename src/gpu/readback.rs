//! How records of steps come back: a ring on the GPU, copied after a step to one of a few staging buffers if one is free. Only
//! [`Readback::settle`] waits.

use super::device::{Device, map, mapped_bytes};
use super::view::View;
use crate::error::{Error, Result};
use crate::step::StepRecord;
use futures_channel::oneshot;
use std::collections::VecDeque;

/// Records that the ring on the GPU holds, and so the most steps in flight.
pub const RING: usize = 1024;
/// Words of a record: bits of the loss, correct, finite, step.
pub const RECORD: usize = 4;
const RECORD_BYTES: u64 = 4 * RECORD as u64;
const STAGINGS: usize = 4;

pub struct Readback {
    records: View, // (RING, RECORD)
    free: Vec<wgpu::Buffer>,
    copies: VecDeque<Copy>,
    /// Numbers of the enqueued steps whose records have not arrived, oldest first.
    waiting: VecDeque<u64>,
    /// Steps enqueued, and how many of them have an enqueued copy.
    enqueued: u64,
    copied: u64,
}

/// A copy in flight.
struct Copy {
    staging: wgpu::Buffer,
    first: u64,
    count: u64,
    mapped: oneshot::Receiver<std::result::Result<(), wgpu::BufferAsyncError>>,
}

impl Readback {
    /// Bytes of the staging buffers.
    pub const MEMORY: u64 = STAGINGS as u64 * RING as u64 * RECORD_BYTES;

    /// # Errors
    /// [`Error::TooLarge`].
    pub fn new(device: &Device, records: View) -> Result<Readback> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = |i| device.buffer(&format!("records.staging{i}"), RING as u64 * RECORD_BYTES, usage);
        let free = (0..STAGINGS).map(staging).collect::<Result<_>>()?;
        Ok(Readback { records, free, copies: VecDeque::new(), waiting: VecDeque::new(), enqueued: 0, copied: 0 })
    }

    /// The place of the next step's record.
    ///
    /// # Errors
    /// [`Error::Gpu`] when [`RING`] steps are in flight.
    pub fn slot(&self) -> Result<u32> {
        if self.in_flight() >= RING {
            let why = format!("{RING} steps are pending; wait for their records first");
            return Err(Error::Gpu { place: "step".into(), why });
        }
        Ok((self.enqueued % RING as u64) as u32)
    }

    pub fn in_flight(&self) -> usize {
        self.waiting.len()
    }

    /// Notes the step in `encoder`, adds a copy of the new records if a staging buffer is free, and submits.
    pub fn submit(&mut self, device: &Device, step: u64, encoder: wgpu::CommandEncoder) {
        self.waiting.push_back(step);
        self.enqueued += 1;
        self.copy(device, encoder);
    }

    /// Copies the records that have no copy yet, and submits the encoder in any case.
    fn copy(&mut self, device: &Device, mut encoder: wgpu::CommandEncoder) {
        let (first, count) = (self.copied, self.enqueued - self.copied);
        let staging = if count > 0 { self.free.pop() } else { None };
        if let Some(staging) = &staging {
            let start = first % RING as u64;
            let before_end = count.min(RING as u64 - start);
            // The staging buffer holds the records in order, even where the ring starts again.
            for (from, to, count) in [(start, 0, before_end), (0, before_end, count - before_end)] {
                let (from, to) = (self.records.offset + from * RECORD_BYTES, to * RECORD_BYTES);
                if count > 0 {
                    encoder.copy_buffer_to_buffer(&self.records.buffer, from, staging, to, count * RECORD_BYTES);
                }
            }
        }
        device.queue.submit([encoder.finish()]);
        if let Some(staging) = staging {
            self.copied = self.enqueued;
            let mapped = map(&staging, count * RECORD_BYTES);
            self.copies.push_back(Copy { staging, first, count, mapped });
        }
    }

    /// The records that have arrived, in order.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn arrived(&mut self, device: &Device) -> Result<Vec<StepRecord>> {
        device.poll();
        let mut records = vec![];
        while let Some(copy) = self.copies.front_mut() {
            match copy.mapped.try_recv() {
                Ok(None) => break,
                Ok(Some(outcome)) => records.extend(self.take(outcome)?),
                Err(oneshot::Canceled) => return Err(lost("it dropped a pending read")),
            }
        }
        device.check()?;
        if self.copied < self.enqueued && !self.free.is_empty() {
            // Steps that found no free staging buffer.
            self.copy(device, device.encoder("records"));
        }
        Ok(records)
    }

    /// Waits until every record has arrived.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub async fn settle(&mut self, device: &Device) -> Result<Vec<StepRecord>> {
        let mut records = self.arrived(device)?;
        while let Some(copy) = self.copies.front_mut() {
            let outcome = device.wait(&mut copy.mapped).await?;
            records.extend(self.take(outcome)?);
            records.extend(self.arrived(device)?);
        }
        Ok(records)
    }

    /// The records of the oldest copy, which is mapped.
    fn take(&mut self, outcome: std::result::Result<(), wgpu::BufferAsyncError>) -> Result<Vec<StepRecord>> {
        let Some(copy) = self.copies.pop_front() else { return Ok(vec![]) };
        outcome.map_err(|error| lost(&error.to_string()))?;
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&mapped_bytes(&copy.staging, copy.count * RECORD_BYTES)?);
        copy.staging.unmap();
        self.free.push(copy.staging);
        debug_assert_eq!(copy.first + copy.count + self.copies.iter().map(|copy| copy.count).sum::<u64>(), self.copied);
        let steps = self.waiting.drain(..copy.count as usize);
        let record = |(step, words): (u64, &[u32])| StepRecord {
            step,
            loss: f32::from_bits(words[0]),
            correct: words[1],
            finite: words[2] == 1,
        };
        Ok(steps.zip(words.chunks_exact(RECORD)).map(record).collect())
    }
}

fn lost(why: &str) -> Error {
    Error::DeviceLost { why: why.into() }
}
