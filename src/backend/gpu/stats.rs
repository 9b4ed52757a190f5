//! Statistics of gradients and activations, counted on the GPU: `shaders/stats.wgsl` leaves one small buffer, and this file joins
//! its records to what [`GradientStats::of`] and [`ActivationStats::of`] return.

use super::buffers::Buffers;
use super::layout::Place;
use crate::config::ActivationFunction;
use crate::error::Result;
use crate::gpu::device::Device;
use crate::gpu::kernels::{Constant, Kernel, STATS_ACTIVATION, STATS_ACTIVATION_BINS, STATS_GRADIENT};
use crate::gpu::recorder::{Recorder, Recording};
use crate::gpu::view::{ALIGNMENT, View, padded, stored};
use crate::layers::fused;
use crate::network::{Network, Shape};
use crate::stats::{
    ACTIVATION_BINS, ActivationStats, GRADIENT_BINS, GRADIENT_FLOOR, GradientStats, SATURATED, SQRT2_MANTISSA, Snapshot,
};

/// vec4s of one task: 64 for each of 64 threads.
const SLICE: usize = 4096;
/// Words of a record, as in the shader.
const GRADIENT_WORDS: usize = GRADIENT_BINS + 5;
const ACTIVATION_WORDS: usize = ACTIVATION_BINS + 5;

const CONSTANTS: [(&str, Constant); 5] = [
    ("GRADIENT_BINS", Constant::Whole(GRADIENT_BINS as u32)),
    ("GRADIENT_FLOOR", Constant::Whole(-GRADIENT_FLOOR as u32)),
    ("SQRT2_MANTISSA", Constant::Whole(SQRT2_MANTISSA)),
    ("ACTIVATION_BINS", Constant::Whole(ACTIVATION_BINS as u32)),
    ("SATURATED", Constant::Float(SATURATED)),
];

/// `struct Task` of the shader: what one workgroup does.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Task {
    pub first: u32,
    pub end: u32,
    pub origin: u32,
    pub blocks: u32,
    pub channels: u32,
    pub rows: u32,
    pub counted_rows: u32,
    pub record: u32,
    pub alive: u32,
    pub function: u32,
    pub partial: u32,
}

/// A task that counts nothing.
const EMPTY: Task = Task {
    first: 0,
    end: 0,
    origin: 0,
    blocks: 1,
    channels: 0,
    rows: 1,
    counted_rows: 0,
    record: 0,
    alive: 0,
    function: 0,
    partial: 0,
};

/// A tensor in a view, in rows of `padded(channels)`. Of every `rows` rows, the first `counted_rows` are not padding.
#[derive(Clone, Copy)]
struct Tensor {
    start: usize,  // in vec4s
    length: usize, // in vec4s
    channels: usize,
    rows: usize,
    counted_rows: usize,
    record: usize,
    alive: usize,
    function: Option<ActivationFunction>,
}

impl Tensor {
    fn parameter(place: &Place, record: usize) -> Tensor {
        Tensor {
            start: place.start / 4,
            length: place.len() / 4,
            channels: place.columns,
            rows: place.padded_rows,
            counted_rows: place.rows,
            record,
            alive: 0,
            function: None,
        }
    }

    /// The tasks for the part of the tensor that lies in `from..to` of the view.
    fn tasks(self, from: usize, to: usize) -> impl Iterator<Item = Task> {
        let end = (self.start + self.length).min(to);
        (self.start.max(from)..end).step_by(SLICE).map(move |first| Task {
            first: (first - from) as u32,
            end: (end.min(first + SLICE) - from) as u32,
            origin: (self.start as u32).wrapping_sub(from as u32),
            blocks: (padded(self.channels) / 4) as u32,
            channels: self.channels as u32,
            rows: self.rows as u32,
            counted_rows: self.counted_rows as u32,
            record: self.record as u32,
            alive: self.alive as u32,
            function: fused::code(self.function),
            partial: 0,
        })
    }
}

/// The tasks of one binding: a view, or the part of it that a binding may span.
struct Part {
    label: String,
    view: View,
    start: usize, // of the binding in the whole view, in vec4s
    tasks: Vec<Task>,
    table: View, // the tasks on the GPU
}

impl Part {
    /// The parts of `view`, which holds `tensors`. `partials` counts the tasks.
    fn all(recorder: &mut Recorder, label: &str, view: &View, tensors: &[Tensor], partials: &mut usize) -> Result<Vec<Part>> {
        let most = recorder.binding_limit() as usize / 4 / ALIGNMENT * ALIGNMENT;
        let mut parts = vec![];
        for start in (0..view.words()).step_by(most) {
            let words = most.min(view.words() - start);
            let (from, to) = (start / 4, (start + words) / 4);
            let mut tasks: Vec<Task> = tensors.iter().flat_map(|tensor| tensor.tasks(from, to)).collect();
            for task in &mut tasks {
                task.partial = *partials as u32;
                *partials += 1;
            }
            let label = format!("{label}.stats");
            let table = recorder.buffer(&format!("{label}.tasks"), size_of_val(&tasks[..]) / 4)?;
            parts.push(Part { label, view: view.slice(start, words), start: from, tasks, table });
        }
        Ok(parts)
    }

    /// Replaces the tasks by those of a shorter tensor.
    fn shorten(&mut self, tensor: Tensor) {
        let mut shorter = tensor.tasks(self.start, self.start + self.view.words() / 4);
        for task in &mut self.tasks {
            *task = Task { partial: task.partial, ..shorter.next().unwrap_or(EMPTY) };
        }
    }

    fn write(&self, device: &Device) {
        self.table.write(device, bytemuck::cast_slice(&self.tasks));
    }

    fn record(&self, recorder: &mut Recorder, kernel: &'static Kernel, results: &[&View]) -> Result<()> {
        let views = [&[&self.table, &self.view], results].concat();
        recorder.dispatch(&self.label, kernel, &CONSTANTS, &views, self.tasks.len())
    }
}

/// Where the results of a network lie in `counts`, in words.
struct Records {
    tensors: usize,
    /// Records of the tensors themselves, after those of the tensors' and the blocks' gradients.
    norms: usize,
    blocks: Vec<Block>,
    words: usize,
}

struct Block {
    shape: Shape,
    function: Option<ActivationFunction>,
    /// Index in [`Network::layers`].
    layer: usize,
    gradient: usize,
    activation: usize,
    alive: usize,
}

impl Records {
    fn of(network: &Network) -> Records {
        let (tensors, blocks) = (network.tensors.len(), network.blocks.len());
        let norms = (tensors + blocks) * GRADIENT_WORDS;
        let activations = norms + tensors * GRADIENT_WORDS;
        let mut words = activations + blocks * ACTIVATION_WORDS;
        let block = |(i, block): (usize, &crate::network::Block)| {
            let layer = &network.layers[block.activation];
            let alive = words;
            words += padded(layer.output.channels) / 4;
            let (gradient, activation) = ((tensors + i) * GRADIENT_WORDS, activations + i * ACTIVATION_WORDS);
            Block { shape: layer.output, function: layer.function(), layer: block.activation, gradient, activation, alive }
        };
        let blocks = network.blocks.iter().enumerate().map(block).collect();
        Records { tensors, norms, blocks, words }
    }
}

impl Block {
    fn gradient_tensor(&self, images: usize) -> Tensor {
        let (length, channels) = (images * stored(self.shape) / 4, self.shape.channels);
        Tensor { start: 0, length, channels, rows: 1, counted_rows: 1, record: self.gradient, alive: 0, function: None }
    }

    fn activation_tensor(&self, images: usize) -> Tensor {
        Tensor { record: self.activation, alive: self.alive, function: self.function, ..self.gradient_tensor(images) }
    }
}

/// The recorded kernels and their results.
pub struct Stats {
    records: Records,
    counts: View,   // (records.words)
    partials: View, // (tasks, 4)
    results: View,  // both
    gradients: Recording,
    activations: Recording,
    gradient_parts: Vec<Part>,
    activation_parts: Vec<(usize, Part)>, // with the index of the block
    images: usize,
}

impl Stats {
    /// Records on a recorder that is still empty.
    ///
    /// # Errors
    /// [`crate::error::Error::TooLarge`].
    pub fn new(device: &Device, recorder: &mut Recorder, network: &Network, buffers: &Buffers) -> Result<Stats> {
        let (records, images) = (Records::of(network), recorder.batch);
        let (mut gradient_parts, mut activation_parts, mut partials) = (vec![], vec![], 0);
        let places = buffers.layout.tensors.iter().enumerate();
        let tensors: Vec<Tensor> = places.map(|(i, place)| Tensor::parameter(place, i * GRADIENT_WORDS)).collect();
        gradient_parts.extend(Part::all(recorder, "parameters", &buffers.gradients, &tensors, &mut partials)?);
        // Of the tensors themselves, only the norm is read.
        let own = |tensor: &Tensor| Tensor { record: tensor.record + records.norms, ..*tensor };
        let tensors: Vec<Tensor> = tensors.iter().map(own).collect();
        gradient_parts.extend(Part::all(recorder, "norms", &buffers.parameters, &tensors, &mut partials)?);
        for (i, block) in records.blocks.iter().enumerate() {
            let name = &network.layers[block.layer].name;
            let (gradient, activation) = (block.gradient_tensor(images), block.activation_tensor(images));
            gradient_parts.extend(Part::all(recorder, name, &buffers.grads[block.layer], &[gradient], &mut partials)?);
            let parts = Part::all(recorder, name, &buffers.outputs[block.layer], &[activation], &mut partials)?;
            activation_parts.extend(parts.into_iter().map(|part| (i, part)));
        }
        let aligned = records.words.next_multiple_of(ALIGNMENT);
        let results = recorder.buffer("stats.results", aligned + 4 * partials)?;
        let (counts, partials) = (results.slice(0, records.words), results.slice(aligned, 4 * partials));
        for part in &gradient_parts {
            part.write(device);
            part.record(recorder, &STATS_GRADIENT, &[&counts, &partials])?;
        }
        let gradients = recorder.take();
        for (_, part) in &activation_parts {
            part.write(device);
            part.record(recorder, &STATS_ACTIVATION, &[&counts])?;
        }
        for (_, part) in &activation_parts {
            part.record(recorder, &STATS_ACTIVATION_BINS, &[&counts, &partials])?;
        }
        let activations = recorder.take();
        Ok(Stats { records, counts, partials, results, gradients, activations, gradient_parts, activation_parts, images })
    }

    /// Enqueues the statistics of the gradients that the buffers hold. It comes first in a snapshot.
    pub fn measure_gradients(&self, device: &Device) {
        self.counts.write(device, &vec![0; 4 * self.records.words]);
        self.gradients.run(device);
    }

    /// Enqueues the statistics of the first `images` images' activations that the buffers hold.
    pub fn measure_activations(&mut self, device: &Device, images: usize) {
        if images != self.images {
            for (block, part) in &mut self.activation_parts {
                part.shorten(self.records.blocks[*block].activation_tensor(images));
                part.write(device);
            }
            self.images = images;
        }
        self.activations.run(device);
    }

    /// Waits for the enqueued statistics, and joins them.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn read(&self, device: &Device, step: u64) -> Result<Snapshot> {
        let words: Vec<u32> = self.results.read(device).await?;
        let partials: &[[f32; 4]] = bytemuck::cast_slice(&words[words.len() - self.partials.words()..]);
        let tasks = self.gradient_parts.iter().flat_map(|part| &part.tasks);
        let gradient = |record: usize| {
            let own = tasks.clone().filter(|task| task.record as usize == record);
            gradient_stats(&words[record..][..GRADIENT_WORDS], own.map(|task| partials[task.partial as usize]))
        };
        let tasks = self.activation_parts.iter().flat_map(|(_, part)| &part.tasks);
        let activation = |block: &Block| {
            let own = tasks.clone().filter(|task| task.record as usize == block.activation);
            let alive = &words[block.alive..][..padded(block.shape.channels) / 4];
            let record = &words[block.activation..][..ACTIVATION_WORDS];
            activation_stats(record, alive, block, own.map(|task| partials[task.partial as usize]))
        };
        Ok(Snapshot {
            step,
            parameters: (0..self.records.tensors).map(|i| gradient(i * GRADIENT_WORDS)).collect(),
            norms: (0..self.records.tensors).map(|i| gradient(self.records.norms + i * GRADIENT_WORDS).norm).collect(),
            activation_gradients: self.records.blocks.iter().map(|block| gradient(block.gradient)).collect(),
            activations: self.records.blocks.iter().map(activation).collect(),
        })
    }
}

/// Joins a record with its sums of squares: of small values times 2^160, of middle ones, of large ones times 2^-160.
fn gradient_stats(record: &[u32], partials: impl Iterator<Item = [f32; 4]>) -> GradientStats {
    let (bins, rest) = record.split_at(GRADIENT_BINS);
    let [below, above, zero, nan, inf] = [0, 1, 2, 3, 4].map(|i| rest[i]);
    let scale = 2f64.powi(160);
    let squares: f64 = partials.map(|p| f64::from(p[0]) / scale + f64::from(p[1]) + f64::from(p[2]) * scale).sum();
    let norm = match (nan, inf) {
        (0, 0) => squares.sqrt() as f32,
        (0, _) => f32::INFINITY,
        _ => f32::NAN,
    };
    GradientStats { bins: bins.to_vec(), below, above, zero, nan, inf, norm }
}

/// Joins a record with the tasks' counts, means, sums of squares about these, and the unit of both (Chan, Golub and LeVeque
/// 1983).
fn activation_stats(record: &[u32], alive: &[u32], block: &Block, partials: impl Iterator<Item = [f32; 4]>) -> ActivationStats {
    let (bins, rest) = record.split_at(ACTIVATION_BINS);
    let [largest, smallest, nan, inf, saturated] = [0, 1, 2, 3, 4].map(|i| rest[i]);
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for partial in partials {
        let [n, center, about, unit] = partial.map(f64::from);
        let (center, about) = (center * unit, about * unit * unit);
        let (total, difference) = (count + n, center - mean);
        if n > 0.0 {
            mean += difference * n / total;
            squares += about + difference * difference * count * n / total;
            count = total;
        }
    }
    let (min, max) = if count > 0.0 { (unordered(!smallest), unordered(largest)) } else { (0.0, 0.0) };
    let living: u32 = alive.iter().map(|bits| bits.count_ones()).sum();
    let dead = 1.0 - living as f32 / block.shape.channels as f32;
    ActivationStats {
        bins: bins.to_vec(),
        nan,
        inf,
        min,
        max,
        mean: mean as f32,
        std: (squares / f64::max(count, 1.0)).sqrt() as f32,
        saturated: (f64::from(saturated) / f64::max(count, 1.0)) as f32,
        dead: if block.function == Some(ActivationFunction::Relu) { dead } else { 0.0 },
    }
}

/// The float of a key that is ordered like the floats; as in the shader.
fn unordered(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key & 0x7fff_ffff } else { !key })
}
