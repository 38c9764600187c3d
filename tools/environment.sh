# Sourced by the scripts beside it: where things are kept, and how builds share their work.

FLOW_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
FLOW_CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/flow
FLOW_JOBS=${FLOW_JOBS:-$(nproc)}

# One compiler cache serves every clone of the repository, wherever it lies.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$FLOW_ROOT}
export CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

cd "$FLOW_ROOT"

say() { printf '\n== %s\n' "$*"; }
