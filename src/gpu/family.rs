//! The two families of kernels for the matrix products of learnt layers, and the shapes of the tiled family's tiles.
//!
//! Both give the same results up to rounding.

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
