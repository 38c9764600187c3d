#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own, which is gone afterwards.
#
#   tools/flights/with_postgres.sh COMMAND…       psql in COMMAND finds it through PGHOST, PGUSER and PGDATABASE
#
# It listens on a Unix socket in a temporary folder only, so there is no port to choose.
set -euo pipefail

programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [[ -z $programs ]]; then
  echo "with_postgres.sh: PostgreSQL is missing; tools/install_packages.sh test" >&2
  exit 3
fi
# PostgreSQL refuses to run as root; Debian's package brings the user it runs as.
as_postgres=()
if ((EUID == 0)); then as_postgres=(runuser -u postgres --); fi

data=$(mktemp -d /tmp/flow-postgres-XXXXXX)
chmod 755 "$data"
if ((EUID == 0)); then chown postgres "$data"; fi
cleanup() {
  "${as_postgres[@]}" "$programs/pg_ctl" -D "$data/db" -m immediate -w stop >/dev/null 2>&1 || true
  rm -rf "$data"
}
trap cleanup EXIT

cd "$data"
"${as_postgres[@]}" "$programs/initdb" -D "$data/db" -U flow -A trust --no-sync -E UTF8 --locale=C >"$data/initdb.log"
cat >>"$data/db/postgresql.conf" <<SETTINGS
listen_addresses = ''
unix_socket_directories = '$data'
fsync = off
timezone = 'UTC'
SETTINGS
"${as_postgres[@]}" "$programs/pg_ctl" -D "$data/db" -l "$data/server.log" -w start >/dev/null
cd "$OLDPWD"
export PGHOST=$data PGUSER=flow PGDATABASE=postgres
"$@"
