#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Prints medians and ratios, ours beside the usual Apache set-up, measured in one run. Page figures need real Moodle (MOODLE_SOURCE).

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

"$REPOSITORY/scripts/setup.sh" engine mailhog
apt_install wrk
cd "$COLLECTIONS/ansible_collections/campus/moodle"
PYTHONPATH="$COLLECTIONS" python tests/bench/run.py "$@"
