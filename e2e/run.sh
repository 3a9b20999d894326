#!/usr/bin/env bash
# The end-to-end tests: a spawned server, the real aws cli and boto3.
set -euo pipefail
cd "$(dirname "$0")/.."
tools="${TINDERBOX_TEST_TOOLS:-$PWD/target/test-tools}"
export PYTHONDONTWRITEBYTECODE=1 PATH="$tools/venv/bin:$PATH:$tools/java-25/bin"
test() {
    bash e2e/pytest.sh "$tools/venv/bin/python" "$PWD/target/pytest-cache" "$@"
}
test e2e "$@"
# Once more with every call between roles encoded and decoded; a run that was asked for something else is left alone.
[ $# -gt 0 ] || [ "${TINDERBOX_SANDBOX:-process}" != process ] || TINDERBOX_TEST_FABRIC=encoded test e2e/test_main_job.py e2e/test_clients.py
