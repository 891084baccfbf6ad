#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Builds one of the Go programs that neither Debian nor another registry has built, and prints the path of the binary.
#   go_build.sh NAME [OUTPUT]      (NAME: a row of the table below)
# The version and the hashes of everything that goes in are locked in tools/go/<name>/{go.mod,go.sum}. The result is
# static, stripped, kept as $MOODLE_CACHE/bin/<name>-<version>, and built only when that file is missing.
# OUTPUT gets a copy. A row without a package stands for files of a module: they are fetched, and their folder is printed.
# Exit status: 0 built or present, 1 no usable Go or the build failed, 2 bad usage.

set -euo pipefail

# name | module whose version counts | package to build | prefix of that version that the file name drops | linker flags, @ is the version
# Helm 3 takes the Kubernetes that it renders for without a server from a flag (its own releases: that of its libraries).
PROGRAMS='
mailhog|github.com/mailhog/MailHog|github.com/mailhog/MailHog|v|
kube-apiserver|k8s.io/kubernetes|k8s.io/kubernetes/cmd/kube-apiserver|v|-X k8s.io/component-base/version.gitVersion=@
helm3|helm.sh/helm/v3|helm.sh/helm/v3/cmd/helm|v|-X helm.sh/helm/v3/internal/version.version=@ -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=37
helm4|helm.sh/helm/v4|helm.sh/helm/v4/cmd/helm|v|-X helm.sh/helm/v4/internal/version.version=@
helm-diff|github.com/databus23/helm-diff/v3|github.com/databus23/helm-diff/v3|v|-X github.com/databus23/helm-diff/v3/cmd.Version=@
versitygw|github.com/versity/versitygw|github.com/versity/versitygw/cmd/versitygw|v|-X main.Version=@
cloudnative-pg|github.com/cloudnative-pg/cloudnative-pg||v|
'

PATIENCE=${GO_BUILD_PATIENCE:-20} # seconds between two lines of a long build

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $1"; exit "${2:-1}"; }

name=${1:-}
row=$(grep "^${name:-?}|" <<<"$PROGRAMS") || die "usage: go_build.sh $(cut -d '|' -sf 1 <<<"$PROGRAMS" | paste -sd '|') [OUTPUT]" 2
IFS='|' read -r _ module package dropped ldflags <<<"$row"

locked="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/tools/go/$name"
version=$(awk -v module="$module" '$1 == module { print $2 }' "$locked/go.mod")
needed=$(awk '$1 == "go" { print $2 }' "$locked/go.mod")
cache=${MOODLE_CACHE:-$HOME/.cache/campus.moodle}
binary=$cache/bin/$name-${version#"$dropped"}

# Dies with one sentence unless a Go of at least the version in go.mod is on the PATH.
require_go() {
  local advice="Go $needed or newer is needed to build $name (scripts/setup.sh go installs one)"
  command -v go >/dev/null || die "$advice, and there is no go command here"
  local found
  found=$(go env GOVERSION)
  found=${found#go}
  found=${found%% *}
  [ "$(printf '%s\n' "$needed" "$found" | sort -V | head -n 1)" = "$needed" ] \
    || die "$advice, and this one is $found (Debian 12's package golang-go is 1.19)"
}

# Runs go on what is locked. readonly: what is not locked is refused. local: no other Go is fetched behind our back.
locked_go() { (cd "$locked" && CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off GOTOOLCHAIN=local exec go "$@"); }

# watched COMMAND...: runs it, and says every so often how long it has taken; Go says nothing while it compiles.
watched() {
  local started=$SECONDS
  "$@" &
  process=$!
  while ! timeout "$PATIENCE" tail --pid="$process" -s 0.1 -f /dev/null; do
    say "  $name $version: $((SECONDS - started)) s"
  done
  wait "$process"
}

# Builds into a file beside the final one and renames it, so that a cut build never looks like a finished one.
build() {
  local partial started=$SECONDS
  partial=$(mktemp "$binary.XXXXXX")
  # shellcheck disable=SC2064  # the path is wanted as it is now, the process as it is then: Go, which would go on after an interrupt
  trap "rm -f '$partial'; kill \${process:-} 2>/dev/null" EXIT
  say "building $name $version from its Go module (minutes with an empty cache, then it is kept)"
  watched locked_go build -trimpath -buildvcs=false -ldflags "-s -w ${ldflags//@/$version}" -o "$partial" "$package" >&2 \
    || die "building $name $version failed; what Go said is above"
  chmod 0755 "$partial"
  mv "$partial" "$binary"
  trap - EXIT
  say "built $binary in $((SECONDS - started)) s"
}

if [ -z "$package" ]; then
  require_go
  locked_go mod download "$module" >&2 || die "fetching $module $version failed; what Go said is above"
  locked_go list -m -f '{{.Dir}}' "$module"
  exit
fi
if [ ! -x "$binary" ]; then
  require_go
  mkdir -p "$cache/bin" "$cache/locks"
  exec {lock}>"$cache/locks/$name"
  flock -n "$lock" || { say "waiting for another build of $name $version"; flock "$lock"; }
  [ -x "$binary" ] || build
fi
if [ $# -ge 2 ]; then
  install -D -m 0755 "$binary" "$2"
fi
printf '%s\n' "$binary"
