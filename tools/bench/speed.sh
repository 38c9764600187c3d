#!/usr/bin/env bash
# Whole-process speed of flowctl: rows per CPU-second (user + system, all threads), two subtasks on two cores.
#
#   tools/bench/speed.sh [JOB…]      ndjson csv compute keyed window latency idle; default: all
#
# FLOWCTL is the program (build/release/tools/flowctl/flowctl), LATENCY_BENCH that of the latency of paced windows
# (build/release/tools/bench/latency_bench), FLOW_BENCH_DATA a directory for input (out/bench),
# FLOW_BENCH_RUNS how often each job runs (3; the best is printed, with the slowest behind it).
set -euo pipefail
cd "$(dirname "$0")/../.."
flowctl=${FLOWCTL:-build/release/tools/flowctl/flowctl}
latency=${LATENCY_BENCH:-build/release/tools/bench/latency_bench}
data=${FLOW_BENCH_DATA:-out/bench}
runs=${FLOW_BENCH_RUNS:-3}
mkdir -p "$data"
result=$(mktemp -d)
trap 'rm -rf "$result"' EXIT

generate() { # generate NAME-PREFIX FORMAT COUNT SCHEMA OPTION…
  local output=$1 format=$2 count=$3 schema=$4
  shift 4
  compgen -G "$data/$output-*.$format" >/dev/null && return
  local options=()
  for option in "$@"; do options+=(--option "$option"); done
  "$flowctl" generate datagen --count "$count" --format "$format" --schema "$schema" "${options[@]}" --output "$data/$output" 2>/dev/null
}

bids() {
  generate bids ndjson 4000000 \
    'auction: int64, bidder: int64, price: int64, channel: string, url: string, extra: string, at: timestamp' \
    columns.auction.max=9999 columns.bidder.max=100000 columns.price.max=100000 'columns.channel.values=[apple, google, baidu]' \
    columns.channel.kind=choice columns.url.length=40 columns.extra.length=57 \
    columns.at.kind=sequence columns.at.start=2024-01-01 columns.at.step=10us
}
rows() {
  generate rows csv 10000000 'id: int64, half: int32, amount: int64, name: string, at: timestamp' \
    columns.id.kind=sequence columns.half.max=1 columns.amount.max=99999 columns.name.length=12 \
    columns.at.kind=sequence columns.at.start=2024-01-01 columns.at.step=1s
}

measure() { # measure LABEL ROWS JOB SET…
  local label=$1 count=$2 job=$3
  shift 3
  local best=0 worst=0 memory=0
  for ((i = 0; i < runs; ++i)); do
    rm -rf "$result/out"
    local sets=(--set "DATA=$data" --set "OUT=$result/out")
    for value in "$@"; do sets+=(--set "$value"); done
    /usr/bin/time -o "$result/time" -f '%U %S %e %M' \
      "$flowctl" run "tools/bench/jobs/$job.yaml" --parallelism 2 "${sets[@]}" >/dev/null 2>"$result/err" ||
      { tail -n 3 "$result/err"; return 1; }
    read -r user system _ memory <"$result/time"
    read -r best worst < <(awk -v u="$user" -v s="$system" -v n="$count" -v b="$best" -v w="$worst" \
      'BEGIN { r = n / (u + s + 1e-9) / 1e6; if (b == 0 || r > b) b = r; if (w == 0 || r < w) w = r; printf "%.3f %.3f\n", b, w }')
  done
  printf '| %s | %.1f | %.1f | %d |\n' "$label" "$best" "$worst" $((memory / 1024))
}

job_ndjson() {
  bids
  measure "ndjson, $(head -n 1000 "$data"/bids-0-0.ndjson | wc -c | awk '{print int($1 / 1000)}')-byte bids → count per auction → ndjson" 4000000 ndjson
}
job_csv() {
  rows
  measure "csv, $(head -n 1000 "$data"/rows-0-0.csv | wc -c | awk '{print int($1 / 1000)}')-byte rows → half → csv" 10000000 csv
}
job_compute() { measure "sequence → half → computed column → blackhole" 1000000000 compute; }
job_keyed() {
  measure "the same, count and sum per key, 1,000 keys" 200000000 keyed KEYS=1000
  measure "the same, 1,000,000 keys" 200000000 keyed KEYS=1000000
}
job_window() {
  for size in 10ms 100ms 1s 10s; do measure "1,000 keys, windows of $size every 10 ms" 150000000 window SIZE=$size COUNT=150000000; done
}
job_latency() {
  # On a machine that works for others, too, waiting for a core is most of it: the second line has the right of way.
  for first in "" "chrt -f 1"; do
    printf 'latency of 10 ms windows%s:\n' "${first:+, $first}"
    $first "$latency" 20 --parallelism 2 2>/dev/null || echo 'failed'
  done
}
job_idle() {
  for ((i = 0; i < 5; ++i)); do
    /usr/bin/time -f '%e s, %M KiB' "$flowctl" run tools/bench/jobs/idle.yaml 2>&1 >/dev/null | tail -n 1
  done
  strip -o "$result/stripped" "$flowctl"
  printf 'flowctl stripped: %d KiB\n' $(($(stat -c %s "$result/stripped") / 1024))
}

printf '| job | M rows per CPU-second, best | worst of %d | RSS MiB |\n|---|---|---|---|\n' "$runs"
if (($# == 0)); then set -- ndjson csv compute keyed window latency idle; fi
for job in "$@"; do "job_$job"; done
