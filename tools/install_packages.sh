#!/usr/bin/env bash
# Installs the Debian packages Flow needs, on Debian 12 and 13. Does nothing, quickly, when all are there.
#
#   tools/install_packages.sh [GROUP…]     groups: build (default) test lint fetch
#
# Works as root (also in a bare chroot without sudo) and as a user who may use sudo.
set -euo pipefail

build=(
  g++ cmake ninja-build ccache mold pkgconf
  capnproto libcapnp-dev libcaf-dev libspdlog-dev libyaml-cpp-dev libsimdjson-dev libpg-query-dev
  zlib1g-dev libzstd-dev liblz4-dev libxxhash-dev libmimalloc-dev libre2-dev
  nlohmann-json3-dev libcli11-dev libbenchmark-dev catch2
)
test=(python3 postgresql libpq-dev gzip zstd)  # PostgreSQL: the expression tests compare with it
fetch=(ca-certificates python3-venv)  # tools/fetch_flights.sh
command -v npm >/dev/null || fetch+=(npm)
# The format check and the fuzz targets are defined by one version of clang; Debian 13 has no version 14
# and goes without them.
lint=(python3)
if grep -q '^VERSION_ID="12"' /etc/os-release; then
  lint+=(clang-format-14 clang-tidy-14 clang-14 libclang-rt-14-dev)
fi

packages=()
for group in "${@:-build}"; do
  case $group in
    build) packages+=("${build[@]}") ;;
    test) packages+=("${test[@]}") ;;
    lint) packages+=("${lint[@]}") ;;
    fetch) packages+=("${fetch[@]}") ;;
    *)
      echo "install_packages.sh: unknown group '$group'; groups are build test lint fetch" >&2
      exit 2
      ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [[ $status == *' ok installed' ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "install_packages.sh: these packages are missing and neither root nor sudo is at hand: ${missing[*]}" >&2
    exit 3
  fi
  as_root=(sudo)
fi
echo "installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -q -y --no-install-recommends "${missing[@]}"
