# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Reads what is on the machine and prints one JSON object; changes nothing. Arguments: the users to look up.
# One script in place of ten tasks, since an unchanged run should cost seconds.

export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# text STRING: the string as JSON.
text() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/\\t/g' | sed ':a;N;$!ba;s/\n/\\n/g')"; }
# truth COMMAND...: true or false as JSON.
truth() { if "$@" >/dev/null 2>&1; then printf true; else printf false; fi; }
list() { separator=''; for entry; do printf '%s' "$separator"; text "$entry"; separator=','; done; }

first_readable_line() { if [ -r "$1" ]; then head -n 1 "$1"; fi; }
in_group() { id -nG "$1" | tr ' ' '\n' | grep -qx docker; }

pid=$(first_readable_line /run/docker.pid)
info=$(docker info --format '{{.ServerVersion}} {{.ContainersRunning}} {{.LiveRestoreEnabled}} {{.Swarm.LocalNodeState}}' 2>/dev/null) || info=''
set_info() { version=${1:-}; containers=${2:-0}; live_restore=${3:-false}; swarm=${4:-inactive}; }
# shellcheck disable=SC2086  # four words; an unreachable engine gives none, or a line of blanks
set_info $info
[ -n "$version" ] || { containers=0; live_restore=false; }

compose=$(docker compose version --short 2>/dev/null) || compose=''
# The file with the proxies may hold a password: its hash is enough to see whether it has to be written.
sha256() { if [ -f "$1" ]; then sha256sum "$1" | cut -d' ' -f1; fi; }
daemon_json=''
if [ -r /etc/docker/daemon.json ]; then daemon_json=$(cat /etc/docker/daemon.json); fi

# A settings file that is not read as an object must not be overwritten; without Python there is no check.
valid_settings() {
  [ -z "$daemon_json" ] || ! command -v python3 >/dev/null \
    || printf '%s' "$daemon_json" | python3 -c 'import json, sys; sys.exit(not isinstance(json.load(sys.stdin), dict))'
}

# What tasks/configure.yml wrote and tasks/apply.yml has not brought into force yet.
unapplied=$(cat /run/campus-moodle-docker-engine.unapplied 2>/dev/null) || unapplied=''

# Started by the service manager, and so able to come back after a restart?
supervised() {
  if [ -d /run/systemd/system ]; then systemctl is-active --quiet docker.service; else [ -e /run/docker-ssd.pid ]; fi
}

missing='' members=''
for user; do
  if ! id "$user" >/dev/null 2>&1; then missing="$missing $user"; elif in_group "$user"; then members="$members $user"; fi
done

# shellcheck disable=SC2086  # lists of words
cat <<JSON
{
  "installed": $(truth command -v dockerd),
  "running": $(truth test -n "$version"),
  "version": $(text "$version"),
  "supervised": $(truth supervised),
  "pid": $(text "$pid"),
  "containers": $containers,
  "live_restore": $live_restore,
  "swarm": $(truth test "$swarm" = active),
  "compose": $(text "${compose#v}"),
  "plugin_sha256": $(text "$(sha256 /usr/local/lib/docker/cli-plugins/docker-compose)"),
  "proxies_sha256": $(text "$(sha256 /etc/docker/proxy.env)"),
  "drop_in": $(truth test -f /etc/systemd/system/docker.service.d/campus-moodle-proxy.conf),
  "enabled": $(truth systemctl is-enabled --quiet docker.service),
  "init_script": $(truth test -x /etc/init.d/docker),
  "configurable": $(truth test -d /etc/docker),
  "daemon_json": $(text "$daemon_json"),
  "daemon_json_valid": $(truth valid_settings),
  "unapplied": [$(list $unapplied)],
  "missing_users": [$(list $missing)],
  "members": [$(list $members)]
}
JSON
