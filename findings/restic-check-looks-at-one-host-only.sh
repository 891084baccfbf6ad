#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Since restic 0.19 `check` obeys RESTIC_HOST, which many set for their backups, and finds no errors in what it does not look at.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian trixie restic=0.18.0-1+b4
debian forky restic=0.19.1-1
export RESTIC_REPOSITORY=$work/repository RESTIC_PASSWORD=test RESTIC_CACHE_DIR=$work/cache
old=$work/trixie/usr/bin/restic new=$work/forky/usr/bin/restic

# The repository of another host, in which one byte of the data has rotted.
head -c 3000000 /dev/urandom >"$work/data"
"$old" init --quiet
"$old" backup --quiet --host school "$work/data"
pack=$(find "$work/repository/data" -type f -size +1M)
chmod u+w "$pack"
printf '\0\1\2\3' | dd of="$pack" bs=1 seek=100000 conv=notrunc status=none

with "$old" version
with "$new" version
expected 'RESTIC_HOST names the host of new snapshots; check reads the whole repository, or says that it found nothing to check'
seen '0.18.0, check --read-data, RESTIC_HOST=laptop, exit status' "$(RESTIC_HOST=laptop status_of "$old" check --read-data)" 1
seen '0.19.1, check --read-data, exit status' "$(status_of "$new" check --read-data)" 1
seen '0.19.1, check --read-data, RESTIC_HOST=laptop, exit status' "$(RESTIC_HOST=laptop status_of "$new" check --read-data)" 0
seen 'it says "no errors were found"' "$(says '^no errors were found$')" yes
seen 'it says what it read' "$(grep -oE '[0-9]+ packs$' "$work/output")" '0 packs'
