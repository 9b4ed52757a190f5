// Batch normalisation over batch, height and width: y = gamma * (x - mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy
// 2015), and the activation function that follows. With WHOLE, a thread takes all rows of a vec4 of channels, in one dispatch per
// pass: for a few processors. Otherwise sums are taken in stages, in a fixed order: a thread sums a chunk of rows of a vec4, a
// workgroup joins the chunks of a vec4, and a thread normalises one vec4. Both take the mean first and then the squares about it,
// so that no digits cancel.
//
// Constants: ROWS (batch * height * width), CHANNEL_BLOCKS (vec4s of a row), CHANNELS (not padded), CHUNK (rows), CHUNKS, WHOLE,
// RUN, AT_ONCE (rows whose loads do not wait for each other), SHARES (chunks that a thread joins), EPSILON, VARIANCE (vec4s from
// the means to the variances), FUNCTION (see common.wgsl). RUN rows are added up before their sum is added to that of the chunk:
// long sums lose digits.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;              // (rows, blocks)
@group(0) @binding(1) var<storage, read_write> partials: array<vec4f>;     // (chunks, blocks, 2)
@group(0) @binding(2) var<storage, read_write> statistics: array<vec4f>;   // means (blocks), gap, variances (blocks): biased if of the batch
@group(0) @binding(4) var<storage, read> gamma: array<vec4f>;              // (blocks)
@group(0) @binding(5) var<storage, read> beta: array<vec4f>;               // (blocks)
@group(0) @binding(6) var<storage, read_write> output: array<vec4f>;       // (rows, blocks)
@group(0) @binding(7) var<storage, read> grad_output: array<vec4f>;        // (rows, blocks)
@group(0) @binding(8) var<storage, read_write> grad_gamma: array<vec4f>;   // (blocks)
@group(0) @binding(9) var<storage, read_write> grad_beta: array<vec4f>;    // (blocks)
@group(0) @binding(10) var<storage, read_write> grad_input: array<vec4f>;  // (rows, blocks)

// Threads of a workgroup that take whole channels. They are few, so that even a narrow layer is spread over processors.
const LANES: u32 = 4;

// The vec4 of channels that a thread takes whole; CHANNEL_BLOCKS or more: none.
fn whole_block(group: vec3u, local: u32) -> u32 {
    return select(CHANNEL_BLOCKS, workgroup_index(group) * LANES + local, local < LANES);
}

fn rows_of(chunk: u32) -> u32 {
    return min(CHUNK, ROWS - chunk * CHUNK);
}

// ---- forward

struct Statistics {
    mean: vec4f,
    squares: vec4f, // about the mean
}

// The statistics of a chunk of rows.
fn chunk_statistics(chunk: u32, block: u32) -> Statistics {
    let first = chunk * CHUNK * CHANNEL_BLOCKS + block;
    let rows = rows_of(chunk);
    var sum = vec4f(0.0);
    for (var run = 0u; run < rows; run += RUN) {
        let end = min(run + RUN, rows);
        var part = vec4f(0.0);
        for (var row = run; row < end; row += AT_ONCE) {
#for k in AT_ONCE
            let x_$k = input[first + min(row + $k, end - 1) * CHANNEL_BLOCKS];
#end
#for k in AT_ONCE
            part += select(vec4f(0.0), x_$k, row + $k < end);
#end
        }
        sum += part;
    }
    let center = sum / f32(rows);
    var squares = vec4f(0.0);
    for (var run = 0u; run < rows; run += RUN) {
        let end = min(run + RUN, rows);
        var part = vec4f(0.0);
        for (var row = run; row < end; row += AT_ONCE) {
#for k in AT_ONCE
            let x_$k = input[first + min(row + $k, end - 1) * CHANNEL_BLOCKS];
#end
#for k in AT_ONCE
            let centred_$k = select(vec4f(0.0), x_$k - center, row + $k < end);
            part += centred_$k * centred_$k;
#end
        }
        squares += part;
    }
    return Statistics(center, squares);
}

@compute @workgroup_size(WORKGROUP)
fn partial_statistics(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= CHUNKS * CHANNEL_BLOCKS {
        return;
    }
    let part = chunk_statistics(index / CHANNEL_BLOCKS, index % CHANNEL_BLOCKS);
    partials[2 * index] = part.mean;
    partials[2 * index + 1] = part.squares;
}

var<workgroup> shares: array<vec4f, WORKGROUP>;

// The sum of the threads' shares, added in pairs.
fn total(local: u32, share: vec4f) -> vec4f {
    workgroupBarrier(); // all shares of the sum before have been read
    shares[local] = share;
    for (var half = WORKGROUP / 2; half > 0; half /= 2) {
        workgroupBarrier();
        if local < half {
            shares[local] += shares[local + half];
        }
    }
    workgroupBarrier();
    return shares[0];
}

// Joins the chunks (Chan, Golub and LeVeque 1983).
@compute @workgroup_size(WORKGROUP)
fn join_statistics(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let block = workgroup_index(group);
    var share = vec4f(0.0);
#for k in SHARES
    let chunk_$k = min(local + $k * WORKGROUP, CHUNKS - 1);
    let index_$k = 2 * (chunk_$k * CHANNEL_BLOCKS + block);
    // 0 rows past the last chunk.
    let rows_$k = select(0.0, f32(rows_of(chunk_$k)), local + $k * WORKGROUP < CHUNKS);
    let mean_$k = partials[index_$k];
    let squares_$k = partials[index_$k + 1];
#end
#for k in SHARES
    share += rows_$k * mean_$k;
#end
    let center = total(local, share) / f32(ROWS);
    share = vec4f(0.0);
#for k in SHARES
    let centred_$k = mean_$k - center;
    share += select(vec4f(0.0), squares_$k + rows_$k * centred_$k * centred_$k, rows_$k > 0.0);
#end
    let squares = total(local, share);
    if local == 0 {
        statistics[block] = center;
        statistics[VARIANCE + block] = squares / f32(ROWS);
    }
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    if WHOLE {
        let block = whole_block(group, local);
        if block < CHANNEL_BLOCKS {
            let own = chunk_statistics(0, block);
            let variance = own.squares / f32(ROWS);
            statistics[block] = own.mean;
            statistics[VARIANCE + block] = variance;
            normalise(0, ROWS, block, own.mean, variance);
        }
        return;
    }
    let index = thread_index(group, local);
    let row = index / CHANNEL_BLOCKS;
    if row < ROWS {
        let block = index % CHANNEL_BLOCKS;
        normalise(row, row + 1, block, statistics[block], statistics[VARIANCE + block]);
    }
}

fn normalise(first: u32, end: u32, block: u32, mean: vec4f, variance: vec4f) {
    let inverse = inverseSqrt(variance + EPSILON);
    let scale = gamma[block];
    let shift = beta[block];
    for (var row = first; row < end; row++) {
        let at = row * CHANNEL_BLOCKS + block;
        let y = keep_channels(activate(scale * ((input[at] - mean) * inverse) + shift), block, CHANNELS);
        output[at] = y;
        drop_out(at, y);
    }
}

// ---- backward

fn inverse_deviation(block: u32) -> vec4f {
    return inverseSqrt(statistics[VARIANCE + block] + EPSILON);
}

struct Sums {
    gamma: vec4f, // of g * normalised
    beta: vec4f,  // of g
}

// The gradient sums of a chunk of rows.
fn chunk_gradients(chunk: u32, block: u32) -> Sums {
    let first = chunk * CHUNK * CHANNEL_BLOCKS + block;
    let rows = rows_of(chunk);
    let mean = statistics[block];
    let inverse = inverse_deviation(block);
    var sums = Sums(vec4f(0.0), vec4f(0.0));
    for (var run = 0u; run < rows; run += RUN) {
        var part_gamma = vec4f(0.0);
        var part_beta = vec4f(0.0);
        let end = min(run + RUN, rows);
        for (var row = run; row < end; row += AT_ONCE) {
#for k in AT_ONCE
            let at_$k = first + min(row + $k, end - 1) * CHANNEL_BLOCKS;
            let x_$k = input[at_$k];
            let y_$k = grad_output[at_$k];
#end
#for k in AT_ONCE
            let g_$k = select(vec4f(0.0), y_$k, row + $k < end);
            part_gamma += g_$k * ((x_$k - mean) * inverse);
            part_beta += g_$k;
#end
        }
        sums.gamma += part_gamma;
        sums.beta += part_beta;
    }
    return sums;
}

@compute @workgroup_size(WORKGROUP)
fn partial_gradients(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= CHUNKS * CHANNEL_BLOCKS {
        return;
    }
    let sums = chunk_gradients(index / CHANNEL_BLOCKS, index % CHANNEL_BLOCKS);
    partials[2 * index] = sums.gamma;
    partials[2 * index + 1] = sums.beta;
}

@compute @workgroup_size(WORKGROUP)
fn join_gradients(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let block = workgroup_index(group);
    var share_gamma = vec4f(0.0);
    var share_beta = vec4f(0.0);
#for k in SHARES
    let index_$k = 2 * (min(local + $k * WORKGROUP, CHUNKS - 1) * CHANNEL_BLOCKS + block);
    let gamma_$k = partials[index_$k];
    let beta_$k = partials[index_$k + 1];
#end
#for k in SHARES
    share_gamma += select(vec4f(0.0), gamma_$k, local + $k * WORKGROUP < CHUNKS);
    share_beta += select(vec4f(0.0), beta_$k, local + $k * WORKGROUP < CHUNKS);
#end
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
    if WHOLE {
        let block = whole_block(group, local);
        if block < CHANNEL_BLOCKS {
            let sums = chunk_gradients(0, block);
            grad_gamma[block] = sums.gamma;
            grad_beta[block] = sums.beta;
            go_back(0, ROWS, block, sums);
        }
        return;
    }
    let index = thread_index(group, local);
    let row = index / CHANNEL_BLOCKS;
    if row < ROWS {
        let block = index % CHANNEL_BLOCKS;
        go_back(row, row + 1, block, Sums(grad_gamma[block], grad_beta[block]));
    }
}

fn go_back(first: u32, end: u32, block: u32, sums: Sums) {
    let mean = statistics[block];
    let inverse = inverse_deviation(block);
    let scale = gamma[block] * inverse;
    for (var row = first; row < end; row++) {
        let at = row * CHANNEL_BLOCKS + block;
        let means = (sums.beta + (input[at] - mean) * inverse * sums.gamma) / f32(ROWS);
        let gradient = scale * (grad_output[at] - means);
        grad_input[at] = gradient;
        // As `pass_through_activation`, but the function's output is the input here, which saves a binding.
        if ACTIVATION_BEFORE <= LEAKY_RELU {
            grad_before[at] = activate_backward(input[at], gradient);
        }
    }
}
