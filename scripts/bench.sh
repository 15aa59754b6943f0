#!/bin/bash
# bench.sh [OPTIONS]: builds everything for speed and measures; see bench/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/cache.sh
scripts/parts.sh idp python
cargo build --release --locked --package sluice --package bench
target=${CARGO_TARGET_DIR:-$PWD/target}
export SLUICE_BIN=$target/release/sluice
exec "$target/release/bench" run "$@"
