//! The two families of kernels for the matrix products of learnt layers, and the shapes of the tiled family's tiles.
//!
//! Both give the same results up to rounding. `alexnet-lab bench --backend gpu --family tiled` measures one of them, and `auto`
//! reports the rates by which it chose ([`crate::backend::gpu::choice`]).
//!
//! # What is fast on graphics cards
//!
//! Measured on an NVIDIA H200 (132 multiprocessors, 67 TFLOP/s of f32 by its data sheet, 51 in a product of 8192 x 8192 matrices by
//! cuBLAS), through Vulkan, each dispatch between timestamps. A step of the default network at batch 128 went from 2.2 to 1.3 ms:
//! * Every index is known to the compiler, or is the start of a row: `left[row][3]`. Indices that WGSL has to check
//!   (`left[x + 3 * DOWN]`) and loops that the compiler may not unroll (naga counts their trips) cost a fifth of the step. With
//!   the loops written out, switching the checks off gains nothing.
//! * The next operands are loaded into registers while the current ones are multiplied, and what does not depend on the terms is
//!   computed once: conv2 forward 19 -> 33 TFLOP/s, conv3 7.5 -> 21, at batch 512 38.
//! * Enough workgroups: layers of 8 x 8 pixels run three times as fast in tiles of 32 x 32 as in tiles of 64 x 64, and fully
//!   connected ones in tiles of 16 x 16. Where all tiles are full, the larger ones are up to a third faster, as the costs below
//!   say.
//! * The weight gradient, split until there are 1024 workgroups, is fastest with small tiles, which need fewer splits. Adding up
//!   the splits waits for memory: 0.15 ms when each of 512 was waited for alone, 0.03 ms with eight loads at once and at most 256
//!   splits.
//!
//! # What is fast on processors
//!
//! On SwiftShader in Chromium, a convolution runs at 1.25 GFLOP/s in registers and at 0.14 in tiles. There and on lavapipe, the
//! losses of the first steps agree to seven digits. Measured on SwiftShader, two cores of an Intel Xeon, batch 16: a step in
//! Chromium went from 515 to 455 ms, from 66 to 72 or 74 % of the rate of the best 512 x 512 register product. In the native
//! program, of 480 ms:
//! * A loop costs more than a short body: conv1, whose images have one vec4 of channels, 29 -> 17 ms without the loop over them;
//!   adding up partial sums, 16 -> 12 ms with the search for the tensor written out; pooling backward, 16 -> 14 ms with its
//!   windows written out.
//! * A branch is skipped only where four neighbouring threads skip it. When these take the same pixels of four images, layers of
//!   8 x 8 pixels, a twelfth of whose rows of taps lie outside, are 6 % faster, and conv2 3 %.
//! * Every load is four loads with a check each, two fifths of a convolution. Tiles of twice the size are a tenth faster in
//!   layers with a 5 x 5 kernel. Only forward uses them: this saves 3 % of a step and adds 0.1 to 0.4 s to a start in Chromium.
//!   Backward, whose program holds two tiles and is longer already, would save another 1 %.
//! * No gain: two rounds at once in the loop over input channels (conv2 59 -> 64 ms); one loop over rows of taps and input
//!   channels instead of two (conv2 the same, layers of 8 x 8 pixels 9 % slower); counting rows instead of dividing in the weight
//!   gradient (436 -> 438 ms). Half as many splits of the weight gradient gain 1 %, but leave less to share among more cores.

use super::kernels::{Constant, WORKGROUP};
use serde::{Deserialize, Serialize};

/// Which kernels compute the products of convolutions and fully connected layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Registers only, no barriers: for adapters that compute on the processor.
    Registers,
    /// Tiles in workgroup memory: for graphics cards.
    Tiled,
}

/// The part of a product that one workgroup of the tiled family computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Threads along a row of the tile.
    across: usize,
    /// Rows that a thread computes, and vec4s in each row.
    rows: usize,
    blocks: usize,
    /// Time for an output, in hundredths of its time in the largest tile.
    cost: usize,
}

const fn tile(across: usize, rows: usize, blocks: usize, cost: usize) -> Tile {
    Tile { across, rows, blocks, cost }
}

/// From large to small: (64, 64), (64, 32), (32, 32) and (16, 16) outputs. With fewer sums per thread, an operand from workgroup
/// memory serves fewer products, but there are more workgroups.
const TILES: [Tile; 4] = [tile(8, 8, 2, 100), tile(8, 8, 1, 114), SMALL, tile(4, 1, 1, 400)];
const SMALL: Tile = tile(8, 4, 1, 145);

/// Workgroups that a large card runs at once.
const AT_ONCE: usize = 256;

/// vec4s of terms that a tile holds for each sum.
const DEPTH: usize = 4;

impl Tile {
    /// Rows of outputs.
    pub fn height(self) -> usize {
        WORKGROUP / self.across * self.rows
    }

    /// Outputs in a row, in vec4s.
    pub fn blocks(self) -> usize {
        self.across * self.blocks
    }

    /// Tiles that cover (rows, 4 * blocks) outputs.
    pub fn count(self, rows: usize, blocks: usize) -> usize {
        rows.div_ceil(self.height()) * blocks.div_ceil(self.blocks())
    }

    /// The tile for sums that are split until there are enough workgroups.
    pub fn for_split_sums() -> Tile {
        SMALL
    }

    /// The fastest tile for (rows, 4 * blocks) whole sums.
    pub fn for_sums(rows: usize, blocks: usize) -> Tile {
        Tile::fastest(&TILES, rows, blocks)
    }

    /// The same where a thread takes rows in fours.
    pub fn for_sums_by_fours(rows: usize, blocks: usize) -> Tile {
        Tile::fastest(&TILES[..3], rows, blocks)
    }

    fn fastest(tiles: &[Tile], rows: usize, blocks: usize) -> Tile {
        let time = |tile: &Tile| tile.count(rows, blocks).max(AT_ONCE) * tile.height() * tile.blocks() * tile.cost;
        tiles.iter().copied().min_by_key(time).unwrap_or(SMALL)
    }

    /// The constants of `tile.wgsl`, and how many vec4s a thread loads for each operand.
    pub fn constants(self) -> [(&'static str, Constant); 6] {
        [
            ("ACROSS", self.across.into()),
            ("ROWS", self.rows.into()),
            ("BLOCKS", self.blocks.into()),
            ("DEPTH", DEPTH.into()),
            ("LEFT_LOADS", (DEPTH * self.height() / WORKGROUP).into()),
            ("RIGHT_LOADS", (4 * DEPTH * self.blocks() / WORKGROUP).into()),
        ]
    }
}

/// A family, and the rates that decided it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    pub family: Family,
    /// `None` when the user chose the family.
    pub measured: Option<Rates>,
}

/// GFLOP/s of each family; 0 where the driver refuses its kernels, or where tiles are not in question.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    pub registers: f64,
    pub tiled: f64,
}
