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
      - CloudNativePG wants six fields, the first one for seconds. Five fields, as in a crontab, get the second 0 put first, with a
        warning.
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
    description: Which instance is backed up; without it as the cluster says.
    type: str
    choices: [primary, prefer-standby]
  online:
    description: For snapshots of volumes, whether the instance keeps running; without it as the cluster says.
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
  description: When the next backup is due, as far as the operator has said so.
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
    - A stable word for the failure, among them V(invalid), V(not_found), V(no_backup_method), V(conflict), V(forbidden) and
      V(unreachable).
  returned: failure
  type: str
  sample: no_backup_method
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.change import exists, planned_cluster
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.objects import PLAIN_ARGUMENTS, carry_out, diff_of, plan, remove
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.schedule import build_schedule, parse_schedule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.view import API, ClusterView
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

ARGUMENTS = {
    **PLAIN_ARGUMENTS,
    "name": {"type": "str", "required": True},
    "cluster": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent", "suspended"], "default": "present"},
    "schedule": {"type": "str"},
    "method": {"type": "str", "choices": ["auto", "plugin", "barmanObjectStore", "volumeSnapshot"], "default": "auto"},
    "plugin": {"type": "str"},
    "plugin_parameters": {"type": "dict"},
    "immediate": {"type": "bool"},
    "target": {"type": "str", "choices": ["primary", "prefer-standby"]},
    "online": {"type": "bool"},
    "owner_reference": {"type": "str", "choices": ["none", "self", "cluster"], "default": "none"},
}


def bring_about(module: AnsibleModule) -> dict[str, t.Any]:
    """Return the result of the state that is wanted."""
    params, client = module.params, client_from(module.params, os.environ)
    name, namespace = params["name"], params["namespace"]
    if params["state"] == "absent":
        change = remove(client, client.get(API, "ScheduledBackup", name, namespace), check_mode=module.check_mode)
        return {"changed": change.verb != "unchanged", "diff": diff_of(change)}
    schedule = parse_schedule(params["schedule"] or "")
    if schedule.converted:
        module.warn(f"The schedule {params['schedule']!r} has no field for seconds; {schedule.text!r} is used.")
    cluster = planned_cluster(client, params["cluster"], namespace, check_mode=module.check_mode, warn=module.warn)
    wanted = build_schedule(params, ClusterView.from_object(cluster), schedule.text, known=exists(cluster))
    options = {"force": params["force_conflicts"], "check_mode": module.check_mode}
    change = plan(client, wanted, **options)
    written = carry_out(client, wanted, change, **options)
    status = (written or client.get(API, "ScheduledBackup", name, namespace) or {}).get("status") or {}
    return {
        "changed": change.verb != "unchanged",
        "diff": diff_of(change),
        "schedule": schedule.text,
        "method": wanted["spec"].get("method"),
        "next_schedule_time": status.get("nextScheduleTime"),
        "last_schedule_time": status.get("lastScheduleTime"),
    }


def main() -> None:
    """Bring the schedule into its state."""
    needs = [("state", state, ("cluster", "schedule")) for state in ("present", "suspended")]
    module = AnsibleModule(argument_spec=ARGUMENTS, required_if=needs, supports_check_mode=True)
    try:
        result = bring_about(module)
    except ToolError as error:
        module.fail_json(msg=str(error), **error.details)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
