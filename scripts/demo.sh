#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
#   demo.sh up      set this machine up and run the main job: a Moodle site in Docker Compose
#   demo.sh build   build the demo's images and deploy nothing
#   demo.sh down    remove the site; its data go only with CONFIRM=yes
#
# Which code it runs is decided by scripts/demo_payload.py, once: what was decided is kept beside the site's directory and goes with
# its data. DEMO_INVENTORY and DEMO_SITE name another inventory and the one site in it.
# The images stand on a bootstrapped Debian, also where a container registry is in reach: a registry's base would save a minute of
# the first build, needs the same packages on top, and makes images with other names.

set -euo pipefail

export MOODLE_REQUIREMENTS=demo
# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

INVENTORY=${DEMO_INVENTORY:-$REPOSITORY/inventories/compose}
SITE=${DEMO_SITE:-demo}
KEPT="/opt/moodle/$SITE-payload.json"
DEMO="$MOODLE_CACHE/demo"
BUILD_LOG="$MOODLE_CACHE/log/build.log"

# prepare PART [KEPT]: has a part of the machine set up, and writes the extra variables that name Moodle's code.
prepare() {
  mkdir -p "$DEMO"
  "$REPOSITORY/scripts/setup.sh" "$1"
  "$REPOSITORY/scripts/demo_payload.py" "$DEMO" "${@:2}" >"$DEMO/payload.json.new"
  mv "$DEMO/payload.json.new" "$DEMO/payload.json"
}

# Passes the image builder's own lines on, and of those of the programs that it runs one in ten seconds.
show_progress() {
  local line shown=-10
  while IFS= read -r line; do
    [[ $line == \[*s\]\ \ \ * && $((SECONDS - shown)) -lt 10 ]] && continue
    shown=$SECONDS
    printf '    %s\n' "$line" >&2
  done
}

# run PLAYBOOK [ARGUMENT...]: runs it with the chosen payload, and shows meanwhile what the image builder says, which Ansible keeps to
# itself.
run() {
  say "running playbooks/$1"
  mkdir -p "${BUILD_LOG%/*}"
  [ -e "$BUILD_LOG" ] || : >"$BUILD_LOG"
  tail -n 0 -F --pid=$$ "$BUILD_LOG" > >(show_progress) 2>/dev/null &
  # shellcheck disable=SC2064  # this process and no later one
  trap "kill $! 2>/dev/null || true" EXIT
  [ ! -t 1 ] || export ANSIBLE_FORCE_COLOR=true
  play -i "$INVENTORY" "$REPOSITORY/playbooks/$1" -e "@$DEMO/payload.json" "${@:2}" | tee "$DEMO/run.log"
}

up() {
  local engine
  prepare images "$KEPT"
  engine=$(engine_variables)
  as_root install -D -m 0644 "$DEMO/payload.json" "$KEPT"
  # The engine too, as in every run of site.yml.
  run site.yml -e "$engine"
  say "the demo runs; \`make demo-down\` removes it, and with CONFIRM=yes its data too"
  # What the role's last task shows, a word and what it means.
  grep -oE '"[A-Z][a-z]+ {2,}[^"]+' "$DEMO/run.log" | tr -d '"'
}

build() {
  prepare engine
  run build.yml
}

down() {
  local confirmation=()
  [ "${CONFIRM:-}" != yes ] || confirmation=(-e "moodle_destroy_data=$SITE")
  "$REPOSITORY/scripts/setup.sh" python
  play -i "$INVENTORY" "$REPOSITORY/playbooks/destroy.yml" "${confirmation[@]}"
  [ "${CONFIRM:-}" != yes ] || as_root rm -f "$KEPT"
}

case "${1:-}" in
  # All of them use the files in $DEMO.
  up | build | down) one_at_a_time demo "$1" ;;
  *) die "usage: demo.sh up|build|down" ;;
esac
