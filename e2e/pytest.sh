#!/usr/bin/env bash
# pytest with a second chance: e2e/pytest.sh PYTHON CACHE ARGUMENTS…
# All tests first; then those that failed once more, alone. What passes then is named, also in the file that
# $TINDERBOX_TEST_FLAKY names: `cargo xtask test` tells it at its end. What fails twice fails.
set -uo pipefail
python=$1 cache=$2
shift 2
# pytest takes a folder for its own only under its real path.
mkdir -p "$(dirname "$cache")"
cache=$(cd "$(dirname "$cache")" && pwd -P)/$(basename "$cache")
rm -rf "$cache"
pytest() {
    "$python" -m pytest -q -rs -o "cache_dir=$cache" "$@"
}
pytest "$@"
code=$?
# 1: tests failed. Any other end (nothing to run, a file that is no Python, an interrupt) is none that a second run mends.
[ $code -eq 1 ] || exit $code
failed=$("$python" -c 'import json, sys; print("\n".join(json.load(open(sys.argv[1]))))' "$cache/v/cache/lastfailed") || exit 1
# More than a busy machine explains.
[ "$(printf '%s\n' "$failed" | wc -l)" -le 10 ] || exit 1
printf '── once more, alone ──\n%s\n' "$failed"
pytest "$@" --last-failed --last-failed-no-failures none
again=$?
left=$("$python" -c 'import json, sys; print("\n".join(json.load(open(sys.argv[1]))))' "$cache/v/cache/lastfailed") || left=$failed
# Those that passed now, whether or not others failed.
printf '%s\n' "$failed" | grep -Fxv -e "$left" | while IFS= read -r test; do
    printf 'FLAKY (passed when run again alone): %s\n' "$test"
    [ -z "${TINDERBOX_TEST_FLAKY:-}" ] || printf '%s\n' "$test" >>"$TINDERBOX_TEST_FLAKY"
done
exit $again
