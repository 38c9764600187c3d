#!/usr/bin/env bash
# Installs what is missing, builds a preset and runs all its tests. Ends with ctest's summary.
#
#   tools/test.sh [PRESET [ctest arguments…]]        PRESET: dev (default), ci, proof, asan
set -euo pipefail
source "$(dirname "$0")/environment.sh"

preset=${1:-dev}
shift || true

tools/install_packages.sh build test
say "build $preset"
cmake --preset "$preset"
cmake --build --preset "$preset" -j "$FLOW_JOBS"
say "test $preset"
ctest --preset "$preset" -j "$FLOW_JOBS" "$@"
