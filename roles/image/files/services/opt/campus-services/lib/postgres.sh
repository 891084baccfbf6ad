# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# PostgreSQL. State: the volume /var/lib/postgresql, with one directory per major version (17/main), so that a later
# major version never starts on the files of an earlier one.

: "${runtime_directory:?set by common.sh}"

readonly postgres_major=17
readonly postgres_binaries=/usr/lib/postgresql/$postgres_major/bin
readonly postgres_volume=/var/lib/postgresql
readonly postgres_data=$postgres_volume/$postgres_major/main
# Written once the first cluster is complete: a volume that has it and no cluster has lost data.
readonly postgres_marker=$postgres_volume/.campus-initialized
readonly postgres_sockets=/tmp

postgres_run() {
  make_runtime_directory
  if [[ -e $postgres_data ]]; then
    postgres_check_version "$postgres_data"
  else
    postgres_refuse_foreign_data
    postgres_initialise
  fi
  postgres_write_access_rules
  postgres_set_options
  exec "$postgres_binaries/postgres" -D "$postgres_data" "${postgres_options[@]}"
}

postgres_health() {
  exec "$postgres_binaries/pg_isready" --quiet --host="$postgres_sockets" --username=postgres
}

postgres_check_version() {
  local found
  [[ -r $1/PG_VERSION ]] || fail "$1 exists but is not a PostgreSQL data directory; nothing was changed" 4
  found=$(<"$1/PG_VERSION")
  [[ $found == "$postgres_major" ]] ||
    fail "$1 holds data of PostgreSQL $found, this image runs PostgreSQL $postgres_major: dump it with version $found and load it into an empty volume; nothing was changed" 4
}

# An empty database beside lost or older data looks like a fresh site: stop instead.
postgres_refuse_foreign_data() {
  local file
  for file in "$postgres_volume"/PG_VERSION "$postgres_volume"/data/PG_VERSION "$postgres_volume"/*/main/PG_VERSION "$postgres_volume"/*/docker/PG_VERSION; do
    [[ ! -e $file ]] || fail "this volume already holds data of PostgreSQL $(<"$file") in $(dirname "$file"), which this image does not use: move it to version $postgres_major first; nothing was changed" 4
  done
  [[ ! -e $postgres_marker ]] ||
    fail "this volume was initialised at $(<"$postgres_marker") but $postgres_data is gone: restore a backup, or empty the volume to start anew" 4
  [[ -w $postgres_volume ]] || fail "$postgres_volume is not writable by uid $(id -u): give the volume to that user"
}

# Everything happens in a directory with another name, and one rename makes it valid: a cut leaves nothing half done.
postgres_initialise() {
  local database user password scratch=$postgres_volume/$postgres_major/.initialising
  database=$(need POSTGRES_DB)
  user=$(need POSTGRES_USER)
  password=$(secret POSTGRES_PASSWORD_FILE)
  note "first start: creating the database $database"
  mkdir -p -- "$postgres_volume/$postgres_major"
  rm -rf -- "$scratch"
  # ICU sorts names the way people expect; C.UTF-8 keeps everything else independent of installed locales.
  "$postgres_binaries/initdb" --pgdata="$scratch" --username=postgres --auth=reject --encoding=UTF8 \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=und --data-checksums >/dev/null
  # Statement logging is off, so that a failure cannot print the password. An error would not be a failure otherwise.
  "$postgres_binaries/postgres" --single -j -D "$scratch" -c log_min_error_statement=panic -c log_min_messages=fatal \
    -c exit_on_error=on -c jit=off -c password_encryption=scram-sha-256 postgres >/dev/null <<SQL ||
CREATE ROLE "${user//\"/\"\"}" LOGIN PASSWORD '${password//\'/\'\'}';

CREATE DATABASE "${database//\"/\"\"}" OWNER "${user//\"/\"\"}";

SQL
    fail "PostgreSQL could not create the user $user and the database $database; its own message is above, and nothing was kept"
  sync -f "$scratch"
  mv -T -- "$scratch" "$postgres_data"
  date -u +%FT%TZ >"$postgres_marker"
}

# Only the container's own user may act as superuser, through the socket; everybody else brings a password.
postgres_write_access_rules() {
  cat >"$runtime_directory/pg_hba.conf" <<'HBA'
local all postgres peer map=campus
local all all scram-sha-256
host all all all scram-sha-256
HBA
  printf 'campus %s postgres\n' "$(id -un)" >"$runtime_directory/pg_ident.conf"
}

# Derived from the container's memory where no value is given. Sets the array postgres_options.
postgres_set_options() {
  local memory shared cache connections work maintenance wal slow setting
  memory=$(memory_limit_mib)
  shared=$(word POSTGRES_SHARED_BUFFERS "$((memory / 4 < 2048 ? memory / 4 : 2048))MB")
  cache=$(word POSTGRES_EFFECTIVE_CACHE_SIZE "$((memory * 6 / 10))MB")
  connections=$(number POSTGRES_MAX_CONNECTIONS 100)
  work=$(word POSTGRES_WORK_MEM 8MB)
  maintenance=$(word POSTGRES_MAINTENANCE_WORK_MEM 64MB)
  wal=$(word POSTGRES_MAX_WAL_SIZE 2GB)
  slow=$(word POSTGRES_LOG_SLOW_STATEMENTS 2s)
  postgres_options=()
  for setting in \
    listen_addresses='*' unix_socket_directories="$postgres_sockets" \
    hba_file="$runtime_directory/pg_hba.conf" ident_file="$runtime_directory/pg_ident.conf" \
    max_connections="$connections" shared_buffers="$shared" effective_cache_size="$cache" \
    work_mem="$work" maintenance_work_mem="$maintenance" \
    max_wal_size="$wal" checkpoint_timeout=15min wal_compression=on random_page_cost=1.1 \
    password_encryption=scram-sha-256 jit=off timezone=UTC log_timezone=UTC logging_collector=off \
    log_min_duration_statement="$slow" log_parameter_max_length=0 log_parameter_max_length_on_error=0; do
    postgres_options+=(-c "$setting")
  done
}
