# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Valkey, twice. Sessions are state: nothing is evicted and every write reaches the disk within a second. The cache can be
# rebuilt: least recently used entries go first and nothing is written.

: "${runtime_directory:?set by common.sh}"

valkey_sessions_run() {
  local port
  port=$(number VALKEY_PORT 6379)
  valkey_start "maxmemory-policy noeviction" "appendonly yes" "appendfsync everysec" "save \"\"" \
    "dir /var/lib/valkey" "port $port"
}

valkey_cache_run() {
  local port=0
  [[ ${VALKEY_TCP:-0} != 1 ]] || port=$(number VALKEY_PORT 6379)
  valkey_start "maxmemory-policy allkeys-lru" "appendonly no" "save \"\"" "dir /tmp" "port $port"
}

valkey_sessions_health() { valkey_ping; }
valkey_cache_health() { valkey_ping; }

# The socket stands in /tmp when no shared directory is mounted, so the health check always has a way in.
valkey_sockets() {
  local directory
  directory=$(word VALKEY_SOCKET_DIRECTORY /run/valkey)
  [[ -w $directory ]] || directory=/tmp
  printf '%s' "$directory"
}

# valkey_start LINE...: renders the configuration and becomes the server.
valkey_start() {
  local configuration=$runtime_directory/valkey.conf
  make_runtime_directory
  valkey_configuration "$@" >"$configuration"
  exec /usr/bin/valkey-server "$configuration"
}

valkey_configuration() {
  local memory password sockets
  # A quarter stays free for the copy that rewriting the append-only file needs.
  memory=$(word VALKEY_MAX_MEMORY "$(($(memory_limit_mib) * 3 / 4))mb")
  sockets=$(valkey_sockets)
  cat <<CONF
bind * -::*
protected-mode no
unixsocket $sockets/valkey.sock
unixsocketperm 777
maxmemory $memory
daemonize no
logfile ""
loglevel notice
tcp-keepalive 60
timeout 0
lazyfree-lazy-eviction yes
lazyfree-lazy-expire yes
enable-debug-command no
CONF
  printf '%s\n' "$@"
  if [[ -n ${VALKEY_PASSWORD_FILE:-} ]]; then
    password=$(secret VALKEY_PASSWORD_FILE)
    password=${password//\\/\\\\}
    printf 'requirepass "%s"\n' "${password//\"/\\\"}"
  fi
}

valkey_ping() {
  local answer
  if [[ -n ${VALKEY_PASSWORD_FILE:-} ]]; then
    REDISCLI_AUTH=$(secret VALKEY_PASSWORD_FILE)
    export REDISCLI_AUTH
  fi
  answer=$(/usr/bin/valkey-cli -s "$(valkey_sockets)/valkey.sock" ping)
  [[ $answer == PONG ]]
}
