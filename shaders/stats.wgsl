// Statistics of tensors, computed in place: histograms of gradients; range, moments and histogram of activations. The counts
// equal those of src/stats exactly. A workgroup does one task, a slice of one tensor, and counts in workgroup memory first.
// Each task leaves one partial sum, made in a fixed order; src/backend/gpu/stats.rs joins these in f64.
//
// Constants: GRADIENT_BINS, GRADIENT_FLOOR (minus the first bin's exponent), SQRT2_MANTISSA, ACTIVATION_BINS, SATURATED.

struct Task {
    first: u32,        // slice of `values`, in vec4s
    end: u32,
    origin: u32,       // where the tensor starts in `values`, modulo 2^32: it may start before the binding
    blocks: u32,       // vec4s of a row
    channels: u32,     // elements of a row that are not padding
    rows: u32,         // of every `rows` rows, the first `counted_rows` count: a weight's input channels are padded
    counted_rows: u32,
    record: u32,       // first word of the tensor's record in `counts`
    alive: u32,        // first word of the tensor's channels in `counts`: four bits per vec4
    function: u32,     // activation function that computed the values
    partial: u32,      // index in `partials`
}

@group(0) @binding(0) var<storage, read> tasks: array<Task>;
@group(0) @binding(1) var<storage, read> values: array<vec4u>; // bits, so that reading changes no value
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;

const INFINITY: u32 = 0x7f800000;

// Words of a gradient's record: the bins, then these, as `GradientRecord` in src/backend/gpu/stats.rs.
const BELOW: u32 = GRADIENT_BINS;
const ABOVE: u32 = GRADIENT_BINS + 1;
const ZERO: u32 = GRADIENT_BINS + 2;
const NAN: u32 = GRADIENT_BINS + 3;
const INF: u32 = GRADIENT_BINS + 4;
const GRADIENT_WORDS: u32 = GRADIENT_BINS + 5;

// Words of an activation's record: the bins, then these.
const LARGEST: u32 = ACTIVATION_BINS;
const SMALLEST: u32 = ACTIVATION_BINS + 1; // of the complements, so that both start at 0 and only grow
const ACTIVATION_NAN: u32 = ACTIVATION_BINS + 2;
const ACTIVATION_INF: u32 = ACTIVATION_BINS + 3;
const ACTIVATION_SATURATED: u32 = ACTIVATION_BINS + 4;

var<workgroup> bins: array<atomic<u32>, GRADIENT_WORDS>;
var<workgroup> sums: array<vec4f, WORKGROUP>;

fn clear_bins(local: u32) {
    for (var i = local; i < GRADIENT_WORDS; i += WORKGROUP) {
        atomicStore(&bins[i], 0u);
    }
    workgroupBarrier();
}

fn flush_bins(local: u32, words: u32, record: u32) {
    workgroupBarrier();
    for (var i = local; i < words; i += WORKGROUP) {
        let count = atomicLoad(&bins[i]);
        if count > 0u {
            atomicAdd(&counts[record + i], count);
        }
    }
}

// How many of a vec4's elements are not padding.
fn lanes(task: Task, index: u32) -> u32 {
    let place = index - task.origin;
    let counted = place / task.blocks % task.rows < task.counted_rows;
    return select(0u, min(task.channels - place % task.blocks * 4u, 4u), counted);
}

// ---- gradients ----

// The word of the gradient record that counts a value.
fn gradient_word(bits: u32) -> u32 {
    let size = bits & 0x7fffffffu;
    if size == 0u {
        return ZERO;
    }
    if size >= INFINITY {
        return select(NAN, INF, size == INFINITY);
    }
    let half = select(0, 1, (bits & 0x007fffffu) >= SQRT2_MANTISSA);
    let bin = 2 * (i32(size >> 23u) - 127 + i32(GRADIENT_FLOOR)) + half;
    if bin < 0 {
        return BELOW;
    }
    return select(ABOVE, u32(bin), u32(bin) < GRADIENT_BINS);
}

// The square of a finite value, in one of three sums by size, so that no square underflows or overflows: small values are scaled
// by 2^80, large ones by 2^-80 (Blue 1978). Other values add nothing; they are counted.
fn square(bits: u32) -> vec4f {
    let exponent = (bits >> 23u) & 0xffu;
    if exponent == 255u {
        return vec4(0.0);
    }
    let range = vec3(exponent < 77, (exponent >= 77) && (exponent < 177), exponent >= 177); // 2^-50, 2^50
    let scaled = bitcast<f32>(bits) * select(select(1.0, 0x1p80, range.x), 0x1p-80, range.z);
    return vec4(select(vec3(0.0), vec3(scaled * scaled), range), 0.0);
}

@compute @workgroup_size(WORKGROUP)
fn gradient(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    clear_bins(local);
    let task = tasks[workgroup_index(group)];
    var sum = vec4(0.0);
    for (var i = task.first + local; i < task.end; i += WORKGROUP) {
        let value = values[i];
        let count = lanes(task, i);
        for (var lane = 0u; lane < count; lane++) {
            atomicAdd(&bins[gradient_word(value[lane])], 1u);
            sum += square(value[lane]);
        }
    }
    sums[local] = sum;
    flush_bins(local, GRADIENT_WORDS, task.record);
    if local == 0u {
        for (var i = 1u; i < WORKGROUP; i++) {
            sum += sums[i];
        }
        partials[task.partial] = sum;
    }
}

// ---- activations ----

// Whole numbers in the order of the floats, larger than 0 for all finite ones.
fn ordered(bits: u32) -> u32 {
    return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

fn unordered(key: u32) -> f32 {
    return bitcast<f32>(select(~key, key & 0x7fffffffu, key >= 0x80000000u));
}

fn saturates(value: f32, function: u32) -> bool {
    if function == SIGMOID {
        return value * (1.0 - value) < SATURATED * 0.25;
    }
    return function == TANH && 1.0 - value * value < SATURATED;
}

// Count, mean and sum of squares about the mean of two sets together (Chan, Golub and LeVeque 1983).
fn join(a: vec4f, b: vec4f) -> vec4f {
    let count = a.x + b.x;
    if count == 0.0 {
        return a;
    }
    let difference = b.y - a.y;
    let share = b.x / count;
    return vec4(count, a.y + difference * share, a.z + b.z + difference * difference * a.x * share, 0.0);
}

// Range and counts.
@compute @workgroup_size(WORKGROUP)
fn activation(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let task = tasks[workgroup_index(group)];
    var largest = 0u;
    var smallest = 0u; // of the complement
    var odd = vec3(0u); // NaN, infinite, saturated
    for (var i = task.first + local; i < task.end; i += WORKGROUP) {
        let value = values[i];
        let count = lanes(task, i);
        var alive = 0u;
        for (var lane = 0u; lane < count; lane++) {
            let bits = value[lane];
            let size = bits & 0x7fffffffu;
            if size != 0u {
                alive |= 1u << lane;
            }
            if size >= INFINITY {
                odd += select(vec3(1u, 0u, 0u), vec3(0u, 1u, 0u), size == INFINITY);
                continue;
            }
            largest = max(largest, ordered(bits));
            smallest = max(smallest, ~ordered(bits));
            if saturates(bitcast<f32>(bits), task.function) {
                odd.z += 1u;
            }
        }
        let word = task.alive + (i - task.origin) % task.blocks;
        // Most often the bits are set already, and reading is cheap.
        if (atomicLoad(&counts[word]) & alive) != alive {
            atomicOr(&counts[word], alive);
        }
    }
    if largest > 0u {
        atomicMax(&counts[task.record + LARGEST], largest);
        atomicMax(&counts[task.record + SMALLEST], smallest);
    }
    if odd.x > 0u {
        atomicAdd(&counts[task.record + ACTIVATION_NAN], odd.x);
    }
    if odd.y > 0u {
        atomicAdd(&counts[task.record + ACTIVATION_INF], odd.y);
    }
    if odd.z > 0u {
        atomicAdd(&counts[task.record + ACTIVATION_SATURATED], odd.z);
    }
}

// Bins from the smallest to the largest value that `activation` found, and moments. The moments are taken about the thread's
// first value, so that digits do not cancel, and in units of the power of two below the largest size, so that no square
// underflows or overflows.
@compute @workgroup_size(WORKGROUP)
fn activation_bins(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    clear_bins(local);
    let task = tasks[workgroup_index(group)];
    let low = unordered(~atomicLoad(&counts[task.record + SMALLEST]));
    let high = unordered(atomicLoad(&counts[task.record + LARGEST]));
    let scale = select(0.0, f32(ACTIVATION_BINS) / (high - low), high > low);
    let size = max(bitcast<u32>(low) & 0x7fffffffu, bitcast<u32>(high) & 0x7fffffffu);
    let exponent = clamp(size >> 23u, 1u, 253u); // the inverse's is 254 - exponent
    let inverse_unit = bitcast<f32>((254u - exponent) << 23u);
    var shift = 0.0;
    var moments = vec3(0.0); // count, sum, sum of squares
    for (var i = task.first + local; i < task.end; i += WORKGROUP) {
        let value = values[i];
        let count = lanes(task, i);
        for (var lane = 0u; lane < count; lane++) {
            if (value[lane] & 0x7fffffffu) < INFINITY {
                let bin = u32((bitcast<f32>(value[lane]) - low) * scale);
                atomicAdd(&bins[min(bin, ACTIVATION_BINS - 1u)], 1u);
                let x = bitcast<f32>(value[lane]) * inverse_unit;
                if moments.x == 0.0 {
                    shift = x;
                }
                moments += vec3(1.0, x - shift, (x - shift) * (x - shift));
            }
        }
    }
    let mean = moments.y / max(moments.x, 1.0);
    sums[local] = vec4(moments.x, shift + mean, max(moments.z - mean * moments.y, 0.0), 0.0);
    flush_bins(local, ACTIVATION_BINS, task.record);
    if local == 0u {
        var sum = sums[0];
        for (var i = 1u; i < WORKGROUP; i++) {
            sum = join(sum, sums[i]);
        }
        partials[task.partial] = vec4(sum.xyz, bitcast<f32>(exponent << 23u));
    }
}
