// Fully connected layer. A weight that is too large for one binding comes in chunks of input rows, one dispatch each.
// Constants: IN_BLOCKS, OUT_BLOCKS (vec4s of a whole row), OUT_CHANNELS (not padded), FIRST_BLOCK and CHUNK_BLOCKS (the input
// rows of this dispatch, in fours); forward: FIRST, LAST (which chunk it is), FUNCTION; backward: LAST.
// The weight (in, out) is indexed in vec4s of out, from the chunk's first row.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;  // (batch, in)
@group(0) @binding(1) var<storage, read> weight: array<vec4f>; // (rows of the chunk, out)
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;   // (out)
@group(0) @binding(3) var<storage, read_write> output: array<vec4f>; // (batch, out)
@group(0) @binding(4) var<storage, read> grad_output: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> grad_input: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> grad_weight: array<vec4f>; // (rows of the chunk, out)
@group(0) @binding(7) var<storage, read_write> grad_bias: array<vec4f>;

const OUT_GROUPS: u32 = (OUT_BLOCKS + WORKGROUP - 1) / WORKGROUP;
const IN_GROUPS: u32 = (CHUNK_BLOCKS + WORKGROUP - 1) / WORKGROUP;
const LAST_IMAGE: u32 = BATCH - 1;

// ---- forward: a thread computes 4 images of 4 outputs; a workgroup's threads share the images.

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    let o = number % OUT_GROUPS * WORKGROUP + local;
    let image = number / OUT_GROUPS * 4;
    if o >= OUT_BLOCKS || image >= BATCH {
        return;
    }
    let images = vec4u(image, min(image + 1, LAST_IMAGE), min(image + 2, LAST_IMAGE), min(image + 3, LAST_IMAGE));
    var y0 = vec4f(0.0);
    var y1 = vec4f(0.0);
    var y2 = vec4f(0.0);
    var y3 = vec4f(0.0);
    let rows = images * IN_BLOCKS + FIRST_BLOCK;
    var w = o;
    for (var i = 0u; i < CHUNK_BLOCKS; i++) {
        let m = mat4x4f(weight[w], weight[w + OUT_BLOCKS], weight[w + 2 * OUT_BLOCKS], weight[w + 3 * OUT_BLOCKS]);
        y0 += m * input[rows.x + i];
        y1 += m * input[rows.y + i];
        y2 += m * input[rows.z + i];
        y3 += m * input[rows.w + i];
        w += 4 * OUT_BLOCKS;
    }
    // A loop, because a software adapter compiles what stores an output again for every call.
    var sums = array(y0, y1, y2, y3);
    for (var n = 0u; n < min(4, BATCH - image); n++) {
        store_output(image + n, o, sums[n]);
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
        y = keep_channels(activate(y), o, OUT_CHANNELS);
        drop_out(at, y);
    }
    output[at] = y;
}

// ---- backward: both gradients in one dispatch; the last workgroups, which the first layer does not have, make the input's.

const WEIGHT_GROUPS: u32 = OUT_GROUPS * (CHUNK_BLOCKS + 1);

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let number = workgroup_index(group);
    if number < WEIGHT_GROUPS {
        backward_weight(number, local);
    } else {
        backward_input(number - WEIGHT_GROUPS, local);
    }
}

// A thread computes 4 images of 4 inputs; a workgroup's threads share the images.
fn backward_input(number: u32, local: u32) {
    let i = number % IN_GROUPS * WORKGROUP + local; // within the chunk
    let image = number / IN_GROUPS * 4;
    if i >= CHUNK_BLOCKS || image >= BATCH {
        return;
    }
    let images = vec4u(image, min(image + 1, LAST_IMAGE), min(image + 2, LAST_IMAGE), min(image + 3, LAST_IMAGE));
    var x0 = vec4f(0.0);
    var x1 = vec4f(0.0);
    var x2 = vec4f(0.0);
    var x3 = vec4f(0.0);
    let rows = images * OUT_BLOCKS;
    let w = i * 4 * OUT_BLOCKS;
    for (var o = 0u; o < OUT_BLOCKS; o++) {
        // A row vector times this matrix: the products with the weights of 4 inputs.
        let m = mat4x4f(weight[w + o], weight[w + OUT_BLOCKS + o], weight[w + 2 * OUT_BLOCKS + o], weight[w + 3 * OUT_BLOCKS + o]);
        x0 += grad_output[rows.x + o] * m;
        x1 += grad_output[rows.y + o] * m;
        x2 += grad_output[rows.z + o] * m;
        x3 += grad_output[rows.w + o] * m;
    }
    var sums = array(x0, x1, x2, x3);
    for (var n = 0u; n < min(4, BATCH - image); n++) {
        store_grad_input((image + n) * IN_BLOCKS + FIRST_BLOCK + i, sums[n]);
    }
}

fn store_grad_input(at: u32, sum: vec4f) {
    let gradient = masked(at, sum);
    grad_input[at] = gradient;
    pass_through_activation(at, gradient);
}

// A thread sums the batch for 4 inputs and 4 outputs. The bias counts as one more input, which is 1.
fn backward_weight(number: u32, local: u32) {
    let o = number % OUT_GROUPS * WORKGROUP + local;
    let i = number / OUT_GROUPS; // within the chunk
    let is_bias = LAST && i == CHUNK_BLOCKS;
    if o >= OUT_BLOCKS || (i >= CHUNK_BLOCKS && !is_bias) {
        return;
    }
    var w0 = vec4f(0.0);
    var w1 = vec4f(0.0);
    var w2 = vec4f(0.0);
    var w3 = vec4f(0.0);
    for (var image = 0u; image < BATCH; image++) {
        let g = grad_output[image * OUT_BLOCKS + o];
        let x = select(input[image * IN_BLOCKS + FIRST_BLOCK + min(i, CHUNK_BLOCKS - 1)], vec4f(1.0, 0.0, 0.0, 0.0), is_bias);
        w0 += x.x * g;
        w1 += x.y * g;
        w2 += x.z * g;
        w3 += x.w * g;
    }
    if is_bias {
        grad_bias[o] = w0;
        return;
    }
    var sums = array(w0, w1, w2, w3);
    for (var n = 0u; n < 4; n++) {
        grad_weight[(4 * i + n) * OUT_BLOCKS + o] = sums[n];
    }
}
