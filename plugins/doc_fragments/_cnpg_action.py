# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

# Private to this collection: it may change or disappear in any release.

"""Options of the modules that do something with an existing Cluster of CloudNativePG."""

from __future__ import annotations


class ModuleDocFragment:
    """DOCUMENTATION is the counterpart of ACTION_ARGUMENTS in plugins/module_utils/_cnpg/_objects.py."""

    DOCUMENTATION = r"""
options:
  cluster:
    description: Name of the Cluster.
    type: str
    required: true
  namespace:
    description: Namespace of the Cluster.
    type: str
    required: true
  wait:
    description: Whether to wait until the operator has done what is requested. Without it only the request is made.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait for the operator at most.
      - When they are over the module fails with the operator's last words, warnings of pods and events. What was changed stays changed.
    type: int
    default: 900
requirements:
  - CloudNativePG 1.27 or newer in the cluster.
"""
