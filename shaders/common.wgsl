// Prepended to every kernel, after the constants of the dispatch:
//   GRID_WIDTH  workgroups in a row of the grid, which folds into y past 65535
//   BATCH       images that the buffers hold
//   FUNCTION    the activation function after the layer
//   ACTIVATION_BEFORE  the activation function in front of the layer, in kernels that go back through it
//   DROPOUT_LAYER, DROPOUT_FEATURES  hash of an adjacent dropout layer's name, and its units per image, not padded; 0: none
// Activations are (batch, height, width, channels) with channels padded to a multiple of 4, as vec4s; padded
// channels are exactly 0.

const WORKGROUP: u32 = 64;

// What changes from step to step: `StepParams` in src/gpu/recorder.rs.
struct StepParams {
    step: u32,
    seed: u32,
    learning_rate: f32,
    momentum: f32,
    weight_decay: f32,
    dropout: f32,
    images: u32, // how many of the BATCH images are real (fewer than BATCH in evaluation only)
    slot: u32,   // place of this step's record in the ring
    noise: f32,  // after batch normalisation
}

@group(0) @binding(13) var<uniform> params: StepParams;

// The number of this workgroup. The last row of a folded grid may go past the end: compare with the size.
fn workgroup_index(group: vec3u) -> u32 {
    return group.y * GRID_WIDTH + group.x;
}

// The number of this thread.
fn thread_index(group: vec3u, local: u32) -> u32 {
    return workgroup_index(group) * WORKGROUP + local;
}

// Sets the padded channels of vec4 number `block` to 0.
fn keep_channels(value: vec4f, block: u32, channels: u32) -> vec4f {
    return select(vec4f(0.0), value, vec4u(block * 4) + vec4u(0, 1, 2, 3) < vec4u(channels));
}

fn is_nan(value: vec4f) -> vec4<bool> {
    return (bitcast<vec4u>(value) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u);
}

// NaN or infinite, judged by the bits: a compiler may assume that floats are neither.
fn not_finite(value: vec4f) -> bool {
    return any((bitcast<vec4u>(value) & vec4u(0x7f800000u)) == vec4u(0x7f800000u));
}

// ---- activation functions: the numbers are those of `code` in src/layers/fused.rs. The text holds only the one in use: a software
// adapter compiles a function again for every call.

const SIGMOID: u32 = 1;
const TANH: u32 = 2;
const LEAKY_RELU: u32 = 3; // the last number
const LEAKY_SLOPE: f32 = 0.01;

// `x <= 0` and not `x > 0`: NaN goes through instead of becoming 0.
fn activate(x: vec4f) -> vec4f {
#if FUNCTION == 0
    return select(x, vec4f(0.0), x <= vec4f(0.0));
#end
#if FUNCTION == 1
    return 1.0 / (1.0 + exp(-x));
#end
#if FUNCTION == 2
    // Some drivers' tanh overflows from about 44; from 15 on it is 1 in f32. `clamp` may lose NaN.
    return select(tanh(clamp(x, vec4f(-15.0), vec4f(15.0))), x, is_nan(x));
#end
#if FUNCTION == 3
    return select(x, LEAKY_SLOPE * x, x <= vec4f(0.0));
#end
#if FUNCTION > 3
    return x;
#end
}

// grad_output times the derivative of the function in front, which is taken from its stored output.
fn activate_backward(output: vec4f, grad_output: vec4f) -> vec4f {
#if ACTIVATION_BEFORE == 0
    return select(grad_output, vec4f(0.0), output <= vec4f(0.0));
#end
#if ACTIVATION_BEFORE == 1
    return grad_output * output * (1.0 - output);
#end
#if ACTIVATION_BEFORE == 2
    return grad_output * (1.0 - output * output);
#end
#if ACTIVATION_BEFORE == 3
    return select(grad_output, LEAKY_SLOPE * grad_output, output <= vec4f(0.0));
#end
#if ACTIVATION_BEFORE > 3
    return grad_output;
#end
}

// ---- inverted dropout: after a layer, in its kernel; backward, before the activation function, in the kernel of the gradient

@group(0) @binding(12) var<storage, read_write> dropped: array<vec4f>; // (batch, features)

const DROPOUT_BLOCKS: u32 = (DROPOUT_FEATURES + 3) / 4 + u32(DROPOUT_FEATURES == 0);

// Call it with what goes to `output` at `index`.
fn drop_out(index: u32, y: vec4f) {
    if DROPOUT_FEATURES > 0 {
        dropped[index] = masked(index, y);
    }
}

// Values, or their gradients, with 0 for the units that this step switches off. Without dropout, they stay as they are.
fn masked(index: u32, values: vec4f) -> vec4f {
    if DROPOUT_FEATURES == 0 {
        return values;
    }
    let first = index / DROPOUT_BLOCKS * DROPOUT_FEATURES + index % DROPOUT_BLOCKS * 4; // index without padding
    let key = key_of(params.seed, STREAM_DROPOUT, params.step, DROPOUT_LAYER);
    let draw = vec4f(unit_draw(key, first), unit_draw(key, first + 1), unit_draw(key, first + 2), unit_draw(key, first + 3));
    let scale = 1.0 / (1.0 - params.dropout);
    return select(vec4f(0.0), values * scale, draw >= vec4f(params.dropout));
}

fn unit_draw(key: u32, index: u32) -> f32 {
    return uniform_float(hash(key, index));
}

// ---- backward through the activation function in front of a layer, in the kernel that makes the layer's gradient

@group(0) @binding(14) var<storage, read> activated: array<vec4f>; // the function's output
@group(0) @binding(15) var<storage, read_write> grad_before: array<vec4f>; // gradient of its input

// Call it with what goes to `grad_input` at `index`. Without a function in front, ACTIVATION_BEFORE is none of the numbers.
fn pass_through_activation(index: u32, gradient: vec4f) {
    if ACTIVATION_BEFORE <= LEAKY_RELU {
        grad_before[index] = activate_backward(activated[index], gradient);
    }
}

// ---- randomness as a function: the same bits as src/rng.rs

const STREAM_DROPOUT: u32 = 3;

fn mix_bits(word: u32) -> u32 {
    var x = word;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
}

// What the numbers of a layer and step have in common.
fn key_of(seed: u32, stream: u32, step: u32, layer: u32) -> u32 {
    var h = mix_bits(seed ^ 0x9e3779b9u);
    h = mix_bits((h + 0x9e3779b9u) ^ stream);
    h = mix_bits((h + 0x9e3779b9u) ^ step);
    return mix_bits((h + 0x9e3779b9u) ^ layer);
}

fn hash(key: u32, index: u32) -> u32 {
    return mix_bits((key + 0x9e3779b9u) ^ index);
}

// In [0, 1), exact in f32.
fn uniform_float(bits: u32) -> f32 {
    return f32(bits >> 8) * (1.0 / 16777216.0);
}
