# shellcheck shell=bash disable=SC1091
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# All that needs neither servers nor containers. Sanity first: its longest step runs beside everything else.

. "$TIERS/sanity.sh"
. "$TIERS/lint.sh"
. "$TIERS/unit.sh"
