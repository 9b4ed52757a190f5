// Convolution as an implicit matrix product, in registers only: no workgroup memory, no barriers.
// Constants: IN_HEIGHT, IN_WIDTH, IN_BLOCKS (vec4s of channels), OUT_HEIGHT, OUT_WIDTH, OUT_CHANNELS (not padded), OUT_BLOCKS,
// KERNEL, STRIDE, PADDING; forward: FUNCTION (see common.wgsl); backward_weight: ROWS_A_SPLIT, SPLITS.
// The weight (ky, kx, in, out) is indexed in vec4s of out.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;  // (batch, height, width, in)
@group(0) @binding(1) var<storage, read> weight: array<vec4f>; // (ky, kx, in, out)
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;   // (out)
@group(0) @binding(3) var<storage, read_write> output: array<vec4f>; // (batch, height, width, out)
@group(0) @binding(4) var<storage, read> grad_output: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> grad_input: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partial: array<vec4f>; // (split, ky * kx * in + 1, out); the last row is the bias

// ---- forward: a thread computes 4 neighbouring pixels of 8 output channels; a workgroup's threads share the channels.

const OUT_TILES_X: u32 = (OUT_WIDTH + 3) / 4;
const OUT_PAIRS: u32 = (OUT_BLOCKS + 1) / 2;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let tile = (number / OUT_PAIRS) * WORKGROUP + local;
    if tile >= BATCH * OUT_HEIGHT * OUT_TILES_X {
        return;
    }
    let ox = tile % OUT_TILES_X * 4;
    let oy = tile / OUT_TILES_X % OUT_HEIGHT;
    let image = tile / (OUT_TILES_X * OUT_HEIGHT);
    let a = number % OUT_PAIRS * 2; // the two vec4s of output channels; with an odd number of them the last is done twice
    let b = min(a + 1, OUT_BLOCKS - 1);
    var a0 = bias[a];
    var a1 = a0;
    var a2 = a0;
    var a3 = a0;
    var b0 = bias[b];
    var b1 = b0;
    var b2 = b0;
    var b3 = b0;
    for (var ky = 0u; ky < KERNEL; ky++) {
        let iy = i32(oy * STRIDE + ky) - i32(PADDING);
        if iy < 0 || iy >= i32(IN_HEIGHT) {
            continue;
        }
        let row = (image * IN_HEIGHT + u32(iy)) * IN_WIDTH;
        for (var kx = 0u; kx < KERNEL; kx++) {
            let ix = vec4i(i32(ox * STRIDE + kx) - i32(PADDING)) + vec4i(0, 1, 2, 3) * i32(STRIDE);
            let inside = (ix >= vec4i(0)) & (ix < vec4i(i32(IN_WIDTH)));
            let pixel = (vec4u(row) + vec4u(clamp(ix, vec4i(0), vec4i(i32(IN_WIDTH) - 1)))) * IN_BLOCKS;
            var w = (ky * KERNEL + kx) * IN_BLOCKS * 4 * OUT_BLOCKS;
            for (var i = 0u; i < IN_BLOCKS; i++) {
                let x0 = select(vec4f(0.0), input[pixel.x + i], inside.x);
                let x1 = select(vec4f(0.0), input[pixel.y + i], inside.y);
                let x2 = select(vec4f(0.0), input[pixel.z + i], inside.z);
                let x3 = select(vec4f(0.0), input[pixel.w + i], inside.w);
                let wa = mat4x4f(weight[w + a], weight[w + OUT_BLOCKS + a], weight[w + 2 * OUT_BLOCKS + a], weight[w + 3 * OUT_BLOCKS + a]);
                let wb = mat4x4f(weight[w + b], weight[w + OUT_BLOCKS + b], weight[w + 2 * OUT_BLOCKS + b], weight[w + 3 * OUT_BLOCKS + b]);
                a0 += wa * x0;
                a1 += wa * x1;
                a2 += wa * x2;
                a3 += wa * x3;
                b0 += wb * x0;
                b1 += wb * x1;
                b2 += wb * x2;
                b3 += wb * x3;
                w += 4 * OUT_BLOCKS;
            }
        }
    }
    let first = ((image * OUT_HEIGHT + oy) * OUT_WIDTH + ox) * OUT_BLOCKS;
    let pixels = OUT_WIDTH - ox;
    store_output(first, a, b, a0, b0);
    if pixels > 1 { store_output(first + OUT_BLOCKS, a, b, a1, b1); }
    if pixels > 2 { store_output(first + 2 * OUT_BLOCKS, a, b, a2, b2); }
    if pixels > 3 { store_output(first + 3 * OUT_BLOCKS, a, b, a3, b3); }
}

fn store_output(pixel: u32, a: u32, b: u32, value_a: vec4f, value_b: vec4f) {
    output[pixel + a] = keep_channels(activate(FUNCTION, value_a), a, OUT_CHANNELS);
    output[pixel + b] = keep_channels(activate(FUNCTION, value_b), b, OUT_CHANNELS);
}

// ---- backward_input: a thread gathers 4 neighbouring input pixels of 8 input channels from the outputs they took part in.

const IN_TILES_X: u32 = (IN_WIDTH + 3) / 4;
const IN_PAIRS: u32 = (IN_BLOCKS + 1) / 2;

@compute @workgroup_size(WORKGROUP)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let tile = (number / IN_PAIRS) * WORKGROUP + local;
    if tile >= BATCH * IN_HEIGHT * IN_TILES_X {
        return;
    }
    let ix = tile % IN_TILES_X * 4;
    let iy = tile / IN_TILES_X % IN_HEIGHT;
    let image = tile / (IN_TILES_X * IN_HEIGHT);
    let a = number % IN_PAIRS * 2;
    let b = min(a + 1, IN_BLOCKS - 1);
    var a0 = vec4f(0.0);
    var a1 = vec4f(0.0);
    var a2 = vec4f(0.0);
    var a3 = vec4f(0.0);
    var b0 = vec4f(0.0);
    var b1 = vec4f(0.0);
    var b2 = vec4f(0.0);
    var b3 = vec4f(0.0);
    for (var ky = 0u; ky < KERNEL; ky++) {
        // The output row that met this input row at tap ky: oy * STRIDE + ky = iy + PADDING.
        let y = i32(iy + PADDING) - i32(ky);
        if y < 0 || u32(y) % STRIDE != 0 || u32(y) / STRIDE >= OUT_HEIGHT {
            continue;
        }
        let row = (image * OUT_HEIGHT + u32(y) / STRIDE) * OUT_WIDTH;
        for (var kx = 0u; kx < KERNEL; kx++) {
            let x = vec4i(i32(ix + PADDING) - i32(kx)) + vec4i(0, 1, 2, 3);
            let ox = vec4u(max(x, vec4i(0))) / STRIDE;
            let inside = (x >= vec4i(0)) & (vec4i(ox * STRIDE) == x) & (ox < vec4u(OUT_WIDTH));
            let pixel = (vec4u(row) + min(ox, vec4u(OUT_WIDTH - 1))) * OUT_BLOCKS;
            let w = (ky * KERNEL + kx) * IN_BLOCKS * 4 * OUT_BLOCKS;
            let wa = w + a * 4 * OUT_BLOCKS;
            let wb = w + b * 4 * OUT_BLOCKS;
            for (var o = 0u; o < OUT_BLOCKS; o++) {
                let g0 = select(vec4f(0.0), grad_output[pixel.x + o], inside.x);
                let g1 = select(vec4f(0.0), grad_output[pixel.y + o], inside.y);
                let g2 = select(vec4f(0.0), grad_output[pixel.z + o], inside.z);
                let g3 = select(vec4f(0.0), grad_output[pixel.w + o], inside.w);
                // A row vector times this matrix: the products with the weights of 4 input channels.
                let ma = mat4x4f(weight[wa + o], weight[wa + OUT_BLOCKS + o], weight[wa + 2 * OUT_BLOCKS + o], weight[wa + 3 * OUT_BLOCKS + o]);
                let mb = mat4x4f(weight[wb + o], weight[wb + OUT_BLOCKS + o], weight[wb + 2 * OUT_BLOCKS + o], weight[wb + 3 * OUT_BLOCKS + o]);
                a0 += g0 * ma;
                a1 += g1 * ma;
                a2 += g2 * ma;
                a3 += g3 * ma;
                b0 += g0 * mb;
                b1 += g1 * mb;
                b2 += g2 * mb;
                b3 += g3 * mb;
            }
        }
    }
    let first = ((image * IN_HEIGHT + iy) * IN_WIDTH + ix) * IN_BLOCKS;
    let pixels = IN_WIDTH - ix;
    store_grad_input(first, a, b, a0, b0);
    if pixels > 1 { store_grad_input(first + IN_BLOCKS, a, b, a1, b1); }
    if pixels > 2 { store_grad_input(first + 2 * IN_BLOCKS, a, b, a2, b2); }
    if pixels > 3 { store_grad_input(first + 3 * IN_BLOCKS, a, b, a3, b3); }
}

fn store_grad_input(pixel: u32, a: u32, b: u32, value_a: vec4f, value_b: vec4f) {
    grad_input[pixel + a] = value_a;
    grad_input[pixel + b] = value_b;
    pass_through_activation(pixel + a, value_a);
    pass_through_activation(pixel + b, value_b);
}

// ---- backward_weight: a thread sums one split of the output rows for one tap, 4 input and 8 output channels.
// The bias counts as one more tap whose input is 1. A workgroup's threads share output channels and split.

const TAPS: u32 = KERNEL * KERNEL * IN_BLOCKS; // (ky, kx, vec4s of in)
const TAP_GROUPS: u32 = (TAPS + WORKGROUP) / WORKGROUP; // TAPS + 1, rounded up

@compute @workgroup_size(WORKGROUP)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let split = number / (OUT_PAIRS * TAP_GROUPS);
    let tap = number / OUT_PAIRS % TAP_GROUPS * WORKGROUP + local;
    if split >= SPLITS || tap > TAPS {
        return;
    }
    let is_bias = tap == TAPS;
    let i = tap % IN_BLOCKS;
    let kx = tap / IN_BLOCKS % KERNEL;
    let ky = tap / (IN_BLOCKS * KERNEL);
    let a = number % OUT_PAIRS * 2;
    let b = min(a + 1, OUT_BLOCKS - 1);
    var a0 = vec4f(0.0);
    var a1 = vec4f(0.0);
    var a2 = vec4f(0.0);
    var a3 = vec4f(0.0);
    var b0 = vec4f(0.0);
    var b1 = vec4f(0.0);
    var b2 = vec4f(0.0);
    var b3 = vec4f(0.0);
    let last = min((split + 1) * ROWS_A_SPLIT, BATCH * OUT_HEIGHT);
    for (var row = split * ROWS_A_SPLIT; row < last; row++) {
        let iy = i32(row % OUT_HEIGHT * STRIDE + ky) - i32(PADDING);
        let row_inside = iy >= 0 && iy < i32(IN_HEIGHT);
        if !row_inside && !is_bias {
            continue;
        }
        let input_row = (row / OUT_HEIGHT * IN_HEIGHT + select(0u, u32(iy), row_inside)) * IN_WIDTH;
        for (var ox = 0u; ox < OUT_WIDTH; ox++) {
            let ix = i32(ox * STRIDE + kx) - i32(PADDING);
            let inside = ix >= 0 && ix < i32(IN_WIDTH);
            var x = select(vec4f(0.0), input[(input_row + select(0u, u32(ix), inside)) * IN_BLOCKS + i], inside);
            x = select(x, vec4f(1.0, 0.0, 0.0, 0.0), is_bias);
            let ga = grad_output[(row * OUT_WIDTH + ox) * OUT_BLOCKS + a];
            let gb = grad_output[(row * OUT_WIDTH + ox) * OUT_BLOCKS + b];
            a0 += x.x * ga;
            a1 += x.y * ga;
            a2 += x.z * ga;
            a3 += x.w * ga;
            b0 += x.x * gb;
            b1 += x.y * gb;
            b2 += x.z * gb;
            b3 += x.w * gb;
        }
    }
    let first = (split * (TAPS * 4 + 1) + tap * 4) * OUT_BLOCKS;
    store_partial(first, a, b, a0, b0);
    if is_bias {
        return;
    }
    store_partial(first + OUT_BLOCKS, a, b, a1, b1);
    store_partial(first + 2 * OUT_BLOCKS, a, b, a2, b2);
    store_partial(first + 3 * OUT_BLOCKS, a, b, a3, b3);
}

fn store_partial(row: u32, a: u32, b: u32, value_a: vec4f, value_b: vec4f) {
    partial[row + a] = value_a;
    partial[row + b] = value_b;
}
