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
    - A stable word for the failure, among them V(invalid), V(given_twice), V(conflict), V(forbidden), V(unreachable), V(failed) and
      V(timeout).
  returned: failure
  type: str
  sample: timeout
diagnosis:
  description: What pods and events say, when waiting failed.
  returned: when waiting failed
  type: list
  elements: str
  sample: ["Pod moodle-db-pooler-5d9f-x2: container pgbouncer waits: ImagePullBackOff"]
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.objects import (
    OBJECT_ARGUMENTS,
    carry_out,
    diff_of,
    plan,
    remove,
    wait_for,
    wait_gone,
)
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.pooler import PoolerPredicate, build_pooler
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.view import API
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import client_from
from ansible_collections.campus.moodle.plugins.module_utils._kube.wait import Ref
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

ARGUMENTS = {
    **OBJECT_ARGUMENTS,
    "name": {"type": "str", "required": True},
    "cluster": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "type": {"type": "str", "choices": ["rw", "ro", "r"], "default": "rw"},
    "instances": {"type": "int", "default": 1},
    "pool_mode": {"type": "str", "choices": ["session", "transaction"], "default": "session"},
    "parameters": {"type": "dict"},
    "paused": {"type": "bool", "default": False},
    "template": {"type": "dict"},
    "spec": {"type": "dict"},
    "wait": {"type": "str", "choices": ["none", "ready"], "default": "ready"},
}


def bring_about(module: AnsibleModule) -> dict[str, t.Any]:
    """Return the result of the state that is wanted."""
    params, client = module.params, client_from(module.params, os.environ)
    name, namespace, timeout = params["name"], params["namespace"], params["wait_timeout"]
    waits = params["wait"] != "none" and not module.check_mode
    ref, deployment = Ref(API, "Pooler", name, namespace), Ref("apps/v1", "Deployment", name, namespace)
    if params["state"] == "absent":
        live = client.get(*ref)
        change = remove(client, live, check_mode=module.check_mode)
        if waits and live is not None:
            wait_gone(client, ref, timeout=timeout)
        return {"changed": change.verb != "unchanged", "diff": diff_of(change)}
    wanted, options = build_pooler(params), {"force": params["force_conflicts"], "check_mode": module.check_mode}
    change = plan(client, wanted, **options)
    old = client.get(*deployment) if waits else None
    written = carry_out(client, wanted, change, **options)
    if waits:
        changed = written is not None
        wait_for(client, deployment, PoolerPredicate(params["instances"], old=old, changed=changed), timeout=timeout, changed=changed)
    connection = {"host": f"{name}.{namespace}.svc", "port": 5432}
    return {"changed": change.verb != "unchanged", "diff": diff_of(change), "connection": connection}


def main() -> None:
    """Bring the pooler into its state."""
    module = AnsibleModule(argument_spec=ARGUMENTS, required_if=[("state", "present", ["cluster"])], supports_check_mode=True)
    try:
        result = bring_about(module)
    except ToolError as error:
        module.fail_json(msg=str(error), **error.details)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
