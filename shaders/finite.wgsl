// Whether a tensor holds a NaN or an infinity. Constants: VECTORS (vec4s in all), FLAG (where the answer goes).

@group(0) @binding(0) var<storage, read> values: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> flags: array<atomic<u32>>;

@compute @workgroup_size(WORKGROUP)
fn check(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let i = thread_index(group, local);
    if i < VECTORS && not_finite(values[i]) {
        atomicStore(&flags[FLAG], 1u);
    }
}
