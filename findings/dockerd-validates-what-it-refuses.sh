#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# `dockerd --validate` calls settings OK with which the engine does not start.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need unshare
debian forky docker.io=28.5.2+dfsg4-5
own_libraries forky usr/sbin/dockerd
dockerd=$work/forky/usr/sbin/dockerd
# It looks for its proxy there.
export PATH=$work/forky/usr/sbin:$work/forky/usr/bin:$PATH
folder engine

validate() {
  echo "$1" >"$work/daemon.json"
  status_of "$dockerd" --validate --config-file "$work/daemon.json"
}

# starts SETTINGS: why the engine does not start, in namespaces of its own, without network and containerd.
starts() {
  echo "$1" >"$work/daemon.json"
  # shellcheck disable=SC2016  # for the shell inside
  "${unprivileged[@]}" unshare --user --map-root-user --mount --net sh -c 'mount -t tmpfs none /run && exec "$@"' sh \
    timeout 60 "$dockerd" --config-file "$work/daemon.json" --data-root "$work/engine/data" --exec-root "$work/engine/exec" \
    --pidfile "$work/engine/pid" --host "unix://$work/engine/socket" --group 0 --bridge=none --iptables=false --ip6tables=false \
    --containerd "$work/engine/containerd" 2>&1 | sed -n 's/^failed to start daemon: //p'
}

# accepted WHAT SETTINGS REASON
accepted() {
  seen "$1: validate, exit status" "$(validate "$2")" 0
  seen 'it says "configuration OK"' "$(says '^configuration OK$')" yes
  seen 'start' "$(starts "$2")" "$3"
}

with "$dockerd" --version
expected 'what passes the check starts, as with nginx -t or sshd -t'
seen 'an option that no dockerd knows: validate, exit status' "$(validate '{"log-drivers": "local"}')" 1
accepted 'another log driver, an option of the former one' '{"log-driver": "local", "log-opts": {"labels": "site"}}' \
  "failed to set log opts: failed to set log opts: unknown log opt 'labels' for log driver local"
accepted 'a runtime that is not there' '{"default-runtime": "gpu"}' "specified default runtime 'gpu' does not exist"
accepted 'a storage driver that is not there' '{"storage-driver": "overlay3"}' \
  'error initializing graphdriver: driver not supported: overlay3'
