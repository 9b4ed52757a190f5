// Inverted dropout. Constants: VECTORS (vec4s in all), CHANNELS (not padded), LAYER (hash of the layer's name).

@group(0) @binding(0) var<storage, read> input: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4f>; // (batch, features); in backward both are gradients

const BLOCKS: u32 = (CHANNELS + 3) / 4;

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = thread_index(group, local);
    if i < VECTORS {
        output[i] = masked(i);
    }
}

// The same on a gradient.
@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = thread_index(group, local);
    if i < VECTORS {
        let gradient = masked(i);
        output[i] = gradient;
        pass_through_activation(i, gradient);
    }
}

fn masked(i: u32) -> vec4f {
    let first = i / BLOCKS * CHANNELS + i % BLOCKS * 4; // index without padding
    let draw = vec4f(random(first), random(first + 1), random(first + 2), random(first + 3));
    let scale = 1.0 / (1.0 - params.dropout);
    return select(vec4f(0.0), input[i] * scale, draw >= vec4f(params.dropout));
}

fn random(index: u32) -> f32 {
    return uniform_float(hash(params.seed, STREAM_DROPOUT, params.step, LAYER, index));
}
