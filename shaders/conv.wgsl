// Convolution as an implicit matrix product, in registers only: no workgroup memory, no barriers. A row of PIXELS pixels is
// read once for all taps of a kernel's row; `src/gpu/unroll.rs` writes out the loops that start with `#`.
// Constants: IN_HEIGHT, IN_WIDTH, LANES (channels that exist of a vec4 of input: 3 or 4), ONE_BLOCK (1: there is one vec4 of input
// channels), OUT_HEIGHT, OUT_WIDTH, OUT_REST (channels that exist of the last vec4 of output; 0: all), KERNEL, STRIDE, PADDING; a
// thread's tile of outputs: PIXELS, CHANNELS (in vec4s), ROW_TILES (tiles in a row of pixels); forward: FUNCTION (see common.wgsl);
// backward: a thread's tile of inputs: BACK_PIXELS, BACK_CHANNELS, BACK_ROW_TILES.
// The bindings tell the numbers of channels and splits, so convolutions that differ in nothing else share a pipeline: a software
// adapter takes half a second to compile one.
// The weight (ky, kx, in, out) is indexed in vec4s of out. A position before the image wraps round and fails the same comparison
// as one behind the image. `&&` would be a branch.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;  // (batch, height, width, in)
@group(0) @binding(1) var<storage, read> weight: array<vec4f>; // (ky, kx, in, out)
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;   // (out)
@group(0) @binding(3) var<storage, read_write> output: array<vec4f>; // (batch, height, width, out)
@group(0) @binding(4) var<storage, read> grad_output: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> grad_input: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partial: array<vec4f>; // (split, ky * kx * in + 1, out); the last row is the bias

// The first pixel of a tile. Where a row is one tile, the compiler knows the pixel and drops its guards.
fn first_pixel(tile: u32, row_tiles: u32, pixels: u32) -> u32 {
    return select(tile % row_tiles * pixels, 0u, row_tiles == 1);
}

// The channels that exist of 4 input channels: an image has three, and needs a quarter fewer products.
#if LANES == 3
fn channels(x: vec4f) -> vec3f { return x.xyz; }
#end
#if LANES == 4
fn channels(x: vec4f) -> vec4f { return x; }
#end

const OUT_TILES: u32 = BATCH * OUT_HEIGHT * ROW_TILES;

// Tiles of the channels.
fn groups_of(blocks: u32, channels: u32) -> u32 {
    return (blocks + channels - 1) / channels;
}

#entry forward
// ---- forward: a thread computes PIXELS neighbouring pixels of CHANNELS vec4s of output channels. Neighbouring threads share
// the channels and the pixels' place, so that all of them skip a row of taps outside the image.

// Keeps the padded channels at 0.
#if OUT_REST == 0
fn kept(y: vec4f, block: u32, blocks: u32) -> vec4f { return y; }
#end
#if OUT_REST > 0
fn kept(y: vec4f, block: u32, blocks: u32) -> vec4f { return keep_channels(y, block, 4 * (blocks - 1) + OUT_REST); }
#end

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    let out_blocks = arrayLength(&bias);
    if index >= OUT_TILES * groups_of(out_blocks, CHANNELS) {
        return;
    }
#if ONE_BLOCK == 1
    let in_blocks = 1u;
#end
#if ONE_BLOCK == 0
    let in_blocks = arrayLength(&weight) / (4 * KERNEL * KERNEL * out_blocks);
#end
    let image = index % BATCH;
    let tile = index % OUT_TILES / BATCH;
    let ox = first_pixel(tile, ROW_TILES, PIXELS);
    let oy = tile / ROW_TILES;
#for c in CHANNELS
    let o_$c = min(index / OUT_TILES * CHANNELS + $c, out_blocks - 1); // the last may be done twice
    let bias_$c = bias[o_$c];
#for p in PIXELS
    var y_$p_$c = bias_$c;
#end
#end
    for (var ky = 0u; ky < KERNEL; ky++) {
        let iy = oy * STRIDE + ky - PADDING;
        if iy >= IN_HEIGHT {
            continue;
        }
        let row = (image * IN_HEIGHT + iy) * IN_WIDTH;
#for j in (PIXELS - 1) * STRIDE + KERNEL
        let ix_$j = ox * STRIDE + $j - PADDING;
        let inside_$j = ix_$j < IN_WIDTH;
        let at_$j = (row + min(ix_$j, IN_WIDTH - 1)) * in_blocks;
#end
        // A loop with a single round takes two fifths of the kernel's time.
#if ONE_BLOCK == 1
        {
            let i = 0u;
#end
#if ONE_BLOCK == 0
        for (var i = 0u; i < in_blocks; i++) {
#end
#for j in (PIXELS - 1) * STRIDE + KERNEL
            let x_$j = select(vec4f(0.0), input[at_$j + i], inside_$j);
#end
#for k in KERNEL
            let w_$k = ((ky * KERNEL + $k) * in_blocks + i) * 4 * out_blocks;
#for c in CHANNELS
#if LANES == 3
            let m_$k_$c = mat3x4f(weight[w_$k + o_$c], weight[w_$k + out_blocks + o_$c], weight[w_$k + 2 * out_blocks + o_$c]);
#end
#if LANES == 4
            let m_$k_$c = mat4x4f(weight[w_$k + o_$c], weight[w_$k + out_blocks + o_$c],
                weight[w_$k + 2 * out_blocks + o_$c], weight[w_$k + 3 * out_blocks + o_$c]);
#end
#for p in PIXELS
#if ROW_TILES > 1 || p * STRIDE + k >= PADDING && p * STRIDE + k < PADDING + IN_WIDTH
            y_$p_$c += m_$k_$c * channels(x_$(p * STRIDE + k));
#end
#end
#end
#end
        }
    }
    var sums: array<vec4f, PIXELS * CHANNELS>;
#for c in CHANNELS
#for p in PIXELS
    sums[$(c * PIXELS + p)] = y_$p_$c;
#end
#end
    let first = (image * OUT_HEIGHT + oy) * OUT_WIDTH + ox;
    for (var n = 0u; n < PIXELS * CHANNELS; n++) {
        let p = n % PIXELS;
        let o = min(o_0 + n / PIXELS, out_blocks - 1);
        if ox + p < OUT_WIDTH {
            output[(first + p) * out_blocks + o] = kept(activate(sums[n]), o, out_blocks);
        }
    }
}
#end
#entry backward
// ---- both gradients in one dispatch: the first workgroups make the weight's, the others the input's.

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let sizes = read_sizes();
    // And a thread for every vec4 of the bias.
    let weight_threads = (sizes.weight_threads + sizes.out_blocks) * sizes.splits;
    let weight_groups = (weight_threads + WORKGROUP - 1) / WORKGROUP;
    if number < weight_groups {
        weight_gradient(number * WORKGROUP + local, sizes);
    } else {
        input_gradient((number - weight_groups) * WORKGROUP + local, sizes);
    }
}

// A thread gathers BACK_PIXELS neighbouring input pixels of BACK_CHANNELS vec4s of input channels from the outputs they took part
// in. Neighbouring threads share the channels and the pixels' place.

const IN_TILES: u32 = BATCH * IN_HEIGHT * BACK_ROW_TILES;

fn input_gradient(index: u32, sizes: Sizes) {
    let in_blocks = sizes.in_blocks;
    let out_blocks = sizes.out_blocks;
    if index >= IN_TILES * groups_of(in_blocks, BACK_CHANNELS) {
        return;
    }
    let image = index % BATCH;
    let tile = index % IN_TILES / BATCH;
    let ix = first_pixel(tile, BACK_ROW_TILES, BACK_PIXELS);
    let iy = tile / BACK_ROW_TILES;
#for c in BACK_CHANNELS
    let i_$c = min(index / IN_TILES * BACK_CHANNELS + $c, in_blocks - 1);
#for p in BACK_PIXELS
    var x_$p_$c = vec4f(0.0);
#end
#end
    for (var ky = 0u; ky < KERNEL; ky++) {
        // The output row that met this input row at tap ky: oy * STRIDE + ky = iy + PADDING.
        let y = iy + PADDING - ky;
        if y / STRIDE >= OUT_HEIGHT || y % STRIDE != 0 {
            continue;
        }
        let row = (image * OUT_HEIGHT + y / STRIDE) * OUT_WIDTH;
        // The same along the row: pixel p met position p + KERNEL - 1 - kx. Between the strides there is no output, so 0 is used.
#for j in BACK_PIXELS + KERNEL - 1
        let v_$j = ix + PADDING + $j - (KERNEL - 1);
        let ox_$j = v_$j / STRIDE;
        let inside_$j = (ox_$j < OUT_WIDTH) & (ox_$j * STRIDE == v_$j);
        let at_$j = (row + min(ox_$j, OUT_WIDTH - 1)) * out_blocks;
#end
        for (var o = 0u; o < out_blocks; o++) {
#for j in BACK_PIXELS + KERNEL - 1
            let g_$j = select(vec4f(0.0), grad_output[at_$j + o], inside_$j);
#end
#for k in KERNEL
#for c in BACK_CHANNELS
            let w_$k_$c = ((ky * KERNEL + $k) * in_blocks + i_$c) * 4 * out_blocks + o;
            // A row vector times this matrix: the products with the weights of 4 input channels.
            let m_$k_$c = mat4x4f(weight[w_$k_$c], weight[w_$k_$c + out_blocks],
                weight[w_$k_$c + 2 * out_blocks], weight[w_$k_$c + 3 * out_blocks]);
#for p in BACK_PIXELS
#if BACK_ROW_TILES > 1 || p + PADDING >= k && p + PADDING < k + OUT_WIDTH * STRIDE
            x_$p_$c += g_$(p + KERNEL - 1 - k) * m_$k_$c;
#end
#end
#end
#end
        }
    }
    // Layers with and without a function in front share the pipeline. Without one, a single vec4 is bound.
    let goes_on = ACTIVATION_BEFORE <= LEAKY_RELU && arrayLength(&grad_before) == arrayLength(&grad_input);
    var sums: array<vec4f, BACK_PIXELS * BACK_CHANNELS>;
#for c in BACK_CHANNELS
#for p in BACK_PIXELS
    sums[$(c * BACK_PIXELS + p)] = x_$p_$c;
#end
#end
    let first = (image * IN_HEIGHT + iy) * IN_WIDTH + ix;
    for (var n = 0u; n < BACK_PIXELS * BACK_CHANNELS; n++) {
        let p = n % BACK_PIXELS;
        if ix + p < IN_WIDTH {
            let at = (first + p) * in_blocks + min(i_0 + n / BACK_PIXELS, in_blocks - 1);
            grad_input[at] = sums[n];
            if goes_on { pass_through_activation(at, sums[n]); }
        }
    }
}
#end
#entry backward backward_weight
// ---- the weight's gradient: a thread sums one split of the tiles of PIXELS output pixels, for a row of taps, 4 input channels
// and CHANNELS vec4s of output channels. There is one loop, without a branch: a loop costs a software adapter a copy of every
// sum.

struct Sizes {
    in_blocks: u32,  // vec4s of input channels
    out_blocks: u32, // vec4s of output channels
    out_groups: u32,
    weight_threads: u32, // of a split: (vec4s of out in tiles, ky, vec4s of in)
    split_rows: u32, // of `partial`
    splits: u32,
    tiles_a_split: u32,
}

fn read_sizes() -> Sizes {
    var sizes: Sizes;
    sizes.in_blocks = arrayLength(&input) / (BATCH * IN_HEIGHT * IN_WIDTH);
    sizes.out_blocks = arrayLength(&grad_output) / (BATCH * OUT_HEIGHT * OUT_WIDTH);
    sizes.out_groups = groups_of(sizes.out_blocks, CHANNELS);
    sizes.weight_threads = KERNEL * sizes.in_blocks * sizes.out_groups;
    sizes.split_rows = KERNEL * KERNEL * sizes.in_blocks * 4 + 1;
    sizes.splits = arrayLength(&partial) / (sizes.split_rows * sizes.out_blocks);
    sizes.tiles_a_split = (OUT_TILES + sizes.splits - 1) / sizes.splits;
    return sizes;
}

fn weight_gradient(index: u32, sizes: Sizes) {
    let in_blocks = sizes.in_blocks;
    let out_blocks = sizes.out_blocks;
    if index >= sizes.weight_threads * sizes.splits {
        backward_bias(index - sizes.weight_threads * sizes.splits, sizes);
        return;
    }
    let i = index % in_blocks;
    let ky = index / in_blocks % KERNEL;
    let split = index / sizes.weight_threads;
#for c in CHANNELS
    let o_$c = min(index / (KERNEL * in_blocks) % sizes.out_groups * CHANNELS + $c, out_blocks - 1);
#for k in KERNEL
    var w_$k_x_$c = vec4f(0.0);
    var w_$k_y_$c = vec4f(0.0);
    var w_$k_z_$c = vec4f(0.0);
    var w_$k_w_$c = vec4f(0.0);
#end
#end
    let last = min((split + 1) * sizes.tiles_a_split, OUT_TILES);
    for (var tile = split * sizes.tiles_a_split; tile < last; tile++) {
        let ox = first_pixel(tile, ROW_TILES, PIXELS);
        let oy = tile / ROW_TILES % OUT_HEIGHT;
        let image = tile / (ROW_TILES * OUT_HEIGHT);
        let iy = oy * STRIDE + ky - PADDING;
        let row = (image * IN_HEIGHT + min(iy, IN_HEIGHT - 1)) * IN_WIDTH;
#for j in (PIXELS - 1) * STRIDE + KERNEL
        let ix_$j = ox * STRIDE + $j - PADDING;
        let inside_$j = (iy < IN_HEIGHT) & (ix_$j < IN_WIDTH);
        let x_$j = select(vec4f(0.0), input[(row + min(ix_$j, IN_WIDTH - 1)) * in_blocks + i], inside_$j);
#end
        let out_row = (image * OUT_HEIGHT + oy) * OUT_WIDTH;
#for p in PIXELS
        let at_$p = (out_row + min(ox + $p, OUT_WIDTH - 1)) * out_blocks;
#for c in CHANNELS
        let g_$p_$c = select(vec4f(0.0), grad_output[at_$p + o_$c], ox + $p < OUT_WIDTH);
#for k in KERNEL
#if ROW_TILES > 1 || p * STRIDE + k >= PADDING && p * STRIDE + k < PADDING + IN_WIDTH
        w_$k_x_$c += x_$(p * STRIDE + k).x * g_$p_$c;
        w_$k_y_$c += x_$(p * STRIDE + k).y * g_$p_$c;
        w_$k_z_$c += x_$(p * STRIDE + k).z * g_$p_$c;
#if LANES == 4
        w_$k_w_$c += x_$(p * STRIDE + k).w * g_$p_$c;
#end
#end
#end
#end
#end
    }
    var sums: array<vec4f, 4 * KERNEL * CHANNELS>;
#for c in CHANNELS
#for k in KERNEL
    sums[$(4 * (c * KERNEL + k))] = w_$k_x_$c;
    sums[$(4 * (c * KERNEL + k) + 1)] = w_$k_y_$c;
    sums[$(4 * (c * KERNEL + k) + 2)] = w_$k_z_$c;
    sums[$(4 * (c * KERNEL + k) + 3)] = w_$k_w_$c;
#end
#end
    for (var n = 0u; n < 4 * KERNEL * CHANNELS; n++) {
        let row = split * sizes.split_rows + ((ky * KERNEL + n / 4 % KERNEL) * in_blocks + i) * 4 + n % 4;
        partial[row * out_blocks + min(o_0 + n / (4 * KERNEL), out_blocks - 1)] = sums[n];
    }
}

// The bias counts as one more tap whose input is 1.
fn backward_bias(index: u32, sizes: Sizes) {
    let out_blocks = sizes.out_blocks;
    let o = index % out_blocks;
    let split = index / out_blocks;
    if split >= sizes.splits {
        return;
    }
    var sum = vec4f(0.0);
    let last = min((split + 1) * sizes.tiles_a_split, OUT_TILES);
    for (var tile = split * sizes.tiles_a_split; tile < last; tile++) {
        let row = tile / ROW_TILES * OUT_WIDTH;
        let first = first_pixel(tile, ROW_TILES, PIXELS);
        for (var p = 0u; p < min(PIXELS, OUT_WIDTH - first); p++) {
            sum += grad_output[(row + first + p) * out_blocks + o];
        }
    }
    partial[((split + 1) * sizes.split_rows - 1) * out_blocks + o] = sum;
}
#end
#entry backward_weight
// ---- the weight's gradient alone

@compute @workgroup_size(WORKGROUP)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    weight_gradient(thread_index(group, local), read_sizes());
}
#end
