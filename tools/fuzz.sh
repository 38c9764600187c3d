#!/usr/bin/env bash
# Builds the libFuzzer targets and runs each for a while, as many at once as there are cores. A crash stays in out/fuzz.
#
#   tools/fuzz.sh [SECONDS [TARGET…]]      default: 60 seconds of processor time each, all targets
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
{
  cmake --preset fuzz "${compiler[@]}"
  cmake --build --preset fuzz -j "$FLOW_JOBS"
} >&2

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

# Runs one target until it has had its seconds of processor time, which on a busy machine takes longer by the clock (four
# times as long at most). Prints one line.
fuzz() {
  local target=$1 name corpus findings seeds words log cpu=0 runs=0 deadline=$((SECONDS + 4 * seconds))
  name=$(basename "$target")
  corpus=$FLOW_CACHE/corpus/$name
  findings=out/fuzz/$name
  mkdir -p "$corpus" "$findings"
  seeds=$(cat "$target.corpus" 2>/dev/null || true)
  words=$(cat "$target.dictionary" 2>/dev/null || true)
  log=$(mktemp)
  TIMEFORMAT='%U %S'
  while ((cpu < seconds && SECONDS < deadline)); do
    if ! { time "$target" -max_total_time=$((seconds - cpu)) -timeout=30 -rss_limit_mb=2048 -print_final_stats=1 \
      ${words:+-dict="$words"} -artifact_prefix="$findings/" "$corpus" ${seeds:+"$seeds"} >"$log" 2>&1; } 2>"$log.time"; then
      printf '%-24s FAILED; the input is in %s\n%s\n' "$name" "$findings" "$(tail -n 60 "$log")"
      rm -f "$log" "$log.time"
      return 1
    fi
    cpu=$(awk -v cpu="$cpu" '{ print int(cpu + $1 + $2 + 0.999) }' "$log.time")
    runs=$(awk -v runs="$runs" '/number_of_executed_units/ { runs += $2 } END { print runs }' "$log")
  done
  awk -v name="$name" -v cpu="$cpu" -v runs="$runs" -v inputs="$(find "$corpus" -type f | wc -l)" '
    /peak_rss_mb/ { rss = $2 }
    match($0, /cov: [0-9]+/) { coverage = substr($0, RSTART + 5, RLENGTH - 5) }
    END {
      printf "%-24s %4d s of processor time: %9d runs, %6d edges covered by %5d inputs, %4d MiB, no finding\n",
        name, cpu, runs, coverage, inputs, rss
    }' "$log"
  rm -f "$log" "$log.time"
}

failed=0
running=0
for target in "${targets[@]}"; do
  if ((running >= FLOW_JOBS)); then
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
  fi
  fuzz "$target" &
  running=$((running + 1))
done
for ((; running > 0; --running)); do wait -n || failed=$((failed + 1)); done
echo
echo "$((${#targets[@]} - failed)) passed, $failed failed"
((failed == 0))
