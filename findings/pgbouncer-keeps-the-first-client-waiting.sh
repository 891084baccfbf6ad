#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# While PostgreSQL is down, PgBouncer keeps the first client waiting and refuses every other one at once.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

programs=usr/lib/postgresql/15/bin
debian bookworm pgbouncer=1.18.0-1+deb12u1 postgresql-15=15.18-0+deb12u1
own_libraries bookworm "$programs"/{initdb,postgres,psql} usr/sbin/pgbouncer
initdb=$work/bookworm/$programs/initdb postgres=$work/bookworm/$programs/postgres psql=$work/bookworm/$programs/psql
pgbouncer=$work/bookworm/usr/sbin/pgbouncer

folder data
folder temp
port=$(free_port) pooler_port=$(free_port)
"${unprivileged[@]}" "$initdb" --pgdata="$work/data" --username=postgres --auth=trust --locale=C >"$work/initdb.log" 2>&1
database() {
  start "$1" "${unprivileged[@]}" "$postgres" -D "$work/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories=
}
cat >"$work/pgbouncer.ini" <<INI
[databases]
postgres = host=127.0.0.1 port=$port user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pooler_port
unix_socket_dir =
auth_type = any
INI

# query PORT: gives up after a minute.
query() { timeout 60 "$psql" --no-psqlrc -h 127.0.0.1 -p "$1" -U postgres --no-align --tuples-only --command 'SELECT 1' postgres; }

database first
database_pid=$started_pid
wait_for query "$port"
start pooler "${unprivileged[@]}" "$pgbouncer" "$work/pgbouncer.ini"
wait_for query "$pooler_port"
kill -INT "$database_pid"
wait "$database_pid" || true

with "$pgbouncer" --version
expected 'while the database is down every client is refused, or every client waits until it is back'
start client query "$pooler_port"
client=$started_pid
sleep 3
for number in second third; do
  seen "the $number client, exit status" "$(status_of query "$pooler_port")" 2
  seen 'it is told' "$(grep -oE 'FATAL: .*' "$work/output")" 'FATAL:  server login has been failing, try again later (server_login_retry)'
done
seen 'the first client still waits' "$(if kill -0 "$client" 2>/dev/null; then echo yes; else echo no; fi)" yes
database second
status=0
wait "$client" || status=$?
seen 'the database is back: the first client, exit status and answer' "$status, $(<"$work/client.log")" '0, 1'
