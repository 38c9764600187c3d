#!/usr/bin/env bash
# Fetches the three million flights of the npm package vega-datasets and writes them as csv and ndjson.
#
#   tools/fetch_flights.sh [DIRECTORY]         default: $FLOW_DATA, else out/flights
#
# Writes flights-3m.{csv,ndjson}, in order of their date, and flights-3m-reported.{csv,ndjson}, in order of
# date + delay (about 0.8 GB together), and airports.csv. Does nothing if they are there.
set -euo pipefail
source "$(dirname "$0")/environment.sh"

version=3.2.1
target=${1:-${FLOW_DATA:-out/flights}}
if [[ -e $target/complete-$version ]]; then
  echo "$target is complete"
  exit 0
fi

tools/install_packages.sh fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "vega-datasets@$version" >/dev/null && tar -xf "vega-datasets-$version.tgz")
venv=$FLOW_CACHE/venv-pyarrow
if [[ ! -e $venv/complete ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet pyarrow
  touch "$venv/complete"
fi
mkdir -p "$target"
"$venv/bin/python" tools/flights/convert.py full "$work/package" "$target"
cp "$work/package/data/airports.csv" "$target/"
touch "$target/complete-$version"
ls -l "$target"
