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
  - Requests from the operator of CloudNativePG a planned change of the primary inside one Cluster, and waits until the new primary serves
    and the cluster is healthy again.
  - With O(primary_cluster), hands the primary role of a distributed topology over to another Cluster. The one that is primary now is
    demoted and writes a token, and the other one is promoted with it, so nothing is lost and nothing is made anew. A run that was cut is
    continued by the next one.
  - Everything that prevents it is checked before anything is changed, and named in the error.
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
      - O(to=any_healthy) moves the primary away with each run, unless O(if_primary) names the instance to leave.
options:
  to:
    description:
      - Name of the instance (its pod) that becomes primary, or V(any_healthy) for the instance that is nearest to the primary's state.
      - Exactly one of O(to), O(node_selector) and O(primary_cluster) is needed.
    type: str
  if_primary:
    description: With O(to=any_healthy), do so only when this instance is primary now. For emptying a node, for example.
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
      - How much of the log the new primary may have still to replay. While it catches up no client can write.
      - The instances are read through the API server, which needs the right to get C(pods/proxy).
    type: int
    default: 16777216
  skip_preconditions:
    description:
      - Preconditions that are not checked. V(archiving), the log is archived. V(backup), no backup is being taken. V(fencing), nothing is
        fenced. V(healthy), the cluster and the instance are healthy and no other switchover is under way. V(lag), the limit
        O(max_lag_bytes).
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
    - What kind of failure it was.
    - V(not_found) - there is no such Cluster. V(invalid) - O(if_primary) without O(to=any_healthy). V(unknown_instance) - the Cluster has
      no such instance. V(no_candidate) - no instance is on a node of O(node_selector). V(precondition) - something must hold first;
      C(preconditions) lists it.
    - V(no_topology) - the two Clusters are not the ends of one distributed topology. V(two_primaries) - both are primary. V(no_token) -
      the old primary gave no token, so the new one was not promoted.
    - V(failed) - what was waited for cannot come any more. V(timeout) - it did not come in time. The details are in RV(diagnosis).
      V(conflict) - other clients changed the Cluster again and again.
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(invalid), V(unauthorized), V(unknown_kind) (CloudNativePG, or its plugin, is not installed),
      V(already_exists), V(throttled), V(too_large), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: precondition
diagnosis:
  description: What pods and events report, when the switchover did not complete.
  returned: failure of waiting
  type: list
  elements: str
  sample: ["Pod moodle-2: container postgres waits: CrashLoopBackOff"]
"""

import functools
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import switchover
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Switch over, or hand over."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **switchover.ARGUMENTS}, supports_check_mode=True, **switchover.RULES)
    connect = functools.partial(client_from, environ=os.environ)
    conclude(module, lambda: switchover.run(connect, module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
