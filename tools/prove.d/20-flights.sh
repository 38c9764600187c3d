#!/usr/bin/env bash
# The main job on three million real flights agrees with PostgreSQL, row by row
set -euo pipefail
cd "$(dirname "$0")/../.."

data=$(realpath -m "${FLOW_DATA:-out/flights}")
tools/fetch_flights.sh "$data" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flowctl=$(find "${FLOW_BUILD:-build/release}" -type f -name flowctl -perm -u+x | head -n 1)
"$flowctl" run tools/flights/airport_delays_3m.yaml --set "DATA=$data" --set "OUT=$work/flow" --json 2>"$work/progress"
tail -n 1 "$work/progress"
ln -s "$data/flights-3m.csv" "$work/flights-3m.csv"
chmod 755 "$work"
question=$PWD/tools/flights/airport_delays_3m.sql
(cd "$work" && "$OLDPWD/tools/flights/with_postgres.sh" psql -q -v ON_ERROR_STOP=1 -f "$question")
python3 tools/flights/compare.py "$work/flow/windows" "$work/windows.csv"
python3 tools/flights/compare.py "$work/flow/delays" "$work/delays.csv"
