//! The GPU backend: a training step is a list of WGSL kernels, recorded once; only records come back.
//!
//! * [`layout`], [`buffers`]: where the tensors are. [`passes`]: which kernels run on them, layer by layer.
//! * [`choice`]: which family of kernels computes the matrix products. [`stats`]: statistics for the page.
//!
//! Device, kernels and recordings are in [`crate::gpu`].

pub mod buffers;
pub mod choice;
pub mod layout;
pub mod passes;
pub mod stats;

use self::passes::{Activations, Mode, Passes};
use crate::data::Normalisation;
use crate::data::batch::Batch;
use crate::error::Result;
use crate::gpu::device::Device;
use crate::gpu::pipelines::Ahead;
use crate::gpu::readback::{self, Readback};
use crate::gpu::recorder::{Recorder, Recording, StepParams};
use crate::gpu::view::{View, padded, stored};
use crate::network::{Kind, Network};
use crate::stats::Snapshot;
use crate::step::{Hyper, NotFinite, Place, State, StepRecord};

/// Below this number of values, tensors are read all at once.
const READ_TOGETHER: usize = 1 << 23;

/// A network with its state, gradients and activations on a device.
pub struct Gpu {
    device: Device,
    network: Network,
    capacity: usize,
    params: View,
    passes: Passes,
    step: Recording,
    /// Recorded at first use, as the following ones are: a software adapter takes seconds to compile a step, and the first step need
    /// not wait for more.
    evaluation: Option<Recording>,
    /// The evaluation with every layer's own output.
    apart: Option<Recording>,
    inspection: Option<(Recording, View)>,
    statistics: Option<stats::Stats>,
    readback: Readback,
    ahead: Ahead,
    records: Vec<StepRecord>,
    memory: u64,
}

impl Gpu {
    /// Allocates and compiles for batches of `capacity` images; parameters start at 0, so [`Gpu::set_state`] comes next.
    /// `normalisation` is that of the images.
    ///
    /// # Errors
    /// [`crate::error::Error::TooLarge`], [`crate::error::Error::Gpu`] when memory runs out, and
    /// [`crate::error::Error::DeviceLost`]. Only after the last is the device unusable for others.
    pub async fn new(device: &Device, network: &Network, capacity: usize, normalisation: Normalisation) -> Result<Gpu> {
        let scope = device.watch();
        let built = Gpu::build(device, network, capacity, normalisation).await;
        let outcome = scope.outcome().await;
        // A lost device comes first: the errors in the scope are its consequences.
        device.check()?;
        outcome?;
        built
    }

    async fn build(device: &Device, network: &Network, capacity: usize, normalisation: Normalisation) -> Result<Gpu> {
        // Reports what the adapter refuses, before anything is allocated.
        Gpu::memory_needed(device, network, capacity)?;
        let mut recorder = Recorder::new(device, capacity)?;
        let (passes, records) = Gpu::record_step(&mut recorder, network, normalisation)?;
        recorder.compile().await;
        let step = recorder.take();
        let readback = Readback::new(device, records)?;
        Ok(Gpu {
            device: device.clone(),
            network: network.clone(),
            capacity,
            params: recorder.params.clone(),
            passes,
            step,
            evaluation: None,
            apart: None,
            inspection: None,
            statistics: None,
            readback,
            ahead: Ahead::default(),
            records: vec![],
            memory: recorder.memory() + Readback::MEMORY,
        })
    }

    /// Records a training step, with the buffers of the network and of the ring of records.
    fn record_step(recorder: &mut Recorder, network: &Network, normalisation: Normalisation) -> Result<(Passes, View)> {
        let passes = Passes::new(recorder, network, normalisation)?;
        let records = recorder.buffer("records", readback::RING * readback::RECORD)?;
        passes.record_step(recorder, &records)?;
        Ok((passes, records))
    }

    /// Bytes of the buffers that [`Gpu::new`] makes; statistics and the search for what is not finite add theirs later.
    ///
    /// # Errors
    /// [`crate::error::Error::TooLarge`], as [`Gpu::new`].
    pub fn memory_needed(device: &Device, network: &Network, capacity: usize) -> Result<u64> {
        let record = |recorder: &mut Recorder| {
            let (passes, _) = Gpu::record_step(recorder, network, Normalisation { mean: [0.0; 3], std: [1.0; 3] })?;
            passes.record_forward(recorder, Mode::Evaluation, Activations::Fused, |_, _, _| Ok(()))
        };
        Ok(Recorder::memory_of(device, capacity, record)? + Readback::MEMORY)
    }

    /// Enqueues one training step of exactly `capacity` images; never waits.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    ///
    /// # Panics
    /// When the batch does not have the capacity's number of images of the network's size.
    pub fn step(&mut self, batch: &Batch, hyper: &Hyper) -> Result<()> {
        assert_eq!(batch.labels.len(), self.capacity, "a training step takes a full batch");
        self.device.check()?;
        let slot = self.readback.slot()?;
        self.load(batch, StepParams { slot, ..params(hyper) });
        let mut encoder = self.device.encoder("step");
        self.step.replay(&mut pass(&mut encoder, "step"));
        self.readback.submit(&self.device, hyper.step, encoder);
        Ok(())
    }

    /// The records completed since the last call, in order; never waits.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub fn finished(&mut self) -> Result<Vec<StepRecord>> {
        self.records.extend(self.readback.arrived(&self.device)?);
        Ok(std::mem::take(&mut self.records))
    }

    /// Steps enqueued whose records have not arrived.
    pub fn in_flight(&self) -> usize {
        self.readback.in_flight()
    }

    /// Waits until nothing is in flight; [`Gpu::finished`] then has all records.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn settle(&mut self) -> Result<()> {
        self.records.extend(self.readback.settle(&self.device).await?);
        Ok(())
    }

    /// Sets parameters, velocities and running statistics, and allows updates again.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    ///
    /// # Panics
    /// When a length is not the network's.
    pub fn set_state(&mut self, state: &State) -> Result<()> {
        let lengths = [state.parameters.len(), state.velocities.len(), state.running.len()];
        let wanted = [self.network.parameters(), self.network.parameters(), self.network.running_len()];
        assert_eq!(lengths, wanted, "the state is of this network");
        self.device.check()?;
        for (view, places, values) in self.flat(state) {
            for place in places {
                view.slice(place.start, place.len()).write(&self.device, bytemuck::cast_slice(&place.pad(values)));
            }
        }
        self.passes.not_finite_seen.write(&self.device, &[0; 4]);
        Ok(())
    }

    /// Parameters, velocities and running statistics after the steps enqueued so far.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn state(&mut self) -> Result<State> {
        let (buffers, layout) = (&self.passes.buffers, &self.passes.buffers.layout);
        Ok(State {
            parameters: self.tensors(&buffers.parameters, &layout.tensors).await?,
            velocities: self.tensors(&buffers.velocities, &layout.tensors).await?,
            running: self.tensors(&buffers.running, &layout.running).await?,
        })
    }

    /// A layer's two tensors and, for batch normalisation, running means and variances, one after the other; empty for other
    /// layers.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn learnt(&mut self, layer: usize) -> Result<Vec<f32>> {
        let (buffers, layout) = (&self.passes.buffers, &self.passes.buffers.layout);
        let kind = &self.network.layers[layer].kind;
        let Some([first, second]) = kind.tensors() else { return Ok(vec![]) };
        let mut values = self.tensors(&buffers.parameters, &layout.tensors[first..=second]).await?;
        if let Kind::BatchNorm { running, .. } = *kind {
            values.extend(self.tensors(&buffers.running, &layout.running[2 * running..][..2]).await?);
        }
        Ok(values)
    }

    /// Neighbouring tensors of a flat buffer, one after the other.
    async fn tensors(&self, view: &View, places: &[layout::Place]) -> Result<Vec<f32>> {
        let length = places.iter().map(layout::Place::values).sum();
        let mut values = Vec::with_capacity(length);
        // Each read can wait for a tenth of a second, but one copy of everything large would need too much memory.
        let together = if length < READ_TOGETHER { places.len().max(1) } else { 1 };
        for group in places.chunks(together) {
            let (start, last) = (group[0].start, group[group.len() - 1]);
            let stored = view.slice(start, last.start + last.len() - start).read(&self.device).await?;
            group.iter().for_each(|place| place.unpad(&stored[place.start - start..], &mut values));
        }
        Ok(values)
    }

    fn flat<'a>(&'a self, state: &'a State) -> [(&'a View, &'a [layout::Place], &'a [f32]); 3] {
        let buffers = &self.passes.buffers;
        [
            (&buffers.parameters, &buffers.layout.tensors, &state.parameters),
            (&buffers.velocities, &buffers.layout.tensors, &state.velocities),
            (&buffers.running, &buffers.layout.running, &state.running),
        ]
    }

    /// Logits in evaluation mode, (n, classes), of any number of images.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn logits(&mut self, batch: &Batch) -> Result<Vec<f32>> {
        let layer = self.network.layers.len() - 2; // the loss comes after it
        let (image, words) = (self.network.input.len(), stored(self.network.layers[layer].output));
        let view = self.passes.output_of(layer, Mode::Evaluation, Activations::Fused).clone();
        // All parts are enqueued before the first answer: a wait can take longer than a small batch.
        let collected = self.device.storage("logits", (batch.labels.len() * words * 4) as u64)?;
        let mut done = 0;
        for (pixels, labels) in batch.pixels.chunks(self.capacity * image).zip(batch.labels.chunks(self.capacity)) {
            let part = Batch { pixels: pixels.to_vec(), labels: labels.to_vec() };
            self.evaluate(&part, StepParams::default())?;
            let mut encoder = self.device.encoder("logits");
            let bytes = (labels.len() * words * 4) as u64;
            encoder.copy_buffer_to_buffer(&view.buffer, view.offset, &collected, done, bytes);
            self.device.queue.submit([encoder.finish()]);
            done += bytes;
        }
        let stored: Vec<f32> = bytemuck::pod_collect_to_vec(&self.device.read(&collected, 0, done).await?);
        collected.destroy();
        let rows = stored.chunks_exact(words);
        Ok(rows.flat_map(|row| &row[..self.network.classes]).copied().collect())
    }

    /// Enqueues a forward pass in evaluation mode.
    fn evaluate(&mut self, batch: &Batch, params: StepParams) -> Result<()> {
        if self.evaluation.is_none() {
            let mut recorder = self.recorder();
            self.passes.record_forward(&mut recorder, Mode::Evaluation, Activations::Fused, |_, _, _| Ok(()))?;
            self.evaluation = Some(recorder.take());
        }
        self.load(batch, params);
        self.evaluation.iter().for_each(|recording| recording.run(&self.device));
        Ok(())
    }

    /// Output of one layer in evaluation mode, (n, height, width, channels), n at most the capacity. The last layer, the
    /// loss, gives probabilities.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn output_of(&mut self, batch: &Batch, layer: usize) -> Result<Vec<f32>> {
        if self.apart.is_none() {
            let mut recorder = self.recorder();
            self.passes.record_forward(&mut recorder, Mode::Evaluation, Activations::Apart, |_, _, _| Ok(()))?;
            self.apart = Some(recorder.take());
        }
        self.load(batch, StepParams::default());
        self.apart.iter().for_each(|recording| recording.run(&self.device));
        self.read_output(layer, Activations::Apart, batch.labels.len()).await
    }

    /// Gradients of the last training step, and activations of the probe batch in evaluation mode, with `hyper`'s noise.
    ///
    /// # Errors
    /// [`crate::error::Error::TooLarge`], [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn snapshot(&mut self, hyper: &Hyper, probe: &Batch) -> Result<Snapshot> {
        let mut statistics = match self.statistics.take() {
            Some(statistics) => statistics,
            None => {
                let mut recorder = self.recorder();
                let statistics = stats::Stats::new(&self.device, &mut recorder, &self.network, &self.passes.buffers)?;
                let memory = recorder.memory();
                self.memory += memory;
                statistics
            }
        };
        statistics.measure_gradients(&self.device);
        self.evaluate(probe, params(hyper))?;
        statistics.measure_activations(&self.device, probe.labels.len());
        let snapshot = statistics.read(&self.device, hyper.step).await;
        self.statistics = Some(statistics);
        snapshot
    }

    /// Runs a training step without its update, and names the first layer whose output is not finite, in forward order;
    /// else the first whose gradient (of its output or of its parameters) is not, in backward order.
    ///
    /// # Errors
    /// [`crate::error::Error::TooLarge`], [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    pub async fn first_not_finite(&mut self, batch: &Batch, hyper: &Hyper) -> Result<Option<NotFinite>> {
        let layers = self.network.layers.len();
        if self.inspection.is_none() {
            let mut recorder = self.recorder();
            let flags = recorder.buffer("inspection.flags", 2 * layers)?;
            self.passes.record_inspection(&mut recorder, &flags)?;
            self.inspection = Some((recorder.take(), flags));
        }
        self.load(batch, params(hyper));
        let Some((recording, flags)) = &self.inspection else { return Ok(None) };
        flags.write(&self.device, &vec![0; 8 * layers]);
        recording.run(&self.device);
        let flags: Vec<u32> = flags.read(&self.device).await?;
        let (outputs, gradients) = flags.split_at(layers);
        let found = |layer: usize, place| NotFinite { layer: self.network.layers[layer].name.clone(), place };
        let output = outputs.iter().position(|flag| *flag != 0).map(|layer| found(layer, Place::Activation));
        let gradient = || gradients[..layers - 1].iter().rposition(|flag| *flag != 0);
        Ok(output.or_else(|| gradient().map(|layer| found(layer, Place::Gradient))))
    }

    /// Notes the pipelines that training and evaluating `network` would need, for [`Gpu::compile_ahead`].
    ///
    /// # Errors
    /// [`crate::error::Error::TooLarge`].
    pub fn plan_ahead(&mut self, network: &Network, capacity: usize) -> Result<()> {
        let normalisation = self.passes.normalisation;
        let sources = Recorder::sources_of(&self.device, capacity, |recorder| {
            let (passes, _) = Gpu::record_step(recorder, network, normalisation)?;
            passes.record_forward(recorder, Mode::Evaluation, Activations::Fused, |_, _, _| Ok(()))
        })?;
        self.ahead.add(&self.device, sources);
        Ok(())
    }

    /// Starts or continues the compilation of one noted pipeline, without waiting in a browser; `false` when nothing is left.
    pub fn compile_ahead(&mut self) -> bool {
        self.ahead.turn(&self.device)
    }

    /// Bytes of all buffers.
    pub fn memory_bytes(&self) -> u64 {
        self.memory
    }

    /// Kernel dispatches of one training step.
    pub fn dispatches(&self) -> usize {
        self.step.dispatches()
    }

    /// How long each dispatch of a training step takes, in order. Repeats the last step on the contents of the buffers.
    ///
    /// # Errors
    /// [`crate::error::Error::DeviceLost`], [`crate::error::Error::Gpu`].
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn profile(&self, times: usize) -> Result<Vec<crate::gpu::profile::Timing>> {
        self.step.profile(&self.device, times).await
    }

    /// Enqueues the upload of a batch of at most `capacity` images, and of the step's parameters.
    fn load(&self, batch: &Batch, params: StepParams) {
        let images = batch.labels.len();
        assert!(images <= self.capacity && batch.pixels.len() == images * self.network.input.len(), "images fit the network");
        let params = StepParams { images: images as u32, ..params };
        self.params.write(&self.device, bytemuck::bytes_of(&params));
        self.passes.buffers.labels.write(&self.device, bytemuck::cast_slice(&batch.labels));
        let words = batch.pixels.len() / 4 * 4;
        self.passes.buffers.pixels.write(&self.device, &batch.pixels[..words]);
        if words < batch.pixels.len() {
            let mut rest = [0; 4];
            rest[..batch.pixels.len() - words].copy_from_slice(&batch.pixels[words..]);
            self.passes.buffers.pixels.write_at(&self.device, words as u64, &rest);
        }
    }

    /// The first `images` outputs of a layer after an evaluation, without padding.
    async fn read_output(&self, layer: usize, activations: Activations, images: usize) -> Result<Vec<f32>> {
        let shape = self.network.layers[layer].output;
        let view = self.passes.output_of(layer, Mode::Evaluation, activations).slice(0, images * stored(shape));
        let stored: Vec<f32> = view.read(&self.device).await?;
        let rows = stored.chunks_exact(padded(shape.channels));
        Ok(rows.flat_map(|row| &row[..shape.channels]).copied().collect())
    }

    fn recorder(&self) -> Recorder<'_> {
        Recorder::with_params(&self.device, self.capacity, self.params.clone())
    }
}

fn params(hyper: &Hyper) -> StepParams {
    StepParams {
        step: hyper.step as u32,
        seed: hyper.seed,
        learning_rate: hyper.learning_rate,
        momentum: hyper.momentum,
        weight_decay: hyper.weight_decay,
        dropout: hyper.dropout,
        noise: hyper.noise,
        ..Default::default()
    }
}

fn pass<'a>(encoder: &'a mut wgpu::CommandEncoder, label: &str) -> wgpu::ComputePass<'a> {
    encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(label), timestamp_writes: None })
}
