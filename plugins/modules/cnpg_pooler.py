#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cnpg_pooler
short_description: Manage a connection pooler of a CloudNativePG cluster
version_added: 0.2.0
description:
  - Creates, changes, pauses and deletes a Pooler, which is PgBouncer in front of a PostgreSQL cluster.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_cnpg
  - campus.moodle._kube
  - campus.moodle._cnpg
  - campus.moodle._cnpg.object
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  name:
    description: Name of the pooler. Clients reach it as a service of this name.
    type: str
    required: true
  cluster:
    description: Name of the cluster, in the same namespace. Required with O(state=present).
    type: str
  state:
    description: Whether the pooler is there.
    type: str
    choices: [present, absent]
    default: present
  type:
    description: Which instances it leads to, the primary (V(rw)), the replicas (V(ro)), or any (V(r)).
    type: str
    choices: [rw, ro, r]
    default: rw
  instances:
    description: Number of pods.
    type: int
    default: 1
  pool_mode:
    description: When a connection to the server can serve another client.
    type: str
    choices: [session, transaction]
    default: session
  parameters:
    description: Settings of PgBouncer. Booleans become C(on) and C(off).
    type: dict
  paused:
    description: Whether clients wait instead of being served, for instance during a switchover.
    type: bool
    default: false
  template:
    description: Template of the pods, as in C(spec.template) of the Pooler.
    type: dict
  spec:
    description: Everything else, as in C(spec) of the Pooler. A field that is given twice with different values is an error.
    type: dict
  wait:
    description: V(ready) waits until all pods run with the change, or until the pooler is gone.
    type: str
    choices: [none, ready]
    default: ready
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Two poolers in front of the primary
  campus.moodle.cnpg_pooler:
    name: moodle-db-pooler
    namespace: "{{ namespace }}"
    cluster: moodle-db
    instances: 2
    pool_mode: transaction
    parameters:
      max_client_conn: 1000
      default_pool_size: 20
    wait: "{{ wait }}"

- name: Hold clients back
  campus.moodle.cnpg_pooler:
    name: moodle-db-pooler
    namespace: "{{ namespace }}"
    cluster: moodle-db
    instances: 2
    pool_mode: transaction
    parameters:
      max_client_conn: 1000
      default_pool_size: 20
    paused: true
    wait: "{{ wait }}"

- name: Delete the poolers
  campus.moodle.cnpg_pooler:
    name: moodle-db-pooler
    namespace: "{{ namespace }}"
    state: absent
    wait: "{{ wait }}"
"""

RETURN = r"""
connection:
  description: How to reach the pooler.
  returned: success, except with O(state=absent)
  type: dict
  sample: {"host": "moodle-db-pooler.physics.svc", "port": 5432}
error:
  description:
    - What kind of failure it was.
    - V(given_twice) - a field has two different values. V(not_found) - there is no such namespace. V(conflict) - another field manager
      has the field.
    - V(failed) - what was waited for cannot come any more. V(timeout) - it did not come in time. The details are in RV(diagnosis).
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(invalid), V(unauthorized), V(unknown_kind) (CloudNativePG, or its plugin, is not installed),
      V(already_exists), V(throttled), V(too_large), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: timeout
diagnosis:
  description: What pods and events report, when waiting failed.
  returned: when waiting failed
  type: list
  elements: str
  sample: ["Pod moodle-db-pooler-5d9f-x2: container pgbouncer waits: ImagePullBackOff"]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import pooler
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Bring the pooler into its state."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **pooler.ARGUMENTS}, supports_check_mode=True, **pooler.RULES)
    conclude(
        module,
        lambda: pooler.run(client_from(module.params, os.environ), module.params, check_mode=module.check_mode, warn=module.warn),
    )


if __name__ == "__main__":
    main()
