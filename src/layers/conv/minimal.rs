//! Convolutions of stride 1 with fewer multiplications: minimal filtering along both axes - Winograd 1980; Lavin and Gray 2016.
//!
//! The transforms (`transforms.rs`) turn a tile of outputs into one product for each pair of points, summed over the channels.
//! So each pair of points p is a matrix product over all tiles. Forward, `M[p] = V[p] U[p]`: V (tiles, in) is the transformed
//! input, U (in, out) the transformed weights, and M (tiles, out) is transformed into the output. The gradient of the weights is
//! the transform of `V[p]^T E[p]`, with E (tiles, out) from the output's gradient. The gradient of the input is the forward pass
//! over the output's gradient, with the weights flipped.

use super::forms::{Form, Pass};
use super::tiles::{Tiled, WEIGHTS, apart};
use super::transforms::Transform;
use crate::layers::Window;
use crate::math::gemm::{self, Operand, Packed, Product, Start, Steps, multiply, pack, packed_len};
use crate::network::Shape;
use std::ops::Range;

/// Elements of scratch that the pass needs.
pub fn scratch_len(form: Form, window: &Window, pass: Pass, batch: usize) -> usize {
    let [inputs, outputs] = [window.input.channels, window.output.channels];
    let weights = form.products() * apart(inputs, outputs);
    let tiled = match pass {
        Pass::BackwardInput => Tiled::of_grad_output(form, window, batch),
        _ => Tiled::of_input(form, window, batch),
    };
    let half = tiled.half_len(inputs.max(outputs));
    let tiles = tiled.form.products() * (apart(tiled.count(), inputs) + apart(tiled.count(), outputs));
    let tiles = tiled.canvas.shape.len() + half + tiles;
    match pass {
        Pass::Forward => tiled.form.products() * packed_len(inputs, outputs) + tiles.max(weights + taps_len(window) + half),
        Pass::BackwardInput => tiled.form.products() * packed_len(outputs, inputs) + tiles.max(weights + taps_len(window) + half),
        Pass::BackwardWeight => {
            let grads = Tiled::of_grad_positions(form, window, batch);
            tiles + grads.canvas.shape.len() + weights + gemm::scratch_len(tiled.count(), outputs)
        }
    }
}

/// Weights that are copied before they are transformed.
fn taps_len(window: &Window) -> usize {
    window.kernel * window.kernel * WEIGHTS
}

/// The output of a convolution.
pub fn forward<T: Product>(
    form: Form,
    window: &Window,
    input: &[T],       // (batch, height, width, in)
    weight: &[T],      // (kernel, kernel, in, out)
    bias: &[T],        // (out)
    output: &mut [T],  // (batch, out height, out width, out)
    scratch: &mut [T], // (scratch_len)
) {
    let tiled = Tiled::of_input(form, window, input.len() / window.input.len());
    let (packed, scratch) =
        scratch.split_at_mut(tiled.form.products() * packed_len(window.input.channels, window.output.channels));
    let weights = transform_weights(&tiled, window, weight, false, packed, scratch);
    filter(&tiled, input, &weights, Some(bias), window.output, output, scratch);
}

/// The gradient of the input.
pub fn backward_input<T: Product>(
    form: Form,
    window: &Window,
    weight: &[T],         // (kernel, kernel, in, out)
    grad_output: &[T],    // (batch, out height, out width, out)
    grad_input: &mut [T], // (batch, height, width, in)
    scratch: &mut [T],    // (scratch_len)
) {
    let tiled = Tiled::of_grad_output(form, window, grad_output.len() / window.output.len());
    let (packed, scratch) =
        scratch.split_at_mut(tiled.form.products() * packed_len(window.output.channels, window.input.channels));
    let weights = transform_weights(&tiled, window, weight, true, packed, scratch);
    filter(&tiled, grad_output, &weights, None, window.input, grad_input, scratch);
}

/// `U[p]` of each pair of points: (in, out), or (out, in) of the flipped kernel.
fn transform_weights<'a, T: Product>(
    tiled: &Tiled,
    window: &Window,
    weight: &[T],
    flipped: bool,
    packed: &'a mut [T],
    scratch: &mut [T],
) -> Vec<Vec<Packed<'a, T>>> {
    let (Form { height, width, .. }, kernel) = (tiled.form, window.kernel);
    let [inputs, outputs] = [window.input.channels, window.output.channels];
    let (size, apart, points) = (inputs * outputs, apart(inputs, outputs), width.products());
    let (u, scratch) = scratch.split_at_mut(tiled.form.products() * apart);
    let (taps, half) = scratch.split_at_mut(taps_len(window));
    for first in (0..size).step_by(WEIGHTS) {
        // The last ones overlap with those before.
        let (first, len) = (first.min(size - WEIGHTS), WEIGHTS);
        for (tap, to) in taps.chunks_exact_mut(len).enumerate() {
            let tap = if flipped { kernel * kernel - 1 - tap } else { tap };
            to.copy_from_slice(&weight[tap * size + first..][..len]);
        }
        for (taps, half) in taps.chunks(kernel * len).zip(half.chunks_mut(points * len)) {
            let steps = Steps { value: len, run: 0 };
            width.apply(Transform::Weights, (taps, steps), (half, steps), 1, len);
        }
        let to = (&mut u[first..], Steps { value: points * apart, run: apart });
        height.apply(Transform::Weights, (half, Steps { value: points * len, run: len }), to, points, len);
    }
    let u = u.chunks_exact(apart).map(|u| Operand::matrix(&u[..size], outputs));
    let (depth, to) = if flipped { (outputs, inputs) } else { (inputs, outputs) };
    let block = depth.div_ceil(depth.div_ceil(tiled.form.terms));
    let pack_all = |(u, mut packed): (Operand<T>, &'a mut [T])| {
        let u = if flipped { u.transposed() } else { u };
        let blocks = (0..depth).step_by(block).map(|first| first..depth.min(first + block));
        let pack_block = |range: Range<usize>| {
            let (own, others) = std::mem::take(&mut packed).split_at_mut(packed_len(range.len(), to));
            packed = others;
            pack(&u, range, own)
        };
        blocks.map(pack_block).collect()
    };
    u.zip(packed.chunks_exact_mut(packed_len(depth, to))).map(pack_all).collect()
}

/// Filters the images with the transformed weights: forward, or the gradient of the input.
fn filter<T: Product>(
    tiled: &Tiled,
    images: &[T],               // (batch, the canvas's image)
    weights: &[Vec<Packed<T>>], // for each pair of points, (in, out) in blocks of rows
    bias: Option<&[T]>,         // (out)
    shape: Shape,               // of an output
    output: &mut [T],           // (batch, shape)
    scratch: &mut [T],
) {
    let channels = tiled.canvas.shape.channels;
    let (space, scratch) = scratch.split_at_mut(tiled.canvas.shape.len());
    let (half, scratch) = scratch.split_at_mut(tiled.half_len(channels.max(shape.channels)));
    let apart = [channels, shape.channels].map(|channels| apart(tiled.count(), channels));
    let (v, m) = scratch.split_at_mut(tiled.form.products() * apart[0]);
    tiled.canvas.clear(1, space);
    let (columns, places) = tables(tiled.count(), channels);
    let rows = images.len() / tiled.canvas.image.len() * tiled.down;
    for first in (0..rows).step_by(tiled.rows) {
        let group = first..rows.min(first + tiled.rows);
        let count = group.len() * tiled.across;
        tiled.transform(images, group.clone(), [space, half], v, apart[0]);
        for (point, weights) in weights.iter().enumerate() {
            let v = Operand::new(&v[point * apart[0]..], &places[..count], &columns[..]);
            let m = &mut m[point * apart[1]..][..count * shape.channels];
            for (block, weights) in weights.iter().enumerate() {
                weights.left_multiply(&v, if block == 0 { Start::Zero } else { Start::Add }, m);
            }
        }
        let mut place = 0;
        for (image, rows) in tiled.parts(group) {
            let output = &mut output[image * shape.len()..][..shape.len()];
            for row in rows {
                put_row(tiled, (&m[place..], apart[1]), row, bias, shape, output, half);
                place += tiled.across * shape.channels;
            }
        }
    }
}

/// Transforms a row of tiles into outputs of an image, and adds the bias.
fn put_row<T: Product>(
    tiled: &Tiled,
    (m, apart): (&[T], usize), // for each pair of points, (tiles, out)
    row: usize,
    bias: Option<&[T]>, // (out)
    shape: Shape,       // of the image
    output: &mut [T],   // (shape)
    half: &mut [T],
) {
    let Form { height, width, .. } = tiled.form;
    let (points, line) = (width.products(), tiled.across * shape.channels);
    let (half, whole) = half.split_at_mut(height.outputs() * points * line);
    let from = (m, Steps { value: points * apart, run: apart });
    height.apply(Transform::Outputs, from, (half, Steps { value: points * line, run: line }), points, line);
    let output = output.chunks_exact_mut(shape.width * shape.channels).skip(row * height.outputs());
    for (output, half) in output.zip(half.chunks_exact(points * line)) {
        let from = (half, Steps { value: line, run: shape.channels });
        // Tiles that reach over the edge go through a copy.
        let over = tiled.across * width.outputs() > shape.width;
        let to = if over { &mut whole[..] } else { &mut *output };
        let steps = Steps { value: shape.channels, run: width.outputs() * shape.channels };
        width.apply(Transform::Outputs, from, (to, steps), tiled.across, shape.channels);
        if over {
            output.copy_from_slice(&whole[..output.len()]);
        }
        if let Some(bias) = bias {
            for output in output.chunks_exact_mut(bias.len()) {
                output.iter_mut().zip(bias).for_each(|(output, bias)| *output += *bias);
            }
        }
    }
}

/// Columns and rows of a matrix (rows, columns) in place.
fn tables(rows: usize, columns: usize) -> (Vec<usize>, Vec<usize>) {
    ((0..columns).collect(), (0..rows).map(|row| row * columns).collect())
}

/// The gradient of the weights. The order of groups, and so of the sums, is fixed.
pub fn backward_weight<T: Product>(
    form: Form,
    window: &Window,
    input: &[T],           // (batch, height, width, in)
    grad_output: &[T],     // (batch, out height, out width, out)
    grad_weight: &mut [T], // (kernel, kernel, in, out)
    scratch: &mut [T],     // (scratch_len)
) {
    let Form { height, width, .. } = form;
    let [inputs, outputs] = [window.input.channels, window.output.channels];
    let images = input.len() / window.input.len();
    if images == 0 {
        return grad_weight.fill(T::ZERO);
    }
    let tiled = Tiled::of_input(form, window, images);
    let grads = Tiled::of_grad_positions(form, window, images);
    let (space, scratch) = scratch.split_at_mut(tiled.canvas.shape.len());
    let (grad_space, scratch) = scratch.split_at_mut(grads.canvas.shape.len());
    let (half, scratch) = scratch.split_at_mut(tiled.half_len(inputs.max(outputs)));
    let (size, apart_u, points) = (inputs * outputs, apart(inputs, outputs), width.products());
    let (u, scratch) = scratch.split_at_mut(tiled.form.products() * apart_u);
    let apart = [inputs, outputs].map(|channels| apart(tiled.count(), channels));
    let (v, scratch) = scratch.split_at_mut(tiled.form.products() * apart[0]);
    let (e, packed) = scratch.split_at_mut(tiled.form.products() * apart[1]);
    tiled.canvas.clear(1, space);
    grads.canvas.clear(1, grad_space);
    let (columns, places) = tables(tiled.count(), inputs);
    let rows = images * tiled.down;
    for first in (0..rows).step_by(tiled.rows) {
        let group = first..rows.min(first + tiled.rows);
        let count = group.len() * tiled.across;
        tiled.transform(input, group.clone(), [space, half], v, apart[0]);
        grads.transform(grad_output, group, [grad_space, half], e, apart[1]);
        let start = if first == 0 { Start::Zero } else { Start::Add };
        for point in 0..tiled.form.products() {
            let v = Operand::new(&v[point * apart[0]..], &places[..count], &columns[..]).transposed();
            let e = Operand::matrix(&e[point * apart[1]..][..count * outputs], outputs);
            multiply(&v, &e, start, &mut u[point * apart_u..][..size], packed);
        }
    }
    for first in (0..size).step_by(WEIGHTS) {
        let (first, len) = (first.min(size - WEIGHTS), WEIGHTS);
        let from = (&u[first..], Steps { value: points * apart_u, run: apart_u });
        height.apply(Transform::GradWeights, from, (half, Steps { value: points * len, run: len }), points, len);
        let to = grad_weight.chunks_exact_mut(window.kernel * size);
        for (half, to) in half.chunks(points * len).zip(to) {
            let to = (&mut to[first..], Steps { value: size, run: 0 });
            width.apply(Transform::GradWeights, (half, Steps { value: len, run: 0 }), to, 1, len);
        }
    }
}
