# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# What every service needs: errors, checked environment values, secrets, a private place for rendered configuration.

# Rendered configuration can hold passwords, so it lives on a tmpfs, readable by the service's own user only.
runtime_directory=${CAMPUS_RUNTIME_DIRECTORY:-/tmp/campus-services}

# fail SENTENCE [EXIT_STATUS=2]
fail() {
  printf 'campus-services: %s\n' "$1" >&2
  exit "${2:-2}"
}

note() {
  printf 'campus-services: %s\n' "$1" >&2
}

make_runtime_directory() {
  umask 077
  mkdir -p -- "$runtime_directory"
}

# need NAME: the value of an environment variable that must be there.
need() {
  [[ -n ${!1:-} ]] || fail "the environment variable $1 is empty or missing"
  printf '%s' "${!1}"
}

# number NAME DEFAULT: a positive whole number from the environment.
number() {
  local value=${!1:-$2}
  [[ $value =~ ^[1-9][0-9]*$ ]] || fail "$1 must be a positive whole number, not '$value'"
  printf '%s' "$value"
}

# word NAME DEFAULT: a value that is safe to place in a configuration file.
word() {
  local value=${!1:-$2}
  [[ $value =~ ^[A-Za-z0-9_./:@,%+-]*$ ]] || fail "$1 contains a character that is not allowed: '$value'"
  printf '%s' "$value"
}

# secret NAME: the content of the file that NAME points to, without the line end. Never prints it on an error.
secret() {
  local file value
  file=$(need "$1")
  [[ -r $file ]] || fail "the secret file $file (from $1) cannot be read by uid $(id -u)"
  value=$(<"$file")
  [[ -n $value ]] || fail "the secret file $file (from $1) is empty"
  [[ $value != *$'\n'* ]] || fail "the secret file $file (from $1) has more than one line"
  printf '%s' "$value"
}

# The memory limit of this container in MiB, from cgroup v2 or v1; the machine's memory where no limit is set.
memory_limit_mib() {
  local file value='' machine
  machine=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
  for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    if [[ -r $file ]]; then
      value=$(<"$file")
      break
    fi
  done
  if [[ $value =~ ^[0-9]+$ ]] && ((value / 1048576 < machine)); then
    printf '%s' "$((value / 1048576))"
  else
    printf '%s' "$machine"
  fi
}

# http_status PORT PATH: the status code of a GET on the loopback address; needs no other program.
http_status() {
  local connection line
  exec {connection}<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&"$connection"
  IFS=' ' read -r -t 3 _ line _ <&"$connection" || return 1
  exec {connection}>&-
  printf '%s' "$line"
}
