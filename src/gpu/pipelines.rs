//! Pipelines: each source text is compiled once, and many at a time where possible.
//!
//! wgpu compiles on request, one after another. The native program requests from several threads (lavapipe, two cores: 0.12 s
//! instead of 0.23). In Chromium, the browser's own `createComputePipelineAsync` compiles on several threads, and a request for
//! an equal pipeline returns the first one while that is alive. On two cores, 39 pipelines took 1.70 and 2.08 s one after
//! another, and 1.40 and 1.65 s this way, of which the second request took 5 ms. Firefox compiles an equal pipeline again (0.45 s
//! instead of 0.21 s), so this is not done there.

use super::device::{Device, Pipeline, lock};
use super::kernels::{Access, Binding, Kernel};

/// What a pipeline is compiled from.
#[derive(Clone)]
pub(crate) struct Source {
    pub label: String,
    pub kernel: &'static Kernel,
    /// The composed source.
    pub text: String,
}

impl Device {
    /// The pipeline of a source, compiled at the first request.
    pub(crate) fn pipeline(&self, source: &Source) -> Pipeline {
        if let Some(pipeline) = lock(&self.pipelines).get(&source.text) {
            return pipeline.clone();
        }
        let pipeline = self.create(source);
        lock(&self.pipelines).insert(source.text.clone(), pipeline.clone());
        pipeline
    }

    /// Every source text compiled so far, for the shader tests.
    pub fn compiled_sources(&self) -> Vec<String> {
        lock(&self.pipelines).keys().cloned().collect()
    }

    /// The sources that are not compiled yet, each once.
    pub(crate) fn not_compiled<'a>(&self, sources: impl Iterator<Item = &'a Source>) -> Vec<&'a Source> {
        let compiled = lock(&self.pipelines);
        let mut missing: Vec<&Source> = vec![];
        for source in sources {
            if !compiled.contains_key(&source.text) && missing.iter().all(|other| other.text != source.text) {
                missing.push(source);
            }
        }
        missing
    }

    /// Compiles all sources, side by side.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) async fn compile(&self, sources: &[&Source]) {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(sources.len());
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(source) = sources.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.pipeline(source);
            }
        };
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    }

    /// Compiles all sources, side by side where that helps.
    #[cfg(target_arch = "wasm32")]
    pub(crate) async fn compile(&self, sources: &[&Source]) {
        // Kept until wgpu has requested the same pipelines. What fails here fails there again, and is reported.
        let ahead = ahead::compile(&self.device, sources).await;
        sources.iter().for_each(|source| drop(self.pipeline(source)));
        drop(ahead);
    }

    fn create(&self, source: &Source) -> Pipeline {
        let Source { kernel, text, .. } = source;
        let entries: Vec<_> = kernel.bindings.iter().map(layout_entry).collect();
        let (device, label) = (&self.device, Some(source.label.as_str()));
        let module = device
            .create_shader_module(wgpu::ShaderModuleDescriptor { label, source: wgpu::ShaderSource::Wgsl(text.as_str().into()) });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label, entries: &entries });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let compute = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some(kernel.entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Every kernel writes what it reads from workgroup memory.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        Pipeline { compute, layout }
    }
}

/// Compiles sources for later use, one after another, while other work runs.
#[derive(Default)]
pub(crate) struct Ahead {
    waiting: Vec<Source>,
    /// Resolves when the browser is done, with what must stay alive until wgpu has requested the same pipelines.
    #[cfg(target_arch = "wasm32")]
    current: Option<(Source, futures_channel::oneshot::Receiver<Option<wasm_bindgen::JsValue>>)>,
}

impl Ahead {
    pub fn add(&mut self, device: &Device, sources: Vec<Source>) {
        self.waiting.extend(device.not_compiled(sources.iter()).into_iter().cloned());
    }

    /// Continues without waiting; `false` when nothing is left.
    #[cfg(target_arch = "wasm32")]
    pub fn turn(&mut self, device: &Device) -> bool {
        if let Some((source, done)) = &mut self.current {
            match done.try_recv() {
                Ok(None) => return true,
                // Dropped at the end of the block, after the request.
                _kept => drop(device.pipeline(source)),
            }
        }
        self.current = self.waiting.pop().map(|source| {
            let (sender, done) = futures_channel::oneshot::channel();
            let (on, same) = (device.device.clone(), source.clone());
            wasm_bindgen_futures::spawn_local(async move {
                // A receiver that is gone needs no answer.
                drop(sender.send(ahead::compile(&on, &[&same]).await));
            });
            (source, done)
        });
        self.current.is_some()
    }

    /// Continues; `false` when nothing is left.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn turn(&mut self, device: &Device) -> bool {
        self.waiting.pop().map(|source| device.pipeline(&source)).is_some()
    }
}

fn layout_entry(binding: &Binding) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding: binding.index,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty: match binding.access {
                Access::Uniform => wgpu::BufferBindingType::Uniform,
                access => wgpu::BufferBindingType::Storage { read_only: access == Access::Read },
            },
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    }
}

/// The browser's asynchronous creation of pipelines, which wgpu does not expose.
#[cfg(target_arch = "wasm32")]
mod ahead {
    use super::{Access, Source};
    use js_sys::{Array, Function, Object, Promise, Reflect};
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;

    /// The pipelines, in whatever state; `None` where the browser does not share equal ones.
    pub async fn compile(device: &wgpu::Device, sources: &[&Source]) -> Option<JsValue> {
        // Only Chromium has this property, and only its WebGPU implementation, Dawn, shares equal pipelines.
        let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
        if Reflect::get(&navigator, &"userAgentData".into()).ok()?.is_undefined() {
            return None;
        }
        let device: &JsValue = device.as_webgpu()?.as_ref();
        let pipelines = sources.iter().filter_map(|source| create(device, source).ok()).collect::<Array>();
        JsFuture::from(Promise::all_settled(&pipelines)).await.ok()
    }

    /// The promise of a pipeline equal to that of `Device::create`.
    fn create(device: &JsValue, source: &Source) -> Result<JsValue, JsValue> {
        let entries = source.kernel.bindings.iter().map(|binding| {
            let kind = match binding.access {
                Access::Uniform => "uniform",
                Access::Read => "read-only-storage",
                Access::ReadWrite => "storage",
            };
            let buffer = object(&[("type", kind.into())]);
            object(&[
                ("binding", binding.index.into()),
                ("visibility", wgpu::ShaderStages::COMPUTE.bits().into()),
                ("buffer", buffer),
            ])
        });
        let layout = call(device, "createBindGroupLayout", &[("entries", entries.collect::<Array>().into())])?;
        let layout = call(device, "createPipelineLayout", &[("bindGroupLayouts", Array::of1(&layout).into())])?;
        let module = call(device, "createShaderModule", &[("code", source.text.as_str().into())])?;
        let compute = object(&[("module", module), ("entryPoint", source.kernel.entry.into())]);
        call(device, "createComputePipelineAsync", &[("layout", layout), ("compute", compute)])
    }

    fn call(device: &JsValue, method: &str, descriptor: &[(&str, JsValue)]) -> Result<JsValue, JsValue> {
        Reflect::get(device, &method.into())?.dyn_into::<Function>()?.call1(device, &object(descriptor))
    }

    fn object(fields: &[(&str, JsValue)]) -> JsValue {
        let object = Object::new();
        // Setting a field of a plain object does not fail.
        fields.iter().for_each(|(key, value)| drop(Reflect::set(&object, &(*key).into(), value)));
        object.into()
    }
}
