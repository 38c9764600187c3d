#!/usr/bin/env bash
# Runs tools/demo.sh and tools/test.sh in a bare Debian, made by debootstrap, from a fresh clone of HEAD.
#
#   tools/bare_debian.sh bookworm|trixie [SCRIPT…]       default scripts: tools/demo.sh tools/test.sh
#
# Needs root and debootstrap. The installation goes to FLOW_CHROOT_DIR (default: a folder in the cache) and is
# removed afterwards unless FLOW_CHROOT_KEEP is set; the package archive is the one this machine uses. Only the compiler
# cache outlives a run, one per release, so that the second run is quick; FLOW_CHROOT_COLD=1 begins without.
set -euo pipefail
source "$(dirname "$0")/environment.sh"

release=${1:?usage: bare_debian.sh bookworm|trixie [SCRIPT…]}
shift
scripts=("$@")
if ((${#scripts[@]} == 0)); then scripts=(tools/demo.sh tools/test.sh); fi

archive=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/*.sources 2>/dev/null || true)
archive=${archive:-$(awk '/^deb /{print $2; exit}' /etc/apt/sources.list)}
base=${FLOW_CHROOT_DIR:-$FLOW_CACHE/chroot}
template=$base/$release-template
target=$base/$release-run
compiled=$base/$release-ccache
logs=$FLOW_ROOT/out/bare_debian
if [[ -n ${FLOW_CHROOT_COLD:-} ]]; then rm -rf "$compiled"; fi
mkdir -p "$base" "$compiled" "$logs"

if [[ ! -e $template/etc/debian_version ]]; then
  debootstrap --variant=minbase "$release" "$template" "$archive" >"$logs/$release-debootstrap.log"
fi
unmount() {
  for mounted in "$target/ccache" "$target/dev/shm" "$target/proc"; do
    if mountpoint -q "$mounted"; then umount "$mounted"; fi
  done
}
cleanup() {
  unmount
  if [[ -z ${FLOW_CHROOT_KEEP:-} ]]; then rm -rf --one-file-system "$target"; fi
}
trap cleanup EXIT
unmount
rm -rf --one-file-system "$target"
cp -a "$template" "$target"
mount -t proc proc "$target/proc"
mkdir -p "$target/dev/shm" "$target/ccache"
mount --bind "$compiled" "$target/ccache"
mount -t tmpfs tmpfs "$target/dev/shm"
git clone -q "$FLOW_ROOT" "$target/flow"
git -C "$target/flow" checkout -q "$(git rev-parse HEAD)"

for script in "${scripts[@]}"; do
  name=$release-$(basename "$script" .sh)
  start=$SECONDS
  status=0
  chroot "$target" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
    CCACHE_DIR=/ccache FLOW_JOBS="$FLOW_JOBS" /bin/bash -c "cd /flow && nice $script" >"$logs/$name.log" 2>&1 || status=$?
  echo "$release $(cat "$target/etc/debian_version"): $script: exit status $status, $((SECONDS - start)) s"
  tail -n 14 "$logs/$name.log"
  if ((status != 0)); then exit "$status"; fi
done
