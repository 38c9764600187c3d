#!/usr/bin/env bash
# Runs the long proofs at full size and writes docs/proof.md.
#
#   tools/prove.sh [NAME…]          default: all of tools/prove.d, in order; with names, only those, the rest of
#                                   docs/proof.md stays as it was
#
# A proof is an executable tools/prove.d/NN-name.sh. It says on its second line, after `# `, what it shows;
# prints its evidence, short, to stdout; and exits 0 if the claim holds. It may use FLOW_BUILD (the release
# build with its tests, preset proof) and the sizes listed in .ci/run, which are at their full values here.
set -uo pipefail
source "$(dirname "$0")/environment.sh"

export FLOW_SIMULATION_SEEDS=${FLOW_SIMULATION_SEEDS:-1000}
export FLOW_KILLS=${FLOW_KILLS:-100}
export FLOW_EXPR_CASES=${FLOW_EXPR_CASES:-10000}
export FLOW_FUZZ_SECONDS=${FLOW_FUZZ_SECONDS:-600}
export FLOW_TEST_REQUIRE=1
export FLOW_BUILD=$FLOW_ROOT/build/proof

report=docs/proof.md
results=out/prove
mkdir -p "$results"

proofs=()
if (($# == 0)); then
  proofs=(tools/prove.d/*.sh)
else
  for name in "$@"; do
    found=(tools/prove.d/*"$name"*.sh)
    if [[ ! -e ${found[0]} ]]; then
      echo "prove.sh: no proof is called '$name'" >&2
      exit 2
    fi
    proofs+=("${found[@]}")
  done
fi

tools/install_packages.sh build test lint
if grep -q FLOW_BUILD "${proofs[@]}"; then
  cmake --preset proof && cmake --build --preset proof -j "$FLOW_JOBS" || exit
fi

failed=0
for proof in "${proofs[@]}"; do
  name=$(basename "$proof" .sh)
  say "$name"
  start=$SECONDS
  "$proof" 2>"$results/$name.err" | tee "$results/$name.out"
  status=${PIPESTATUS[0]}
  verdict=holds
  if ((status != 0)); then
    verdict="**fails** (exit status $status)"
    failed=$((failed + 1))
    tail -n 20 "$results/$name.err" | tee -a "$results/$name.out"
  fi
  {
    printf '## %s\n\n' "$(sed -n '2s/^# //p' "$proof")"
    printf '`tools/prove.sh %s` at %s on %s, %d s: %s.\n\n```\n' "$name" "$(git rev-parse --short HEAD)" \
      "$(date -u +%Y-%m-%d)" $((SECONDS - start)) "$verdict"
    sed 's/\x1b\[[0-9;]*m//g' "$results/$name.out" | tail -n 40
    printf '```\n\n'
  } >"$results/$name.md"
done

{
  printf '# Proof\n\nWritten by `tools/prove.sh`; do not edit. Each section names the command that repeats it.\n\n'
  printf 'Machine: %s, %d cores, %s GiB. %s.\n\n' "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
    "$(awk '/^MemTotal/{printf "%.0f", $2 / 1048576}' /proc/meminfo)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
  for proof in tools/prove.d/*.sh; do
    name=$(basename "$proof" .sh)
    if [[ -e $results/$name.md ]]; then
      cat "$results/$name.md"
    else
      printf '## %s\n\nNot run yet: `tools/prove.sh %s`.\n\n' "$(sed -n '2s/^# //p' "$proof")" "$name"
    fi
  done
} >"$report"

echo
echo "$((${#proofs[@]} - failed)) passed, $failed failed; report in $report"
((failed == 0))
