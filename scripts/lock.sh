#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Renews requirements/*.txt from requirements/*.in, for every Python from PYTHON_MINIMUM on and every platform.
#   lock.sh [OPTION...]     (of `uv pip compile`; default: --upgrade)

set -euo pipefail

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

[ $# -gt 0 ] || set -- --upgrade
need_uv
cd "$REPOSITORY/requirements"
# demo after dev, whose versions it takes.
for name in dev demo bench; do
  uv pip compile -q "$@" --universal --python-version "$PYTHON_MINIMUM" --generate-hashes --no-annotate --no-header "$name.in" -o "$name.txt"
done
