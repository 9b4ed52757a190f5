// The matrix product of the tiled family; the kernels that load its operands follow. A workgroup computes a tile of outputs,
// `left` times `right`, and holds the operands of 16 terms of all its sums in workgroup memory.
// Constants: ACROSS (threads of a workgroup along a row of its tile), ROWS (of outputs that a thread computes),
// BLOCKS (vec4s of outputs in each of them), DEPTH (vec4s of terms: 4).
//
// The distance between a thread's rows, and between its vec4s, is the number of threads. A thread reads one row of `left` and one
// of `right`, at places that the compiler knows, so the product neither computes nor checks an index. `src/gpu/unroll.rs` writes
// it out.
// The operands of the next terms are loaded into registers while the product of the current ones is computed. A kernel's file
// says where they are: `row_of` finds a row of the tile and `term_of` a vec4 of terms, `left_at` gives those terms of that row,
// and `right_at` a term of a vec4 of columns (`transposed_at` four at a time). For `add_outer_products`, `rows_of` finds a vec4
// of rows, and `left_at` gives a term of it.
// LEFT_LOADS and RIGHT_LOADS are the vec4s that a thread loads of each operand.

const DOWN: u32 = WORKGROUP / ACROSS;
const TILE_ROWS: u32 = DOWN * ROWS;
const TILE_BLOCKS: u32 = ACROSS * BLOCKS;
const TERMS: u32 = 4 * DEPTH;
// Lies in no tensor.
const NOWHERE: u32 = 0xffffffffu;

// One vec4 more than needed, so that rows start in different banks.
// For `multiply` a row holds (ROWS, DEPTH), vec4s of terms. For `multiply_outer`: (TERMS, ROWS / 4), vec4s of rows.
var<workgroup> left: array<array<vec4f, $(ROWS * DEPTH + 1)>, DOWN>;
var<workgroup> right: array<array<vec4f, $(4 * DEPTH * BLOCKS + 1)>, ACROSS>; // (TERMS, BLOCKS), vec4s of columns

// What a thread sums: for each of its rows, BLOCKS vec4s.
struct Sums {
#for r in ROWS
#for b in BLOCKS
    s$r_$b: vec4f,
#end
#end
}

// The first row and the first vec4 of the thread in the tile.
fn thread_row(local: u32) -> u32 {
    return local / ACROSS;
}

fn thread_block(local: u32) -> u32 {
    return local % ACROSS;
}

// `x` is a vec4 of the terms `depth` of a row of the tile.
fn put_left(row: u32, depth: u32, x: vec4f) {
    left[row % DOWN][row / DOWN * DEPTH + depth] = x;
}

// `x` is term `term` of a vec4 of columns of the tile.
fn put_right(block: u32, term: u32, x: vec4f) {
    right[block % ACROSS][term * BLOCKS + block / ACROSS] = x;
}

// For `multiply_outer`: `x` is term `term` of four rows of the tile, 4 * rows and so on.
fn put_rows(rows: u32, term: u32, x: vec4f) {
    left[rows % DOWN][term * (ROWS / 4) + rows / DOWN] = x;
}

#entry forward backward_input
// Adds the tile's terms; the thread's rows are thread_row + (0 .. ROWS) * DOWN.
fn multiply(sums: ptr<function, Sums>, local: u32) {
    let row = thread_row(local);
    let block = thread_block(local);
#for d in DEPTH
#for b in BLOCKS
#for t in 4
    let y_$d_$b_$t = right[block][$((4 * d + t) * BLOCKS + b)];
#end
#end
#for r in ROWS
    let x_$d_$r = left[row][$(r * DEPTH + d)];
#for b in BLOCKS
    (*sums).s$r_$b += x_$d_$r.x * y_$d_$b_0;
    (*sums).s$r_$b += x_$d_$r.y * y_$d_$b_1;
    (*sums).s$r_$b += x_$d_$r.z * y_$d_$b_2;
    (*sums).s$r_$b += x_$d_$r.w * y_$d_$b_3;
#end
#end
#end
}

// The product of a tile over `terms` vec4s of terms.
fn add_products(sums: ptr<function, Sums>, first_row: u32, first_block: u32, terms: u32, local: u32) {
    // What the thread loads: a vec4 of terms of LEFT_LOADS rows ...
    let row = local / DEPTH;
    let depth = local % DEPTH;
    var term = term_of(depth);
#for i in LEFT_LOADS
    let row_$i = row_of(first_row + row + $i * (WORKGROUP / DEPTH));
    var x_$i = left_at(row_$i, term);
#end
#entry forward
    // ... and RIGHT_LOADS terms of a vec4 of columns.
    let right_term = local / TILE_BLOCKS;
    let block = local % TILE_BLOCKS;
#for i in RIGHT_LOADS
    var y_$i = right_at(right_term + $i * (WORKGROUP / TILE_BLOCKS), first_block + block);
#end
#end
#entry backward_input
    // ... and, transposed, four terms of a vec4 of columns; where the tile is narrow, not all threads do.
    let block = select(NOWHERE, first_block + row, row < TILE_BLOCKS);
    var y = transposed_at(depth, block);
#end
    for (var first = 0u; first < terms; first += DEPTH) {
        workgroupBarrier();
#for i in LEFT_LOADS
        put_left(row + $i * (WORKGROUP / DEPTH), depth, x_$i);
#end
#entry forward
#for i in RIGHT_LOADS
        put_right(block, right_term + $i * (WORKGROUP / TILE_BLOCKS), y_$i);
#end
#end
#entry backward_input
        if row < TILE_BLOCKS {
#for t in 4
            put_right(row, 4 * depth + $t, y[$t]);
#end
        }
#end
        workgroupBarrier();
        let next = first + DEPTH;
        term = term_of(next + depth);
#for i in LEFT_LOADS
        x_$i = left_at(row_$i, term);
#end
#entry forward
#for i in RIGHT_LOADS
        y_$i = right_at(4 * next + right_term + $i * (WORKGROUP / TILE_BLOCKS), first_block + block);
#end
#end
#entry backward_input
        y = transposed_at(next + depth, block);
#end
        multiply(sums, local);
    }
}
#end
#entry backward_weight
// The same where `left` holds vec4s of rows; the thread's are 4 * thread_row + (0 .. 4), and 4 * DOWN further for every further 4.
fn multiply_outer(sums: ptr<function, Sums>, local: u32) {
    let row = thread_row(local);
    let block = thread_block(local);
#for t in 4 * DEPTH
#for b in BLOCKS
    let y_$t_$b = right[block][$(t * BLOCKS + b)];
#end
#for f in ROWS / 4
    let x_$t_$f = left[row][$(t * (ROWS / 4) + f)];
#for b in BLOCKS
    (*sums).s$(4 * f)_$b += x_$t_$f.x * y_$t_$b;
    (*sums).s$(4 * f + 1)_$b += x_$t_$f.y * y_$t_$b;
    (*sums).s$(4 * f + 2)_$b += x_$t_$f.z * y_$t_$b;
    (*sums).s$(4 * f + 3)_$b += x_$t_$f.w * y_$t_$b;
#end
#end
#end
}

const TILE_FOURS: u32 = TILE_ROWS / 4;

// The product of a tile of vec4s of rows over the terms from `start` to `end`.
fn add_outer_products(sums: ptr<function, Sums>, first_rows: u32, first_block: u32, start: u32, end: u32, local: u32) {
    // What the thread loads: LEFT_LOADS terms of a vec4 of rows, RIGHT_LOADS terms of a vec4 of columns.
    let left_term = local / TILE_FOURS;
    let four = local % TILE_FOURS;
    let right_term = local / TILE_BLOCKS;
    let block = local % TILE_BLOCKS;
    let rows = rows_of(first_rows + four);
#for i in LEFT_LOADS
    var x_$i = left_at(start + left_term + $i * (WORKGROUP / TILE_FOURS), end, rows);
#end
#for i in RIGHT_LOADS
    var y_$i = right_at(start + right_term + $i * (WORKGROUP / TILE_BLOCKS), end, first_block + block);
#end
    for (var first = start; first < end; first += TERMS) {
        workgroupBarrier();
#for i in LEFT_LOADS
        put_rows(four, left_term + $i * (WORKGROUP / TILE_FOURS), x_$i);
#end
#for i in RIGHT_LOADS
        put_right(block, right_term + $i * (WORKGROUP / TILE_BLOCKS), y_$i);
#end
        workgroupBarrier();
        let next = first + TERMS;
#for i in LEFT_LOADS
        x_$i = left_at(next + left_term + $i * (WORKGROUP / TILE_FOURS), end, rows);
#end
#for i in RIGHT_LOADS
        y_$i = right_at(next + right_term + $i * (WORKGROUP / TILE_BLOCKS), end, first_block + block);
#end
        multiply_outer(sums, local);
    }
}
#end
