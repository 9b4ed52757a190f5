// The running statistics of all batch normalisations: flat buffers of one layout, means and variances of each layer.
// Constants: VECTORS (vec4s in all), MOMENTUM.

@group(0) @binding(0) var<storage, read> statistics: array<vec4f>; // of the batch, variances biased
@group(0) @binding(1) var<storage, read> unbiased: array<vec4f>;   // rows / (rows - 1) for variances, 1 for means
@group(0) @binding(2) var<storage, read_write> running: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> not_finite_seen: atomic<u32>; // not 0: no update

// running = (1 - momentum) * running + momentum * batch, with the unbiased variance.
@compute @workgroup_size(WORKGROUP)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = thread_index(group, local);
    if i >= VECTORS || atomicLoad(&not_finite_seen) != 0 {
        return;
    }
    running[i] = (1.0 - MOMENTUM) * running[i] + MOMENTUM * (unbiased[i] * statistics[i]);
}
