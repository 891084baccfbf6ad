# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

# Private to this collection: it may change or disappear in any release.

"""Options that the modules for objects of CloudNativePG share."""

from __future__ import annotations


class ModuleDocFragment:
    """OBJECT is for every module that applies an object, DOCUMENTATION for those that also wait for the operator.

    Their counterparts are PLAIN_ARGUMENTS and, for both together, OBJECT_ARGUMENTS in plugins/module_utils/_cnpg/_objects.py.
    """

    DOCUMENTATION = r"""
options:
  wait_timeout:
    description:
      - Seconds to wait for the operator at most.
      - When they are over the module fails with the operator's last words, warnings of pods and events. What was changed stays changed.
    type: int
    default: 900
"""

    OBJECT = r"""
options:
  namespace:
    description: Namespace of the object. It must exist.
    type: str
    required: true
  force_conflicts:
    description:
      - Take over fields that another field manager set to other values, for example C(kubectl) or a GitOps controller.
      - Without it such a field is an error that names the field and the manager.
    type: bool
    default: false
requirements:
  - CloudNativePG 1.27 or newer in the cluster. Fields are checked against the definitions that are installed there.
"""
