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

failed=0
for target in "${targets[@]}"; do
  name=$(basename "$target")
  corpus=$FLOW_CACHE/corpus/$name
  findings=out/fuzz/$name
  mkdir -p "$corpus" "$findings"
  seeds=$(cat "$target.corpus" 2>/dev/null || true)
  words=$(cat "$target.dictionary" 2>/dev/null || true)
  log=$(mktemp)
  # A busy machine gives it less than a core: what counts is the CPU time it had.
  TIMEFORMAT='%U %S'
  if { time "$target" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=2048 -print_final_stats=1 \
    ${words:+-dict="$words"} -artifact_prefix="$findings/" "$corpus" ${seeds:+"$seeds"} >"$log" 2>&1; } 2>"$log.time"; then
    awk -v name="$name" -v wall="$seconds" -v inputs="$(find "$corpus" -type f | wc -l)" '
      NR == FNR { cpu = $1 + $2; next }
      /number_of_executed_units/ { runs = $2 }
      /peak_rss_mb/ { rss = $2 }
      match($0, /cov: [0-9]+/) { coverage = substr($0, RSTART + 5, RLENGTH - 5) }
      END {
        printf "%-24s %4d s, %4d s of CPU: %9d runs, %6d edges covered by %5d inputs, %4d MiB, no finding\n",
          name, wall, cpu, runs, coverage, inputs, rss
      }' "$log.time" "$log"
  else
    printf '%-24s FAILED; the input is in %s\n' "$name" "$findings"
    tail -n 60 "$log"
    failed=$((failed + 1))
  fi
  rm -f "$log" "$log.time"
done
echo
echo "$((${#targets[@]} - failed)) passed, $failed failed"
((failed == 0))
