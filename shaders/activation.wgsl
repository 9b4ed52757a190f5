// The backward pass is `pass_through_activation` of common.wgsl, in the kernel of the layer that follows.
// Constants: VECTORS (vec4s in all), CHANNELS (not padded), FUNCTION (see common.wgsl).

@group(0) @binding(0) var<storage, read> input: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4f>; // (batch, height, width, channels)

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = thread_index(group, local);
    if i >= VECTORS {
        return;
    }
    let y = keep_channels(activate(input[i]), i % ((CHANNELS + 3) / 4), CHANNELS);
    output[i] = y;
    drop_out(i, y);
}
