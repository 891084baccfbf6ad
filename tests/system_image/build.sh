#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Bootstraps container images of a Debian machine that boots with systemd, for tests, where no registry can be reached.
#   build.sh [bookworm] [trixie]      (default: both)
# Result: local.test/campus-moodle/systemd:<suite> in the local engine, with the host's own package sources, APT
# settings and certificate authorities inside, so that APT in the container reaches what APT on the host reaches.
# An image that was made from this very file and these very settings is left alone. Needs mmdebstrap, docker and root
# (or user namespaces). Exit status: 0 all images are there, 1 otherwise.

# The single-quoted $1 below belong to mmdebstrap's hooks, not to this shell.
# shellcheck disable=SC2016

set -euo pipefail

REPOSITORY_NAME=local.test/campus-moodle/systemd
# What a Debian server has and a minimal bootstrap lacks; busybox serves as the smallest image a nested engine can run.
PACKAGES=systemd,systemd-sysv,dbus,python3,python3-apt,sudo,iproute2,procps,ca-certificates,busybox-static,apt-utils

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Prints the address that a Debian host has for a suite of its own release, or nothing: mirror "" | mirror -security
mirror() {
  (
    # shellcheck source=/dev/null
    . /etc/os-release
    [ "${ID:-}" != debian ] || apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/$VERSION_CODENAME$1/InRelease'.*|\1|p" | head -n 1
  )
}

# Prints the sources.list of a suite: sources SUITE. Where the host is no Debian, mmdebstrap's own default is used.
sources() {
  local main security
  main=$(mirror "")
  security=$(mirror -security)
  [ -z "$main" ] || printf 'deb %s %s main\ndeb %s %s-updates main\n' "$main" "$1" "$main" "$1"
  [ -z "$security" ] || printf 'deb %s %s-security main\n' "$security" "$1"
}

# Prints the host's APT settings that decide how an archive is reached.
apt_settings() {
  apt-config dump | grep -E '^Acquire::(https?::|Check-)' | grep -v '""' || [ $? -eq 1 ]
}

# build SUITE: bootstraps and imports one image.
build() {
  local suite=$1 image="$REPOSITORY_NAME:$1" made_from started=$SECONDS
  sources "$suite" >"$work/sources"
  local source_file=()
  [ ! -s "$work/sources" ] || source_file=("$work/sources")
  made_from=$(cat "${BASH_SOURCE[0]}" "$work/sources" "$work/apt.conf" | sha256sum | cut -c1-16)
  if [ "$(docker image inspect --format '{{index .Config.Labels "made-from"}}' "$image" 2>/dev/null)" = "$made_from" ]; then
    say "$image is there"
    return 0
  fi
  say "bootstrapping $image (about a minute)"
  # getty, the mounts and the kernel modules below cannot work in a container and would leave systemd "degraded".
  mmdebstrap --quiet --variant=minbase --include="$PACKAGES" --aptopt="$work/apt.conf" \
    --customize-hook="mkdir -p \"\$1/usr/local/share/ca-certificates\"" \
    --customize-hook="sync-in $work/ca /usr/local/share/ca-certificates" \
    --customize-hook='chroot "$1" update-ca-certificates >/dev/null' \
    --customize-hook='chroot "$1" systemctl --quiet mask getty.target console-getty.service dev-hugepages.mount sys-fs-fuse-connections.mount systemd-logind.service systemd-modules-load.service' \
    --customize-hook='chroot "$1" systemctl --quiet set-default multi-user.target' \
    --customize-hook='rm -f "$1/etc/machine-id" && : >"$1/etc/machine-id"' \
    --format=tar "$suite" "$work/root.tar" "${source_file[@]}" \
    || die "bootstrapping Debian $suite failed; what mmdebstrap said is above"
  docker import --change 'CMD ["/sbin/init"]' --change 'ENV container=docker' \
    --change "LABEL made-from=$made_from" "$work/root.tar" "$image" >/dev/null
  rm -f "$work/root.tar"
  say "made $image in $((SECONDS - started)) s"
}

for tool in mmdebstrap docker apt-config; do
  command -v "$tool" >/dev/null || die "$tool is needed to make the test images, and it is not installed here"
done
docker version >/dev/null 2>&1 || die "no Docker engine answers here, so the test images cannot be imported"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
apt_settings >"$work/apt.conf"
mkdir "$work/ca"
find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "$work/ca/" \; 2>/dev/null

[ $# -gt 0 ] || set -- bookworm trixie
for suite; do
  case $suite in
    bookworm | trixie) build "$suite" ;;
    *) die "there is no test image for '$suite'; bookworm and trixie are known" ;;
  esac
done
