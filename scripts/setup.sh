#!/bin/bash
# setup.sh [demo|test|bench]: installs what is missing on a Debian machine and says what it does.
#
#   demo   what building Sluice and `sluice demo` need
#   test   and what `make test` needs (the default)
#   bench  and what `make bench` needs
#
# Safe to run again: what is there already is left alone.
set -euo pipefail
want=${1:-test}

demo=(build-essential clang libclang-dev pkg-config ca-certificates openssl postgresql-15 postgresql-client-15)
test=(python3 python3-venv default-jdk-headless libpostgresql-jdbc-java dpkg-dev bison flex perl zlib1g-dev libssl-dev strace openssh-server openssh-client rsync git curl tcpdump)
bench=(pgbouncer)

packages=("${demo[@]}")
[ "$want" = demo ] || packages+=("${test[@]}")
[ "$want" = bench ] && packages+=("${bench[@]}")
# A node of another origin serves as well as Debian's.
if [ "$want" != demo ] && ! command -v npm >/dev/null; then packages+=(nodejs npm); fi

if ! command -v apt-get >/dev/null; then
    echo "setup: this is no Debian machine; install by other means: ${packages[*]}" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
    root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    # Debian's package starts a cluster of its own when installed; nothing here uses it.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        "${root[@]}" mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' | "${root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    echo "setup: installing ${missing[*]}"
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Options::=--force-confold "${missing[@]}" >/dev/null
fi

if ! command -v cargo >/dev/null; then
    echo "setup: Rust is not installed; Sluice needs the version in Cargo.toml (rust-version)" >&2
    exit 1
fi
echo "setup: ready for $want"
