#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cnpg_switchover
short_description: Make another instance, or another cluster, the primary
version_added: 0.2.0
description:
  - Asks the operator of CloudNativePG for a planned change of the primary inside one Cluster, and waits until the new primary serves and
    the cluster is healthy again.
  - With O(primary_cluster), hands the primary role of a distributed topology over to another Cluster. The one that is primary now is
    demoted and writes a token, and the other one is promoted with it, so nothing is lost and nothing is made anew. A run that was cut is
    continued by the next one.
  - Everything that speaks against it is checked before anything is changed, and named in the error.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_cnpg
  - campus.moodle._kube
  - campus.moodle._cnpg_action
attributes:
  check_mode:
    support: full
    details:
      - Checks all preconditions.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(to=any_healthy) moves the primary away with each run, unless O(if_primary) says from where.
options:
  to:
    description:
      - Name of the instance (its pod) that becomes primary, or V(any_healthy) for the instance that is nearest to the primary's state.
      - Exactly one of O(to), O(node_selector) and O(primary_cluster) is needed.
    type: str
  if_primary:
    description: With O(to=any_healthy), do so only when this instance is primary now. For emptying a node, say.
    type: str
  node_selector:
    description: Labels of nodes. An instance on one of these nodes becomes primary, unless the primary is on one already.
    type: dict
  primary_cluster:
    description:
      - The Cluster of the same distributed topology that becomes primary, instead of O(cluster).
      - Both must have C(primary) and C(source) in their C(spec.replica). What is not given is the same as for O(cluster).
      - The module changes C(primary) and C(promotionToken) in C(spec.replica), so nothing else should keep applying old values of them.
      - O(wait=false) leaves out the wait for health at the end, never the one for the token.
    type: dict
    suboptions:
      cluster:
        description: Name of the Cluster.
        type: str
        required: true
      namespace:
        description: Namespace of the Cluster.
        type: str
      kubeconfig:
        description: Path to the kubeconfig of its Kubernetes.
        type: path
      context:
        description: Context of the kubeconfig.
        type: str
  max_lag_bytes:
    description:
      - How much of the log the new primary may have still to replay. While it catches up nobody can write.
      - The instances are asked through the API server, which needs the right to get C(pods/proxy).
    type: int
    default: 16777216
  skip_preconditions:
    description:
      - Preconditions that are not checked. V(archiving), the log is archived. V(backup), no backup is being taken. V(fencing), nothing is
        fenced. V(healthy), the cluster and the instance are healthy and no other switchover is under way. V(lag), as O(max_lag_bytes) says.
    type: list
    elements: str
    choices: [archiving, backup, fencing, healthy, lag]
    default: []
  stable_for:
    description: Seconds that the cluster must stay healthy with its new primary.
    type: int
    default: 10
seealso:
  - module: campus.moodle.cnpg_cluster_info
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Make the second instance primary
  campus.moodle.cnpg_switchover:
    cluster: moodle
    namespace: "{{ namespace }}"
    to: moodle-2

- name: Have the primary in the machine room of the physics department
  campus.moodle.cnpg_switchover:
    cluster: moodle
    namespace: "{{ namespace }}"
    node_selector:
      topology.kubernetes.io/zone: physics

- name: Hand over to the cluster in the other data centre
  campus.moodle.cnpg_switchover:
    cluster: moodle-north
    namespace: "{{ namespace }}"
    primary_cluster:
      cluster: moodle-south
      kubeconfig: "{{ other_kubeconfig }}"
"""

RETURN = r"""
previous_primary:
  description: The instance that was primary.
  returned: success, without O(primary_cluster)
  type: str
  sample: moodle-1
primary:
  description: The instance that is primary now, or would be.
  returned: success, without O(primary_cluster)
  type: str
  sample: moodle-2
lag_bytes:
  description: How far the new primary was behind when it was chosen. Null when nothing was chosen or the lag was not checked.
  returned: success, without O(primary_cluster)
  type: int
  sample: 0
steps:
  description: What was done, or would be. V(demote) and V(promote), or what was missing of it.
  returned: success and failure, with O(primary_cluster)
  type: list
  elements: str
  sample: [demote, promote]
cluster:
  description: Phase, instances and primary of the Cluster.
  returned: success
  type: dict
  sample: {"name": "moodle", "phase": "Cluster in healthy state", "current_primary": "moodle-2", "ready_instances": 3}
primary_cluster:
  description: The same of the Cluster that has become primary.
  returned: success, with O(primary_cluster)
  type: dict
  sample: {"name": "moodle-south", "phase": "Cluster in healthy state", "is_replica": false}
preconditions:
  description: The preconditions that do not hold.
  returned: failure of a precondition
  type: list
  elements: dict
  contains:
    name:
      description: Name of the precondition, as in O(skip_preconditions).
      type: str
      sample: lag
    reason:
      description: Why it does not hold.
      type: str
      sample: moodle-2 is 50331648 bytes behind, and max_lag_bytes is 16777216
error:
  description:
    - What went wrong, as one word. V(precondition), V(unknown_instance), V(no_candidate), V(failed), V(timeout), V(conflict), V(not_found),
      V(no_topology), V(two_primaries), V(no_token), or an error of the API server such as V(forbidden) or V(unreachable).
  returned: failure
  type: str
  sample: precondition
diagnosis:
  description: What pods and events say, when the switchover did not complete.
  returned: failure of waiting
  type: list
  elements: str
  sample: ["Pod moodle-2: container postgres waits: CrashLoopBackOff"]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._switchover import PRECONDITIONS
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.change import ACTION_ARGUMENTS
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.handover import HandOver, Place
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.switchover import switch_over
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

OTHER_CLUSTER = {
    "cluster": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
}


def hand_over(module: AnsibleModule) -> HandOver:
    """Return the hand-over between the two clusters that the options name."""
    params = module.params
    given = {name: value for name, value in params["primary_cluster"].items() if value is not None}
    # Another kubeconfig has an address, credentials and contexts of its own.
    foreign = [name for name in KUBE_ARGUMENTS if name != "api_timeout"] if "kubeconfig" in given else []
    other = {**params, **dict.fromkeys(foreign), **given}
    old, new = (Place(client_from(row, os.environ), row["cluster"], row["namespace"]) for row in (params, other))
    return HandOver(old, new, params, check_mode=module.check_mode)


def main() -> None:
    """Switch over or hand over, and report."""
    module = AnsibleModule(
        argument_spec={
            **ACTION_ARGUMENTS,
            "to": {"type": "str"},
            "if_primary": {"type": "str"},
            "node_selector": {"type": "dict"},
            "primary_cluster": {"type": "dict", "options": OTHER_CLUSTER},
            "max_lag_bytes": {"type": "int", "default": 16 * 1024 * 1024},
            "skip_preconditions": {"type": "list", "elements": "str", "choices": list(PRECONDITIONS), "default": []},
            "stable_for": {"type": "int", "default": 10},
        },
        required_one_of=[("to", "node_selector", "primary_cluster")],
        mutually_exclusive=[("to", "node_selector", "primary_cluster")],
        supports_check_mode=True,
    )
    try:
        if module.params["primary_cluster"]:
            result = hand_over(module).run()
        else:
            result = switch_over(client_from(module.params, os.environ), module.params, check_mode=module.check_mode)
    except ToolError as problem:
        module.fail_json(msg=str(problem), **problem.details)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
