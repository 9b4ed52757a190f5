//! Every shader as it is composed for real networks: parsed and validated by naga, and compared with Rust's tables.

use crate::common::device;
use alexnet_lab::backend::gpu::Gpu;
use alexnet_lab::backend::gpu::stats::Task;
use alexnet_lab::config::Config;
use alexnet_lab::data::Normalisation;
use alexnet_lab::data::batch::Batch;
use alexnet_lab::gpu::family::Family;
use alexnet_lab::gpu::kernels::{Access, KERNELS, Kernel};
use alexnet_lab::gpu::recorder::StepParams;
use alexnet_lab::network::Network;
use alexnet_lab::step::Hyper;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use pollster::block_on;
use std::collections::BTreeSet;
use std::mem::offset_of;

const MIDDLE: Normalisation = Normalisation { mean: [0.5; 3], std: [0.5; 3] };

/// Every source text that two networks with all kinds of layers need, for everything that a backend does.
fn sources() -> Vec<String> {
    let hyper = Hyper { dropout: 0.5, ..Hyper::default() };
    for fragment in ["width=0.25&norm=lrn&pool=max", "width=0.25&norm=bn&bn_noise=0.5&pool=avg&activation=tanh"] {
        let network = Network::new(&Config::from_fragment(fragment).0, 10);
        let batch = Batch { pixels: vec![0; 2 * network.input.len()], labels: vec![0; 2] };
        for family in [Family::Registers, Family::Tiled] {
            block_on(Gpu::new(&device().with_family(family), &network, 2, MIDDLE)).unwrap();
        }
        let mut gpu = block_on(Gpu::new(device(), &network, 2, MIDDLE)).unwrap();
        block_on(gpu.snapshot(&hyper, &batch)).unwrap();
        block_on(gpu.output_of(&batch, 0)).unwrap();
        block_on(gpu.first_not_finite(&batch, &hyper)).unwrap();
    }
    device().compiled_sources()
}

#[test]
fn every_shader_is_valid_and_binds_what_the_table_says() {
    let mut seen = BTreeSet::new();
    for source in sources() {
        let name = source.lines().next().unwrap().trim_start_matches("// ").to_string();
        let kernel = KERNELS.iter().find(|kernel| kernel.name == name).expect("the first line names the kernel");
        let module =
            naga::front::wgsl::parse_str(&source).unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
        let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
        let info = validator.validate(&module).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        check_bindings(kernel, &module, &info);
        check_structs(&name, &module);
        seen.insert(name);
    }
    let unused: Vec<_> = KERNELS.iter().map(|kernel| kernel.name).filter(|name| !seen.contains(*name)).collect();
    assert!(unused.is_empty(), "no network uses {unused:?}");
}

/// The globals that the entry point reaches are those of the table, with the same index and access.
fn check_bindings(kernel: &Kernel, module: &naga::Module, info: &naga::valid::ModuleInfo) {
    let name = kernel.name;
    let entry = module.entry_points.iter().position(|entry| entry.name == kernel.entry);
    let entry = entry.unwrap_or_else(|| panic!("{name}: no entry point {}", kernel.entry));
    assert_eq!(module.entry_points[entry].workgroup_size, [64, 1, 1], "{name}");
    let mut found = BTreeSet::new();
    for (handle, global) in module.global_variables.iter() {
        if info.get_entry_point(entry)[handle].is_empty() {
            continue;
        }
        let access = match global.space {
            naga::AddressSpace::Uniform => Access::Uniform,
            naga::AddressSpace::Storage { access } if access.contains(naga::StorageAccess::STORE) => Access::ReadWrite,
            naga::AddressSpace::Storage { .. } => Access::Read,
            naga::AddressSpace::WorkGroup => continue,
            space => panic!("{name}: a variable in {space:?}"),
        };
        let binding = global.binding.expect("a resource has a binding");
        assert_eq!(binding.group, 0, "{name}");
        found.insert((binding.binding, global.name.clone().unwrap(), format!("{access:?}")));
    }
    let row =
        |binding: &alexnet_lab::gpu::kernels::Binding| (binding.index, binding.name.into(), format!("{:?}", binding.access));
    assert_eq!(found, kernel.bindings.iter().map(row).collect(), "{name}: the shader's bindings, and the table's");
}

/// The structs that Rust writes have the memory layout that the shader reads.
fn check_structs(name: &str, module: &naga::Module) {
    macro_rules! fields {
        ($Struct:ident: $($field:ident),*) => {
            (stringify!($Struct), size_of::<$Struct>(), vec![$((stringify!($field), offset_of!($Struct, $field))),*])
        };
    }
    let structs = [
        fields!(StepParams: step, seed, learning_rate, momentum, weight_decay, dropout, images, slot, noise),
        fields!(Task: first, end, origin, blocks, channels, rows, counted_rows, record, alive, function, partial),
    ];
    for (_, ty) in module.types.iter() {
        let (Some(type_name), naga::TypeInner::Struct { members, span }) = (&ty.name, &ty.inner) else { continue };
        let Some((_, size, fields)) = structs.iter().find(|row| row.0 == type_name) else { continue };
        let found: Vec<_> = members.iter().map(|member| (member.name.as_deref().unwrap(), member.offset as usize)).collect();
        assert_eq!((*span as usize, found), (*size, fields.clone()), "{name}: {type_name}");
    }
    let has = |wanted: &str| module.types.iter().any(|(_, ty)| ty.name.as_deref() == Some(wanted));
    assert!(has("StepParams") && (!name.starts_with("stats.") || has("Task")), "{name}: the structs are there");
}

/// A software adapter takes half a second to compile one.
#[test]
fn convolutions_that_differ_only_in_their_channels_share_their_pipelines() {
    let names = |fragment: &str| -> Vec<String> {
        let network = Network::new(&Config::from_fragment(fragment).0, 10);
        // No other test needs this batch size.
        block_on(Gpu::new(&device().with_family(Family::Registers), &network, 11, MIDDLE)).unwrap();
        let sources = device().compiled_sources().into_iter().filter(|source| source.contains("BATCH: u32 = 11u"));
        let mut names: Vec<_> = sources.map(|source| source.lines().next().unwrap().to_string()).collect();
        names.retain(|name| name.starts_with("// conv."));
        names.sort();
        names
    };
    // conv1, conv2, and one for conv3 to conv5 and all further ones; conv1 needs no gradient of its input.
    let wanted = ["backward", "backward", "backward_weight", "forward", "forward", "forward"];
    assert_eq!(names("depth=3&norm=none"), wanted.map(|entry| format!("// conv.{entry}")));
}
