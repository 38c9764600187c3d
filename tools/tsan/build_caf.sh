#!/usr/bin/env bash
# Builds CAF with ThreadSanitizer and prints the installation's path, the last line of its output.
#
# Debian's libcaf is not instrumented: with real threads every message looks like a race. The source is
# Debian's own, fetched by apt into the cache, and the result is kept there by version and compiler.
set -euo pipefail
source "$(dirname "$0")/../environment.sh"

version=0.17.6
compiler=$(c++ -dumpfullversion)
prefix=$FLOW_CACHE/caf-$version-tsan-gcc$compiler
if [[ -e $prefix/complete ]]; then
  echo "$prefix"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A private view of the machine's package sources, with the source packages switched on.
mkdir -p "$work"/{sources,lists/partial}
shopt -s nullglob
for file in /etc/apt/sources.list.d/*.list $(ls /etc/apt/sources.list 2>/dev/null); do
  sed -n 's/^deb /deb-src /p' "$file" >"$work/sources/$(basename "$file" .list)-src.list"
done
for file in /etc/apt/sources.list.d/*.sources; do
  sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/sources/$(basename "$file" .sources)-src.sources"
done
apt_options=(-q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources"
  -o Dir::State::lists="$work/lists" -o APT::Sandbox::User=root)
apt-get "${apt_options[@]}" update >&2
(cd "$work" && apt-get "${apt_options[@]}" source --download-only --tar-only "actor-framework" >&2)
tar -C "$work" -xf "$work/actor-framework_$version.orig.tar.gz"
source_dir=$(dirname "$(find "$work" -maxdepth 2 -name CMakeLists.txt | head -n 1)")

# Upstream's text relies on <limits> being included by others, which g++ 12 no longer does.
cmake -G Ninja -S "$source_dir" -B "$work/build" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS="-fsanitize=thread -O1 -g1 -include limits" -DCMAKE_INSTALL_PREFIX="$prefix" \
  -DCMAKE_POLICY_VERSION_MINIMUM=3.5 \
  -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" \
  -DCAF_NO_UNIT_TESTS=ON -DCAF_NO_EXAMPLES=ON -DCAF_NO_TOOLS=ON -DCAF_NO_OPENSSL=ON >&2
ninja -C "$work/build" -j "$FLOW_JOBS" >&2
rm -rf "$prefix"
ninja -C "$work/build" install >&2
touch "$prefix/complete"
echo "$prefix"
