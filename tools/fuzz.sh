#!/usr/bin/env bash
# Builds the libFuzzer targets and runs each for a while. Fails at the first crash, which stays in out/fuzz.
#
#   tools/fuzz.sh [SECONDS [TARGET…]]      default: 60 seconds each of all targets
#
# What a run learns is kept in the cache and continued next time.
set -euo pipefail
source "$(dirname "$0")/environment.sh"

seconds=${1:-60}
shift || true

tools/install_packages.sh build test lint
compiler=()
if ! command -v clang++-14 >/dev/null; then
  compiler=(-DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++)
fi
cmake --preset fuzz "${compiler[@]}"
cmake --build --preset fuzz -j "$FLOW_JOBS"

shopt -s nullglob
targets=()
if (($# > 0)); then
  for name in "$@"; do targets+=("build/fuzz/fuzz/flow_fuzz_${name#flow_fuzz_}"); done
else
  for target in build/fuzz/fuzz/flow_fuzz_*; do [[ -x $target ]] && targets+=("$target"); done
fi
if ((${#targets[@]} == 0)); then
  echo "fuzz.sh: there are no fuzz targets" >&2
  exit 2
fi

failed=0
for target in "${targets[@]}"; do
  name=$(basename "$target")
  corpus=$FLOW_CACHE/corpus/$name
  findings=out/fuzz/$name
  mkdir -p "$corpus" "$findings"
  seeds=$(cat "$target.corpus" 2>/dev/null || true)
  say "$name for $seconds s"
  log=$(mktemp)
  if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=1 -print_final_stats=1 \
    -artifact_prefix="$findings/" "$corpus" ${seeds:+"$seeds"} >"$log" 2>&1; then
    grep -E 'stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "$log" || true
    grep -E '^#[0-9]+.DONE' "$log" || true
  else
    tail -n 60 "$log"
    failed=$((failed + 1))
  fi
  rm -f "$log"
done
echo
echo "$((${#targets[@]} - failed)) passed, $failed failed"
((failed == 0))
