#!/usr/bin/env bash
# Checks that every C++ file is formatted as .clang-format says, with clang-format 14.
#
#   tools/lint/check_format.sh [--fix]
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v clang-format-14 >/dev/null; then
  echo "check_format.sh: clang-format-14 is missing; tools/install_packages.sh lint" >&2
  exit 3
fi
mode=(--dry-run -Werror)
if [[ ${1:-} == --fix ]]; then mode=(-i); fi
git ls-files -z -- '*.hpp' '*.cpp' | xargs -0 -r clang-format-14 "${mode[@]}"
echo "format: $(git ls-files -- '*.hpp' '*.cpp' | wc -l) files are fine"
