# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Sourced by every script here: the one place that says where things live.
# Everything that is downloaded or built goes below MOODLE_CACHE, keyed by what it was made from, never into the tree.

set -euo pipefail

# -P: the same checkout has one name, also when it is entered through the link below.
REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
MOODLE_CACHE=${MOODLE_CACHE:-$HOME/.cache/campus.moodle}
BIN="$MOODLE_CACHE/bin"
# What runs Ansible: all of requirements/dev.txt, or the little of it that `make demo` needs.
MOODLE_REQUIREMENTS=${MOODLE_REQUIREMENTS:-dev}
VENV="$MOODLE_CACHE/venv-$(sha256sum "$REPOSITORY/requirements/$MOODLE_REQUIREMENTS.txt" | cut -c1-12)"
# What the benchmark compares with, apart from what development needs.
BENCH_VENV="$MOODLE_CACHE/bench-$(sha256sum "$REPOSITORY/requirements/bench.txt" | cut -c1-12)"
# Ansible finds a collection by its path only, so the checkout is linked (or, for ansible-test, copied) into a
# tree of that shape; the key keeps two checkouts on one machine apart.
TREE="$MOODLE_CACHE/trees/$(printf '%s' "$REPOSITORY" | sha256sum | cut -c1-12)"
COLLECTIONS="$TREE/link"
COLLECTIONS_COPY="$TREE/copy"

export REPOSITORY MOODLE_CACHE BIN MOODLE_REQUIREMENTS VENV BENCH_VENV TREE COLLECTIONS COLLECTIONS_COPY
export PATH="$VENV/bin:$BIN/go/bin:$PATH"
export ANSIBLE_COLLECTIONS_PATH="$COLLECTIONS"
# What ansible-core 2.24 will do by default; templates that come from data must never be rendered.
export ANSIBLE_INJECT_FACT_VARS=false
export _ANSIBLE_TEMPLAR_UNTRUSTED_TEMPLATE_BEHAVIOR=error
export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOWS=1
export PIP_DISABLE_PIP_VERSION_CHECK=1
export LC_ALL=C.UTF-8
# Compiled Python is kept, below the cache and never in the tree, whatever the caller's environment says: without it each start of
# Ansible takes half a second longer.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$MOODLE_CACHE/pycache"
# The machine's own Python is taken, from this version on; none is fetched behind our back.
PYTHON_MINIMUM=3.11
export PYTHON_MINIMUM UV_PYTHON_PREFERENCE=system UV_PYTHON_DOWNLOADS=never

say() { printf '\n==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# as_root COMMAND...: system packages and the engine need root; sudo where we are not root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# one_at_a_time NAME COMMAND...: runs a command or function while no other script here runs one of that name. What it leaves running
# does not hold the lock.
one_at_a_time() {
  mkdir -p "$MOODLE_CACHE/locks"
  (flock 9 && "${@:2}" 9>&-) 9>"$MOODLE_CACHE/locks/$1"
}

# apt_install PACKAGE...: installs what is missing, asking the package index only then.
apt_install() { one_at_a_time apt install_missing "$@"; }
install_missing() {
  local installed missing=()
  # shellcheck disable=SC2016  # dpkg's own variables
  installed=$(dpkg-query -W -f '${Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^install ok installed //p') || true
  for package in "$@"; do
    grep -qx "$package" <<<"$installed" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || die "these packages are missing and this is no Debian machine: ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  as_root apt-get update -qq
  # sudo hands no variables on. A fresh machine may be busy with its own updates.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# need_uv: puts uv on the PATH, in an environment of its own where the machine has none.
need_uv() {
  command -v uv >/dev/null && return 0
  if [ ! -x "$MOODLE_CACHE/uv/bin/uv" ]; then
    python3 -m venv "$MOODLE_CACHE/uv"
    "$MOODLE_CACHE/uv/bin/pip" install -q uv==0.13.8
  fi
  PATH="$MOODLE_CACHE/uv/bin:$PATH"
}

# play ARGUMENT...: runs ansible-playbook. Where sudo wants a password, Ansible has to ask for it too.
play() {
  local ask=()
  [ "$(id -u)" -eq 0 ] || sudo -kn true 2>/dev/null || ask=(--ask-become-pass)
  ansible-playbook "${ask[@]}" "$@"
}

# compose_is_packaged OS_RELEASE: whether the role docker_engine knows a package of Compose v2 for that machine; its variables are the
# one place that says so.
compose_is_packaged() (
  # shellcheck source=/dev/null
  . "$1"
  cd "$REPOSITORY/roles/docker_engine/vars"
  grep -qs '^__docker_engine_distribution_compose:' "${ID^}.yml" "${ID^}_${VERSION_ID:-}.yml"
)

# engine_variables: prints the variables that the role docker_engine needs on this machine. Where there is no Compose v2, and no package
# of it either (Debian 12), the role gets the plugin as a file.
engine_variables() {
  local plugin
  if docker compose version >/dev/null 2>&1 || compose_is_packaged /etc/os-release; then
    printf '{}\n'
    return
  fi
  plugin=$("$REPOSITORY/scripts/program.sh" docker-compose) || die "Docker Compose v2 is missing: install it in another way and run this again, or mend the above"
  printf '{"docker_engine_compose_file": "%s"}\n' "$plugin"
}

# built_image site|services: the name of that image in what playbooks/build.yml printed, on standard input.
built_image() { sed -n "s/.*\"$1\": \"\(campus[^\"]*\)\".*/\1/p"; }
