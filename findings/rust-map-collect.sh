#!/usr/bin/env bash
# rustc 1.95.0 with its target wasm32-unknown-unknown, seen 2026-12-01.
# Guess:     collecting a few pairs into a BTreeMap is shorthand for inserting them in a loop, so both cost a WebAssembly module the same.
# Behaviour: collect gathers the pairs in a Vec, sorts it by the standard library's stable sort, and builds the tree from the sorted pairs. The sort
#            is large, and comes once for each kind of pair. So does whatever collects into serde_json's Map, which is a BTreeMap. In a module of
#            360 kB packed, three such places were worth 3 kB.
# Output seen:
#   z: collect 8.9 kB packed, insert 5.9 kB
#   s: collect 8.4 kB packed, insert 5.7 kB
#   3: collect 9.2 kB packed, insert 6.3 kB
set -euo pipefail
expected=$(sed -n '/^# Output seen:/,/^[^#]/s/^#   //p' "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
target=wasm32-unknown-unknown
[ -d "$(rustc --print sysroot)/lib/rustlib/$target" ] || rustup target add "$target"
cat >map.rs <<'RS'
use std::collections::BTreeMap;

#[unsafe(no_mangle)]
pub fn count(keys: &[u32]) -> usize {
    let pairs = keys.iter().map(|key| (key.to_string(), *key));
    #[cfg(collect)]
    let map: BTreeMap<String, u32> = pairs.collect();
    #[cfg(insert)]
    let map = {
        let mut map = BTreeMap::new();
        for (key, value) in pairs {
            map.insert(key, value);
        }
        map
    };
    map.len()
}
RS
# packed LEVEL WAY: kilobytes of the module, as gzip packs it.
packed() {
    rustc --edition 2024 --crate-type cdylib --target $target -C opt-level="$1" -C lto=fat -C codegen-units=1 -C panic=abort -C strip=symbols \
        --check-cfg 'cfg(collect, insert)' --cfg "$2" map.rs -o map.wasm
    gzip -9c map.wasm | wc -c | awk '{ printf "%.1f", $1 / 1000 }'
}
seen=$(for level in z s 3; do echo "$level: collect $(packed $level collect) kB packed, insert $(packed $level insert) kB"; done)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
