#!/usr/bin/env bash
# A sink frozen for ten minutes: memory grows less than 5 % after the first ten seconds, and the run ends right
#
#   FLOW_FREEZE_SECONDS  how long the reader of the output stops (600)
set -euo pipefail
cd "$(dirname "$0")/../.."

frozen=${FLOW_FREEZE_SECONDS:-600}
count=20000000
flowctl=$(find "${FLOW_BUILD:-build/release}" -type f -name flowctl -perm -u+x | head -n 1)
work=$(mktemp -d)
reader=
job=
cleanup() {
  for process in $job $reader; do kill -9 "$process" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

resident_kib() { awk '/^VmRSS/{print $2}' "/proc/$job/status"; }

# The reader takes a megabyte, stops, and then takes the rest, which has to be each number once.
mkfifo "$work/output"
{
  head -c 1000000 >"$work/first"
  sleep "$frozen"
  cat "$work/first" - | awk -F, 'NR > 1 {rows++; sum += $1} END {printf "%d %.0f\n", rows, sum}' >"$work/seen"
} <"$work/output" &
reader=$!
"$flowctl" run tools/prove.d/frozen_sink.yaml --set "OUT=$work/run" --set "COUNT=$count" --json >"$work/output" 2>"$work/progress" &
job=$!

SECONDS=0
sleep 10
start=$(resident_kib)
most=$start
written=$(du -sb "$work/run" | cut -f1)
while ((SECONDS < frozen - 2)); do
  sleep 1
  now=$(resident_kib)
  if ((now > most)); then most=$now; fi
done
still=$(du -sb "$work/run" | cut -f1)
kill -0 "$job"
cpu=$(awk '{print $14 + $15}' "/proc/$job/stat")
wait "$job"
job=
wait "$reader"
reader=

echo "frozen for $frozen s: $start KiB after ten seconds, at most $most KiB after that; $((cpu * 10)) ms of processor time in all"
echo "the other sink and the snapshots while frozen: $written bytes, then $still"
read -r rows sum <"$work/seen"
echo "printed when the reader went on: $rows rows, sum $sum; due: $count rows, sum $((count * (count - 1) / 2))"
read -r counted total < <(cat "$work"/run/sums-*.csv | awk -F, '$1 != "window_start" && NF {rows += $(NF-1); sum += $NF} END {printf "%d %.0f\n", rows, sum}')
echo "in windows: $counted rows, sum $total"
((most * 100 <= start * 105 && rows == count && sum == count * (count - 1) / 2 && counted == count && total == sum))
