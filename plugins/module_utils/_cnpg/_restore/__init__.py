# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The parts of a recovery.

source   where the data come from
target   up to which point it goes, and whether the source can reach it
object   the Cluster that requests it
drill    what a rehearsal does with the recovered Cluster
"""
