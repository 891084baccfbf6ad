#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
#   demo.sh up      set this machine up and run the main job: a Moodle site in Docker Compose
#   demo.sh build   build the demo's images and deploy nothing
#   demo.sh down    remove the site; its data go only with CONFIRM=yes
#
# Real Moodle is used where it can be had, in this order: MOODLE_SOURCE (an archive or a directory), an official archive in
# the cache, the official download. Otherwise the rehearsal payload runs, and the last lines say so.

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

BRANCH=${MOODLE_BRANCH:-4.5}
INVENTORY="$REPOSITORY/inventories/compose"
DEMO="$MOODLE_CACHE/demo"

# payload: prints the extra variables, as JSON, that name Moodle's code.
payload() {
  if [ -n "${MOODLE_SOURCE:-}" ]; then
    printf '{"moodle_source": "%s", "moodle_archive_sha256": "%s"}' "$(realpath "$MOODLE_SOURCE")" "${MOODLE_SOURCE_SHA256:-}"
  elif curl -fsI --max-time 5 https://download.moodle.org/ >/dev/null 2>&1; then
    printf '{}'
  else
    "$REPOSITORY/tests/rehearsal/pack.py" --branch "$BRANCH" --release "$BRANCH.1" --output "$DEMO" \
      | python3 -c 'import json, sys; p = json.load(sys.stdin); print(json.dumps({"moodle_source": p["path"], "moodle_archive_sha256": p["sha256"]}))'
  fi
}

# with_payload PLAYBOOK: runs a playbook of the collection on the demo's inventory, with the machine prepared for it.
with_payload() {
  mkdir -p "$DEMO"
  "$REPOSITORY/scripts/setup.sh" engine mailhog
  payload > "$DEMO/payload.json"
  say "running playbooks/$1"
  ansible-playbook -i "$INVENTORY" "$REPOSITORY/playbooks/$1" --skip-tags docker_engine -e "@$DEMO/payload.json"
}

up() { with_payload site.yml; }

build() { with_payload build.yml; }

down() {
  local confirmation=()
  [ "${CONFIRM:-}" = yes ] && confirmation=(-e moodle_destroy_data=demo)
  ansible-playbook -i "$INVENTORY" "$REPOSITORY/playbooks/destroy.yml" "${confirmation[@]}"
}

case "${1:-}" in
  up | build | down) "$1" ;;
  *) die "usage: demo.sh up|build|down" ;;
esac
