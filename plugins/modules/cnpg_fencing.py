#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cnpg_fencing
short_description: Fence instances of a CloudNativePG Cluster
version_added: 0.2.0
description:
  - Stops PostgreSQL in some or all instances of a Cluster while their pods and volumes stay, for an inspection or a copy of the files, and
    starts it again.
  - Fencing the primary stops the database, since there is no failover then. The module warns about that.
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
      - V(fenced) adds instances to those that are fenced, V(unfenced) takes some away. Other instances stay as they are.
    type: str
    choices: [fenced, unfenced]
    default: fenced
  instances:
    description:
      - Names of the instances, which are the names of their pods. Without it all instances are meant, also ones that are added later.
      - CloudNativePG cannot lift the fence of single instances while the whole cluster is fenced. That is refused.
    type: list
    elements: str
seealso:
  - module: campus.moodle.cnpg_hibernation
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Stop PostgreSQL in one replica, to examine its files
  campus.moodle.cnpg_fencing:
    cluster: moodle
    namespace: "{{ namespace }}"
    instances: [moodle-2]

- name: Let it run again
  campus.moodle.cnpg_fencing:
    cluster: moodle
    namespace: "{{ namespace }}"
    instances: [moodle-2]
    state: unfenced
"""

RETURN = r"""
fenced:
  description: Names of the fenced instances, or C(*) for all. In check mode what they would be.
  returned: success
  type: list
  elements: str
  sample: [moodle-2]
cluster:
  description: Phase, instances and primary of the Cluster.
  returned: success
  type: dict
  sample: {"name": "moodle", "phase": "Cluster in healthy state", "current_primary": "moodle-1", "ready_instances": 2}
error:
  description:
    - What kind of failure it was.
    - V(not_found) - there is no such Cluster. V(unknown_instance) - the Cluster has no such instance. V(all_fenced) - the Cluster is
      fenced as a whole, so single instances cannot be let out. V(handover) - the operator itself has fenced the Cluster.
    - V(timeout) - an instance did not stop, or run again, in time. V(conflict) - other clients changed the Cluster again and again.
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(invalid), V(unauthorized), V(unknown_kind) (CloudNativePG, or its plugin, is not installed),
      V(already_exists), V(throttled), V(too_large), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: all_fenced
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import fencing
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Fence instances, or lift their fence."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **fencing.ARGUMENTS}, supports_check_mode=True)
    conclude(
        module,
        lambda: fencing.run(client_from(module.params, os.environ), module.params, check_mode=module.check_mode, warn=module.warn),
    )


if __name__ == "__main__":
    main()
