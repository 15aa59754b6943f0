#!/bin/bash
# test.sh: every test. Assumes setup.sh and parts.sh ran; `make test` runs them first.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/cache.sh

# The end-to-end tests drive this very binary.
cargo build --locked --package sluice
export SLUICE_BIN=${CARGO_TARGET_DIR:-$PWD/target}/debug/sluice

cargo test --workspace --locked --exclude e2e
cargo test --package e2e --locked
