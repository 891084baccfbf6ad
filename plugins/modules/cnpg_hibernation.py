#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cnpg_hibernation
short_description: Put a CloudNativePG Cluster to sleep and wake it
version_added: 0.2.0
description:
  - Removes all pods of a Cluster and keeps its volumes, or brings the pods back.
  - The operator begins only when the cluster is healthy, and otherwise postpones the hibernation, possibly for ever. The module then fails
    with the reason instead of waiting silently.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_cnpg
  - campus.moodle._kube
  - campus.moodle._cnpg_action
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(hibernated) means that no pod runs. V(running) means that all instances are ready again.
    type: str
    choices: [hibernated, running]
    default: hibernated
seealso:
  - module: campus.moodle.cnpg_fencing
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Put the database of a course archive to sleep
  campus.moodle.cnpg_hibernation:
    cluster: moodle
    namespace: "{{ namespace }}"

- name: Wake it
  campus.moodle.cnpg_hibernation:
    cluster: moodle
    namespace: "{{ namespace }}"
    state: running
"""

RETURN = r"""
cluster:
  description: Phase, instances and primary of the Cluster. C(hibernation) is what is requested from the operator, V(on) or V(off).
  returned: success
  type: dict
  sample: {"name": "moodle", "phase": "Cluster in healthy state", "hibernation": "on", "ready_instances": 0}
error:
  description:
    - What kind of failure it was.
    - V(not_found) - there is no such Cluster. V(waiting_for_healthy) - the operator postpones the hibernation until the Cluster is
      healthy.
    - V(failed) - the Cluster was deleted, or the request taken back, meanwhile. V(timeout) - the operator was not through in time.
      V(conflict) - other clients changed the Cluster again and again.
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(invalid), V(unauthorized), V(unknown_kind) (CloudNativePG, or its plugin, is not installed),
      V(already_exists), V(throttled), V(too_large), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: waiting_for_healthy
diagnosis:
  description: What pods and events report, when the operator did not get there.
  returned: failure of waiting
  type: list
  elements: str
  sample: ["Pod moodle-1: container postgres waits: CrashLoopBackOff"]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import hibernation
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Put the cluster to sleep, or wake it."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **hibernation.ARGUMENTS}, supports_check_mode=True)
    conclude(
        module,
        lambda: hibernation.run(client_from(module.params, os.environ), module.params, check_mode=module.check_mode, warn=module.warn),
    )


if __name__ == "__main__":
    main()
