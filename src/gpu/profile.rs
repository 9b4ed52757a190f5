//! How long each dispatch of a recording takes. Native only: a browser's timestamps are too coarse.

use super::device::Device;
use super::recorder::Recording;
use crate::error::Result;
use std::time::Instant;

/// How long one dispatch takes.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Timing {
    /// `conv.forward`
    pub kernel: &'static str,
    /// `conv2.forward`
    pub dispatch: String,
    /// Median over the repetitions.
    pub ms: f64,
}

impl Recording {
    /// Runs the recording `times` times. Each dispatch is a separate pass with a timestamp at both ends; without timestamps it is
    /// a separate submit, and waiting for that counts too.
    ///
    /// # Errors
    /// [`crate::error::Error::TooLarge`], [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn profile(&self, device: &Device, times: usize) -> Result<Vec<Timing>> {
        let mut runs = vec![];
        for _ in 0..times.max(1) {
            runs.push(if device.has_timestamps() { self.by_timestamps(device).await? } else { self.by_waiting(device) });
        }
        let median = |i: usize| {
            let mut ms: Vec<f64> = runs.iter().map(|run| run[i]).collect();
            ms.sort_by(f64::total_cmp);
            ms[ms.len() / 2]
        };
        let timing = |(i, command): (usize, &super::recorder::Command)| Timing {
            kernel: command.kernel,
            dispatch: command.label.clone(),
            ms: median(i),
        };
        Ok(self.commands.iter().enumerate().map(timing).collect())
    }

    /// Milliseconds of each dispatch.
    async fn by_timestamps(&self, device: &Device) -> Result<Vec<f64>> {
        let count = 2 * self.commands.len() as u32;
        let queries = device.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("profile"),
            ty: wgpu::QueryType::Timestamp,
            count,
        });
        let (bytes, usage) = (8 * u64::from(count), wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC);
        let resolved = device.buffer("profile", bytes, usage)?;
        let mut encoder = device.encoder("profile");
        for (i, command) in (0..).zip(&self.commands) {
            let timestamp_writes = Some(wgpu::ComputePassTimestampWrites {
                query_set: &queries,
                beginning_of_pass_write_index: Some(2 * i),
                end_of_pass_write_index: Some(2 * i + 1),
            });
            let label = Some(command.label.as_str());
            command.replay(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label, timestamp_writes }));
        }
        encoder.resolve_query_set(&queries, 0..count, &resolved, 0);
        device.queue.submit([encoder.finish()]);
        let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&device.read(&resolved, 0, bytes).await?);
        let nanoseconds = f64::from(device.queue.get_timestamp_period());
        Ok(ticks.chunks_exact(2).map(|pair| pair[1].saturating_sub(pair[0]) as f64 * nanoseconds / 1e6).collect())
    }

    /// The same, submit and wait included.
    fn by_waiting(&self, device: &Device) -> Vec<f64> {
        let time = |command: &super::recorder::Command| {
            let start = Instant::now();
            let mut encoder = device.encoder(&command.label);
            command.replay(&mut encoder.begin_compute_pass(&Default::default()));
            device.queue.submit([encoder.finish()]);
            device.wait_idle();
            start.elapsed().as_secs_f64() * 1e3
        };
        self.commands.iter().map(time).collect()
    }
}
