#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Between Docker Compose 2.26 (Debian 13) and 2.40 (Debian testing) the hash that decides whether `up` replaces a container has
# changed for each service with depends_on, and for no other.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian trixie docker-compose=2.26.1-4
debian forky docker-compose=2.40.3-3
plugin=usr/libexec/docker/cli-plugins/docker-compose
own_libraries trixie "$plugin"
own_libraries forky "$plugin"
cat >"$work/compose.yml" <<'COMPOSE'
name: site
services:
  database:
    image: postgres:17
    volumes: [data:/var/lib/postgresql]
    healthcheck: {test: [CMD, pg_isready], interval: 5s}
    restart: unless-stopped
  cache:
    image: valkey:9
    ports: ["127.0.0.1:6379:6379"]
    environment: {EXAMPLE: "1"}
  web:
    image: nginx:1.30
    depends_on: {database: {condition: service_healthy}}
  worker:
    image: nginx:1.30
volumes: {data: {}}
COMPOSE

# hash SUITE SERVICE: needs no engine.
hash() { "$work/$1/$plugin" --file "$work/compose.yml" config --hash "$2" | cut -d ' ' -f 2; }
same() { if [ "$1" = "$2" ]; then echo same; else echo other; fi; }

with "$work/trixie/$plugin" version
with "$work/forky/$plugin" version
expected 'the same file gives the same hash, so a newer Compose leaves running containers alone; or a new form changes all of them'
for service in database cache worker; do
  seen "$service, hash of 2.40.3 beside 2.26.1" "$(same "$(hash trixie "$service")" "$(hash forky "$service")")" same
done
seen 'web, which has depends_on' "$(same "$(hash trixie web)" "$(hash forky web)")" other
seen '2.40.3: web beside worker, which differ in depends_on alone' "$(same "$(hash forky web)" "$(hash forky worker)")" same
