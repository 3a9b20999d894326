#!/usr/bin/env bash
# The end-to-end tests: a spawned server, the real aws cli and boto3.
set -euo pipefail
cd "$(dirname "$0")/.."
tools="${TINDERBOX_TEST_TOOLS:-$PWD/target/test-tools}"
export PYTHONDONTWRITEBYTECODE=1 PATH="$tools/venv/bin:$PATH"
exec "$tools/venv/bin/python" -m pytest -q -rs -p no:cacheprovider e2e "$@"
