// The kernels of linear.wgsl in workgroup memory, for graphics cards; same bindings, same constants, same meaning.
// `tile.wgsl` comes before. Further constants: LEFT_LOADS, RIGHT_LOADS (vec4s that a thread loads for a tile's operands).

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

#entry forward
// ---- forward: (batch, in) times (in, out)

fn input_at(image: u32, i: u32) -> vec4f {
    if image < BATCH && i < CHUNK_BLOCKS {
        return input[image * IN_BLOCKS + FIRST_BLOCK + i];
    }
    return vec4f(0.0);
}

fn weight_at(term: u32, block: u32) -> vec4f {
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
    // What the thread loads: a vec4 of inputs of LEFT_LOADS images, RIGHT_LOADS terms of a vec4 of columns.
    let row = local / DEPTH;
    let depth = local % DEPTH;
    let term = local / TILE_BLOCKS;
    let block = local % TILE_BLOCKS;
#for i in LEFT_LOADS
    var x_$i = input_at(first_row + row + $i * (WORKGROUP / DEPTH), depth);
#end
#for i in RIGHT_LOADS
    var w_$i = weight_at(term + $i * (WORKGROUP / TILE_BLOCKS), first_block + block);
#end
    var sums: Sums;
    for (var first = 0u; first < CHUNK_BLOCKS; first += DEPTH) {
        workgroupBarrier();
#for i in LEFT_LOADS
        put_left(row + $i * (WORKGROUP / DEPTH), depth, x_$i);
#end
#for i in RIGHT_LOADS
        put_right(block, term + $i * (WORKGROUP / TILE_BLOCKS), w_$i);
#end
        workgroupBarrier();
        let next = first + DEPTH;
#for i in LEFT_LOADS
        x_$i = input_at(first_row + row + $i * (WORKGROUP / DEPTH), next + depth);
#end
#for i in RIGHT_LOADS
        w_$i = weight_at(4 * next + term + $i * (WORKGROUP / TILE_BLOCKS), first_block + block);
#end
        multiply(&sums, local);
    }
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
        y = keep_channels(activate(FUNCTION, y), o, OUT_CHANNELS);
        drop_out(at, y);
    }
    output[at] = y;
}
#end
#entry backward_input
// ---- backward_input: (batch, out) times (out, in); the weight is transposed on its way into the tile.

fn grad_output_at(image: u32, o: u32) -> vec4f {
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
    let row = local / DEPTH;
    let depth = local % DEPTH;
    // Not all threads load weights where the tile is narrow.
    let block = select(CHUNK_BLOCKS, first_block + row, row < TILE_BLOCKS);
#for i in LEFT_LOADS
    var g_$i = grad_output_at(first_row + row + $i * (WORKGROUP / DEPTH), depth);
#end
    var w = transposed_at(depth, block);
    var sums: Sums;
    for (var first = 0u; first < OUT_BLOCKS; first += DEPTH) {
        workgroupBarrier();
#for i in LEFT_LOADS
        put_left(row + $i * (WORKGROUP / DEPTH), depth, g_$i);
#end
        if row < TILE_BLOCKS {
#for t in 4
            put_right(row, 4 * depth + $t, w[$t]);
#end
        }
        workgroupBarrier();
        let next = first + DEPTH;
#for i in LEFT_LOADS
        g_$i = grad_output_at(first_row + row + $i * (WORKGROUP / DEPTH), next + depth);
#end
        w = transposed_at(next + depth, block);
        multiply(&sums, local);
    }
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
const TILE_INPUTS: u32 = TILE_ROWS / 4; // vec4s

fn inputs_at(image: u32, i: u32) -> vec4f {
    if image < BATCH && i < CHUNK_BLOCKS {
        return input[image * IN_BLOCKS + FIRST_BLOCK + i];
    }
    return vec4f(f32(image < BATCH && i == CHUNK_BLOCKS), 0.0, 0.0, 0.0);
}

fn image_grad_at(image: u32, block: u32) -> vec4f {
    if image < BATCH && block < OUT_BLOCKS {
        return grad_output[image * OUT_BLOCKS + block];
    }
    return vec4f(0.0);
}

@compute @workgroup_size(WORKGROUP)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let first_i = number / OUT_TILES * TILE_INPUTS; // within the chunk
    let first_block = number % OUT_TILES * TILE_BLOCKS;
    if first_i >= ROW_BLOCKS {
        return;
    }
    // What the thread loads: LEFT_LOADS images of a vec4 of inputs, RIGHT_LOADS images of a vec4 of columns.
    let left_term = local / TILE_INPUTS;
    let i = local % TILE_INPUTS;
    let right_term = local / TILE_BLOCKS;
    let block = local % TILE_BLOCKS;
#for i in LEFT_LOADS
    var x_$i = inputs_at(left_term + $i * (WORKGROUP / TILE_INPUTS), first_i + i);
#end
#for i in RIGHT_LOADS
    var g_$i = image_grad_at(right_term + $i * (WORKGROUP / TILE_BLOCKS), first_block + block);
#end
    var sums: Sums;
    for (var first = 0u; first < BATCH; first += TERMS) {
        workgroupBarrier();
#for i in LEFT_LOADS
        put_rows(i, left_term + $i * (WORKGROUP / TILE_INPUTS), x_$i);
#end
#for i in RIGHT_LOADS
        put_right(block, right_term + $i * (WORKGROUP / TILE_BLOCKS), g_$i);
#end
        workgroupBarrier();
        let next = first + TERMS;
#for i in LEFT_LOADS
        x_$i = inputs_at(next + left_term + $i * (WORKGROUP / TILE_INPUTS), first_i + i);
#end
#for i in RIGHT_LOADS
        g_$i = image_grad_at(next + right_term + $i * (WORKGROUP / TILE_BLOCKS), first_block + block);
#end
        multiply_outer(&sums, local);
    }
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
