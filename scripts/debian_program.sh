#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Takes one program out of a Debian package, installing nothing, and prints its path.
#   debian_program.sh NAME [OUTPUT]      (NAME: a row of the table below)
# It is kept as $MOODLE_CACHE/bin/<name>-<version>, and fetched only where no version of its row is there. OUTPUT gets a copy.
# apt verifies the package by the archive's signature, with lists and a cache of its own: the machine's sources and packages
# stay as they are. The mirror is MOODLE_DEBIAN_MIRROR, or the one of the machine's own sources, or the usual one.
# Exit status: 0 fetched or present, 1 it cannot be had or does not run here, 2 bad usage.

set -euo pipefail

# name | package | path in the package | arguments that show the version | suite=version, the first that the archive has
# A version stands for its rebuilds (+b4) and for its updates within a release (+deb13u1) too. What is pinned of a suite that
# is not released yet goes when the suite moves on, so such a row ends with the version of a released one.
PROGRAMS='
docker-compose|docker-compose|usr/libexec/docker/cli-plugins/docker-compose|version|trixie=2.26.1-4
etcd|etcd-server|usr/bin/etcd|--version|forky=3.5.30-2 trixie=3.5.16-4
registry|docker-registry|usr/bin/docker-registry|--version|trixie=2.8.3+ds1-2
restic|restic|usr/bin/restic|version|forky=0.19.1-1 trixie=0.18.0-1
rest-server|restic-rest-server|usr/bin/restic-rest-server|--version|forky=0.14.0-1 trixie=0.13.0-2
'
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $1"; exit "${2:-1}"; }

name=${1:-}
row=$(awk -F '|' -v name="${name:-?}" '$1 == name' <<<"$PROGRAMS")
[ -n "$row" ] || die "usage: debian_program.sh $(cut -d '|' -sf 1 <<<"$PROGRAMS" | paste -sd '|') [OUTPUT]" 2
IFS='|' read -r _ package path arguments pins <<<"$row"
cache=${MOODLE_CACHE:-$HOME/.cache/campus.moodle}

# present: finds the first version of the row that is in the cache.
present() {
  local pin
  for pin in $pins; do
    program="$cache/bin/$name-${pin#*=}"
    [ ! -x "$program" ] || return 0
  done
  return 1
}

# machine_mirror: prints where this machine gets Debian from; nothing where apt has no lists, or the machine is no Debian.
machine_mirror() {
  # shellcheck disable=SC2016  # apt's own variables
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Identifier: Packages' | sed -n '/ cdrom:/d; s/^Debian Debian //p' | sed -n 1p
}

# usual_mirror: prints what mmdebstrap, which the images are made with, says that it takes when it is told nothing.
usual_mirror() { sed -n 's/^If no .*MIRROR.* L<\(http[^>]*\)> is used.*/\1/p' "$(command -v mmdebstrap)" 2>/dev/null || true; }

# Dies with one sentence unless packages can be asked for and verified.
require_apt() {
  command -v apt-get >/dev/null || die "$name is taken from a Debian package, and this machine has no apt"
  [ -r "$KEYRING" ] || die "$KEYRING is missing, which verifies Debian's packages: install debian-archive-keyring"
  mirror=${MOODLE_DEBIAN_MIRROR:-$(machine_mirror)}
  mirror=${mirror:-$(usual_mirror)}
  [ -n "$mirror" ] || die "no Debian mirror is known on this machine: name one in MOODLE_DEBIAN_MIRROR"
}

# enter SUITE: from here on apt sees that suite alone. What the machine sets besides, such as a proxy, stays in force.
enter() {
  state="$cache/apt/$1"
  mkdir -p "$state"/{lists,archives}/partial
  cat >"$state/debian.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: $1
Components: main
Targets: Packages
Architectures: $(dpkg --print-architecture)
Signed-By: $KEYRING
SOURCES
  cat >"$state/apt.conf" <<SETTINGS
Dir::Etc::SourceList "$state/debian.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Status "/dev/null";
Dir::State::Lists "$state/lists";
Dir::Cache "$state";
Dir::Cache::Archives "archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "$(id -un)";
#clear APT::Update;
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
SETTINGS
}

read_lists() { apt-get -c "$state/apt.conf" update -qq --error-on=any >&2; }

versions() { apt-cache -c "$state/apt.conf" madison "$package" | cut -d '|' -f 2 | tr -d ' '; }

# download VERSION: fetches the package into the scratch folder, in that version or a rebuild or update of it.
download() {
  local exact
  exact=$(versions | awk -v pinned="$1" '!found && ($0 == pinned || index($0, pinned "+") == 1) { found = $0 } END { print found }')
  [ -n "$exact" ] && (cd "$scratch" && apt-get -c "$state/apt.conf" download -qq "$package=$exact") >&2
}

# take SUITE VERSION: lists that were read some time ago may lack a version or name one that is gone, so they are read again first.
take() {
  enter "$1"
  download "$2" && return 0
  say "reading the package lists of Debian $1"
  if ! read_lists; then
    reason="the lists of $1 could not be read"
  elif download "$2"; then
    return 0
  else
    reason="$1 has $(versions | paste -sd ' ' | grep . || printf none), not $2"
  fi
  say "$package: $reason"
  reasons+=${reasons:+; }$reason
  return 1
}

# keep: unpacks the program, runs it, and only then moves it to its place.
keep() {
  local archive said
  archive=$(basename "$scratch"/*.deb)
  dpkg-deb --fsys-tarfile "$scratch/$archive" | tar -xO "./$path" >"$scratch/program" || die "$archive has no file $path"
  chmod 0755 "$scratch/program"
  # shellcheck disable=SC2086  # several words
  said=$("$scratch/program" $arguments 2>&1) || die "$name of $archive does not run on this machine: ${said##*$'\n'}"
  mv "$scratch/program" "$program"
  say "took $program out of $archive, which apt verified"
}

# fetch: brings the program from the first suite that has it.
fetch() {
  local pin lock reason reasons=''
  mkdir -p "$cache/bin" "$cache/apt"
  exec {lock}>"$cache/apt/lock"
  flock "$lock" # apt refuses to work twice at a time on the same lists
  ! present || return 0
  require_apt
  # One name for it, so that what a run left that was ended on the spot goes with the next.
  scratch="$cache/apt/scratch"
  trap 'rm -rf "$scratch"' EXIT
  rm -rf "$scratch"
  mkdir "$scratch"
  for pin in $pins; do
    take "${pin%%=*}" "${pin#*=}" || continue
    program="$cache/bin/$name-${pin#*=}"
    keep
    return
  done
  die "$package cannot be had from $mirror ($reasons). A newer checkout may name another version; MOODLE_DEBIAN_MIRROR names another mirror"
}

present || fetch
if [ $# -ge 2 ]; then
  install -D -m 0755 "$program" "$2"
fi
printf '%s\n' "$program"
