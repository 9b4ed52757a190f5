// The kernels of conv.wgsl in workgroup memory, for graphics cards; same bindings, same meaning. `tile.wgsl` comes before.
// Constants: as in conv.wgsl and tile.wgsl; backward_weight: PIXELS_A_SPLIT, SPLITS.

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

// What output pixel `pixel` meets at `tap`; 0 in the padding. Numbers below 0 wrap and are large.
fn input_at(pixel: u32, tap: u32) -> vec4f {
    let y = pixel / OUT_WIDTH % OUT_HEIGHT * STRIDE + tap / (IN_BLOCKS * KERNEL) - PADDING;
    let x = pixel % OUT_WIDTH * STRIDE + tap / IN_BLOCKS % KERNEL - PADDING;
    if y >= IN_HEIGHT || x >= IN_WIDTH {
        return vec4f(0.0);
    }
    let image = pixel / (OUT_WIDTH * OUT_HEIGHT);
    return input[((image * IN_HEIGHT + y) * IN_WIDTH + x) * IN_BLOCKS + tap % IN_BLOCKS];
}

// The gradient of the output pixel that met input pixel `pixel` at `tap`: oy * STRIDE + ky = iy + PADDING.
fn grad_output_at(pixel: u32, tap: u32) -> vec4f {
    let y = pixel / IN_WIDTH % IN_HEIGHT + PADDING - tap / (OUT_BLOCKS * KERNEL);
    let x = pixel % IN_WIDTH + PADDING - tap / OUT_BLOCKS % KERNEL;
    if y % STRIDE != 0 || x % STRIDE != 0 || y / STRIDE >= OUT_HEIGHT || x / STRIDE >= OUT_WIDTH {
        return vec4f(0.0);
    }
    let image = pixel / (IN_WIDTH * IN_HEIGHT);
    return grad_output[((image * OUT_HEIGHT + y / STRIDE) * OUT_WIDTH + x / STRIDE) * OUT_BLOCKS + tap % OUT_BLOCKS];
}

// ---- forward: (pixels, taps) times (taps, out)

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_row = number / OUT_TILES * TILE_ROWS;
    let first_block = number % OUT_TILES * TILE_BLOCKS;
    if first_row >= OUT_PIXELS {
        return;
    }
    var sums: Sums;
    for (var first = 0u; first < IN_TAPS; first += DEPTH) {
        for (var at = local; at < DEPTH * TILE_ROWS; at += WORKGROUP) {
            let pixel = first_row + at / DEPTH;
            let tap = first + at % DEPTH;
            var x = vec4f(0.0);
            if pixel < OUT_PIXELS && tap < IN_TAPS {
                x = input_at(pixel, tap);
            }
            left[at % DEPTH * LEFT_STRIDE + at / DEPTH] = x;
        }
        for (var at = local; at < TERMS * TILE_BLOCKS; at += WORKGROUP) {
            let term = 4 * first + at / TILE_BLOCKS;
            let block = first_block + at % TILE_BLOCKS;
            var w = vec4f(0.0);
            if term < 4 * IN_TAPS && block < OUT_BLOCKS {
                w = weight[term * OUT_BLOCKS + block];
            }
            right[at / TILE_BLOCKS * RIGHT_STRIDE + at % TILE_BLOCKS] = w;
        }
        workgroupBarrier();
        multiply(&sums, local);
        workgroupBarrier();
    }
    let row = first_row + thread_row(local);
    let block = first_block + thread_block(local);
    store_output(row, block, sums.a0, sums.b0);
    store_output(row + DOWN, block, sums.a1, sums.b1);
    store_output(row + 2 * DOWN, block, sums.a2, sums.b2);
    store_output(row + 3 * DOWN, block, sums.a3, sums.b3);
    if TALL {
        store_output(row + 4 * DOWN, block, sums.a4, sums.b4);
        store_output(row + 5 * DOWN, block, sums.a5, sums.b5);
        store_output(row + 6 * DOWN, block, sums.a6, sums.b6);
        store_output(row + 7 * DOWN, block, sums.a7, sums.b7);
    }
}

fn store_output(pixel: u32, block: u32, a: vec4f, b: vec4f) {
    if pixel >= OUT_PIXELS {
        return;
    }
    if block < OUT_BLOCKS {
        output[pixel * OUT_BLOCKS + block] = keep_channels(activate(FUNCTION, a + bias[block]), block, OUT_CHANNELS);
    }
    let second = block + ACROSS;
    if WIDE && second < OUT_BLOCKS {
        output[pixel * OUT_BLOCKS + second] = keep_channels(activate(FUNCTION, b + bias[second]), second, OUT_CHANNELS);
    }
}

// ---- backward_input: (pixels, taps) times (taps, in); the weight is transposed on its way into the tile.

@compute @workgroup_size(WORKGROUP)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_row = number / IN_TILES * TILE_ROWS;
    let first_block = number % IN_TILES * TILE_BLOCKS;
    if first_row >= IN_PIXELS {
        return;
    }
    var sums: Sums;
    for (var first = 0u; first < OUT_TAPS; first += DEPTH) {
        for (var at = local; at < DEPTH * TILE_ROWS; at += WORKGROUP) {
            let pixel = first_row + at / DEPTH;
            let tap = first + at % DEPTH;
            var g = vec4f(0.0);
            if pixel < IN_PIXELS && tap < OUT_TAPS {
                g = grad_output_at(pixel, tap);
            }
            left[at % DEPTH * LEFT_STRIDE + at / DEPTH] = g;
        }
        for (var at = local; at < DEPTH * TILE_BLOCKS; at += WORKGROUP) {
            let tap = first + at % DEPTH;
            let block = first_block + at / DEPTH;
            var w = mat4x4f();
            if tap < OUT_TAPS && block < IN_BLOCKS {
                let row = (tap / OUT_BLOCKS * IN_BLOCKS + block) * 4 * OUT_BLOCKS + tap % OUT_BLOCKS;
                w = transpose(mat4x4f(weight[row], weight[row + OUT_BLOCKS], weight[row + 2 * OUT_BLOCKS], weight[row + 3 * OUT_BLOCKS]));
            }
            let to = at % DEPTH * 4 * RIGHT_STRIDE + at / DEPTH;
            right[to] = w[0];
            right[to + RIGHT_STRIDE] = w[1];
            right[to + 2 * RIGHT_STRIDE] = w[2];
            right[to + 3 * RIGHT_STRIDE] = w[3];
        }
        workgroupBarrier();
        multiply(&sums, local);
        workgroupBarrier();
    }
    let row = first_row + thread_row(local);
    let block = first_block + thread_block(local);
    store_grad_input(row, block, sums.a0, sums.b0);
    store_grad_input(row + DOWN, block, sums.a1, sums.b1);
    store_grad_input(row + 2 * DOWN, block, sums.a2, sums.b2);
    store_grad_input(row + 3 * DOWN, block, sums.a3, sums.b3);
    if TALL {
        store_grad_input(row + 4 * DOWN, block, sums.a4, sums.b4);
        store_grad_input(row + 5 * DOWN, block, sums.a5, sums.b5);
        store_grad_input(row + 6 * DOWN, block, sums.a6, sums.b6);
        store_grad_input(row + 7 * DOWN, block, sums.a7, sums.b7);
    }
}

fn store_grad_input(pixel: u32, block: u32, a: vec4f, b: vec4f) {
    if pixel >= IN_PIXELS {
        return;
    }
    if block < IN_BLOCKS {
        grad_input[pixel * IN_BLOCKS + block] = a;
        pass_through_activation(pixel * IN_BLOCKS + block, a);
    }
    if WIDE && block + ACROSS < IN_BLOCKS {
        grad_input[pixel * IN_BLOCKS + block + ACROSS] = b;
        pass_through_activation(pixel * IN_BLOCKS + block + ACROSS, b);
    }
}

// ---- backward_weight: (taps, pixels) times (pixels, out), a split of the pixels. The bias counts as one more tap.

const TAP_TILES: u32 = (4 * IN_TAPS + TILE_ROWS) / TILE_ROWS; // rows of partial sums, rounded up

@compute @workgroup_size(WORKGROUP)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let split = number / (OUT_TILES * TAP_TILES);
    let first_tap = number / OUT_TILES % TAP_TILES * (TILE_ROWS / 4);
    let first_block = number % OUT_TILES * TILE_BLOCKS;
    if split >= SPLITS {
        return;
    }
    var sums: Sums;
    let end = min((split + 1) * PIXELS_A_SPLIT, OUT_PIXELS);
    for (var first = split * PIXELS_A_SPLIT; first < end; first += TERMS) {
        for (var at = local; at < TERMS * TILE_ROWS / 4; at += WORKGROUP) {
            let pixel = first + at / (TILE_ROWS / 4);
            let tap = first_tap + at % (TILE_ROWS / 4);
            var x = vec4f(0.0);
            if pixel < end && tap < IN_TAPS {
                x = input_at(pixel, tap);
            } else if pixel < end && tap == IN_TAPS {
                x = vec4f(1.0, 0.0, 0.0, 0.0);
            }
            left[at] = x;
        }
        for (var at = local; at < TERMS * TILE_BLOCKS; at += WORKGROUP) {
            let pixel = first + at / TILE_BLOCKS;
            let block = first_block + at % TILE_BLOCKS;
            var g = vec4f(0.0);
            if pixel < end && block < OUT_BLOCKS {
                g = grad_output[pixel * OUT_BLOCKS + block];
            }
            right[at / TILE_BLOCKS * RIGHT_STRIDE + at % TILE_BLOCKS] = g;
        }
        workgroupBarrier();
        multiply_outer(&sums, local);
        workgroupBarrier();
    }
    let row = 4 * (first_tap + thread_row(local));
    let block = first_block + thread_block(local);
    store_partial(split, row, block, sums.a0, sums.b0);
    store_partial(split, row + 1, block, sums.a1, sums.b1);
    store_partial(split, row + 2, block, sums.a2, sums.b2);
    store_partial(split, row + 3, block, sums.a3, sums.b3);
    if TALL {
        store_partial(split, row + 4 * DOWN, block, sums.a4, sums.b4);
        store_partial(split, row + 4 * DOWN + 1, block, sums.a5, sums.b5);
        store_partial(split, row + 4 * DOWN + 2, block, sums.a6, sums.b6);
        store_partial(split, row + 4 * DOWN + 3, block, sums.a7, sums.b7);
    }
}

fn store_partial(split: u32, row: u32, block: u32, a: vec4f, b: vec4f) {
    if row > 4 * IN_TAPS {
        return;
    }
    let at = (split * (4 * IN_TAPS + 1) + row) * OUT_BLOCKS + block;
    if block < OUT_BLOCKS {
        partial[at] = a;
    }
    if WIDE && block + ACROSS < OUT_BLOCKS {
        partial[at + ACROSS] = b;
    }
}
