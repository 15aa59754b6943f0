#!/bin/bash
# lint.sh: what must hold of the text before its behaviour is worth testing.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/cache.sh

cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items --locked --quiet

deny=$(command -v cargo-deny || echo "$SLUICE_CACHE/tools/bin/cargo-deny")
if [ ! -x "$deny" ]; then
    echo "lint: installing cargo-deny into $SLUICE_CACHE/tools"
    CARGO_TARGET_DIR=$SLUICE_CACHE/tools/target cargo install cargo-deny --locked --quiet --root "$SLUICE_CACHE/tools"
    rm -rf "$SLUICE_CACHE/tools/target"
fi
"$deny" check bans licenses sources
