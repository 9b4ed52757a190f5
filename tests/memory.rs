//! The CPU backend takes exactly the bytes that it says it needs: a page must not refuse by a guess.

mod common;

use alexnet_lab::backend::cpu::{Cpu, threads};
use alexnet_lab::config::Config;
use alexnet_lab::data::batch::{Batch, gather};
use alexnet_lab::network::Network;
use alexnet_lab::step::tree::parts;
use alexnet_lab::step::{Hyper, initial_state};
use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static LIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count of the bytes in use.
struct Counting;

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Names, the list of layers, lists of one element per channel, and the packed blocks of the matrix products, which fit in the
/// processor's cache: far below this in all, for each worker.
const SMALL: usize = 2 << 20;

#[test]
fn the_cpu_takes_as_much_memory_as_it_says() {
    let images = common::striped(16, 1);
    for (workers, fragment) in [
        (1, "width=0.25&batch=1"),
        (1, "batch=16&norm=bn&depth=3"),
        (1, "batch=16&norm=lrn&pool=avg"),
        (1, "arch=original&width=0.25&batch=2"),
        (2, "batch=16&norm=bn&depth=3"),
        (3, "batch=16&norm=lrn&pool=avg"),
        (2, "arch=original&width=0.25&batch=2"),
    ] {
        let (config, notes) = Config::from_fragment(fragment);
        assert_eq!(notes, []);
        let (network, count) = (Network::new(&config, 10), config.batch as usize);
        let state = initial_state(&network, 1);
        let indices: Vec<u32> = (0..config.batch).collect();
        let batch: Batch = gather(&images.train, &indices, network.input, images.border(), None);
        let needed = Cpu::<f32>::memory_needed(&network, count, workers) as usize;
        let before = LIVE.load(Relaxed);
        MOST.store(before, Relaxed);
        let helper = |part: &Range<usize>| threads::start(network.clone(), part.len(), images.normalisation);
        let helpers = parts(count, workers)[1..].iter().map(helper).collect();
        let mut cpu: Cpu = Cpu::with_helpers(network.clone(), count, images.normalisation, helpers);
        let hyper = Hyper { seed: 1, learning_rate: 0.01, momentum: 0.9, dropout: 0.5, ..Hyper::default() };
        cpu.set_state(&state).unwrap();
        cpu.step(&batch, &hyper).unwrap();
        pollster::block_on(cpu.settle()).unwrap();
        let taken = MOST.load(Relaxed) - before;
        assert!(
            taken >= needed && taken < needed + workers * SMALL,
            "{fragment}, {workers} workers: {taken} bytes were taken, {needed} announced"
        );
        assert_eq!(cpu.memory_bytes() as usize, needed);
    }
}
