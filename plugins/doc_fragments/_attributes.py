# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

# Private to this collection: it may change or disappear in any release.

"""Attributes that the modules of this collection share."""

from __future__ import annotations


class ModuleDocFragment:
    """DOCUMENTATION is the part for every module; each other name is asked for explicitly."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what it would change, without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
  idempotent:
    description: A second run with the same input on the same machine reports no change.
    support: full
"""

    # Should be used together with the standard fragment by modules that only read.
    INFO = r"""
options: {}
attributes:
  diff_mode:
    support: N/A
    details:
      - Changes nothing.
"""

    # Should be used together with the standard fragment by modules that have an action plugin.
    ACTION = r"""
options: {}
attributes:
  action:
    description: Runs on the control node.
    support: full
"""

    # Should be used together with the standard fragment by the modules of an action group in meta/runtime.yml.
    ACTIONGROUP_MOODLE = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/campus.moodle.moodle) in C(module_defaults) to set defaults for all modules of the group.
    support: full
    membership:
      - campus.moodle.moodle
"""

    ACTIONGROUP_SITE = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/campus.moodle.site) in C(module_defaults) to set defaults for all modules of the group.
    support: full
    membership:
      - campus.moodle.site
"""

    ACTIONGROUP_HELM = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/campus.moodle.helm) in C(module_defaults) to set defaults for all modules of the group.
    support: full
    membership:
      - campus.moodle.helm
"""

    ACTIONGROUP_RESTIC = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/campus.moodle.restic) in C(module_defaults) to set defaults for all modules of the group.
    support: full
    membership:
      - campus.moodle.restic
"""

    ACTIONGROUP_CNPG = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/campus.moodle.cnpg) in C(module_defaults) to set defaults for all modules of the group.
    support: full
    membership:
      - campus.moodle.cnpg
"""

    ACTIONGROUP_KUBE = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/campus.moodle.kube) in C(module_defaults) to set defaults for all modules of the group.
    support: full
    membership:
      - campus.moodle.kube
"""
