#!/usr/bin/env bash
# Builds the functions that test_workloads.py deploys, each by the ordinary tool of its language, into
# $TINDERBOX_TEST_TOOLS/workloads/NAME. Built again only when its sources change. A tool that is not there leaves
# NAME.missing with the reason, which is what the skipped test says.
set -uo pipefail
cd "$(dirname "$0")"
tools="${TINDERBOX_TEST_TOOLS:-$PWD/../../target/test-tools}"
out="$tools/workloads"
mkdir -p "$out"

# One build: NAME, the programs it needs, and (from stdin's function) what makes $fresh.
make() {
    local name=$1 source=$2 build=$3 mark program
    shift 3
    mark=$(find "$source" prepare.sh -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
    [ "$(cat "$out/$name.built" 2>/dev/null)" = "$mark" ] && return
    rm -rf "$out/$name" "$out/$name.built" "$out/$name.missing"
    for program in "$@"; do
        if ! command -v "$program" >/dev/null; then
            echo "$name: $program is not installed" | tee "$out/$name.missing" >&2
            return
        fi
    done
    fresh="$out/$name"
    mkdir -p "$fresh"
    echo "building the workload $name" >&2
    if (set -e; "$build" "$name") >"$out/$name.log" 2>&1; then
        echo "$mark" >"$out/$name.built"
    else
        rm -rf "$fresh"
        { echo "$name was not built: $(tail -n 3 "$out/$name.log" | tr '\n' ' ')"; } | tee "$out/$name.missing" >&2
    fi
}

# Wheels for the Python that is to run them, which need not be the one that installs.
python() {
    local pip
    pip=$([ -x "$tools/venv/bin/pip" ] && echo "$tools/venv/bin/pip" || command -v pip3)
    "$pip" install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --implementation cp --target "$fresh" \
        --python-version "${1#python-}" --platform "manylinux2014_$(uname -m)" --requirement python/requirements.txt
    cp python/app.py "$fresh"
}

# AWS's own client in the package, as functions bring it that want another one than the runtime's.
python_ric() {
    local pip
    pip=$([ -x "$tools/venv/bin/pip" ] && echo "$tools/venv/bin/pip" || command -v pip3)
    "$pip" install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --implementation cp --target "$fresh" \
        --python-version "${1#python-ric-}" --platform "manylinux2014_$(uname -m)" --requirement python-ric/requirements.txt
}

nodejs() {
    cp nodejs/package.json nodejs/package-lock.json "$fresh"
    npm ci --prefix "$fresh" --ignore-scripts --no-audit --no-fund
    mkdir "$fresh/common" "$fresh/module"
    for kind in common module; do
        cp nodejs/$kind/* "$fresh/$kind"
        cp -r "$fresh/node_modules" "$fresh/$kind"
    done
}

rust() {
    CARGO_TARGET_DIR="$tools/rust" cargo build --locked --manifest-path rust/Cargo.toml --bins
    for kind in buffered streaming; do
        mkdir "$fresh/$kind"
        cp "$tools/rust/debug/$kind" "$fresh/$kind/bootstrap"
        strip "$fresh/$kind/bootstrap" || true # smaller, where binutils are there
    done
}

go_() {
    (cd go && CGO_ENABLED=0 go build -mod=readonly -tags lambda.norpc -ldflags='-s -w' -o "$fresh/bootstrap" .)
}

# For Java 17: what a newer one loads too.
java() {
    mvn --batch-mode --quiet org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        -DexcludeTransitive=true -DoutputDirectory="$out/java-classpath" -f java/pom.xml
    javac --release 17 -cp "$out/java-classpath/*" -d "$fresh" java/src/workloads/*.java
    # One function a package: what `deploy` guesses from is the class that is there.
    mkdir -p "$fresh/orders/workloads" "$fresh/streams/workloads" "$fresh/crac/workloads" "$fresh/crac/lib"
    mv "$fresh/workloads/Crac.class" "$fresh/crac/workloads"
    cp "$out"/java-classpath/org-crac-*.jar "$fresh/crac/lib"
    mv "$fresh/workloads/Orders.class" "$fresh/orders/workloads"
    mv "$fresh/workloads/Streams.class" "$fresh/streams/workloads"
    rmdir "$fresh/workloads"
}

make python-3.11 python python
make python-3.13 python python
make python-ric-3.11 python-ric python_ric
make nodejs nodejs nodejs npm
make rust rust rust cargo cc
make go go go_ go
make java java java mvn javac
ls "$out" | grep '\.missing$' >&2 || true
