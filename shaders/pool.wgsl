// Max and average pooling; both backward passes are gathers, so that no two threads write the same element.
//
// Constants: HEIGHT, WIDTH, CHANNEL_BLOCKS (of four channels), OUT_HEIGHT, OUT_WIDTH, KERNEL,
// STRIDE, PADDING.

@group(0) @binding(0) var<storage, read> input: array<vec4f>;              // (batch, height, width, blocks)
@group(0) @binding(1) var<storage, read_write> output: array<vec4f>;       // (batch, out_height, out_width, blocks)
// Place ky * KERNEL + kx of each window's winner, a byte per channel: backward reads one word instead of a whole window.
@group(0) @binding(2) var<storage, read_write> winners: array<u32>;        // as output
@group(0) @binding(3) var<storage, read> grad_output: array<vec4f>;        // as output
@group(0) @binding(4) var<storage, read_write> grad_input: array<vec4f>;   // as input

struct Place {
    image: u32,
    y: u32,
    x: u32,
    block: u32,
}

fn place(index: u32, height: u32, width: u32) -> Place {
    let pixel = index / CHANNEL_BLOCKS;
    return Place(pixel / (width * height), pixel / width % height, pixel % width, index % CHANNEL_BLOCKS);
}

fn input_index(image: u32, y: u32, x: u32, block: u32) -> u32 {
    return ((image * HEIGHT + y) * WIDTH + x) * CHANNEL_BLOCKS + block;
}

fn output_index(image: u32, y: u32, x: u32, block: u32) -> u32 {
    return ((image * OUT_HEIGHT + y) * OUT_WIDTH + x) * CHANNEL_BLOCKS + block;
}

// The part of window `out` that lies on the image, along an axis of length `size`: first and one past the last.
fn window(out: u32, size: u32) -> vec2u {
    return vec2(max(out * STRIDE, PADDING) - PADDING, min(out * STRIDE + KERNEL - PADDING, size));
}

// The windows that cover `at`, along an axis with `outs` windows: first and one past the last.
fn windows(at: u32, outs: u32) -> vec2u {
    let padded = at + PADDING;
    return vec2((max(padded + STRIDE, KERNEL) - KERNEL) / STRIDE, min(padded / STRIDE + 1u, outs));
}

@compute @workgroup_size(WORKGROUP)
fn forward_max(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= BATCH * OUT_HEIGHT * OUT_WIDTH * CHANNEL_BLOCKS {
        return;
    }
    let out = place(index, OUT_HEIGHT, OUT_WIDTH);
    let ys = window(out.y, HEIGHT);
    let xs = window(out.x, WIDTH);
    let corner = (out.y * STRIDE) * KERNEL + out.x * STRIDE; // of the window, as y * KERNEL + x, padding included
    var best = input[input_index(out.image, ys.x, xs.x, out.block)];
    var winner = vec4((ys.x + PADDING) * KERNEL + xs.x + PADDING - corner);
    for (var y = ys.x; y < ys.y; y++) {
        for (var x = xs.x; x < xs.y; x++) {
            let value = input[input_index(out.image, y, x, out.block)];
            let wins = (value > best) | is_nan(value); // the first of equal values stays; NaN is not lost
            best = select(best, value, wins);
            winner = select(winner, vec4((y + PADDING) * KERNEL + x + PADDING - corner), wins);
        }
    }
    output[index] = best;
    // Chromium refuses `|` beside `<<` without parentheses.
    winners[index] = winner.x | (winner.y << 8u) | (winner.z << 16u) | (winner.w << 24u);
}

@compute @workgroup_size(WORKGROUP)
fn backward_max(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= BATCH * HEIGHT * WIDTH * CHANNEL_BLOCKS {
        return;
    }
    let at = place(index, HEIGHT, WIDTH);
    let ys = windows(at.y, OUT_HEIGHT);
    let xs = windows(at.x, OUT_WIDTH);
    var sum = vec4(0.0);
#for j in (KERNEL + STRIDE - 1) / STRIDE
    let y_$j = ys.x + $j;
    let x_$j = xs.x + $j;
#end
#for j in (KERNEL + STRIDE - 1) / STRIDE
#for i in (KERNEL + STRIDE - 1) / STRIDE
    let covers_$j_$i = (y_$j < ys.y) & (x_$i < xs.y);
    let out_$j_$i = output_index(at.image, min(y_$j, OUT_HEIGHT - 1), min(x_$i, OUT_WIDTH - 1), at.block);
    let here_$j_$i = (at.y + PADDING - y_$j * STRIDE) * KERNEL + at.x + PADDING - x_$i * STRIDE;
    let winner_$j_$i = (vec4(winners[out_$j_$i]) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u);
    sum += select(vec4(0.0), grad_output[out_$j_$i], (winner_$j_$i == vec4(here_$j_$i)) & vec4(covers_$j_$i));
#end
#end
    grad_input[index] = sum;
    pass_through_activation(index, sum);
}

// The number of the window's elements on the image.
fn elements(y: u32, x: u32) -> f32 {
    let ys = window(y, HEIGHT);
    let xs = window(x, WIDTH);
    return f32((ys.y - ys.x) * (xs.y - xs.x));
}

@compute @workgroup_size(WORKGROUP)
fn forward_avg(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= BATCH * OUT_HEIGHT * OUT_WIDTH * CHANNEL_BLOCKS {
        return;
    }
    let out = place(index, OUT_HEIGHT, OUT_WIDTH);
    let ys = window(out.y, HEIGHT);
    let xs = window(out.x, WIDTH);
    var sum = vec4(0.0);
    for (var y = ys.x; y < ys.y; y++) {
        for (var x = xs.x; x < xs.y; x++) {
            sum += input[input_index(out.image, y, x, out.block)];
        }
    }
    output[index] = sum / elements(out.y, out.x);
}

@compute @workgroup_size(WORKGROUP)
fn backward_avg(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let index = thread_index(group, local);
    if index >= BATCH * HEIGHT * WIDTH * CHANNEL_BLOCKS {
        return;
    }
    let at = place(index, HEIGHT, WIDTH);
    let ys = windows(at.y, OUT_HEIGHT);
    let xs = windows(at.x, OUT_WIDTH);
    var sum = vec4(0.0);
    for (var y = ys.x; y < ys.y; y++) {
        for (var x = xs.x; x < xs.y; x++) {
            sum += grad_output[output_index(at.image, y, x, at.block)] / elements(y, x);
        }
    }
    grad_input[index] = sum;
    pass_through_activation(index, sum);
}
