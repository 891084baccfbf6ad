#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cnpg_cluster_info
short_description: Report the state of PostgreSQL clusters of CloudNativePG, and require it
version_added: 0.2.0
description:
  - Returns what Clusters, their pods and their instances report, and a level of health with reasons.
  - With O(require) the task fails unless everything that is required holds, so it can guard an upgrade or a switchover.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.actiongroup_cnpg
  - campus.moodle._kube
attributes:
  check_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of one cluster, which must exist. Without it all clusters of the namespace are returned.
    type: str
  namespace:
    description: Namespace of the cluster. Without it and without O(name), clusters of all namespaces are returned.
    type: str
  ask_instances:
    description:
      - Whether to read from each instance its position in the log and more, through the API server.
      - It needs the right to list pods and to get C(pods/proxy). An instance that does not answer has the reason in C(error).
    type: bool
    default: true
  require:
    description:
      - What must hold for each cluster. What is unknown does not hold.
      - Where there is no cluster at all nothing holds, and the task fails.
    type: dict
    suboptions:
      healthy:
        description: The level of health is V(ok).
        type: bool
        default: false
      archiving:
        description: The write-ahead log is being archived.
        type: bool
        default: false
      backup_max_age:
        description: The last successful base backup is not older than this, as V(26h) or V(2d).
        type: str
      certificates_days:
        description: Every certificate is valid for as many days.
        type: int
      no_fencing:
        description: No instance is fenced.
        type: bool
        default: false
      no_pending_restart:
        description: Every instance reports that none of its settings waits for a restart.
        type: bool
        default: false
      no_advisories:
        description: The operator's version is none of those with known vulnerabilities.
        type: bool
        default: false
      synchronous:
        description: At least as many replicas can confirm a transaction as must.
        type: bool
        default: false
      max_lag_bytes:
        description: No replica has more than this many bytes of the log still to replay.
        type: int
      ready_instances:
        description: At least as many instances are ready.
        type: int
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Read all clusters of a namespace
  campus.moodle.cnpg_cluster_info:
    namespace: "{{ namespace }}"
    ask_instances: false

- name: Go on only with a healthy cluster and a backup of today
  campus.moodle.cnpg_cluster_info:
    name: moodle-db
    namespace: "{{ namespace }}"
    require:
      healthy: true
      archiving: true
      backup_max_age: 26h
      certificates_days: 14
      no_fencing: true
"""

RETURN = r"""
clusters:
  description:
    - One entry for each cluster. C(health.level) is V(ok), V(degraded) or V(critical).
    - C(recovery_window) comes from the ObjectStore of the Barman Cloud plugin, or from the cluster's status without the plugin;
      C(age) is that of the last successful backup in seconds.
  returned: success and unmet requirements
  type: list
  elements: dict
  sample:
    - name: moodle-db
      namespace: physics
      phase: Cluster in healthy state
      health: {"level": "degraded", "reasons": ["1 of 2 instances are ready."]}
      members:
        - name: moodle-db-1
          node: node-a
          primary: true
          fenced: false
          lsn: 0/6003140
          lag_bytes: null
          sync_state: null
          timeline: 1
          pending_restart: false
          error: null
      archiving: {"working": true, "last_archived_wal": "000000010000000000000005", "waiting_files": 0}
      recovery_window: {"first": "2026-11-01T02:00:11Z", "last_successful": "2026-11-21T02:00:09Z", "last_failed": null, "age": 3600}
      certificates: {"moodle-db-server": 71.5}
operator:
  description: Version of the operator and a sentence for each vulnerability that it is known for. Null when it cannot be read.
  returned: success and unmet requirements
  type: dict
  sample: {"version": "1.29.2", "advisories": [], "error": null}
failures:
  description: Requirements that do not hold.
  returned: when O(require) is set
  type: list
  elements: dict
  sample: [{"requirement": "archiving", "cluster": "physics/moodle-db", "reason": "expected empty archive"}]
error:
  description:
    - What kind of failure it was.
    - V(unmet) - not everything in O(require) holds; the values above are there too. V(not_found) - there is no such Cluster, or none at
      all that could have what is required. V(invalid) - O(require.backup_max_age) is not an age.
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(invalid), V(unauthorized), V(unknown_kind) (CloudNativePG, or its plugin, is not installed),
      V(already_exists), V(throttled), V(too_large), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: unmet
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import info
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Read clusters, and check what is required of them."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **info.ARGUMENTS}, supports_check_mode=True, **info.RULES)
    conclude(module, lambda: info.run(client_from(module.params, os.environ), module.params, warn=module.warn))


if __name__ == "__main__":
    main()
