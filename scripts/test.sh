#!/bin/bash
# test.sh: every test. Assumes setup.sh and parts.sh ran; `make test` runs them first.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/cache.sh

# The end-to-end tests drive this very binary, which is built with everything else: another selection of
# packages would have most of the dependencies built twice.
export SLUICE_BIN=${CARGO_TARGET_DIR:-$PWD/target}/debug/sluice

# The end-to-end tests mostly wait: for servers, clocks and clients.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(nproc) * 2))}
cargo test --workspace --locked
