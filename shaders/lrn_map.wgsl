// Local response normalisation within a map: b = a / s^beta with s = k + alpha * sum of a^2 over the pixels of the same channel from
// BELOW rows and columns before to ABOVE after. A thread makes four neighbouring channels of a pixel.
//
// Constants: VECTORS (vec4s in all), CHANNEL_BLOCKS (vec4s of a pixel), HEIGHT, WIDTH, BELOW, ABOVE, K, ALPHA, BETA. Padded channels
// are 0 in `input` and `grad_output`, and stay 0.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;              // (batch, height, width, blocks)
@group(0) @binding(1) var<storage, read_write> output: array<vec4f>;       // as input
@group(0) @binding(2) var<storage, read> grad_output: array<vec4f>;        // as input
@group(0) @binding(3) var<storage, read_write> grad_input: array<vec4f>;   // as input
@group(0) @binding(4) var<storage, read_write> denominators: array<vec4f>; // s, as input

// Rows or columns, from `first` to before `end`.
struct Reach {
    first: u32,
    end: u32,
}

fn reach(at: u32, below: u32, above: u32, size: u32) -> Reach {
    return Reach(at - min(at, below), min(at + above + 1, size));
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= VECTORS {
        return;
    }
    let pixel = index / CHANNEL_BLOCKS;
    let columns = reach(pixel % WIDTH, BELOW, ABOVE, WIDTH);
    let rows = reach(pixel / WIDTH % HEIGHT, BELOW, ABOVE, HEIGHT);
    let image = index - pixel % (HEIGHT * WIDTH) * CHANNEL_BLOCKS; // this block of the image's first pixel
    var sum = vec4f(0.0);
    for (var y = rows.first; y < rows.end; y++) {
        for (var x = columns.first; x < columns.end; x++) {
            let a = input[image + (y * WIDTH + x) * CHANNEL_BLOCKS];
            sum += a * a;
        }
    }
    let s = K + ALPHA * sum;
    denominators[index] = s;
    output[index] = input[index] * inverse_power(s);
}

// grad a = g s^-beta - 2 alpha beta a * sum of g a s^(-beta - 1) over the pixels whose window holds this one.
@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= VECTORS {
        return;
    }
    let pixel = index / CHANNEL_BLOCKS;
    let columns = reach(pixel % WIDTH, ABOVE, BELOW, WIDTH);
    let rows = reach(pixel / WIDTH % HEIGHT, ABOVE, BELOW, HEIGHT);
    let image = index - pixel % (HEIGHT * WIDTH) * CHANNEL_BLOCKS;
    var sum = vec4f(0.0);
    for (var y = rows.first; y < rows.end; y++) {
        for (var x = columns.first; x < columns.end; x++) {
            let there = image + (y * WIDTH + x) * CHANNEL_BLOCKS;
            let s = denominators[there];
            sum += grad_output[there] * inverse_power(s) * input[there] / s;
        }
    }
    let direct = grad_output[index] * inverse_power(denominators[index]);
    let gradient = direct - 2.0 * ALPHA * BETA * input[index] * sum;
    grad_input[index] = gradient;
    pass_through_activation(index, gradient);
}
