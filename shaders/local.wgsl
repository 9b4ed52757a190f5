// Locally connected layer: a convolution with its own weights at each position.
// Constants: HEIGHT, WIDTH, IN_BLOCKS (the input, channels in vec4s), OUT_HEIGHT, OUT_WIDTH, OUT_BLOCKS, OUT_CHANNELS (not padded),
// KERNEL, STRIDE, PADDING; forward: FUNCTION.
// The weight (position, tap, in, out) is indexed in vec4s of out.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;  // (batch, height, width, in)
@group(0) @binding(1) var<storage, read> weight: array<vec4f>; // (positions, taps, in, out)
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;   // (positions, out)
@group(0) @binding(3) var<storage, read_write> output: array<vec4f>; // (batch, positions, out)
@group(0) @binding(4) var<storage, read> grad_output: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> grad_input: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> grad_weight: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> grad_bias: array<vec4f>;

const POSITIONS: u32 = OUT_HEIGHT * OUT_WIDTH;
const PIXELS: u32 = HEIGHT * WIDTH;
const TAPS: u32 = KERNEL * KERNEL;
const LAST_IMAGE: u32 = BATCH - 1;
// vec4s of the weights of one tap.
const TAP: u32 = IN_BLOCKS * 4 * OUT_BLOCKS;

// Four images from `first` on; past the end, the last one again.
fn four_images(first: u32) -> vec4u {
    return min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(LAST_IMAGE));
}

// The pixel under a tap of the window at `position`; PIXELS or more outside the image.
fn pixel_under(position: u32, tap: u32) -> u32 {
    // Wraps around to a large number above or to the left of the image.
    let y = position / OUT_WIDTH * STRIDE + tap / KERNEL - PADDING;
    let x = position % OUT_WIDTH * STRIDE + tap % KERNEL - PADDING;
    return select(PIXELS, y * WIDTH + x, y < HEIGHT && x < WIDTH);
}

// ---- forward: a thread computes 4 images of 4 outputs at a position.

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    let o = index % OUT_BLOCKS;
    let position = index / OUT_BLOCKS % POSITIONS;
    let image = index / (OUT_BLOCKS * POSITIONS) * 4;
    if image >= BATCH {
        return;
    }
    var y0 = bias[position * OUT_BLOCKS + o];
    var y1 = y0;
    var y2 = y0;
    var y3 = y0;
    let images = four_images(image) * PIXELS;
    for (var tap = 0u; tap < TAPS; tap++) {
        let pixel = pixel_under(position, tap);
        if pixel < PIXELS {
            let rows = (images + pixel) * IN_BLOCKS;
            var w = (position * TAPS + tap) * TAP + o;
            for (var i = 0u; i < IN_BLOCKS; i++) {
                let m = mat4x4f(weight[w], weight[w + OUT_BLOCKS], weight[w + 2 * OUT_BLOCKS], weight[w + 3 * OUT_BLOCKS]);
                y0 += m * input[rows.x + i];
                y1 += m * input[rows.y + i];
                y2 += m * input[rows.z + i];
                y3 += m * input[rows.w + i];
                w += 4 * OUT_BLOCKS;
            }
        }
    }
    // A loop, because a software adapter compiles the function again for every call.
    var sums = array(y0, y1, y2, y3);
    for (var n = 0u; n < min(4, BATCH - image); n++) {
        output[((image + n) * POSITIONS + position) * OUT_BLOCKS + o] = keep_channels(activate(sums[n]), o, OUT_CHANNELS);
    }
}

// ---- backward to the input: a thread sums for 4 images of 4 channels of a pixel what the windows over it pass back.

@compute @workgroup_size(WORKGROUP)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    let i = index % IN_BLOCKS;
    let pixel = index / IN_BLOCKS % PIXELS;
    let image = index / (IN_BLOCKS * PIXELS) * 4;
    if image >= BATCH {
        return;
    }
    var x0 = vec4f(0.0);
    var x1 = vec4f(0.0);
    var x2 = vec4f(0.0);
    var x3 = vec4f(0.0);
    let images = four_images(image) * POSITIONS;
    for (var tap = 0u; tap < TAPS; tap++) {
        // The window whose tap this is starts here; wraps around where there is none.
        let y = pixel / WIDTH + PADDING - tap / KERNEL;
        let x = pixel % WIDTH + PADDING - tap % KERNEL;
        let row = y / STRIDE;
        let column = x / STRIDE;
        if row < OUT_HEIGHT && column < OUT_WIDTH && y == row * STRIDE && x == column * STRIDE {
            let position = row * OUT_WIDTH + column;
            let rows = (images + position) * OUT_BLOCKS;
            let w = (position * TAPS + tap) * TAP + i * 4 * OUT_BLOCKS;
            for (var o = 0u; o < OUT_BLOCKS; o++) {
                // A row vector times this matrix: the products with the weights of 4 inputs.
                let m =
                    mat4x4f(weight[w + o], weight[w + OUT_BLOCKS + o], weight[w + 2 * OUT_BLOCKS + o], weight[w + 3 * OUT_BLOCKS + o]);
                x0 += grad_output[rows.x + o] * m;
                x1 += grad_output[rows.y + o] * m;
                x2 += grad_output[rows.z + o] * m;
                x3 += grad_output[rows.w + o] * m;
            }
        }
    }
    var sums = array(x0, x1, x2, x3);
    for (var n = 0u; n < min(4, BATCH - image); n++) {
        let at = ((image + n) * PIXELS + pixel) * IN_BLOCKS + i;
        grad_input[at] = sums[n];
        pass_through_activation(at, sums[n]);
    }
}

// ---- backward to the weights: a thread sums the batch for 4 inputs and 4 outputs of a tap. The bias counts as one more tap's input,
// which is 1.

const ROWS: u32 = TAPS * IN_BLOCKS + 1;

@compute @workgroup_size(WORKGROUP)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    let o = index % OUT_BLOCKS;
    let row = index / OUT_BLOCKS % ROWS;
    let position = index / (OUT_BLOCKS * ROWS);
    if position >= POSITIONS {
        return;
    }
    let is_bias = row == ROWS - 1;
    let pixel = pixel_under(position, row / IN_BLOCKS);
    let inside = pixel < PIXELS && !is_bias;
    var w0 = vec4f(0.0);
    var w1 = vec4f(0.0);
    var w2 = vec4f(0.0);
    var w3 = vec4f(0.0);
    if inside || is_bias {
        for (var image = 0u; image < BATCH; image++) {
            let g = grad_output[(image * POSITIONS + position) * OUT_BLOCKS + o];
            let at = (image * PIXELS + select(0, pixel, inside)) * IN_BLOCKS + row % IN_BLOCKS;
            let x = select(input[at], vec4f(1.0, 0.0, 0.0, 0.0), is_bias);
            w0 += x.x * g;
            w1 += x.y * g;
            w2 += x.z * g;
            w3 += x.w * g;
        }
    }
    if is_bias {
        grad_bias[position * OUT_BLOCKS + o] = w0;
        return;
    }
    var sums = array(w0, w1, w2, w3);
    let first = (position * TAPS * IN_BLOCKS + row) * 4 * OUT_BLOCKS + o;
    for (var n = 0u; n < 4; n++) {
        grad_weight[first + n * OUT_BLOCKS] = sums[n];
    }
}
