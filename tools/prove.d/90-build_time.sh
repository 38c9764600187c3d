#!/usr/bin/env bash
# A full release build takes less than six minutes, one touched source file less than 15 seconds
set -euo pipefail
cd "$(dirname "$0")/../.."

export CCACHE_DISABLE=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --preset release -B "$work/build" >"$work/configure.log"
start=$SECONDS
ninja -C "$work/build" -j "${FLOW_JOBS:-$(nproc)}" >"$work/build.log"
full=$((SECONDS - start))
echo "full build of the release preset, without ccache, -j ${FLOW_JOBS:-$(nproc)}: $full s"

# What the tests add, told but not asked for.
cmake --preset proof -B "$work/proof" >>"$work/configure.log"
start=$SECONDS
ninja -C "$work/proof" -j "${FLOW_JOBS:-$(nproc)}" >>"$work/build.log"
echo "the same with all tests (preset proof): $((SECONDS - start)) s"

# The source that is worst to touch: try the largest of each module and keep the slowest.
slowest=0
slowest_file=
for folder in libflow/src/* actors/src/* connectors/* tools/flowctl; do
  file=$(find "$folder" -maxdepth 1 -name '*.cpp' -printf '%s %p\n' 2>/dev/null | sort -rn | head -n 1 | cut -d' ' -f2)
  [[ -n $file ]] || continue
  touch "$file"
  start=$(date +%s%N)
  ninja -C "$work/build" -j "${FLOW_JOBS:-$(nproc)}" flowctl >>"$work/build.log"
  took=$((($(date +%s%N) - start) / 1000000))
  if ((took > slowest)); then
    slowest=$took
    slowest_file=$file
  fi
done
echo "slowest rebuild of flowctl after touching the largest file of a module: $slowest ms, $slowest_file"
((full < 360 && slowest < 15000))
