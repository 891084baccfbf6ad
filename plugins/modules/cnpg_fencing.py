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
- name: Stop PostgreSQL in one replica, to look at its files
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
    - What went wrong, as one word. V(not_found), V(unknown_instance), V(all_fenced), V(handover), V(conflict), V(timeout), or an error of
      the API server such as V(forbidden) or V(unreachable).
  returned: failure
  type: str
  sample: all_fenced
"""

import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.annotations import (
    fence_arrived,
    fence_lifted,
    fence_patch,
    refuse_handover,
    wanted_fence,
)
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.change import (
    ACTION_ARGUMENTS,
    await_object,
    change_cluster,
    require_cluster,
)
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.view import ALL_INSTANCES, ClusterView
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import client_from
from ansible_collections.campus.moodle.plugins.module_utils._kube.wait import Ref
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

if t.TYPE_CHECKING:
    from ansible_collections.campus.moodle.plugins.module_utils._kube.client import KubeClient, Object


def fence(client: KubeClient, params: t.Mapping[str, t.Any], *, check_mode: bool) -> tuple[ClusterView, ClusterView]:
    """Write the annotation if it must change, wait for the instances, and return the cluster before and after."""
    cluster, namespace = params["cluster"], params["namespace"]

    def build(live: Object) -> t.Optional[Object]:
        view = ClusterView.from_object(live)
        wanted = wanted_fence(view, params["state"], params["instances"])
        if wanted == view.fenced:
            return None
        refuse_handover(view)
        return fence_patch(wanted)

    before, after = (ClusterView.from_object(row) for row in change_cluster(client, cluster, namespace, build, dry_run=check_mode))
    if params["wait"] and not check_mode and after.hibernation == "off":
        wait_for_instances(client, after, params, changed=before.fenced != after.fenced)
        after = ClusterView.from_object(require_cluster(client, cluster, namespace))
    return before, after


def wait_for_instances(client: KubeClient, view: ClusterView, params: t.Mapping[str, t.Any], *, changed: bool) -> None:
    """Wait until PostgreSQL has stopped, or runs, in each of the instances that are meant."""
    asked = params["instances"]
    names = view.instance_names if not asked or ALL_INSTANCES in asked else [name for name in asked if name in view.instance_names]
    predicate = fence_arrived if params["state"] == "fenced" else fence_lifted
    deadline = time.monotonic() + params["wait_timeout"]
    for name in names:
        left = max(0.0, deadline - time.monotonic())
        sentence = f"Instance {name} of Cluster {view.name} in namespace {view.namespace} is not {params['state']}"
        await_object(client, Ref("v1", "Pod", name, view.namespace), predicate, sentence, timeout=left, changed=changed)


def main() -> None:
    """Fence or lift the fence, and report."""
    module = AnsibleModule(
        argument_spec={
            **ACTION_ARGUMENTS,
            "state": {"type": "str", "choices": ["fenced", "unfenced"], "default": "fenced"},
            "instances": {"type": "list", "elements": "str"},
        },
        supports_check_mode=True,
    )
    try:
        before, after = fence(client_from(module.params, os.environ), module.params, check_mode=module.check_mode)
    except ToolError as problem:
        module.fail_json(msg=str(problem), **problem.details)
    if after.current_primary in set(after.fenced_names) - set(before.fenced_names):
        module.warn(f"The primary {after.current_primary} of Cluster {after.name} is fenced: the database does not answer until that ends.")
    module.exit_json(
        changed=before.fenced != after.fenced,
        fenced=sorted(after.fenced),
        cluster=after.summary(),
        diff={"before": {"fenced": sorted(before.fenced)}, "after": {"fenced": sorted(after.fenced)}},
    )


if __name__ == "__main__":
    main()
