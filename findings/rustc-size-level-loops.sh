#!/usr/bin/env bash
# rustc 1.95.0 with its target wasm32-unknown-unknown, seen 2026-11-30. Another version may print the same.
# Guess:     `opt-level = "s"` makes a kernel written with 128-bit vectors little slower: its sums are in a small array that two loops of known
#            length walk through, which costs nothing once they are unrolled, and LLVM's options can raise the limit for that.
# Behaviour: at "s" rustc turns the unrolling of loops off, whatever `--unroll-threshold` and `--unroll-optsize-threshold` say. The sums go to
#            the stack and back in every iteration. A matrix product with such a kernel took about ten times as long in Chromium.
# Output seen:
#   2: 8 products, sums in registers
#   3: 8 products, sums in registers
#   s: 2 products, sums on the stack
#   s with options: 2 products, sums on the stack
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
target=wasm32-unknown-unknown
[ -d "$(rustc --print sysroot)/lib/rustlib/$target" ] || rustup target add "$target"
cat >tile.rs <<'RS'
#![no_std]
#![crate_type = "lib"]
use core::arch::wasm32::*;
#[no_mangle]
pub unsafe fn tile(a: *const f32, b: *const v128, c: *mut v128, n: usize) {
    let mut sums = [[f32x4_splat(0.0); 2]; 4];
    for k in 0..n {
        for i in 0..4 {
            for j in 0..2 {
                let product = f32x4_mul(f32x4_splat(*a.add(k * 4 + i)), *b.add(k * 2 + j));
                sums[i][j] = f32x4_add(sums[i][j], product);
            }
        }
    }
    for i in 0..4 {
        for j in 0..2 {
            *c.add(i * 2 + j) = sums[i][j];
        }
    }
}
RS
# said NAME FLAG...: how often the compiled loop multiplies, and whether the function takes space on the stack.
said() {
    local name=$1 place=registers
    shift
    rustc --target $target -C target-feature=+simd128 "$@" --emit=asm tile.rs -o tile.s
    grep -q 'global.set.*__stack_pointer\|__stack_pointer$' tile.s && place="the stack"
    echo "$name: $(grep -c f32x4.mul tile.s) products, sums ${place/#registers/in registers}" | sed 's/sums the/sums on the/'
}
seen=$(
    said 2 -C opt-level=2
    said 3 -C opt-level=3
    said s -C opt-level=s
    said "s with options" -C opt-level=s -C llvm-args=--unroll-threshold=1000 -C llvm-args=--unroll-optsize-threshold=1000
)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
