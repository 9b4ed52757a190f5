// The kernels of linear.wgsl in workgroup memory, for graphics cards; same bindings, same constants, same meaning.
// `tile.wgsl` comes before.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;  // (batch, in)
@group(0) @binding(1) var<storage, read> weight: array<vec4f>; // (rows of the chunk, out)
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;   // (out)
@group(0) @binding(3) var<storage, read_write> output: array<vec4f>; // (batch, out)
@group(0) @binding(4) var<storage, read> grad_output: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> grad_input: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> grad_weight: array<vec4f>; // (rows of the chunk, out)
@group(0) @binding(7) var<storage, read_write> grad_bias: array<vec4f>;

const OUT_TILES: u32 = (OUT_BLOCKS + TILE_BLOCKS - 1) / TILE_BLOCKS;
const IN_TILES: u32 = (CHUNK_BLOCKS + TILE_BLOCKS - 1) / TILE_BLOCKS;

// ---- forward: (batch, in) times (in, out)

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_row = number / OUT_TILES * TILE_ROWS;
    let first_block = number % OUT_TILES * TILE_BLOCKS;
    if first_row >= BATCH {
        return;
    }
    var sums: Sums;
    for (var first = 0u; first < CHUNK_BLOCKS; first += DEPTH) {
        for (var at = local; at < DEPTH * TILE_ROWS; at += WORKGROUP) {
            let image = first_row + at / DEPTH;
            let i = first + at % DEPTH;
            var x = vec4f(0.0);
            if image < BATCH && i < CHUNK_BLOCKS {
                x = input[image * IN_BLOCKS + FIRST_BLOCK + i];
            }
            left[at % DEPTH * LEFT_STRIDE + at / DEPTH] = x;
        }
        for (var at = local; at < TERMS * TILE_BLOCKS; at += WORKGROUP) {
            let term = 4 * first + at / TILE_BLOCKS;
            let block = first_block + at % TILE_BLOCKS;
            var w = vec4f(0.0);
            if term < 4 * CHUNK_BLOCKS && block < OUT_BLOCKS {
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
    store_outputs(row, block, sums.a0, sums.b0);
    store_outputs(row + DOWN, block, sums.a1, sums.b1);
    store_outputs(row + 2 * DOWN, block, sums.a2, sums.b2);
    store_outputs(row + 3 * DOWN, block, sums.a3, sums.b3);
    if TALL {
        store_outputs(row + 4 * DOWN, block, sums.a4, sums.b4);
        store_outputs(row + 5 * DOWN, block, sums.a5, sums.b5);
        store_outputs(row + 6 * DOWN, block, sums.a6, sums.b6);
        store_outputs(row + 7 * DOWN, block, sums.a7, sums.b7);
    }
}

fn store_outputs(image: u32, block: u32, a: vec4f, b: vec4f) {
    if image >= BATCH {
        return;
    }
    if block < OUT_BLOCKS {
        store_output(image, block, a);
    }
    if WIDE && block + ACROSS < OUT_BLOCKS {
        store_output(image, block + ACROSS, b);
    }
}

fn store_output(image: u32, o: u32, sum: vec4f) {
    let at = image * OUT_BLOCKS + o;
    var y = sum;
    if FIRST {
        y += bias[o];
    } else {
        y += output[at];
    }
    if LAST {
        y = keep_channels(activate(FUNCTION, y), o, OUT_CHANNELS);
        drop_out(at, y);
    }
    output[at] = y;
}

// ---- backward_input: (batch, out) times (out, in); the weight is transposed on its way into the tile.

@compute @workgroup_size(WORKGROUP)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_row = number / IN_TILES * TILE_ROWS;
    let first_block = number % IN_TILES * TILE_BLOCKS; // within the chunk
    if first_row >= BATCH {
        return;
    }
    var sums: Sums;
    for (var first = 0u; first < OUT_BLOCKS; first += DEPTH) {
        for (var at = local; at < DEPTH * TILE_ROWS; at += WORKGROUP) {
            let image = first_row + at / DEPTH;
            let o = first + at % DEPTH;
            var g = vec4f(0.0);
            if image < BATCH && o < OUT_BLOCKS {
                g = grad_output[image * OUT_BLOCKS + o];
            }
            left[at % DEPTH * LEFT_STRIDE + at / DEPTH] = g;
        }
        for (var at = local; at < DEPTH * TILE_BLOCKS; at += WORKGROUP) {
            let o = first + at % DEPTH;
            let block = first_block + at / DEPTH;
            var w = mat4x4f();
            if o < OUT_BLOCKS && block < CHUNK_BLOCKS {
                let row = block * 4 * OUT_BLOCKS + o;
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
    store_grad_inputs(row, block, sums.a0, sums.b0);
    store_grad_inputs(row + DOWN, block, sums.a1, sums.b1);
    store_grad_inputs(row + 2 * DOWN, block, sums.a2, sums.b2);
    store_grad_inputs(row + 3 * DOWN, block, sums.a3, sums.b3);
    if TALL {
        store_grad_inputs(row + 4 * DOWN, block, sums.a4, sums.b4);
        store_grad_inputs(row + 5 * DOWN, block, sums.a5, sums.b5);
        store_grad_inputs(row + 6 * DOWN, block, sums.a6, sums.b6);
        store_grad_inputs(row + 7 * DOWN, block, sums.a7, sums.b7);
    }
}

fn store_grad_inputs(image: u32, block: u32, a: vec4f, b: vec4f) {
    if image >= BATCH {
        return;
    }
    let at = image * IN_BLOCKS + FIRST_BLOCK + block;
    if block < CHUNK_BLOCKS {
        store_grad_input(at, a);
    }
    if WIDE && block + ACROSS < CHUNK_BLOCKS {
        store_grad_input(at + ACROSS, b);
    }
}

fn store_grad_input(at: u32, sum: vec4f) {
    let gradient = masked(at, sum);
    grad_input[at] = gradient;
    pass_through_activation(at, gradient);
}

// ---- backward_weight: (in, batch) times (batch, out). In the last chunk the bias counts as one more vec4 of inputs.

const ROW_BLOCKS: u32 = CHUNK_BLOCKS + u32(LAST);

@compute @workgroup_size(WORKGROUP)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_i = number / OUT_TILES * (TILE_ROWS / 4); // within the chunk
    let first_block = number % OUT_TILES * TILE_BLOCKS;
    if first_i >= ROW_BLOCKS {
        return;
    }
    var sums: Sums;
    for (var first = 0u; first < BATCH; first += TERMS) {
        for (var at = local; at < TERMS * TILE_ROWS / 4; at += WORKGROUP) {
            let image = first + at / (TILE_ROWS / 4);
            let i = first_i + at % (TILE_ROWS / 4);
            var x = vec4f(0.0);
            if image < BATCH && i < CHUNK_BLOCKS {
                x = input[image * IN_BLOCKS + FIRST_BLOCK + i];
            } else if image < BATCH && i == CHUNK_BLOCKS {
                x = vec4f(1.0, 0.0, 0.0, 0.0);
            }
            left[at] = x;
        }
        for (var at = local; at < TERMS * TILE_BLOCKS; at += WORKGROUP) {
            let image = first + at / TILE_BLOCKS;
            let block = first_block + at % TILE_BLOCKS;
            var g = vec4f(0.0);
            if image < BATCH && block < OUT_BLOCKS {
                g = grad_output[image * OUT_BLOCKS + block];
            }
            right[at / TILE_BLOCKS * RIGHT_STRIDE + at % TILE_BLOCKS] = g;
        }
        workgroupBarrier();
        multiply_outer(&sums, local);
        workgroupBarrier();
    }
    let i = first_i + thread_row(local);
    let block = first_block + thread_block(local);
    store_gradients(i, block, sums.a0, sums.a1, sums.a2, sums.a3);
    if WIDE {
        store_gradients(i, block + ACROSS, sums.b0, sums.b1, sums.b2, sums.b3);
    }
    if TALL {
        store_gradients(i + DOWN, block, sums.a4, sums.a5, sums.a6, sums.a7);
        if WIDE {
            store_gradients(i + DOWN, block + ACROSS, sums.b4, sums.b5, sums.b6, sums.b7);
        }
    }
}

// The gradients of four inputs' weights, or of the bias.
fn store_gradients(i: u32, block: u32, w0: vec4f, w1: vec4f, w2: vec4f, w3: vec4f) {
    if i >= ROW_BLOCKS || block >= OUT_BLOCKS {
        return;
    }
    if i == CHUNK_BLOCKS {
        grad_bias[block] = w0;
        return;
    }
    let at = i * 4 * OUT_BLOCKS + block;
    grad_weight[at] = w0;
    grad_weight[at + OUT_BLOCKS] = w1;
    grad_weight[at + 2 * OUT_BLOCKS] = w2;
    grad_weight[at + 3 * OUT_BLOCKS] = w3;
}
