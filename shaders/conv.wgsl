// Convolution as an implicit matrix product, in registers only: no workgroup memory, no barriers. A row of PIXELS pixels is
// read once for all taps of a kernel's row; `src/gpu/unroll.rs` writes out the loops that start with `#`.
// Constants: IN_HEIGHT, IN_WIDTH, IN_CHANNELS (not padded), IN_BLOCKS (vec4s of channels), OUT_HEIGHT, OUT_WIDTH, OUT_CHANNELS, OUT_BLOCKS,
// KERNEL, STRIDE, PADDING; a thread's tile of outputs: PIXELS, CHANNELS (in vec4s), ROW_TILES (tiles in a row of pixels);
// forward: FUNCTION (see common.wgsl); backward: TILES_A_SPLIT, SPLITS, and a thread's tile of inputs: BACK_PIXELS, BACK_CHANNELS,
// BACK_ROW_TILES.
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
#if IN_CHANNELS == 3
fn channels(x: vec4f) -> vec3f { return x.xyz; }
#end
#if IN_CHANNELS != 3
fn channels(x: vec4f) -> vec4f { return x; }
#end

const OUT_TILES: u32 = BATCH * OUT_HEIGHT * ROW_TILES;
const OUT_GROUPS: u32 = (OUT_BLOCKS + CHANNELS - 1) / CHANNELS;

#entry forward
// ---- forward: a thread computes PIXELS neighbouring pixels of CHANNELS vec4s of output channels. Neighbouring threads share
// the channels and the pixels' place, so that all of them skip a row of taps outside the image.

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= OUT_TILES * OUT_GROUPS {
        return;
    }
    let image = index % BATCH;
    let tile = index % OUT_TILES / BATCH;
    let ox = first_pixel(tile, ROW_TILES, PIXELS);
    let oy = tile / ROW_TILES;
#for c in CHANNELS
    let o_$c = min(index / OUT_TILES * CHANNELS + $c, OUT_BLOCKS - 1); // the last may be done twice
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
        let at_$j = (row + min(ix_$j, IN_WIDTH - 1)) * IN_BLOCKS;
#end
        // A loop with a single round takes two fifths of the kernel's time.
#if IN_BLOCKS == 1
        {
            let i = 0u;
#end
#if IN_BLOCKS > 1
        for (var i = 0u; i < IN_BLOCKS; i++) {
#end
#for j in (PIXELS - 1) * STRIDE + KERNEL
            let x_$j = select(vec4f(0.0), input[at_$j + i], inside_$j);
#end
#for k in KERNEL
            let w_$k = ((ky * KERNEL + $k) * IN_BLOCKS + i) * 4 * OUT_BLOCKS;
#for c in CHANNELS
#if IN_CHANNELS == 3
            let m_$k_$c = mat3x4f(weight[w_$k + o_$c], weight[w_$k + OUT_BLOCKS + o_$c], weight[w_$k + 2 * OUT_BLOCKS + o_$c]);
#end
#if IN_CHANNELS != 3
            let m_$k_$c = mat4x4f(weight[w_$k + o_$c], weight[w_$k + OUT_BLOCKS + o_$c],
                weight[w_$k + 2 * OUT_BLOCKS + o_$c], weight[w_$k + 3 * OUT_BLOCKS + o_$c]);
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
#for p in PIXELS
    if ox + $p < OUT_WIDTH {
        let at = ((image * OUT_HEIGHT + oy) * OUT_WIDTH + ox + $p) * OUT_BLOCKS;
#for c in CHANNELS
        output[at + o_$c] = keep_channels(activate(FUNCTION, y_$p_$c), o_$c, OUT_CHANNELS);
#end
    }
#end
}
#end
#entry backward
// ---- both gradients in one dispatch: the first workgroups make the weight's, the others the input's.

const WEIGHT_GROUPS: u32 = (WEIGHT_THREADS + WORKGROUP - 1) / WORKGROUP;

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    if number < WEIGHT_GROUPS {
        weight_gradient(number * WORKGROUP + local);
    } else {
        input_gradient((number - WEIGHT_GROUPS) * WORKGROUP + local);
    }
}

// A thread gathers BACK_PIXELS neighbouring input pixels of BACK_CHANNELS vec4s of input channels from the outputs they took part
// in. Neighbouring threads share the channels and the pixels' place.

const IN_TILES: u32 = BATCH * IN_HEIGHT * BACK_ROW_TILES;
const IN_GROUPS: u32 = (IN_BLOCKS + BACK_CHANNELS - 1) / BACK_CHANNELS;

fn input_gradient(index: u32) {
    if index >= IN_TILES * IN_GROUPS {
        return;
    }
    let image = index % BATCH;
    let tile = index % IN_TILES / BATCH;
    let ix = first_pixel(tile, BACK_ROW_TILES, BACK_PIXELS);
    let iy = tile / BACK_ROW_TILES;
#for c in BACK_CHANNELS
    let i_$c = min(index / IN_TILES * BACK_CHANNELS + $c, IN_BLOCKS - 1);
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
        let at_$j = (row + min(ox_$j, OUT_WIDTH - 1)) * OUT_BLOCKS;
#end
        for (var o = 0u; o < OUT_BLOCKS; o++) {
#for j in BACK_PIXELS + KERNEL - 1
            let g_$j = select(vec4f(0.0), grad_output[at_$j + o], inside_$j);
#end
#for k in KERNEL
#for c in BACK_CHANNELS
            let w_$k_$c = ((ky * KERNEL + $k) * IN_BLOCKS + i_$c) * 4 * OUT_BLOCKS + o;
            // A row vector times this matrix: the products with the weights of 4 input channels.
            let m_$k_$c = mat4x4f(weight[w_$k_$c], weight[w_$k_$c + OUT_BLOCKS],
                weight[w_$k_$c + 2 * OUT_BLOCKS], weight[w_$k_$c + 3 * OUT_BLOCKS]);
#for p in BACK_PIXELS
#if BACK_ROW_TILES > 1 || p + PADDING >= k && p + PADDING < k + OUT_WIDTH * STRIDE
            x_$p_$c += g_$(p + KERNEL - 1 - k) * m_$k_$c;
#end
#end
#end
#end
        }
    }
#for p in BACK_PIXELS
    if ix + $p < IN_WIDTH {
        let at = ((image * IN_HEIGHT + iy) * IN_WIDTH + ix + $p) * IN_BLOCKS;
#for c in BACK_CHANNELS
        grad_input[at + i_$c] = x_$p_$c;
        pass_through_activation(at + i_$c, x_$p_$c);
#end
    }
#end
}
#end
#entry backward backward_weight
// ---- the weight's gradient: a thread sums one split of the tiles of PIXELS output pixels, for a row of taps, 4 input channels
// and CHANNELS vec4s of output channels. There is one loop, without a branch: a loop costs a software adapter a copy of every
// sum.

const TAP_ROWS: u32 = KERNEL * IN_BLOCKS; // (ky, vec4s of in)
const SPLIT_ROWS: u32 = TAP_ROWS * KERNEL * 4 + 1;

const WEIGHT_THREADS: u32 = (TAP_ROWS * OUT_GROUPS + OUT_BLOCKS) * SPLITS; // and a thread for every vec4 of the bias

fn weight_gradient(index: u32) {
    if index >= TAP_ROWS * OUT_GROUPS * SPLITS {
        backward_bias(index - TAP_ROWS * OUT_GROUPS * SPLITS);
        return;
    }
    let i = index % IN_BLOCKS;
    let ky = index / IN_BLOCKS % KERNEL;
    let split = index / (TAP_ROWS * OUT_GROUPS);
#for c in CHANNELS
    let o_$c = min(index / TAP_ROWS % OUT_GROUPS * CHANNELS + $c, OUT_BLOCKS - 1);
#for k in KERNEL
    var w_$k_x_$c = vec4f(0.0);
    var w_$k_y_$c = vec4f(0.0);
    var w_$k_z_$c = vec4f(0.0);
    var w_$k_w_$c = vec4f(0.0);
#end
#end
    let last = min((split + 1) * TILES_A_SPLIT, OUT_TILES);
    for (var tile = split * TILES_A_SPLIT; tile < last; tile++) {
        let ox = first_pixel(tile, ROW_TILES, PIXELS);
        let oy = tile / ROW_TILES % OUT_HEIGHT;
        let image = tile / (ROW_TILES * OUT_HEIGHT);
        let iy = oy * STRIDE + ky - PADDING;
        let row = (image * IN_HEIGHT + min(iy, IN_HEIGHT - 1)) * IN_WIDTH;
#for j in (PIXELS - 1) * STRIDE + KERNEL
        let ix_$j = ox * STRIDE + $j - PADDING;
        let inside_$j = (iy < IN_HEIGHT) & (ix_$j < IN_WIDTH);
        let x_$j = select(vec4f(0.0), input[(row + min(ix_$j, IN_WIDTH - 1)) * IN_BLOCKS + i], inside_$j);
#end
        let out_row = (image * OUT_HEIGHT + oy) * OUT_WIDTH;
#for p in PIXELS
        let at_$p = (out_row + min(ox + $p, OUT_WIDTH - 1)) * OUT_BLOCKS;
#for c in CHANNELS
        let g_$p_$c = select(vec4f(0.0), grad_output[at_$p + o_$c], ox + $p < OUT_WIDTH);
#for k in KERNEL
#if ROW_TILES > 1 || p * STRIDE + k >= PADDING && p * STRIDE + k < PADDING + IN_WIDTH
        w_$k_x_$c += x_$(p * STRIDE + k).x * g_$p_$c;
        w_$k_y_$c += x_$(p * STRIDE + k).y * g_$p_$c;
        w_$k_z_$c += x_$(p * STRIDE + k).z * g_$p_$c;
#if IN_CHANNELS != 3
        w_$k_w_$c += x_$(p * STRIDE + k).w * g_$p_$c;
#end
#end
#end
#end
#end
    }
#for k in KERNEL
    let at_$k = (split * SPLIT_ROWS + ((ky * KERNEL + $k) * IN_BLOCKS + i) * 4) * OUT_BLOCKS;
#for c in CHANNELS
    partial[at_$k + o_$c] = w_$k_x_$c;
    partial[at_$k + OUT_BLOCKS + o_$c] = w_$k_y_$c;
    partial[at_$k + 2 * OUT_BLOCKS + o_$c] = w_$k_z_$c;
    partial[at_$k + 3 * OUT_BLOCKS + o_$c] = w_$k_w_$c;
#end
#end
}

// The bias counts as one more tap whose input is 1.
fn backward_bias(index: u32) {
    let o = index % OUT_BLOCKS;
    let split = index / OUT_BLOCKS;
    if split >= SPLITS {
        return;
    }
    var sum = vec4f(0.0);
    let last = min((split + 1) * TILES_A_SPLIT, OUT_TILES);
    for (var tile = split * TILES_A_SPLIT; tile < last; tile++) {
        let row = tile / ROW_TILES * OUT_WIDTH;
        let first = first_pixel(tile, ROW_TILES, PIXELS);
        for (var p = 0u; p < min(PIXELS, OUT_WIDTH - first); p++) {
            sum += grad_output[(row + first + p) * OUT_BLOCKS + o];
        }
    }
    partial[((split + 1) * SPLIT_ROWS - 1) * OUT_BLOCKS + o] = sum;
}
#end
#entry backward_weight
// ---- the weight's gradient alone

@compute @workgroup_size(WORKGROUP)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    weight_gradient(thread_index(group, local));
}
#end
