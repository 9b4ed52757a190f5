// The kernels of linear.wgsl in workgroup memory, for graphics cards; same bindings, same constants, same meaning.
// `tile.wgsl` comes first, with its constants.

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

#entry forward backward_input
// Rows and terms are where their numbers say.
fn row_of(image: u32) -> u32 {
    return image;
}

fn term_of(i: u32) -> u32 {
    return i;
}
#end
#entry forward
// ---- forward: (batch, in) times (in, out)

fn left_at(image: u32, i: u32) -> vec4f {
    if image < BATCH && i < CHUNK_BLOCKS {
        return input[image * IN_BLOCKS + FIRST_BLOCK + i];
    }
    return vec4f(0.0);
}

fn right_at(term: u32, block: u32) -> vec4f {
    if term < 4 * CHUNK_BLOCKS && block < OUT_BLOCKS {
        return weight[term * OUT_BLOCKS + block];
    }
    return vec4f(0.0);
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_row = number / OUT_TILES * TILE_ROWS;
    let first_block = number % OUT_TILES * TILE_BLOCKS;
    if first_row >= BATCH {
        return;
    }
    var sums: Sums;
    add_products(&sums, first_row, first_block, CHUNK_BLOCKS, local);
#for r in ROWS
#for b in BLOCKS
    store_output(first_row + thread_row(local) + $r * DOWN, first_block + thread_block(local) + $b * ACROSS, sums.s$r_$b);
#end
#end
}

fn store_output(image: u32, o: u32, sum: vec4f) {
    if image >= BATCH || o >= OUT_BLOCKS {
        return;
    }
    let at = image * OUT_BLOCKS + o;
    var y = sum;
    if FIRST {
        y += bias[o];
    } else {
        y += output[at];
    }
    if LAST {
        y = keep_channels(activate(y), o, OUT_CHANNELS);
        drop_out(at, y);
    }
    output[at] = y;
}
#end
#entry backward_input
// ---- backward_input: (batch, out) times (out, in); the weight is transposed on its way into the tile.

fn left_at(image: u32, o: u32) -> vec4f {
    if image < BATCH && o < OUT_BLOCKS {
        return grad_output[image * OUT_BLOCKS + o];
    }
    return vec4f(0.0);
}

// The weights between a vec4 of inputs and a vec4 of outputs, transposed.
fn transposed_at(o: u32, block: u32) -> mat4x4f {
    if o < OUT_BLOCKS && block < CHUNK_BLOCKS {
        let row = block * 4 * OUT_BLOCKS + o;
        return transpose(mat4x4f(weight[row], weight[row + OUT_BLOCKS], weight[row + 2 * OUT_BLOCKS], weight[row + 3 * OUT_BLOCKS]));
    }
    return mat4x4f();
}

@compute @workgroup_size(WORKGROUP)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_row = number / IN_TILES * TILE_ROWS;
    let first_block = number % IN_TILES * TILE_BLOCKS; // within the chunk
    if first_row >= BATCH {
        return;
    }
    var sums: Sums;
    add_products(&sums, first_row, first_block, OUT_BLOCKS, local);
#for r in ROWS
#for b in BLOCKS
    store_grad_input(first_row + thread_row(local) + $r * DOWN, first_block + thread_block(local) + $b * ACROSS, sums.s$r_$b);
#end
#end
}

fn store_grad_input(image: u32, block: u32, sum: vec4f) {
    if image >= BATCH || block >= CHUNK_BLOCKS {
        return;
    }
    let at = image * IN_BLOCKS + FIRST_BLOCK + block;
    let gradient = masked(at, sum);
    grad_input[at] = gradient;
    pass_through_activation(at, gradient);
}
#end
#entry backward_weight
// ---- backward_weight: (in, batch) times (batch, out). In the last chunk the bias counts as one more vec4 of inputs.

const ROW_BLOCKS: u32 = CHUNK_BLOCKS + u32(LAST);

fn rows_of(i: u32) -> u32 {
    return i;
}

fn left_at(image: u32, end: u32, i: u32) -> vec4f {
    if image < end && i < CHUNK_BLOCKS {
        return input[image * IN_BLOCKS + FIRST_BLOCK + i];
    }
    return vec4f(f32(image < end && i == CHUNK_BLOCKS), 0.0, 0.0, 0.0);
}

fn right_at(image: u32, end: u32, block: u32) -> vec4f {
    if image < end && block < OUT_BLOCKS {
        return grad_output[image * OUT_BLOCKS + block];
    }
    return vec4f(0.0);
}

@compute @workgroup_size(WORKGROUP)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_i = number / OUT_TILES * TILE_FOURS; // within the chunk
    let first_block = number % OUT_TILES * TILE_BLOCKS;
    if first_i >= ROW_BLOCKS {
        return;
    }
    var sums: Sums;
    add_outer_products(&sums, first_i, first_block, 0u, BATCH, local);
#for f in ROWS / 4
#for b in BLOCKS
    store_gradients(first_i + thread_row(local) + $f * DOWN, first_block + thread_block(local) + $b * ACROSS,
        sums.s$(4 * f)_$b, sums.s$(4 * f + 1)_$b, sums.s$(4 * f + 2)_$b, sums.s$(4 * f + 3)_$b);
#end
#end
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
#end
