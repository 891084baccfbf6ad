#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# after.sh ROOT: adds the users of the images to a Debian root and takes out what no container needs.
set -eu

root=${1%/}

add_user() {
  grep -q "^$1:" "$root/etc/passwd" && return
  printf '%s:x:%s:\n' "$1" "$2" >>"$root/etc/group"
  printf '%s:x:%s:%s:%s:/nonexistent:/usr/sbin/nologin\n' "$1" "$2" "$2" "$3" >>"$root/etc/passwd"
}

add_user moodle 10001 "Moodle"
add_user campus 10002 "campus.moodle services"

rm -rf "$root/usr/sbin/policy-rc.d" \
  "$root"/usr/share/man/* "$root"/usr/share/locale/* "$root"/usr/share/info/* "$root"/usr/share/lintian \
  "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/lib/dpkg/*-old "$root"/var/cache/debconf/* \
  "$root"/var/log/*.log "$root"/var/log/apt "$root"/var/log/nginx/* "$root"/tmp/* "$root"/run/php "$root"/run/nginx*

# The licences stay, everything else that is documentation goes.
find "$root/usr/share/doc" -mindepth 1 -type f ! -name copyright -delete
find "$root/usr/share/doc" -mindepth 1 -type d -empty -delete

# PostgreSQL runs with jit=off: short queries do not repay a compiler, which is most of the package's size.
rm -rf "$root"/usr/lib/postgresql/*/lib/llvmjit.so "$root"/usr/lib/postgresql/*/lib/bitcode "$root"/usr/lib/*/libLLVM*.so* \
  "$root"/usr/lib/llvm-* "$root"/usr/lib/*/libz3.so*

# No set-user-id or set-group-id programs: the containers run with no-new-privileges anyway.
find "$root/usr" "$root/bin" "$root/sbin" -xdev -type f -perm /6000 -exec chmod ug-s {} +

# The machine that builds leaves no trace. In a running build step (root /) the engine has mounted its own files there.
[ -n "$root" ] || exit 0
: >"$root/etc/machine-id"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
