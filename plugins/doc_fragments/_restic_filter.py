# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

# Private to this collection: it may change or disappear in any release.

"""The option filter of the restic modules; FILTER_ARGUMENT in plugins/module_utils/_restic/_snapshots.py is its argument_spec."""

from __future__ import annotations


class ModuleDocFragment:
    """Which snapshots of a repository are meant."""

    DOCUMENTATION = r"""
options:
  filter:
    description:
      - Which snapshots are meant. Without it all of the repository are.
      - An empty word is refused, since a variable without a value would select other snapshots than it seems to.
    type: dict
    suboptions:
      hosts:
        description: Snapshots of any of these hosts.
        type: list
        elements: str
        default: []
      tags:
        description: Snapshots that have all of these tags.
        type: list
        elements: str
        default: []
      paths:
        description: Snapshots that contain all of these paths, as absolute as they were backed up.
        type: list
        elements: str
        default: []
"""
