#!/bin/bash
# fuzz.sh TARGET|all MINUTES: fuzzes with libFuzzer on the stable toolchain. A finding is kept in
# fuzz/artifacts/TARGET and ends the run; add it to fuzz/corpus/TARGET once it is understood.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/cache.sh
target=${1:-all} minutes=${2:-10}

if ! command -v cargo-fuzz >/dev/null && [ ! -x "$SLUICE_CACHE/tools/bin/cargo-fuzz" ]; then
    echo "fuzz: installing cargo-fuzz into $SLUICE_CACHE/tools"
    CARGO_TARGET_DIR=$SLUICE_CACHE/tools/target cargo install cargo-fuzz --locked --quiet --root "$SLUICE_CACHE/tools"
fi
export PATH=$SLUICE_CACHE/tools/bin:$PATH

# libFuzzer's instrumentation wants unstable compiler flags; nothing that ships is built this way.
export RUSTC_BOOTSTRAP=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
targets=("$target")
[ "$target" = all ] && mapfile -t targets < <(cargo fuzz list)
for name in "${targets[@]}"; do
    grown=$SLUICE_CACHE/fuzz/$name
    mkdir -p "$grown"
    echo "fuzz: $name for $minutes minutes"
    cargo fuzz run --features libfuzzer "$name" "$grown" "fuzz/corpus/$name" -- \
        -max_total_time=$((minutes * 60)) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
