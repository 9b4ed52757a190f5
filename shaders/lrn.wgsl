// Local response normalisation across channels: b_i = a_i / s_i^beta with s_i = k + alpha * sum of a_j^2, j in
// [i - BELOW, i + ABOVE] (Krizhevsky et al. 2012, section 3.3). A thread makes four neighbouring channels of a pixel.
//
// Constants: VECTORS (vec4s in all), CHANNEL_BLOCKS (vec4s of a pixel), BELOW, ABOVE, REACH (vec4s that a window reaches
// to either side), K, ALPHA, BETA. Padded channels are 0 in `input` and `grad_output`: they add nothing and stay 0.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;            // (batch, height, width, blocks)
@group(0) @binding(1) var<storage, read_write> output: array<vec4f>;     // as input
@group(0) @binding(2) var<storage, read> grad_output: array<vec4f>;      // as input
@group(0) @binding(3) var<storage, read_write> grad_input: array<vec4f>; // as input

// One channel's value, for those of four channels whose window holds it. `distance` counts from the first of the four; a window
// reaches from -below to above.
fn spread(value: f32, distance: i32, below: u32, above: u32) -> vec4f {
    let distances = vec4i(distance) - vec4i(0, 1, 2, 3);
    return select(vec4f(0.0), vec4f(value), vec4u(distances + i32(below)) <= vec4u(below + above));
}

// What the four channels `offset` blocks further add to the window sums of four channels.
fn window_part(values: vec4f, offset: i32, below: u32, above: u32) -> vec4f {
    return spread(values.x, 4 * offset, below, above) + spread(values.y, 4 * offset + 1, below, above)
        + spread(values.z, 4 * offset + 2, below, above) + spread(values.w, 4 * offset + 3, below, above);
}

// Whether the block `offset` further than `block` belongs to the same pixel.
fn is_block(block: u32, offset: i32) -> bool {
    return u32(i32(block) + offset) < CHANNEL_BLOCKS;
}

// s of the four channels at `index`.
fn denominator(index: u32) -> vec4f {
    var sum = vec4f(0.0);
    for (var offset = -i32(REACH); offset <= i32(REACH); offset++) {
        if is_block(index % CHANNEL_BLOCKS, offset) {
            let a = input[u32(i32(index) + offset)];
            sum += window_part(a * a, offset, BELOW, ABOVE);
        }
    }
    return K + ALPHA * sum;
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= VECTORS {
        return;
    }
    output[index] = input[index] * inverse_power(denominator(index));
}

// grad a_i = g_i s_i^-beta - 2 alpha beta a_i * sum of g_j a_j s_j^(-beta - 1) over the j whose window holds i:
// j in [i - ABOVE, i + BELOW]. The denominators are computed again rather than stored.
@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= VECTORS {
        return;
    }
    var direct = vec4f(0.0);
    var sum = vec4f(0.0);
    for (var offset = -i32(REACH); offset <= i32(REACH); offset++) {
        if is_block(index % CHANNEL_BLOCKS, offset) {
            let there = u32(i32(index) + offset);
            let s = denominator(there);
            let scaled = grad_output[there] * inverse_power(s);
            sum += window_part(scaled * input[there] / s, offset, ABOVE, BELOW);
            direct = select(direct, scaled, offset == 0);
        }
    }
    let gradient = direct - 2.0 * ALPHA * BETA * input[index] * sum;
    grad_input[index] = gradient;
    pass_through_activation(index, gradient);
}
