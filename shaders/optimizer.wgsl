// What happens to the flat buffers, in dispatches of at most one binding each. Constants: VECTORS (vec4s of this dispatch);
// collect: FIRST (its first vec4 in the whole buffer), SEGMENTS.

@group(0) @binding(0) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> partial: array<vec4f>;
// A tensor each, by ascending start, in vec4s: start in the flat buffer, number of splits, first of its partial sums,
// distance from a split to the next. Zero splits: the gradient is already in its place.
@group(0) @binding(2) var<storage, read> segments: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> not_finite_seen: atomic<u32>;
@group(0) @binding(4) var<storage, read_write> velocities: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(6) var<uniform> params: StepParams;
@group(0) @binding(7) var<storage, read> final_gradients: array<vec4f>;

// Adds up partial sums in a fixed order, and looks at every gradient for NaN and infinity.
@compute @workgroup_size(WORKGROUP)
fn collect(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = thread_index(group, local);
    if i >= VECTORS {
        return;
    }
    var s = 0u;
    while s + 1 < SEGMENTS && segments[s + 1].x <= FIRST + i {
        s++;
    }
    let segment = segments[s];
    var sum = gradients[i];
    if segment.y > 0 {
        sum = vec4f(0.0);
        var at = segment.z + FIRST + i - segment.x;
        for (var split = 0u; split < segment.y; split++) {
            sum += partial[at];
            at += segment.w;
        }
        gradients[i] = sum;
    }
    if not_finite(sum) {
        atomicStore(&not_finite_seen, 1u);
    }
}

// g = grad + weight_decay w, v = momentum v + g, w = w - learning_rate v; nothing once a step was not finite.
@compute @workgroup_size(WORKGROUP)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = thread_index(group, local);
    if i >= VECTORS || atomicLoad(&not_finite_seen) != 0 {
        return;
    }
    let w = parameters[i];
    let v = params.momentum * velocities[i] + (final_gradients[i] + params.weight_decay * w);
    velocities[i] = v;
    parameters[i] = w - params.learning_rate * v;
}
