// The kernels of conv.wgsl in workgroup memory, for graphics cards; same bindings, same meaning. `tile.wgsl` comes first.
// Constants: IN_HEIGHT, IN_WIDTH, IN_CHANNELS (not padded), IN_BLOCKS (vec4s of channels), OUT_HEIGHT, OUT_WIDTH, OUT_CHANNELS,
// OUT_BLOCKS, KERNEL, STRIDE, PADDING, those of tile.wgsl; forward: FUNCTION; backward_weight: PIXELS_A_SPLIT, SPLITS.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;  // (batch, height, width, in)
@group(0) @binding(1) var<storage, read> weight: array<vec4f>; // (ky, kx, in, out)
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;   // (out)
@group(0) @binding(3) var<storage, read_write> output: array<vec4f>; // (batch, height, width, out)
@group(0) @binding(4) var<storage, read> grad_output: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> grad_input: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partial: array<vec4f>; // (split, ky * kx * in + 1, out); the last row is the bias

const IN_PIXELS: u32 = BATCH * IN_HEIGHT * IN_WIDTH;
const OUT_PIXELS: u32 = BATCH * OUT_HEIGHT * OUT_WIDTH;
const IN_TAPS: u32 = KERNEL * KERNEL * IN_BLOCKS; // (ky, kx, vec4s of in)
const OUT_TAPS: u32 = KERNEL * KERNEL * OUT_BLOCKS; // (ky, kx, vec4s of out)
const OUT_TILES: u32 = (OUT_BLOCKS + TILE_BLOCKS - 1) / TILE_BLOCKS;
const IN_TILES: u32 = (IN_BLOCKS + TILE_BLOCKS - 1) / TILE_BLOCKS;

// Where a window starts, or where a tap lies in it: row, column, and their place in vec4s. Negative numbers wrap. OUTSIDE is in
// no image.
struct Place {
    y: u32,
    x: u32,
    at: u32,
}

const OUTSIDE: u32 = 1u << 30;

// The window of an output pixel in `input`.
fn window_of(pixel: u32) -> Place {
    if pixel >= OUT_PIXELS {
        return Place(OUTSIDE, 0, 0);
    }
    let y = pixel / OUT_WIDTH % OUT_HEIGHT * STRIDE - PADDING;
    let x = pixel % OUT_WIDTH * STRIDE - PADDING;
    return Place(y, x, (pixel / (OUT_WIDTH * OUT_HEIGHT) * IN_HEIGHT * IN_WIDTH + y * IN_WIDTH + x) * IN_BLOCKS);
}

// A tap of the window, at most IN_TAPS.
fn tap_of(tap: u32) -> Place {
    let y = tap / (IN_BLOCKS * KERNEL);
    let x = tap / IN_BLOCKS % KERNEL;
    return Place(select(y, OUTSIDE, tap >= IN_TAPS), x, (y * IN_WIDTH + x) * IN_BLOCKS + tap % IN_BLOCKS);
}

// 0 in the padding.
fn input_at(window: Place, tap: Place) -> vec4f {
    if window.y + tap.y < IN_HEIGHT && window.x + tap.x < IN_WIDTH {
        return input[window.at + tap.at];
    }
    return vec4f(0.0);
}

#entry forward
// ---- forward: (pixels, taps) times (taps, out)

fn row_of(pixel: u32) -> Place {
    return window_of(pixel);
}

fn term_of(tap: u32) -> Place {
    return tap_of(tap);
}

fn left_at(window: Place, tap: Place) -> vec4f {
    return input_at(window, tap);
}

fn right_at(term: u32, block: u32) -> vec4f {
    if term < 4 * IN_TAPS && block < OUT_BLOCKS {
        return weight[term * OUT_BLOCKS + block];
    }
    return vec4f(0.0);
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_row = number / OUT_TILES * TILE_ROWS;
    let first_block = number % OUT_TILES * TILE_BLOCKS;
    if first_row >= OUT_PIXELS {
        return;
    }
    var sums: Sums;
    add_products(&sums, first_row, first_block, IN_TAPS, local);
#for r in ROWS
#for b in BLOCKS
    store_output(first_row + thread_row(local) + $r * DOWN, first_block + thread_block(local) + $b * ACROSS, sums.s$r_$b);
#end
#end
}

fn store_output(pixel: u32, block: u32, sum: vec4f) {
    if pixel < OUT_PIXELS && block < OUT_BLOCKS {
        output[pixel * OUT_BLOCKS + block] = keep_channels(activate(sum + bias[block]), block, OUT_CHANNELS);
    }
}
#end
#entry backward_input
// ---- backward_input: (pixels, taps) times (taps, in); the weight is transposed on its way into the tile.

// The output pixel that would meet an input pixel at tap (0, 0) if the stride were 1.
fn row_of(pixel: u32) -> Place {
    if pixel >= IN_PIXELS {
        return Place(2 * OUTSIDE, 0, 0);
    }
    return Place(pixel / IN_WIDTH % IN_HEIGHT + PADDING, pixel % IN_WIDTH + PADDING,
        pixel / (IN_WIDTH * IN_HEIGHT) * OUT_HEIGHT * OUT_WIDTH * OUT_BLOCKS);
}

fn term_of(tap: u32) -> Place {
    let y = tap / (OUT_BLOCKS * KERNEL);
    return Place(select(y, OUTSIDE, tap >= OUT_TAPS), tap / OUT_BLOCKS % KERNEL, tap % OUT_BLOCKS);
}

// The gradient of the output pixel that met the input pixel at `tap`: oy * STRIDE + ky = iy + PADDING.
fn left_at(meeting: Place, tap: Place) -> vec4f {
    let y = meeting.y - tap.y;
    let x = meeting.x - tap.x;
    if y % STRIDE == 0 && x % STRIDE == 0 && y / STRIDE < OUT_HEIGHT && x / STRIDE < OUT_WIDTH {
        return grad_output[meeting.at + (y / STRIDE * OUT_WIDTH + x / STRIDE) * OUT_BLOCKS + tap.at];
    }
    return vec4f(0.0);
}

// The weights between a vec4 of inputs and a vec4 of outputs at a tap, transposed.
fn transposed_at(tap: u32, block: u32) -> mat4x4f {
    if tap < OUT_TAPS && block < IN_BLOCKS {
        let row = (tap / OUT_BLOCKS * IN_BLOCKS + block) * 4 * OUT_BLOCKS + tap % OUT_BLOCKS;
        return transpose(mat4x4f(weight[row], weight[row + OUT_BLOCKS], weight[row + 2 * OUT_BLOCKS], weight[row + 3 * OUT_BLOCKS]));
    }
    return mat4x4f();
}

@compute @workgroup_size(WORKGROUP)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_row = number / IN_TILES * TILE_ROWS;
    let first_block = number % IN_TILES * TILE_BLOCKS;
    if first_row >= IN_PIXELS {
        return;
    }
    var sums: Sums;
    add_products(&sums, first_row, first_block, OUT_TAPS, local);
#for r in ROWS
#for b in BLOCKS
    store_grad_input(first_row + thread_row(local) + $r * DOWN, first_block + thread_block(local) + $b * ACROSS, sums.s$r_$b);
#end
#end
}

fn store_grad_input(pixel: u32, block: u32, sum: vec4f) {
    if pixel < IN_PIXELS && block < IN_BLOCKS {
        grad_input[pixel * IN_BLOCKS + block] = sum;
        pass_through_activation(pixel * IN_BLOCKS + block, sum);
    }
}
#end
#entry backward_weight
// ---- backward_weight: (taps, pixels) times (pixels, out), a split of the pixels. The bias counts as one more tap.

const TAP_TILES: u32 = (IN_TAPS + TILE_FOURS) / TILE_FOURS; // of IN_TAPS + 1, rounded up

// A vec4 of taps.
struct Rows {
    number: u32,
    tap: Place,
}

fn rows_of(number: u32) -> Rows {
    return Rows(number, tap_of(number));
}

fn left_at(pixel: u32, end: u32, rows: Rows) -> vec4f {
    if pixel >= end {
        return vec4f(0.0);
    }
    return select(input_at(window_of(pixel), rows.tap), vec4f(1.0, 0.0, 0.0, 0.0), rows.number == IN_TAPS);
}

fn right_at(pixel: u32, end: u32, block: u32) -> vec4f {
    if pixel < end && block < OUT_BLOCKS {
        return grad_output[pixel * OUT_BLOCKS + block];
    }
    return vec4f(0.0);
}

@compute @workgroup_size(WORKGROUP)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let split = number / (OUT_TILES * TAP_TILES);
    let first_tap = number / OUT_TILES % TAP_TILES * TILE_FOURS;
    let first_block = number % OUT_TILES * TILE_BLOCKS;
    if split >= SPLITS {
        return;
    }
    let start = split * PIXELS_A_SPLIT;
    let end = min(start + PIXELS_A_SPLIT, OUT_PIXELS);
    var sums: Sums;
    add_outer_products(&sums, first_tap, first_block, start, end, local);
    let tile_row = 4 * (first_tap + thread_row(local));
#for r in ROWS
#for b in BLOCKS
    store_partial(split, tile_row + $(r / 4 * 4) * DOWN + $(r % 4), first_block + thread_block(local) + $b * ACROSS, sums.s$r_$b);
#end
#end
}

fn store_partial(split: u32, row: u32, block: u32, sum: vec4f) {
    if row <= 4 * IN_TAPS && block < OUT_BLOCKS {
        partial[(split * (4 * IN_TAPS + 1) + row) * OUT_BLOCKS + block] = sum;
    }
}
#end
