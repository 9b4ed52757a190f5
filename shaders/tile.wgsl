// The matrix product of the tiled family, before the kernels that load its operands: a workgroup computes a tile of
// outputs, `left` times `right`, and holds in workgroup memory what 16 terms of all their sums need.
// Constants: ACROSS (threads of a workgroup along a row of its tile), ROWS (of outputs that a thread computes: 4 or 8),
// BLOCKS (vec4s of outputs in each of them: 1 or 2).
//
// A thread's rows and vec4s are apart by the number of threads, so that neighbours read neighbouring words.

const DOWN: u32 = WORKGROUP / ACROSS;
const TILE_ROWS: u32 = DOWN * ROWS;
const TILE_BLOCKS: u32 = ACROSS * BLOCKS;
const TALL: bool = ROWS > 4;
const WIDE: bool = BLOCKS > 1;
const DEPTH: u32 = 4; // vec4s of terms
const TERMS: u32 = 4 * DEPTH;

// Strides that bring what a load writes at once to different banks.
const LEFT_STRIDE: u32 = TILE_ROWS + 2;
const RIGHT_STRIDE: u32 = TILE_BLOCKS + 1;

// For `multiply`: (DEPTH, TILE_ROWS), vec4s of terms. For `multiply_outer`: (TERMS, TILE_ROWS / 4), vec4s of rows.
var<workgroup> left: array<vec4f, DEPTH * LEFT_STRIDE>;
var<workgroup> right: array<vec4f, TERMS * RIGHT_STRIDE>; // (TERMS, TILE_BLOCKS), vec4s of columns

// What a thread sums: for each of its rows a vec4 `a` and, when WIDE, another one `b`.
struct Sums {
    a0: vec4f, b0: vec4f,
    a1: vec4f, b1: vec4f,
    a2: vec4f, b2: vec4f,
    a3: vec4f, b3: vec4f,
    a4: vec4f, b4: vec4f,
    a5: vec4f, b5: vec4f,
    a6: vec4f, b6: vec4f,
    a7: vec4f, b7: vec4f,
}

// The first row and the first vec4 of the thread in the tile.
fn thread_row(local: u32) -> u32 {
    return local / ACROSS;
}

fn thread_block(local: u32) -> u32 {
    return local % ACROSS;
}

// Adds a product at a time, so that each can be one fused instruction.
fn add_products(sum: vec4f, x: vec4f, m: mat4x4f) -> vec4f {
    return sum + x.x * m[0] + x.y * m[1] + x.z * m[2] + x.w * m[3];
}

// Four terms of one vec4 of columns.
fn right_terms(at: u32) -> mat4x4f {
    return mat4x4f(right[at], right[at + RIGHT_STRIDE], right[at + 2 * RIGHT_STRIDE], right[at + 3 * RIGHT_STRIDE]);
}

// Adds the tile's terms; the thread's rows are thread_row + (0 .. ROWS) * DOWN.
fn multiply(sums: ptr<function, Sums>, local: u32) {
    let row = thread_row(local);
    let block = thread_block(local);
    for (var depth = 0u; depth < DEPTH; depth++) {
        let x = depth * LEFT_STRIDE + row;
        let at = depth * 4 * RIGHT_STRIDE + block;
        let a = right_terms(at);
        (*sums).a0 = add_products((*sums).a0, left[x], a);
        (*sums).a1 = add_products((*sums).a1, left[x + DOWN], a);
        (*sums).a2 = add_products((*sums).a2, left[x + 2 * DOWN], a);
        (*sums).a3 = add_products((*sums).a3, left[x + 3 * DOWN], a);
        if TALL {
            (*sums).a4 = add_products((*sums).a4, left[x + 4 * DOWN], a);
            (*sums).a5 = add_products((*sums).a5, left[x + 5 * DOWN], a);
            (*sums).a6 = add_products((*sums).a6, left[x + 6 * DOWN], a);
            (*sums).a7 = add_products((*sums).a7, left[x + 7 * DOWN], a);
        }
        if WIDE {
            let b = right_terms(at + ACROSS);
            (*sums).b0 = add_products((*sums).b0, left[x], b);
            (*sums).b1 = add_products((*sums).b1, left[x + DOWN], b);
            (*sums).b2 = add_products((*sums).b2, left[x + 2 * DOWN], b);
            (*sums).b3 = add_products((*sums).b3, left[x + 3 * DOWN], b);
            if TALL {
                (*sums).b4 = add_products((*sums).b4, left[x + 4 * DOWN], b);
                (*sums).b5 = add_products((*sums).b5, left[x + 5 * DOWN], b);
                (*sums).b6 = add_products((*sums).b6, left[x + 6 * DOWN], b);
                (*sums).b7 = add_products((*sums).b7, left[x + 7 * DOWN], b);
            }
        }
    }
}

// The same where `left` holds vec4s of rows; the thread's are 4 * thread_row + (0 .. 4), and 4 * DOWN further when TALL.
fn multiply_outer(sums: ptr<function, Sums>, local: u32) {
    let row = thread_row(local);
    let block = thread_block(local);
    for (var term = 0u; term < TERMS; term++) {
        let x = left[term * (TILE_ROWS / 4) + row];
        let a = right[term * RIGHT_STRIDE + block];
        (*sums).a0 += x.x * a;
        (*sums).a1 += x.y * a;
        (*sums).a2 += x.z * a;
        (*sums).a3 += x.w * a;
        if WIDE {
            let b = right[term * RIGHT_STRIDE + block + ACROSS];
            (*sums).b0 += x.x * b;
            (*sums).b1 += x.y * b;
            (*sums).b2 += x.z * b;
            (*sums).b3 += x.w * b;
        }
        if TALL {
            let y = left[term * (TILE_ROWS / 4) + row + DOWN];
            (*sums).a4 += y.x * a;
            (*sums).a5 += y.y * a;
            (*sums).a6 += y.z * a;
            (*sums).a7 += y.w * a;
            if WIDE {
                let b = right[term * RIGHT_STRIDE + block + ACROSS];
                (*sums).b4 += y.x * b;
                (*sums).b5 += y.y * b;
                (*sums).b6 += y.z * b;
                (*sums).b7 += y.w * b;
            }
        }
    }
}
