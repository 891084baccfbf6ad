#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cnpg_backup
short_description: Take a base backup of a CloudNativePG Cluster
version_added: 0.2.0
description:
  - Creates a Backup, waits until the operator has taken it, and fails with the reason when that does not work.
  - The method is the one that the cluster is set up for. A Backup that names no method is one of the built-in kind, and fails on a
    cluster that backs up with a plugin.
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
    support: partial
    details:
      - Without O(name), O(key) and O(max_age) each run takes another backup.
options:
  state:
    description:
      - V(taken) means that the backup exists and is complete.
      - V(absent) deletes the Backup object. What the backup program stored stays, except volume snapshots that the Backup owns.
    type: str
    choices: [taken, absent]
    default: taken
  name:
    description: Name of the Backup. Without it and without O(key) it is made of the cluster's name and the time.
    type: str
  key:
    description:
      - Makes the name of the Backup the cluster's name, a dash, and this key, so that a second run finds the backup of the first one.
      - A failed backup of that name is deleted and taken again.
    type: str
  max_age:
    description:
      - Takes no backup when a completed one is younger than this, such as V(26h) or V(1d12h). One that is being taken is waited for.
    type: str
  method:
    description:
      - How to back up. V(auto) is the way that the cluster is set up for, a plugin before the built-in ones.
    type: str
    choices: [auto, plugin, barmanObjectStore, volumeSnapshot]
    default: auto
  plugin:
    description: Name of the plugin that takes the backup. Without it the one that the cluster uses for backups.
    type: str
  plugin_parameters:
    description: Parameters for the plugin. They are stored in the Backup, so none may be secret.
    type: dict
  target:
    description: Whether the primary or, where there is one, a standby is read. Without it the cluster's own setting counts.
    type: str
    choices: [primary, prefer-standby]
  online:
    description:
      - Whether PostgreSQL runs while volume snapshots are taken. Without it the cluster's own setting counts.
      - Only for volume snapshots.
    type: bool
  confirm_delete:
    description: The name of the Backup again, for O(state=absent).
    type: str
seealso:
  - module: campus.moodle.cnpg_restore
  - module: campus.moodle.cnpg_scheduled_backup
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Have a backup that is not older than a day
  campus.moodle.cnpg_backup:
    cluster: moodle
    namespace: "{{ namespace }}"
    max_age: 1d

- name: Take one backup before the upgrade to Moodle 5.1, however often the play runs
  campus.moodle.cnpg_backup:
    cluster: moodle
    namespace: "{{ namespace }}"
    key: before-5.1

- name: Forget it
  campus.moodle.cnpg_backup:
    cluster: moodle
    namespace: "{{ namespace }}"
    key: before-5.1
    state: absent
    confirm_delete: moodle-before-5.1
"""

RETURN = r"""
backup:
  description:
    - The backup that was taken or found. Times are as the operator wrote them, C(duration) is in seconds.
    - In check mode, and without O(wait), what is not known yet is null.
  returned: success, and failure of the backup
  type: dict
  sample:
    name: moodle-before-5.1
    cluster: moodle
    method: plugin
    phase: completed
    backup_id: 20261121T080000
    begin_lsn: 0/6000028
    end_lsn: 0/6000158
    begin_wal: "000000010000000000000006"
    end_wal: "000000010000000000000006"
    started_at: "2026-11-21T08:00:00Z"
    stopped_at: "2026-11-21T08:00:07Z"
    duration: 7.0
    instance: moodle-2
    snapshots: []
    error: ""
recovery_window:
  description: First point that the cluster can be recovered to, and its last good and last failed backup. What is not known is null.
  returned: success
  type: dict
  sample: {"first": "2026-11-01T00:00:07Z", "last_successful": "2026-11-21T08:00:07Z", "last_failed": null}
error:
  description:
    - What kind of failure it was.
    - V(invalid) - an option has a value that cannot be used. V(not_found) - there is no such Cluster. V(no_backup_method) - the Cluster
      is not set up for backups in this way. V(hibernated) - the Cluster has no instance that could be read. V(exists) - the name is that
      of another Backup. V(not_confirmed) - deleting the Backup is not confirmed in O(confirm_delete).
    - V(backup_failed), V(archiving_failing), V(invalid_backup) - the backup failed, because the log cannot be archived, or because the
      operator does not accept its definition.
    - V(failed) - what was waited for cannot come any more. V(timeout) - it did not come in time. The details are in RV(diagnosis).
    - What the API server refuses - V(forbidden) (C(user), C(verb), C(resource) and C(namespace) name the missing right), V(denied) (by a
      policy, a quota or a webhook), V(invalid), V(unauthorized), V(unknown_kind) (CloudNativePG, or its plugin, is not installed),
      V(already_exists), V(throttled), V(too_large), V(expired), V(server_error).
    - About the connection - V(unreachable), V(untrusted) (its certificate), V(bad_kubeconfig), V(no_context), V(bad_credentials)
      (certificates that cannot be used), V(credential_plugin) (a program in the kubeconfig failed).
  returned: failure
  type: str
  sample: archiving_failing
diagnosis:
  description: What events report about the Backup, when it failed or took too long.
  returned: failure of the backup
  type: list
  elements: str
  sample: ["Event FindingPod: Couldn't find target pod moodle-1, will retry in 30 seconds"]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._cnpg import backup
from ansible_collections.campus.moodle.plugins.module_utils._kube.options import KUBE_ARGUMENTS, client_from
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Take or delete a backup."""
    module = AnsibleModule({**KUBE_ARGUMENTS, **backup.ARGUMENTS}, supports_check_mode=True, **backup.RULES)
    conclude(module, lambda: backup.run(client_from(module.params, os.environ), module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
