//! The two families of kernels for the matrix products of learnt layers, and the shapes of the tiled family's tiles.
//!
//! Both give the same results up to rounding. `alexnet-lab bench --backend gpu --family tiled` measures one, and `auto` says by
//! which figures it chose ([`super::choice`]).
//!
//! # What the tiled family is made for, and what is only an estimate
//! Measured, on adapters that are a processor: a convolution runs at 1.25 GFLOP/s by registers and 0.14 by tiles on SwiftShader in
//! Chromium, 1.35 and 1.21 on lavapipe, and the losses of the first steps agree to seven digits. On a graphics card nothing has
//! been measured yet; this is reasoning:
//!
//! * A thread of the larger tiles has 64 sums, 16 operands and about 20 addresses in registers, some 100 to 130 of the 255 that a
//!   thread may have; 65,536 registers then hold 16 to 20 warps, 8 to 10 workgroups of 64 threads. Workgroup memory (10.4 KiB with
//!   128 x 32 outputs, 8.4 KiB with 64 x 64: 4 vec4s of terms, two operands, padding) holds as many in 100 KiB.
//! * 16 terms cost a thread 1,024 multiply-adds and 64 reads of a vec4, so that both of a multiprocessor's units, 128
//!   multiply-adds and 128 bytes a clock, are about equally busy; neighbours that read the same word share the read.
//! * A tile of 64 x 64 does 16 operations for each byte from the cache, one of 128 x 32 does 12.8. A card with 13 TFLOP/s and
//!   1.5 TB/s of cache is then bound by arithmetic. Loading costs some 15 integer instructions a vec4, about a tenth of the time.
//! * No load overlaps the arithmetic of its own workgroup; other workgroups of the multiprocessor fill the gap. With a batch of 128
//!   the last layers have 64 to 128 workgroups, too few for a large card, and the fully connected ones 32 small tiles.
//!
//! Kernels of this make reach 33 to 72 % of a card's peak in what is published for large square products; for these shapes 20 to
//! 40 % seems likely at batch 128, more at 512.

use super::recorder::Constant;

/// Which kernels compute the products of convolutions and fully connected layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Registers only, no barriers: for adapters that are a processor.
    Registers,
    /// Tiles in workgroup memory: for graphics cards.
    Tiled,
}

/// The part of a product that one workgroup of the tiled family computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Threads along a row of the tile.
    across: usize,
    /// Rows that a thread computes, 4 or 8, and vec4s of each, 1 or 2.
    rows: usize,
    blocks: usize,
}

/// Eight by eight sums a thread: (64, 64) and (128, 32) outputs. Four operands from workgroup memory serve 64 multiply-adds.
const SQUARE: Tile = Tile { across: 8, rows: 8, blocks: 2 };
const TALL: Tile = Tile { across: 4, rows: 8, blocks: 2 };
/// Four by four sums a thread, (32, 32) outputs: half as many multiply-adds an operand, but four times as many workgroups.
const SMALL: Tile = Tile { across: 8, rows: 4, blocks: 1 };

/// Workgroups that a card of middling size runs at once.
const AT_ONCE: usize = 128;

impl Tile {
    /// Rows of outputs.
    pub fn height(self) -> usize {
        super::kernels::WORKGROUP / self.across * self.rows
    }

    /// Outputs in a row, in vec4s.
    pub fn blocks(self) -> usize {
        self.across * self.blocks
    }

    /// Tiles that cover (rows, 4 * blocks) outputs.
    pub fn count(self, rows: usize, blocks: usize) -> usize {
        rows.div_ceil(self.height()) * blocks.div_ceil(self.blocks())
    }

    /// For sums that can be split until there are enough workgroups: the tile that computes least beside the outputs.
    pub fn for_split_sums(rows: usize, blocks: usize) -> Tile {
        let cost = |tile: &Tile| tile.count(rows, blocks) * tile.height() * tile.blocks();
        [SQUARE, TALL].into_iter().min_by_key(cost).unwrap_or(SQUARE)
    }

    /// The tile that is done first with (rows, 4 * blocks) whole sums.
    pub fn for_sums(rows: usize, blocks: usize) -> Tile {
        // Rounds of workgroups, times the time of one: its outputs, half as much again for the small tile.
        let cost = |tile: &Tile| {
            let time = tile.height() * tile.blocks() * if *tile == SMALL { 3 } else { 2 };
            tile.count(rows, blocks).max(AT_ONCE) * time
        };
        [SQUARE, TALL, SMALL].into_iter().min_by_key(cost).unwrap_or(SMALL)
    }

    /// The constants of `tile.wgsl`.
    pub fn constants(self) -> [(&'static str, Constant); 3] {
        [("ACROSS", self.across.into()), ("ROWS", self.rows.into()), ("BLOCKS", self.blocks.into())]
    }
}
