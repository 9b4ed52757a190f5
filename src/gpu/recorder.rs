//! Dispatches, recorded once over fixed buffers and replayed at every step.

use super::device::{Device, allocated};
use super::family::Family;
use super::kernels::{COMMON, Constant, Kernel, WORKGROUP};
use super::pipelines::Source;
use super::unroll::unroll;
use super::view::View;
use crate::error::{Error, Result};

/// Most workgroups along one axis of a grid, on any adapter.
const GRID_LIMIT: usize = 65_535;

/// What changes from step to step; the struct of the same name in `common.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
pub struct StepParams {
    pub step: u32,
    pub seed: u32,
    pub learning_rate: f32,
    pub momentum: f32,
    pub weight_decay: f32,
    pub dropout: f32,
    /// How many of the batch's images are real.
    pub images: u32,
    /// Place of this step's record in the ring.
    pub slot: u32,
    pub noise: f32,
}

pub(crate) struct Command {
    pub label: String,
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "only the native profile names it"))]
    pub kernel: &'static str,
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
    grid: (u32, u32),
}

impl Command {
    pub fn replay(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.dispatch_workgroups(self.grid.0, self.grid.1, 1);
    }
}

/// Dispatches in order.
#[derive(Default)]
pub struct Recording {
    pub(crate) commands: Vec<Command>,
}

impl Recording {
    pub fn dispatches(&self) -> usize {
        self.commands.len()
    }

    /// Enqueues all dispatches in one submit.
    pub fn run(&self, device: &Device) {
        let mut encoder = device.encoder("run");
        self.replay(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some("run"), timestamp_writes: None }));
        device.queue.submit([encoder.finish()]);
    }

    /// Workgroups of the first dispatch.
    pub(crate) fn workgroups(&self) -> u32 {
        self.commands.first().map_or(0, |command| command.grid.0 * command.grid.1)
    }

    /// Enqueues the first `workgroups` workgroups of the first dispatch, `times` times, in one submit.
    pub(crate) fn run_part(&self, device: &Device, workgroups: u32, times: u32) {
        let Some(command) = self.commands.first() else { return };
        let mut encoder = device.encoder("part");
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some("part"), timestamp_writes: None });
        pass.set_pipeline(&command.pipeline);
        pass.set_bind_group(0, &command.bind_group, &[]);
        (0..times).for_each(|_| pass.dispatch_workgroups(workgroups.min(command.grid.0), 1, 1));
        drop(pass);
        device.queue.submit([encoder.finish()]);
    }

    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.commands.iter().map(|command| command.label.as_str())
    }

    /// Appends the dispatches to a pass.
    pub(crate) fn replay(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.commands.iter().for_each(|command| command.replay(pass));
    }
}

/// A dispatch whose pipeline may not be compiled yet.
struct Planned {
    source: Source,
    views: Vec<View>,
    grid: (u32, u32),
}

impl Planned {
    fn command(self, device: &Device) -> Command {
        let (label, kernel) = (self.source.label.clone(), self.source.kernel);
        let pipeline = device.pipeline(&self.source);
        let bound = self.views.iter().zip(kernel.bindings);
        let entries: Vec<_> =
            bound.map(|(view, binding)| wgpu::BindGroupEntry { binding: binding.index, resource: view.resource() }).collect();
        let bind_group = device.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(&label),
            layout: &pipeline.layout,
            entries: &entries,
        });
        Command { label, kernel: kernel.name, pipeline: pipeline.compute, bind_group, grid: self.grid }
    }
}

/// What a recorder is for. It allocates only for a recording.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Recording,
    Sources,
    Memory,
}

/// Collects the dispatches of one recording, and makes the buffers they need.
pub struct Recorder<'a> {
    device: &'a Device,
    /// Images that the activation buffers hold: (batch, height, width, padded channels).
    pub batch: usize,
    /// The uniform buffer with [`StepParams`].
    pub params: View,
    planned: Vec<Planned>,
    wanted: Wanted,
    memory: u64,
    nothing: Option<[View; 3]>,
}

impl<'a> Recorder<'a> {
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn new(device: &'a Device, batch: usize) -> Result<Self> {
        let bytes = size_of::<StepParams>() as u64;
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let params = View { buffer: device.buffer("step_params", bytes, usage)?, offset: 0, bytes };
        Ok(Recorder { memory: allocated(bytes), ..Recorder::with_params(device, batch, params) })
    }

    /// Another recorder with the same step parameters.
    pub fn with_params(device: &'a Device, batch: usize, params: View) -> Self {
        Recorder { device, batch, params, planned: vec![], wanted: Wanted::Recording, memory: 0, nothing: None }
    }

    /// Calls `record` with a recorder that allocates nothing, and returns the sources of what it records.
    ///
    /// # Errors
    /// Those of `record`.
    pub(crate) fn sources_of(
        device: &'a Device,
        batch: usize,
        record: impl FnOnce(&mut Recorder) -> Result<()>,
    ) -> Result<Vec<Source>> {
        let mut recorder = Recorder { wanted: Wanted::Sources, ..Recorder::new(device, batch)? };
        record(&mut recorder)?;
        Ok(recorder.planned.into_iter().map(|planned| planned.source).collect())
    }

    /// The same, but returns the bytes of the buffers that `record` asks for, and of the step's parameters.
    ///
    /// # Errors
    /// Those of `record`: [`Error::TooLarge`] for the first buffer or binding that the adapter would refuse.
    pub(crate) fn memory_of(device: &'a Device, batch: usize, record: impl FnOnce(&mut Recorder) -> Result<()>) -> Result<u64> {
        let mut recorder = Recorder { wanted: Wanted::Memory, ..Recorder::new(device, batch)? };
        record(&mut recorder)?;
        Ok(recorder.memory)
    }

    /// Enqueues a write of `data` (whole 4-byte words) to a view that this recorder made.
    pub(crate) fn write(&self, view: &View, data: &[u8]) {
        if self.wanted == Wanted::Recording {
            view.write(self.device, data);
        }
    }

    /// A zeroed buffer of `words` 4-byte words.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn buffer(&mut self, label: &str, words: usize) -> Result<View> {
        let bytes = words as u64 * 4;
        self.memory += allocated(bytes);
        if self.wanted != Wanted::Recording {
            self.device.fits(bytes)?;
            return Ok(View { buffer: self.params.buffer.clone(), offset: 0, bytes });
        }
        Ok(View { buffer: self.device.storage(label, bytes)?, offset: 0, bytes })
    }

    /// Three small buffers for bindings that a kernel does not use.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn nothing(&mut self) -> Result<[View; 3]> {
        let nothing = match self.nothing.take() {
            Some(nothing) => nothing,
            None => [self.buffer("nothing", 4)?, self.buffer("nothing", 4)?, self.buffer("nothing", 4)?],
        };
        self.nothing = Some(nothing.clone());
        Ok(nothing)
    }

    /// Which kernels compute the products of learnt layers.
    pub fn family(&self) -> Family {
        self.device.family()
    }

    /// Bytes that one binding may span.
    pub fn binding_limit(&self) -> u64 {
        self.device.binding_limit()
    }

    /// Records one dispatch of `workgroups` workgroups, each of [`WORKGROUP`] threads.
    ///
    /// * `label`: layer and pass, as in `conv2.backward_weight`.
    /// * `constants`: become `const NAME: type = value;` above the source; BATCH and GRID_WIDTH are added.
    /// * `views`: one for each binding of the kernel, in the table's order. A kernel must not write memory that another binding
    ///   of its dispatch covers.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when a view is larger than one binding may be.
    pub fn dispatch(
        &mut self,
        label: &str,
        kernel: &'static Kernel,
        constants: &[(&str, Constant)],
        views: &[&View],
        workgroups: usize,
    ) -> Result<()> {
        assert_eq!(views.len(), kernel.bindings.len(), "{label}: one view for each binding of {}", kernel.name);
        let limit = self.binding_limit();
        if let Some(view) = views.iter().find(|view| view.bytes > limit) {
            return Err(Error::TooLarge { needed: view.bytes, limit });
        }
        if self.wanted == Wanted::Memory {
            return Ok(());
        }
        let rows = workgroups.div_ceil(GRID_LIMIT);
        let width = workgroups.div_ceil(rows.max(1));
        // A grid of one row needs no width: one pipeline serves all of them.
        let row = if rows > 1 { width } else { GRID_LIMIT };
        let text = compose(kernel, &[constants, &[("BATCH", self.batch.into()), ("GRID_WIDTH", row.into())]].concat());
        let source = Source { label: label.into(), kernel, text };
        let views = views.iter().map(|view| (*view).clone()).collect();
        self.planned.push(Planned { source, views, grid: (width as u32, rows as u32) });
        Ok(())
    }

    /// Compiles the pipelines of the dispatches so far, many at a time; without it, [`Recorder::take`] compiles them one after
    /// another.
    pub(crate) async fn compile(&self) {
        let missing = self.device.not_compiled(self.planned.iter().map(|planned| &planned.source));
        self.device.compile(&missing).await;
    }

    /// Takes the dispatches so far, and leaves an empty list.
    pub fn take(&mut self) -> Recording {
        let planned = std::mem::take(&mut self.planned);
        Recording { commands: planned.into_iter().map(|planned| planned.command(self.device)).collect() }
    }

    /// Bytes of the buffers made so far.
    pub fn memory(&self) -> u64 {
        self.memory
    }
}

/// Workgroups for `threads` threads.
pub fn workgroups(threads: usize) -> usize {
    threads.div_ceil(WORKGROUP)
}

/// The constants of `common.wgsl` for kernels that do nothing for neighbouring layers.
const NO_NEIGHBOURS: [(&str, Constant); 4] = [
    ("FUNCTION", Constant::Whole(4)),
    ("ACTIVATION_BEFORE", Constant::Whole(4)),
    ("DROPOUT_LAYER", Constant::Whole(0)),
    ("DROPOUT_FEATURES", Constant::Whole(0)),
];

/// The text of a shader: constants, `common.wgsl`, the kernel's file with its loops written out.
pub fn compose(kernel: &Kernel, constants: &[(&str, Constant)]) -> String {
    let mut source = format!("// {}\n", kernel.name);
    let missing = NO_NEIGHBOURS.iter().filter(|(name, _)| constants.iter().all(|(given, _)| given != name));
    let constants: Vec<_> = missing.chain(constants).copied().collect();
    for (name, constant) in &constants {
        source += &format!("const {name}: {constant};\n");
    }
    source + &unroll(&format!("{COMMON}{}", kernel.source), kernel.entry, &constants)
}
