#!/usr/bin/env bash
# Installs what is missing, builds Flow and runs the main job on the sample under configs/data:
# the three airports with the worst delays in each hour.
#
#   tools/demo.sh
set -euo pipefail
source "$(dirname "$0")/environment.sh"

topology=configs/topologies/airport_delays.yaml

tools/install_packages.sh build
say "build release"
cmake --preset release
cmake --build --preset release -j "$FLOW_JOBS" --target flowctl

say "flowctl run $topology"
flowctl=$(find build/release -type f -name flowctl -perm -u+x | head -n 1)
rm -rf out/delays state/airport_delays
"$flowctl" run "$topology" --fresh

say "result: out/delays"
shopt -s nullglob
parts=(out/delays*)
if ((${#parts[@]} == 0)); then
  echo "demo.sh: the job wrote no file under out/delays" >&2
  exit 4
fi
rows=$(find "${parts[@]}" -type f -exec cat {} + | wc -l)
find "${parts[@]}" -type f -exec cat {} + | sort | head -n 12
echo "… $rows rows in ${parts[*]}"
