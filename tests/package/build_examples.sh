#!/usr/bin/env bash
# Installs the build in $1 into a new prefix, builds the examples against it as a user would, runs each.
set -euo pipefail
build=$1
type=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/flow-package-XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$PWD

cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"
cmake -S tests/package/examples -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE="$type" -DCMAKE_PREFIX_PATH="$work/prefix" \
  >"$work/configure.log" || { cat "$work/configure.log"; exit 1; }
cmake --build "$work/build" >"$work/build.log" || { tail -n 40 "$work/build.log"; exit 1; }

mkdir "$work/run"
ln -s "$root/configs" "$work/run/configs"
cd "$work/run"
expect() { # expect EXAMPLE PATTERN FILES: the example runs, and what it writes (a glob) has a line like PATTERN
  local example=$1 pattern=$2 files=$3
  "$work/build/$example" --parallelism 2 >"$example.out" 2>"$example.err" || { cat "$example.err"; exit 1; }
  # shellcheck disable=SC2086 # the glob is expanded here, when the files are there
  grep -q -- "$pattern" $files || { echo "$example: no line like '$pattern'"; cat "$example.err"; exit 1; }
  echo "$example: ok"
}
expect airport_delays '"origin":"ATL"' 'out/delays-*'
expect worst_routes 'origin,destination' 'out/routes-*'
expect collection '^BARRIER!$' collection.out
expect dead_letters '^E1322 .*:5 (byte 112): 2 fields instead of 3$' dead_letters.out
expect enrich '^3 barrier: what is before it is done$' enrich.out
expect late_rows '"flights":' 'out/per_hour-*'
