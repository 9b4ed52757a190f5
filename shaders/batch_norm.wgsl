// Batch normalisation over batch, height and width: y = gamma * (x - mean) / sqrt(variance + epsilon) + beta (Ioffe and
// Szegedy 2015). Sums over rows go in two stages of fixed order: first a thread a chunk of rows and vec4 of channels, then
// a workgroup a vec4. Both take the mean first and the squares about it after, so that no digits cancel.
//
// Constants: ROWS (batch * height * width), CHANNEL_BLOCKS (vec4s of a row), CHUNK (rows), CHUNKS, EPSILON, MOMENTUM.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;                  // (rows, blocks)
@group(0) @binding(1) var<storage, read_write> partials: array<vec4f>;         // (chunks, blocks, 2)
@group(0) @binding(2) var<storage, read_write> mean: array<vec4f>;             // (blocks), of the batch or running
@group(0) @binding(3) var<storage, read_write> variance: array<vec4f>;         // (blocks), biased if of the batch
@group(0) @binding(4) var<storage, read> gamma: array<vec4f>;                  // (blocks)
@group(0) @binding(5) var<storage, read> beta: array<vec4f>;                   // (blocks)
@group(0) @binding(6) var<storage, read_write> output: array<vec4f>;           // (rows, blocks)
@group(0) @binding(7) var<storage, read> grad_output: array<vec4f>;            // (rows, blocks)
@group(0) @binding(8) var<storage, read_write> grad_gamma: array<vec4f>;       // (blocks)
@group(0) @binding(9) var<storage, read_write> grad_beta: array<vec4f>;        // (blocks)
@group(0) @binding(10) var<storage, read_write> grad_input: array<vec4f>;      // (rows, blocks)
@group(0) @binding(11) var<storage, read_write> running_mean: array<vec4f>;    // (blocks)
@group(0) @binding(12) var<storage, read_write> running_variance: array<vec4f>; // (blocks)
@group(0) @binding(13) var<storage, read_write> not_finite_seen: atomic<u32>;   // not 0: no update

fn rows_of(chunk: u32) -> u32 {
    return min(CHUNK, ROWS - chunk * CHUNK);
}

// ---- forward

// Mean of a chunk and the squares about it.
@compute @workgroup_size(WORKGROUP)
fn partial_statistics(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= CHUNKS * CHANNEL_BLOCKS {
        return;
    }
    let first = index / CHANNEL_BLOCKS * CHUNK * CHANNEL_BLOCKS + index % CHANNEL_BLOCKS;
    let rows = rows_of(index / CHANNEL_BLOCKS);
    var sum = vec4f(0.0);
    for (var row = 0u; row < rows; row++) {
        sum += input[first + row * CHANNEL_BLOCKS];
    }
    let center = sum / f32(rows);
    var squares = vec4f(0.0);
    for (var row = 0u; row < rows; row++) {
        let centred = input[first + row * CHANNEL_BLOCKS] - center;
        squares += centred * centred;
    }
    partials[2 * index] = center;
    partials[2 * index + 1] = squares;
}

var<workgroup> shares: array<vec4f, WORKGROUP>;

// The sum of the threads' shares, in the order of the threads.
fn total(local: u32, share: vec4f) -> vec4f {
    workgroupBarrier(); // nobody reads the shares of a sum before
    shares[local] = share;
    workgroupBarrier();
    var sum = vec4f(0.0);
    for (var i = 0u; i < WORKGROUP; i++) {
        sum += shares[i];
    }
    return sum;
}

// Joins the chunks (Chan, Golub and LeVeque 1983).
@compute @workgroup_size(WORKGROUP)
fn join_statistics(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let block = workgroup_index(group);
    var share = vec4f(0.0);
    for (var chunk = local; chunk < CHUNKS; chunk += WORKGROUP) {
        share += f32(rows_of(chunk)) * partials[2 * (chunk * CHANNEL_BLOCKS + block)];
    }
    let center = total(local, share) / f32(ROWS);
    share = vec4f(0.0);
    for (var chunk = local; chunk < CHUNKS; chunk += WORKGROUP) {
        let index = 2 * (chunk * CHANNEL_BLOCKS + block);
        let centred = partials[index] - center;
        share += partials[index + 1] + f32(rows_of(chunk)) * centred * centred;
    }
    let squares = total(local, share);
    if local == 0 {
        mean[block] = center;
        variance[block] = squares / f32(ROWS);
    }
}

fn inverse_deviation(block: u32) -> vec4f {
    return inverseSqrt(variance[block] + EPSILON);
}

fn normalised(index: u32, block: u32) -> vec4f {
    return (input[index] - mean[block]) * inverse_deviation(block);
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= ROWS * CHANNEL_BLOCKS {
        return;
    }
    let block = index % CHANNEL_BLOCKS;
    output[index] = gamma[block] * normalised(index, block) + beta[block];
}

// ---- backward

// grad_gamma = sum of g * normalised and grad_beta = sum of g, of a chunk.
@compute @workgroup_size(WORKGROUP)
fn partial_gradients(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= CHUNKS * CHANNEL_BLOCKS {
        return;
    }
    let block = index % CHANNEL_BLOCKS;
    let first = index / CHANNEL_BLOCKS * CHUNK * CHANNEL_BLOCKS + block;
    var sum_gamma = vec4f(0.0);
    var sum_beta = vec4f(0.0);
    for (var row = 0u; row < rows_of(index / CHANNEL_BLOCKS); row++) {
        let at = first + row * CHANNEL_BLOCKS;
        sum_gamma += grad_output[at] * normalised(at, block);
        sum_beta += grad_output[at];
    }
    partials[2 * index] = sum_gamma;
    partials[2 * index + 1] = sum_beta;
}

@compute @workgroup_size(WORKGROUP)
fn join_gradients(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let block = workgroup_index(group);
    var share_gamma = vec4f(0.0);
    var share_beta = vec4f(0.0);
    for (var chunk = local; chunk < CHUNKS; chunk += WORKGROUP) {
        let index = 2 * (chunk * CHANNEL_BLOCKS + block);
        share_gamma += partials[index];
        share_beta += partials[index + 1];
    }
    let sum_gamma = total(local, share_gamma);
    let sum_beta = total(local, share_beta);
    if local == 0 {
        grad_gamma[block] = sum_gamma;
        grad_beta[block] = sum_beta;
    }
}

// grad x = gamma / sqrt(variance + epsilon) * (g - grad_beta / rows - normalised * grad_gamma / rows).
@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= ROWS * CHANNEL_BLOCKS {
        return;
    }
    let block = index % CHANNEL_BLOCKS;
    let means = (grad_beta[block] + normalised(index, block) * grad_gamma[block]) / f32(ROWS);
    grad_input[index] = gamma[block] * inverse_deviation(block) * (grad_output[index] - means);
}

// ---- running statistics

// running = (1 - momentum) * running + momentum * batch, with the unbiased variance; that of a single row is 0.
@compute @workgroup_size(WORKGROUP)
fn update_running(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let block = thread_index(group, local);
    if block >= CHANNEL_BLOCKS || atomicLoad(&not_finite_seen) != 0 {
        return;
    }
    let unbiased = variance[block] * (f32(ROWS) / f32(max(ROWS, 2) - 1));
    running_mean[block] = (1.0 - MOMENTUM) * running_mean[block] + MOMENTUM * mean[block];
    running_variance[block] = (1.0 - MOMENTUM) * running_variance[block] + MOMENTUM * unbiased;
}
