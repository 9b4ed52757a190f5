// Updates of the flat buffers, in dispatches of at most one binding each. Constants: VECTORS (the end of this dispatch), FIRST (the
// binding's first vec4 in the whole buffer); collect: SEGMENTS; update: BEGIN (the start of this dispatch), RATE and DECAY (factors of its
// tensors), RUNNING (vec4s of running statistics, in the first binding), UNBIASED (vec4s from the batch's statistics to their factors),
// STATISTICS_MOMENTUM.

@group(0) @binding(0) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> partial: array<vec4f>;
// A row for each tensor, by ascending start, in vec4s: start in the flat buffer, number of splits, first of its partial sums,
// distance from a split to the next. Zero splits: the gradient is already in its place.
@group(0) @binding(2) var<storage, read> segments: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> not_finite_seen: atomic<u32>; // not 0: no update until the next set_state
@group(0) @binding(4) var<storage, read_write> velocities: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(6) var<storage, read> result: vec2f; // mean loss, correct
@group(0) @binding(7) var<storage, read> final_gradients: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> records: array<vec4u>; // ring: bits of the mean loss, correct, finite, step
// Means and variances of every batch normalisation: the batch's, with biased variances; then, from UNBIASED on, their factors,
// rows / (rows - 1) for variances and 1 for means.
@group(0) @binding(9) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> running: array<vec4f>;

// Adds up partial sums in a fixed order, and looks at the loss and every gradient for NaN and infinity.
@compute @workgroup_size(WORKGROUP)
fn collect(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = thread_index(group, local);
    if i >= VECTORS {
        return;
    }
    var s = 0u;
#for k in SEGMENTS - 1
    s += u32(segments[$k + 1].x <= FIRST + i);
#end
    let segment = segments[s];
    var sum = gradients[i];
    if segment.y > 0 {
        sum = vec4f(0.0);
        var at = segment.z + FIRST + i - segment.x;
        // Eight loads at once, so that none is waited for alone.
        var split = 0u;
        for (; split + 8 <= segment.y; split += 8) {
#for k in 8
            let p_$k = partial[at + $k * segment.w];
#end
#for k in 8
            sum += p_$k;
#end
            at += 8 * segment.w;
        }
        for (; split < segment.y; split++) {
            sum += partial[at];
            at += segment.w;
        }
        gradients[i] = sum;
    }
    if not_finite(sum) || (i == 0 && not_finite(vec4f(result.x))) {
        atomicStore(&not_finite_seen, 1u);
    }
}

// g = grad + weight_decay w, v = momentum v + g, w = w - learning_rate v, but not once a step was not finite. Also what else a
// step leaves: its record in any case, and running = (1 - momentum) * running + momentum * batch, with the unbiased variance.
@compute @workgroup_size(WORKGROUP)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = BEGIN + thread_index(group, local);
    let finite = atomicLoad(&not_finite_seen) == 0;
    if FIRST + i == 0 {
        records[params.slot] = vec4u(bitcast<u32>(result.x), u32(result.y), u32(finite), params.step);
    }
    if i >= VECTORS || !finite {
        return;
    }
    let w = parameters[i];
    let v = params.momentum * velocities[i] + (final_gradients[i] + DECAY * params.weight_decay * w);
    velocities[i] = v;
    parameters[i] = w - RATE * params.learning_rate * v;
    if i < RUNNING {
        let batch = statistics[UNBIASED + i] * statistics[i];
        running[i] = (1.0 - STATISTICS_MOMENTUM) * running[i] + STATISTICS_MOMENTUM * batch;
    }
}
