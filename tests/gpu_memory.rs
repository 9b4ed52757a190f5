//! The GPU backend allocates exactly the bytes that it says it needs; a refused network allocates nothing.

#[path = "gpu/common.rs"]
mod gpu_common;

use alexnet_lab::backend::gpu::Gpu;
use alexnet_lab::config::Config;
use alexnet_lab::data::Normalisation;
use alexnet_lab::error::Error;
use alexnet_lab::gpu::device::Device;
use alexnet_lab::network::Network;
use pollster::block_on;

const NORMALISATION: Normalisation = Normalisation { mean: [0.5; 3], std: [0.25; 3] };

fn network(fragment: &str) -> Network {
    let (config, notes) = Config::from_fragment(fragment);
    assert_eq!(notes, [], "{fragment}");
    Network::new(&config, 10)
}

/// What the driver's memory holds. The device belongs to this test, so that no other test allocates on it.
fn allocated(device: &Device) -> u64 {
    device.allocated_bytes().expect("wgpu counts on Vulkan")
}

#[test]
fn every_combination_of_switches_takes_as_much_memory_as_it_says() {
    let device = block_on(Device::open()).unwrap();
    let mut seen = 0;
    for activation in ["relu", "sigmoid", "tanh", "leaky_relu"] {
        for norm in ["none", "lrn", "bn"] {
            for pool in ["max", "avg"] {
                for overlap in ["true", "false"] {
                    let fragment = format!("width=0.25&activation={activation}&norm={norm}&pool={pool}&overlap={overlap}");
                    check(&device, &fragment, 3);
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 48);
    check(&device, "width=0.5&norm=bn&depth=3&dropout=0.5", 5);
    check(&device, "width=0.25&arch=original", 1);
}

fn check(device: &Device, fragment: &str, batch: usize) {
    let network = network(fragment);
    let before = allocated(device);
    let needed = Gpu::memory_needed(device, &network, batch).unwrap();
    assert_eq!(allocated(device), before, "{fragment}: planning allocates nothing that stays");
    let gpu = block_on(Gpu::new(device, &network, batch, NORMALISATION)).unwrap();
    assert_eq!(gpu.memory_bytes(), needed, "{fragment}");
    let taken = allocated(device) - before;
    // The driver rounds each buffer up, by less than a page.
    let buffers = 16 * network.layers.len() as u64;
    assert!(taken >= needed && taken < needed + 4096 * buffers, "{fragment}: {taken} bytes were taken, {needed} announced");
}

#[test]
fn what_is_refused_allocates_nothing() {
    let device = block_on(Device::open()).unwrap();
    let running = block_on(Gpu::new(&device, &network("width=0.25"), 2, NORMALISATION)).unwrap();
    let before = allocated(&device);
    let huge = network("arch=original&width=2&depth=12");
    for limited in [device.clone(), device.with_binding_limit(1 << 20)] {
        let refused = block_on(Gpu::new(&limited, &huge, 1024, NORMALISATION)).map(drop);
        assert!(matches!(refused, Err(Error::TooLarge { needed, limit }) if needed > limit), "{refused:?}");
        assert_eq!(refused.err(), Gpu::memory_needed(&limited, &huge, 1024).err());
        assert_eq!(allocated(&device), before);
    }
    drop(running);
}
