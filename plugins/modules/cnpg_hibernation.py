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
  - The operator begins only when the cluster is healthy, and otherwise puts the hibernation off, possibly for ever. The module then fails
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
  description: Phase, instances and primary of the Cluster. C(hibernation) is what is asked of the operator, V(on) or V(off).
  returned: success
  type: dict
  sample: {"name": "moodle", "phase": "Cluster in healthy state", "hibernation": "on", "ready_instances": 0}
error:
  description:
    - What went wrong, as one word. V(not_found), V(waiting_for_healthy), V(failed), V(conflict), V(timeout), or an error of the API server
      such as V(forbidden) or V(unreachable).
  returned: failure
  type: str
  sample: waiting_for_healthy
diagnosis:
  description: What pods and events say, when the operator did not get there.
  returned: failure of waiting
  type: list
  elements: str
  sample: ["Pod moodle-1: container postgres waits: CrashLoopBackOff"]
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.annotations import (
    explain_deferral,
    hibernated,
    hibernation_of,
    hibernation_patch,
    woken,
)
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.change import ACTION_ARGUMENTS, await_object, change_cluster
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.view import API, PHASE_HEALTHY, ClusterView, CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.waiting import TICK_SECONDS, health_predicate
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import client_from
from ansible_collections.campus.moodle.plugins.module_utils._kube.wait import Ref
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

if t.TYPE_CHECKING:
    from ansible_collections.campus.moodle.plugins.module_utils._kube.client import KubeClient, Object


def change(client: KubeClient, params: t.Mapping[str, t.Any], *, check_mode: bool) -> tuple[Object, Object]:
    """Write the annotation if it must change, wait for the operator, and return the cluster before and after."""
    cluster, namespace, state = params["cluster"], params["namespace"], params["state"]

    def build(live: Object) -> t.Optional[Object]:
        return None if hibernation_of(live) == state else hibernation_patch(state)

    before, after = change_cluster(client, cluster, namespace, build, dry_run=check_mode)
    changed = before is not after
    if params["wait"] and not check_mode:
        after = await_state(client, Ref(API, "Cluster", cluster, namespace), state, timeout=params["wait_timeout"], changed=changed)
    return before, after


def await_state(client: KubeClient, ref: Ref, state: str, *, timeout: float, changed: bool) -> Object:
    """Wait until the pods are gone, or back and healthy."""
    sentence = f"Cluster {ref.name} in namespace {ref.namespace} is not {state}"
    if state == "running":
        health = health_predicate(client)
        return await_object(client, ref, lambda obj: woken(obj, health), sentence, timeout=timeout, tick=TICK_SECONDS, changed=changed)
    try:
        return await_object(client, ref, hibernated, sentence, timeout=timeout, changed=changed)
    except CnpgError as problem:
        raise explain_deferral(client.get(*ref), problem) from None


def main() -> None:
    """Put to sleep or wake, and report."""
    module = AnsibleModule(
        argument_spec={**ACTION_ARGUMENTS, "state": {"type": "str", "choices": ["hibernated", "running"], "default": "hibernated"}},
        supports_check_mode=True,
    )
    try:
        before, after = change(client_from(module.params, os.environ), module.params, check_mode=module.check_mode)
    except ToolError as problem:
        module.fail_json(msg=str(problem), **problem.details)
    view, states = ClusterView.from_object(before), [hibernation_of(row) for row in (before, after)]
    if states[0] != states[1] == "hibernated" and view.phase != PHASE_HEALTHY and (module.check_mode or not module.params["wait"]):
        module.warn(f"Cluster {view.name} is in phase {view.phase!r}: the operator puts the hibernation off until it is healthy.")
    module.exit_json(
        changed=states[0] != states[1],
        cluster=ClusterView.from_object(after).summary(),
        diff={"before": {"hibernation": states[0]}, "after": {"hibernation": states[1]}},
    )


if __name__ == "__main__":
    main()
