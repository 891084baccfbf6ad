#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# `postgres --single`, with which images prepare a first database, ends with 0 after statements that failed.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

programs=usr/lib/postgresql/15/bin
debian bookworm postgresql-15=15.18-0+deb12u1
own_libraries bookworm "$programs/initdb" "$programs/postgres"
folder data
"${unprivileged[@]}" "$work/bookworm/$programs/initdb" --pgdata="$work/data" --username=postgres --auth=reject --locale=C >"$work/initdb.log" 2>&1

# single SQL [OPTION...]: runs statements, one a line; its exit status.
single() {
  local status=0
  printf '%s\n' "$1" \
    | "${unprivileged[@]}" "$work/bookworm/$programs/postgres" --single -D "$work/data" "${@:2}" postgres >"$work/output" 2>&1 || status=$?
  echo "$status"
}

with "$work/bookworm/$programs/postgres" --version
expected 'not interactive, so a statement that fails shows in the exit status, as with psql --set ON_ERROR_STOP=1'
seen 'a role that is there already and one that is not: exit status' "$(single $'CREATE ROLE postgres;\nCREATE ROLE moodle;')" 0
seen 'it says ERROR' "$(says 'ERROR: .*role "postgres" already exists')" yes
seen 'words that are no SQL: exit status' "$(single 'nonsense;')" 0
seen 'a statement in two lines: exit status' "$(single $'CREATE ROLE\nteacher;')" 0
seen 'each line was a statement: errors' "$(grep -c 'ERROR: .*syntax error' "$work/output")" 2
seen 'a role that is there already, exit_on_error=on: exit status' "$(single 'CREATE ROLE postgres;' -c exit_on_error=on)" 1
