# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Sourced by every finding: a temporary folder, packages of exact versions in it, and the verdict at the end.
# Exit status: 0 the behaviour is as it was found, 1 it has changed, 2 it could not be tried.

set -euo pipefail

work=$(mktemp -d)
# Programs that refuse root run as another user, who must get in.
chmod 755 "$work"
changed=0
facts=0
started=()

finish() {
  local status=$? pid
  for pid in "${started[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
  if [ "$status" -ne 0 ] || [ "$facts" -eq 0 ]; then
    echo "result:   not tried to the end (status $status)"
    exit 2
  fi
  [ "$changed" -eq 0 ] || { echo 'result:   CHANGED'; exit 1; }
  echo 'result:   as found'
}
trap finish EXIT
# Else an interrupted finding would end as if it had come to its end.
trap 'exit 130' HUP INT TERM

cannot() { printf 'error: %s\n' "$*" >&2; exit 2; }

# need COMMAND...: what the machine must bring along.
need() {
  local command
  for command in "$@"; do
    command -v "$command" >/dev/null || cannot "$command is missing"
  done
}

expected() { printf 'expected: %s\n' "$*"; }

# with COMMAND...: the first line that a program says about its version.
with() { printf 'with:     %s\n' "$("$@" 2>&1 | sed -n 1p)"; }

# seen WHAT NOW FOUND: prints what is seen now, and notes a change where that is not what was found.
seen() {
  facts=$((facts + 1))
  printf 'seen:     %s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED:  found was: %s\n' "$3"; changed=1; }
}

# status_of COMMAND...: runs it, with its output in $work/output, and prints its exit status.
status_of() {
  local status=0
  "$@" >"$work/output" 2>&1 </dev/null || status=$?
  echo "$status"
}

# says PATTERN [FILE]: yes or no, whether a line of the output of status_of, or of the file, matches.
says() { if grep -qE -- "$1" "${2:-$work/output}"; then echo yes; else echo no; fi; }

# start NAME COMMAND...: runs it in the background, with its output in $work/NAME.log; its process is $started_pid.
start() {
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 </dev/null &
  started_pid=$!
  started+=("$started_pid")
}

# wait_for COMMAND...: until it succeeds, 30 seconds at most.
wait_for() {
  local tries
  for tries in {1..150}; do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  cannot "gave up after $tries tries: $*"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Before a command: it runs as a user without rights, where we are root.
unprivileged=()
if [ "$(id -u)" -eq 0 ]; then
  need setpriv
  # shellcheck disable=SC2034  # for the findings
  unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi

# folder NAME: makes a folder in $work for what runs unprivileged.
folder() {
  mkdir -p "$work/$1"
  [ "$(id -u)" -ne 0 ] || chown 65534:65534 "$work/$1"
}

# apt SUITE ARGUMENT...: apt-get with a state of its own, in which nothing is installed.
apt() {
  local state=$work/apt/$1
  shift
  apt-get -qq -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
    -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o APT::Sandbox::User="$(id -un)" -o APT::Install-Recommends=false -o Debug::NoLocking=1 "$@"
}

# debian SUITE PACKAGE=VERSION...: unpacks the packages and all that they depend on below $work/SUITE.
debian() {
  local suite=$1 state=$work/apt/$1 keys=/usr/share/keyrings/debian-archive-keyring.gpg mirror package
  shift
  need apt-get dpkg-deb
  [ -r "$keys" ] || cannot "the package debian-archive-keyring is missing"
  # Where the machine itself gets its packages from.
  mirror=${DEBIAN_MIRROR:-$(apt-get --print-uris update | sed -nE "s|^'(.+)/dists/[a-z]+/InRelease' .*|\1|p" | sed -n 1p)}
  [ -n "$mirror" ] || cannot "no Debian mirror is known: set DEBIAN_MIRROR"
  mkdir -p "$state"/lists/partial "$state"/cache/archives/partial "$work/$suite"
  : >"$state/status"
  printf 'deb [signed-by=%s target=Packages] %s %s main\n' "$keys" "$mirror" "$suite" >"$state/sources.list"
  apt "$suite" update || cannot "the package lists of $suite could not be fetched"
  apt "$suite" install --yes --download-only "$@" || cannot "$suite has no $* any more, or it could not be fetched"
  for package in "$state"/cache/archives/*.deb; do
    dpkg-deb --extract "$package" "$work/$suite"
  done
}

# own_libraries SUITE PROGRAM...: lets programs below $work/SUITE find the libraries there, whatever the machine has.
own_libraries() {
  local root=$work/$1 program loader
  shift
  loader=$(find "$root" -name ld-linux-x86-64.so.2 -type f)
  for program in "$@"; do
    mv "$root/$program" "$root/$program.elf"
    cat >"$root/$program" <<WRAPPER
#!/bin/sh
exec $loader --library-path $root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu $root/$program.elf "\$@"
WRAPPER
    chmod 755 "$root/$program"
  done
}

# python_packages PACKAGE==VERSION...: into an environment of its own, $work/python.
python_packages() {
  need python3
  python3 -m venv "$work/python"
  "$work/python/bin/pip" install --quiet --disable-pip-version-check "$@" || cannot "could not be installed from PyPI: $*"
}

# go_program PACKAGE@VERSION: builds it into $work/bin.
go_program() {
  need go
  GOBIN=$work/bin GOFLAGS="" CGO_ENABLED=0 go install "$1" 2>"$work/go.log" || { tail -5 "$work/go.log" >&2; cannot "$1 could not be built"; }
}
