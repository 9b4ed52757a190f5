// From bytes to normalised floats. Constants: PIXELS (batch * height * width), MEAN_0 to MEAN_2, STD_0 to STD_2.

@group(0) @binding(0) var<storage, read> pixels: array<u32>; // bytes (batch, height, width, 3), four a word
@group(0) @binding(1) var<storage, read_write> output: array<vec4f>; // (batch, height, width, 4)

@compute @workgroup_size(WORKGROUP)
fn normalise(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = thread_index(group, local);
    if i >= PIXELS {
        return;
    }
    let bytes = vec3f(channel(3 * i), channel(3 * i + 1), channel(3 * i + 2));
    output[i] = vec4f((bytes / 255.0 - vec3f(MEAN_0, MEAN_1, MEAN_2)) / vec3f(STD_0, STD_1, STD_2), 0.0);
}

fn channel(byte: u32) -> f32 {
    return f32((pixels[byte / 4] >> (byte % 4 * 8)) & 0xffu);
}
