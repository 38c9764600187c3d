#!/usr/bin/env bash
# A window of ten million keys that fires at once stays within 256 MiB above its state, also with a checkpoint and a kill -9 in its middle
#
#   FLOW_KEYS  how many keys (10000000)
set -euo pipefail
cd "$(dirname "$0")/../.."

keys=${FLOW_KEYS:-10000000}
allowed_kib=$((256 * 1024))
flowctl=$(find "${FLOW_BUILD:-build/release}" -type f -name flowctl -perm -u+x | head -n 1)
work=$(mktemp -d)
job=
cleanup() {
  if [[ -n $job ]]; then kill -9 "$job" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

# Takes about a megabyte a second until the first rows are visible, so that the fire is not over before a checkpoint has gone
# through it, and then as much as comes.
pace='
import glob, sys, time
rows, fd = sys.argv[1] + "/rows-*", sys.stdin.buffer.raw
while fd.read(1 << 16):
    if not glob.glob(rows):
        time.sleep(0.05)'

start() {  # RUN
  rm -f "$work/printed" && mkfifo "$work/printed"
  python3 -c "$pace" "$work/$1" <"$work/printed" &
  "$flowctl" run tools/prove.d/ten_million_keys.yaml --set "OUT=$work/$1" --set "COUNT=$keys" --json 2>>"$work/$1.progress" >"$work/printed" &
  job=$!
}

# What can be seen from outside, ten times a second until the job ends or `until` says so. The fire has begun when
# the sink has opened a part; a part is visible when the snapshot it belongs to is complete, so parts that are
# visible while the job goes on to write others were cut by a barrier in the middle of the fire.
watch_fire() {  # RUN UNTIL
  local now fired=0 visible=0
  state_kib=0 most_kib=0 in_middle=0
  while now=$(awk '/^VmRSS/{print $2}' "/proc/$job/status" 2>/dev/null) && [[ -n $now ]]; do
    if ((!fired)) && compgen -G "$work/$1/.rows-*" >/dev/null; then fired=1; fi
    if ((!fired)); then
      state_kib=$now
    else
      if ((now > most_kib)); then most_kib=$now; fi
      visible=$(find "$work/$1" -maxdepth 1 -name 'rows-*' -printf '%s\n' 2>/dev/null | awk '{bytes += $1} END {print bytes + 0}')
      if ((visible > 0 && in_middle == 0)); then
        in_middle=$visible
        if [[ $2 == visible ]]; then return; fi
      fi
    fi
    sleep 0.1
  done
}

# Every number once, with the one row it stands for.
check_rows() {  # RUN
  cat "$work/$1"/rows-* | python3 -c '
import sys
keys = int(sys.argv[1])
seen = bytearray(keys)
rows = total = wrong = 0
for line in sys.stdin:
    n, _, _, count, summed = line.split(",")
    n = int(n)
    rows += 1
    total += n
    wrong += seen[n] or int(count) != 1 or int(summed) != n
    seen[n] = 1
print(f"  {rows} rows, sum {total}, {wrong} wrong or doubled, {keys - sum(seen)} missing; due: {keys} rows, sum {keys * (keys - 1) // 2}")
sys.exit(rows != keys or wrong != 0 or total != keys * (keys - 1) // 2)' "$keys"
}

echo "undisturbed:"
start whole
watch_fire whole end
wait "$job"
job=
bytes=$(cat "$work"/whole/rows-* | wc -c)
echo "  before the fire $state_kib KiB, in the fire at most $most_kib KiB: $((most_kib - state_kib)) KiB more, $allowed_kib allowed"
tables=$(grep -o '"name":"per_number"[^}]*' "$work/whole.progress" | grep -o '"state_bytes":[0-9]*' | cut -d: -f2 | sort -n | tail -n 1)
echo "  of which tables: $((tables / 1024)) KiB"
echo "  the first checkpoint after the fire began made $in_middle of $bytes bytes visible"
tail -n 1 "$work/whole.progress" | grep -o '"elapsed_ms":[0-9]*\|"completed":[0-9]*\|"failed":[0-9]*' | paste -sd' ' | sed 's/^/  /'
((most_kib > 0 && most_kib - state_kib <= allowed_kib))
((in_middle > 0 && in_middle < bytes))
check_rows whole

echo "kill -9 in the middle of the fire, and again to the end:"
start killed
watch_fire killed visible
kill -9 "$job"
wait "$job" || true
job=
partly=$(cat "$work"/killed/rows-* | wc -l)
echo "  killed with $partly of $keys rows visible"
((partly > 0 && partly < keys))
start killed
wait "$job"
job=
check_rows killed
