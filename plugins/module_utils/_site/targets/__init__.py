# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The platforms that a site can run on.

target   what a target has to say of itself
table    all of them, a line each
compose  Docker Compose on one machine, with its rooms _compose_options, _compose_rules, _compose_sizes and _compose_claims
"""
