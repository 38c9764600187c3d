#!/usr/bin/env bash
# Installs what is missing, builds Flow and runs the main job on the sample under configs/data:
# the three airports with the worst delays in each hour.
#
#   tools/demo.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

topology=configs/topologies/airport_delays.yaml

tools/install_packages.sh build test
say "build release"
cmake --preset release
cmake --build --preset release -j "$FLOW_JOBS" --target flowctl

say "flowctl run $topology"
flowctl=$(find build/release -type f -name flowctl -perm -u+x | head -n 1)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$flowctl" run "$topology" --fresh --set "OUT=$out" --set "STATE=$out/state"

say "the worst airports of the first hours, of $(find "$out" -path '*delays*' -name '*.ndjson' -exec cat {} + | wc -l) rows"
find "$out" -path '*delays*' -name '*.ndjson' -exec cat {} + | sort | python3 tools/flights/show.py
