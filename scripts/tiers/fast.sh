# shellcheck shell=bash disable=SC1091
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# All that needs neither servers nor containers.

. "$TIERS/sanity.sh"
. "$TIERS/lint.sh"
. "$TIERS/unit.sh"
