// Noise after batch normalisation, y = s x + m, and its backward pass, times s. The draws are those of src/layers/noise.rs.
// Constants: VECTORS (vec4s in all), CHANNELS (not padded), LAYER (hash of the layer's name), BACK (whether these are gradients).

@group(0) @binding(0) var<storage, read> input: array<vec4f>;         // (batch, height, width, channels)
@group(0) @binding(1) var<storage, read_write> output: array<vec4f>;  // (batch, height, width, channels)

const STREAM_NOISE: u32 = 6;

// Two numbers in [-1, 1).
fn draw(index: u32) -> vec2f {
    let bits = hash(key_of(params.seed, STREAM_NOISE, params.step, LAYER), index);
    return vec2f(vec2u(bits & 0xffff, bits >> 16)) / 32768.0 - 1.0;
}

fn noisy(x: f32, index: u32) -> f32 {
    let layer = draw(0);
    let value = draw(1 + index);
    let scale = 1.0 + params.noise * (0.5 * layer.y + 0.2 * value.y);
    return scale * x + select(params.noise * (layer.x + 0.2 * value.x), 0.0, BACK);
}

@compute @workgroup_size(WORKGROUP)
fn apply(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = thread_index(group, local);
    if i >= VECTORS {
        return;
    }
    let blocks = (CHANNELS + 3) / 4;
    let index = i / blocks * CHANNELS + i % blocks * 4; // without padding
    let x = input[i];
    let y = vec4f(noisy(x.x, index), noisy(x.y, index + 1), noisy(x.z, index + 2), noisy(x.w, index + 3));
    output[i] = keep_channels(y, i % blocks, CHANNELS);
}
