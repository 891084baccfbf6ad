#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# `restic forget --prune` of 0.18.0 (Debian 13) deletes the data of snapshots that it could not remove, and ends with 0.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian trixie restic=0.18.0-1+b4
debian forky restic=0.19.1-1

export RESTIC_PASSWORD=test

# repository NAME RESTIC: two snapshots, in a place where none can be deleted, as where the storage has a rule of retention.
repository() {
  local day
  folder "$1"
  export RESTIC_REPOSITORY=$work/$1/repository RESTIC_CACHE_DIR=$work/$1/cache
  "${unprivileged[@]}" "$2" init --quiet
  for day in monday tuesday; do
    head -c 2000000 /dev/urandom >"$work/data"
    "${unprivileged[@]}" "$2" backup --quiet --host school --tag "$day" "$work/data"
  done
  "${unprivileged[@]}" chmod a-w "$RESTIC_REPOSITORY/snapshots"
}

forget() { status_of "${unprivileged[@]}" "$1" forget --keep-last 1 --group-by host --prune; }
restore() { status_of "${unprivileged[@]}" "$1" restore latest --tag "$2" --target "$RESTIC_REPOSITORY.$2"; }

restic=$work/trixie/usr/bin/restic
with "$restic" version
expected 'a snapshot that stays keeps its data, and the exit status says that something went wrong'
repository old "$restic"
seen '0.18.0, forget --keep-last 1 --prune, exit status' "$(forget "$restic")" 0
seen 'it says that the snapshot could not be removed' "$(says '^unable to remove snapshot/')" yes
seen 'it says "1 snapshots have been removed, running prune"' "$(says '^1 snapshots have been removed, running prune$')" yes
seen 'snapshots in the list' "$("${unprivileged[@]}" "$restic" snapshots --json | grep -o '"short_id"' | wc -l)" 2
seen 'restoring the newer one, exit status' "$(restore "$restic" tuesday)" 0
seen 'restoring the older one, exit status' "$(restore "$restic" monday)" 1

restic=$work/forky/usr/bin/restic
with "$restic" version
repository new "$restic"
seen '0.19.1, forget --keep-last 1 --prune, exit status' "$(forget "$restic")" 3
seen 'restoring the older one, exit status' "$(restore "$restic" monday)" 0
