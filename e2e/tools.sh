#!/usr/bin/env bash
# Installs what the tests need into $TINDERBOX_TEST_TOOLS: clients for the end-to-end tests, the functions that
# test_workloads.py deploys, and the few Debian packages that a bare machine may lack (root on a machine with apt only;
# elsewhere says what is missing).
set -euo pipefail
cd "$(dirname "$0")/.."
tools="${TINDERBOX_TEST_TOOLS:-$PWD/target/test-tools}"
mkdir -p "$tools"

# Without these nothing is tested; without the others the tests that need them are skipped, and say so.
declare -A needed=([python3]=python3-venv [node]=nodejs [mkfs.ext4]=e2fsprogs [cc]=build-essential)
declare -A wished=([npm]=npm [go]=golang-go [javac]=default-jdk-headless [mvn]=maven)

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
TINDERBOX_TEST_TOOLS="$tools" bash e2e/workloads/prepare.sh
echo "tools are in $tools"
