# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# PgBouncer in session mode: it keeps PostgreSQL's connections open between requests, which is more than half of the time
# of a Moodle page. DISCARD ALL gives every client a clean session; transaction mode would break Moodle's advisory locks.

: "${runtime_directory:?set by common.sh}"

pooler_run() {
  local user password
  make_runtime_directory
  # One statement per value: an assignment stops the script when its command fails, a here-document would not.
  user=$(word MOODLE_DATABASE_USER moodle)
  password=$(secret MOODLE_DATABASE_PASSWORD_FILE)
  printf '"%s" "%s"\n' "$user" "${password//\"/\"\"}" >"$runtime_directory/pgbouncer.users"
  pooler_configuration >"$runtime_directory/pgbouncer.ini"
  exec /usr/sbin/pgbouncer "$runtime_directory/pgbouncer.ini"
}

# Asks the pooler itself, not the database behind it: a restarting database must not restart the pooler.
pooler_health() {
  exec /usr/lib/postgresql/17/bin/pg_isready --quiet --host="$(pooler_sockets)" --port="$(number POOLER_PORT 6432)" \
    --username="$(word MOODLE_DATABASE_USER moodle)" --dbname="$(word MOODLE_DATABASE_NAME moodle)"
}

pooler_sockets() {
  word POOLER_SOCKET_DIRECTORY /run/pooler
}

pooler_configuration() {
  local host port name pool clients sockets port_here listen tls authentication root
  need MOODLE_DATABASE_HOST >/dev/null
  host=$(word MOODLE_DATABASE_HOST '')
  port=$(number MOODLE_DATABASE_PORT 5432)
  name=$(word MOODLE_DATABASE_NAME moodle)
  pool=$(number POOLER_POOL_SIZE 20)
  clients=$(number POOLER_MAX_CLIENTS 1000)
  sockets=$(pooler_sockets)
  port_here=$(number POOLER_PORT 6432)
  listen=$(word POOLER_LISTEN_ADDRESS '')
  tls=$(word MOODLE_DATABASE_SSLMODE disable)
  root=$(word MOODLE_DATABASE_SSLROOTCERT '')
  # On the private socket a password needs no hashing round, which costs both sides milliseconds per connection.
  authentication=plain
  [[ -z $listen ]] || authentication=scram-sha-256
  cat <<INI
[databases]
$name = host=$host port=$port dbname=$name

[pgbouncer]
pool_mode = session
server_reset_query = DISCARD ALL
default_pool_size = $pool
max_client_conn = $clients
unix_socket_dir = $sockets
listen_port = $port_here
listen_addr = $listen
auth_type = $authentication
auth_file = $runtime_directory/pgbouncer.users
ignore_startup_parameters = extra_float_digits, options
server_tls_sslmode = $tls
server_connect_timeout = 5
server_login_retry = 1
server_idle_timeout = 600
query_wait_timeout = 60
tcp_keepalive = 1
tcp_keepidle = 60
log_connections = 0
log_disconnections = 0
log_stats = 0
INI
  [[ -z $root ]] || printf 'server_tls_ca_file = %s\n' "$root"
}
