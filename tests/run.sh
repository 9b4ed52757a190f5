#!/usr/bin/env bash
# Everything that must hold, on a Debian machine with Rust and Node.js. The last line is "N passed, N failed".
# usage: bash tests/run.sh [STAGE ...]     all stages but `hosts`, or those named
# Each stage runs even if an earlier one failed; its output is shown, and kept in tests/out/.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p tests/out
passed=0 failed=0 only=" $* "
# A fresh clone has no earlier build to continue, so cargo keeps nothing for incremental builds, and compiles a crate in one piece.
[ -n "$(ls target/release/incremental 2>/dev/null)" ] || export CARGO_INCREMENTAL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1

# stage NAME COMMAND...: runs it. Counts its tests if it reports any (cargo test, node --test), otherwise counts the stage as one.
stage() {
    local name=$1 log=tests/out/$1.log start=$SECONDS status good bad
    shift
    [[ $only = "  " || $only = *" $name "* ]] || return
    echo "== $name: $*"
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    good=$(count passed "$log") bad=$(count failed "$log")
    if [ $((good + bad)) -eq 0 ]; then
        [ "$status" -eq 0 ] && good=1 || bad=1
    elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1 # it ended early, after tests that passed
    fi
    passed=$((passed + good)) failed=$((failed + bad))
    echo "== $name: $good passed, $bad failed, $((SECONDS - start)) s"
}

# beside STAGES: runs these beside the following ones, until `join`, which shows their output.
beside() {
    (
        passed=0 failed=0
        "$1"
        echo "$passed $failed" >tests/out/beside
    ) >tests/out/beside.log 2>&1 </dev/null &
}

join() {
    local good bad
    wait
    cat tests/out/beside.log
    read -r good bad <tests/out/beside
    rm tests/out/beside tests/out/beside.log
    passed=$((passed + good)) failed=$((failed + bad))
}

# count passed|failed LOG: the sum over "test result: ok. 3 passed; 0 failed" and node's "# pass 3", "# fail 0".
count() {
    local node=pass
    [ "$1" = failed ] && node=fail
    awk -v cargo="$1" -v node="$node" '
        /^test result:/ { for (i = 2; i <= NF; i++) if ($i ~ "^" cargo) sum += $(i - 1) }
        $1 == "#" && $2 == node && NF == 3 { sum += $3 }
        END { print sum + 0 }' "$2"
}

# Browsers, a Vulkan driver that computes on the CPU, Chinese type for the screenshots, a real file for the IDX reader, and
# PyTorch for the CPU (what PyPI has for this platform needs several GB of CUDA).
packages() {
    debian chromium firefox-esr mesa-vulkan-drivers libvulkan1 fonts-noto-cjk dataset-fashion-mnist python3-torch
}

# debian PACKAGE...: installs those that are missing.
debian() {
    local wanted=("$@") missing=() sudo=()
    for package in "${wanted[@]}"; do
        dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -q
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# The lab in real hosts, with a reader of PDFs, and WebKit with a screen for it.
hosts() {
    debian chromium firefox-esr poppler-utils webkit2gtk-driver xvfb xauth python3-venv &&
        cargo build --release && target/release/alexnet-lab build && node tests/hosts/install.mjs || return
    timeout 900 node --test --test-force-exit --test-reporter=tap --test-concurrency=2 tests/hosts/*.test.mjs
}

rust_parts() {
    local target=wasm32-unknown-unknown
    [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ] || rustup target add "$target" || return
    cargo fmt --version && cargo clippy --version || rustup component add rustfmt clippy
}

# The tests' dependencies turn on no feature of the program's dependencies: those would be compiled twice.
features() {
    local program twice
    crates() { cargo tree --locked --prefix none --format '{p} {f}' --edges "$1" | sed 's/ (\*)$//' | sort -u; }
    program=$(crates normal,no-proc-macro)
    twice=$(crates normal,dev,no-proc-macro | comm -13 <(echo "$program") - | cut -d" " -f1,2 | sort | comm -12 - <(echo "$program" | cut -d" " -f1,2 | sort))
    [ -z "$twice" ] || { echo "These have other features for the tests than for the program:" && echo "$twice" && false; }
}

documents() {
    RUSTDOCFLAGS="-D warnings" cargo doc --release --no-deps --document-private-items
}

setup() {
    stage packages packages
}

checks() {
    stage page cargo run --release -- build
    stage size node benches/page.mjs sizes
    stage prettier npx --no-install prettier --check .
    stage types types
    stage scripts node --test --test-reporter=tap tests/page/*.test.mjs
    stage clippy cargo clippy --release --all-targets -- -D warnings
    stage clippy_wasm cargo clippy --release --lib --target wasm32-unknown-unknown -- -D warnings
    stage documents documents
}

# Runs the script for PyTorch in Debian's own Python.
pytorch() {
    cargo build --release && /usr/bin/python3 tests/pytorch/check.py
}

# Checks the page's scripts against the types that the engine's build has written.
types() {
    local written=target/page/types/alexnet_lab.d.ts
    if ! [ -f "$written" ]; then
        echo "$written is missing: build the page first, with cargo run --release -- build"
        return 1
    fi
    npx --no-install tsc --project tsconfig.json
}

stage rust_parts rust_parts
stage features features
stage format cargo fmt --check
# Both cores stay busy: stages that wait for the net or use one core run beside the others.
beside setup
stage build cargo test --release --no-run
join
beside checks
stage rust cargo test --release --no-fail-fast
stage pytorch pytorch
join
stage browsers timeout 2400 node --test --test-force-exit --test-reporter=tap --test-concurrency=2 tests/browser/*.test.mjs

# Only when named: installing the hosts takes two minutes and a gigabyte.
[[ $only = *" hosts "* ]] && stage hosts hosts

if [ $((passed + failed)) -eq 0 ]; then
    echo "no stage is called $*"
    exit 2
fi
echo "$((SECONDS / 60)) minutes"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
