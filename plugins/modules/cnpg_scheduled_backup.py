#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cnpg_scheduled_backup
short_description: Back up a PostgreSQL cluster of CloudNativePG regularly
version_added: 0.2.0
description:
  - Creates, changes, suspends and deletes a ScheduledBackup.
  - The method is the one that the cluster is set up for. The default of CloudNativePG itself is the old one without a plugin, with
    which every backup of a cluster with the plugin fails.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_cnpg
  - campus.moodle._kube
  - campus.moodle._cnpg.object
attributes:
  check_mode:
    support: full
    details:
      - A cluster that is not there is a warning, since an earlier task may be the one that makes it.
  diff_mode:
    support: full
options:
  name:
    description: Name of the ScheduledBackup.
    type: str
    required: true
  cluster:
    description: Name of the cluster, which must exist in the same namespace. Required unless O(state=absent).
    type: str
  state:
    description:
      - V(suspended) keeps the schedule and takes no backups.
      - V(absent) deletes the schedule. Backups that were taken stay, unless they belong to it, see O(owner_reference).
    type: str
    choices: [present, absent, suspended]
    default: present
  schedule:
    description:
      - When to take backups, in UTC. Required unless O(state=absent).
      - CloudNativePG takes six fields, the first one for seconds. Five fields, as in a crontab, get the second 0 put first, with a
        warning. What the fields contain is checked by the webhook of the operator.
    type: str
  method:
    description: How to take backups; V(auto) is the way that the cluster is set up for.
    type: str
    choices: [auto, plugin, barmanObjectStore, volumeSnapshot]
    default: auto
  plugin:
    description: Plugin that takes the backups. The cluster must use it. Without it the cluster's backup plugin.
    type: str
  plugin_parameters:
    description: Parameters for the plugin.
    type: dict
  immediate:
    description: Take a backup when the schedule is made. It is read only then.
    type: bool
  target:
    description: Which instance is backed up; without it, what the cluster is set up for.
    type: str
    choices: [primary, prefer-standby]
  online:
    description: For snapshots of volumes, whether the instance keeps running; without it, what the cluster is set up for.
    type: bool
  owner_reference:
    description: Which deletion takes the Backups along, that of the schedule (V(self)), of the V(cluster), or V(none).
    type: str
    choices: [none, self, cluster]
    default: none
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Back up each night at two
  campus.moodle.cnpg_scheduled_backup:
    name: moodle-db-nightly
    namespace: "{{ namespace }}"
    cluster: moodle-db
    schedule: 0 0 2 * * *

- name: Take no backups during the move
  campus.moodle.cnpg_scheduled_backup:
    name: moodle-db-nightly
    namespace: "{{ namespace }}"
    cluster: moodle-db
    schedule: 0 0 2 * * *
    state: suspended

- name: Delete the schedule
  campus.moodle.cnpg_scheduled_backup:
    name: moodle-db-nightly
    namespace: "{{ namespace }}"
    state: absent
"""

RETURN = r"""
schedule:
  description: The schedule in the form of CloudNativePG.
  returned: success, except with O(state=absent)
  type: str
  sample: 0 0 2 * * *
method:
  description: How backups are taken. Null in check mode for a cluster that is not there yet, with O(method=auto).
  returned: success, except with O(state=absent)
  type: str
  sample: plugin
next_schedule_time:
  description: When the next backup is due, as far as the operator has reported it.
  returned: success, except with O(state=absent)
  type: str
  sample: "2026-11-22T02:00:00Z"
last_schedule_time:
  description: When the last backup was due.
  returned: success, except with O(state=absent)
  type: str
  sample: "2026-11-21T02:00:00Z"
error:
  description:
    - What kind of failure it was.
    - V(invalid) - O(schedule) does not have five or six fields. V(not_found) - there is no such Cluster, or no such namespace.
      V(no_backup_method) - the Cluster is not set up for backups in this way. V(conflict) - another field manager has the field.
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(invalid), V(unauthorized), V(unknown_kind) (CloudNativePG, or its plugin, is not installed),
      V(already_exists), V(throttled), V(too_large), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: no_backup_method
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import schedule
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Bring the schedule into its state."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **schedule.ARGUMENTS}, supports_check_mode=True, **schedule.RULES)
    conclude(
        module,
        lambda: schedule.run(client_from(module.params, os.environ), module.params, check_mode=module.check_mode, warn=module.warn),
    )


if __name__ == "__main__":
    main()
