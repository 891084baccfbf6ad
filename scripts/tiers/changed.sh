# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# The tiers whose files differ from the main branch.

for tier in $(scripts/changed_tiers.py); do
  say "changed: $tier"
  # shellcheck source=/dev/null
  . "$TIERS/$tier.sh"
done
