#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# pg_query_params() and PDO store the part of a text before its first NUL character, and report success.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

programs=usr/lib/postgresql/15/bin
debian bookworm postgresql-15=15.18-0+deb12u1 php8.2-cli=8.2.32-1~deb12u1 php8.2-pgsql=8.2.32-1~deb12u1
own_libraries bookworm "$programs/initdb" "$programs/postgres" usr/bin/php8.2
folder data
folder run
"${unprivileged[@]}" "$work/bookworm/$programs/initdb" --pgdata="$work/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C \
  >"$work/initdb.log" 2>&1
start postgres "${unprivileged[@]}" "$work/bookworm/$programs/postgres" -D "$work/data" -c listen_addresses= -c "unix_socket_directories=$work/run"
wait_for test -S "$work/run/.s.PGSQL.5432"

modules=$(dirname "$(find "$work/bookworm/usr/lib/php" -name pgsql.so)")
php=("$work/bookworm/usr/bin/php8.2" -n -d "extension_dir=$modules" -d extension=pdo -d extension=pgsql -d extension=pdo_pgsql)
# run CODE: in PHP, with the server's address and a text that has a NUL in the middle.
run() { "${php[@]}" -r "\$at = 'host=$work/run user=postgres dbname=postgres'; \$text = \"before\\0after\"; $1" 2>&1; }
# The socket is there a moment before the server answers.
# shellcheck disable=SC2016  # variables of PHP
wait_for run 'pg_connect($at) || exit(1);'

with "${php[@]}" -v
with "$work/bookworm/$programs/postgres" --version
expected 'PostgreSQL keeps no NUL in a text, so storing one fails, and whoever stores it notices'
# shellcheck disable=SC2016  # variables of PHP
seen 'pg_query_params: what it returned, the length of the text, and what was stored' "$(run '
  $db = pg_connect($at);
  $done = pg_query_params($db, "SELECT length(\$1::text), \$1::text", [$text]);
  echo json_encode([$done !== false, strlen($text), pg_fetch_row($done)]);')" '[true,12,["6","before"]]'
# shellcheck disable=SC2016  # variables of PHP
seen 'pg_execute of a prepared statement: what was stored' "$(run '
  $db = pg_connect($at);
  pg_prepare($db, "one", "SELECT \$1::text");
  echo pg_fetch_row(pg_execute($db, "one", [$text]))[0];')" before
# shellcheck disable=SC2016  # variables of PHP
seen 'PDO, a parameter: the length of what was stored' "$(run '
  $ask = (new PDO("pgsql:$at"))->prepare("SELECT length(?::text)");
  $ask->execute([$text]);
  echo $ask->fetchColumn();')" 6
# shellcheck disable=SC2016  # variables of PHP
run '
  $db = pg_connect($at);
  @pg_query_params($db, "SELECT convert_from(decode(\$1, \$\$hex\$\$), \$\$UTF8\$\$)", [bin2hex($text)]);
  echo pg_last_error($db);' >"$work/output"
seen 'the server refuses the same bytes where they reach it' "$(says 'invalid byte sequence for encoding .*: 0x00')" yes
