#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_snapshot_info
short_description: List the snapshots of a restic repository and check their age
version_added: 0.2.0
description:
  - Reads the snapshots with one start of restic and without a lock, so it works while a backup or a prune runs.
  - With O(max_age) and O(fail_if_stale) it is a gate that stops a play when there is no fresh backup.
  - Works with restic 0.14.0 and newer.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.actiongroup_restic
  - campus.moodle._restic
  - campus.moodle._restic_filter
attributes:
  check_mode:
    support: full
  idempotent:
    support: full
options:
  latest:
    description: How many of the newest snapshots of each group to return. V(0) returns all.
    type: int
    default: 0
  group_by:
    description: What the snapshots of one group have in common. An empty list makes one group of all.
    type: list
    elements: str
    choices: [host, paths, tags]
    default: [host, paths]
  max_age:
    description:
      - How old the newest snapshot may be, such as V(26h), V(1d12h) or a number of seconds.
      - A snapshot from the future does not count, and one that M(campus.moodle.restic_backup) refused as partial neither.
      - Each host that O(filter.hosts) names must have a fresh snapshot of its own.
    type: str
  fail_if_stale:
    description: Whether to fail when RV(stale) is true. Without O(max_age) that is only when there is no snapshot.
    type: bool
    default: false
  stats:
    description:
      - Also measure how large the selected snapshots are, which takes a second start of restic and may take long.
      - V(restore-size) is what a restore writes, V(raw-data) what the repository holds for them.
    type: str
    choices: [restore-size, raw-data, files-by-contents, blobs-per-file]
seealso:
  - module: campus.moodle.restic_backup
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Stop when there is no backup of the last 26 hours
  campus.moodle.restic_snapshot_info:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    filter:
      tags: [moodle, database]
    max_age: 26h
    fail_if_stale: true

- name: Get the newest snapshot of each source, and what they occupy
  campus.moodle.restic_snapshot_info:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    latest: 1
    stats: raw-data
  register: backups
"""

RETURN = r"""
snapshots:
  description: The selected snapshots, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Identifier.
      type: str
    short_id:
      description: Its first eight characters.
      type: str
    time:
      description: When it was made.
      type: str
      sample: "2026-11-21T02:00:04+00:00"
    age_seconds:
      description: How old it is; below zero for one from the future.
      type: int
    future:
      description: Whether its time is in the future, which a wrong clock or a forged time makes.
      type: bool
    host:
      description: Host name.
      type: str
    paths:
      description: What was backed up.
      type: list
      elements: str
    tags:
      description: Its tags.
      type: list
      elements: str
    partial:
      description: Whether M(campus.moodle.restic_backup) refused it because something is missing in it.
      type: bool
    summary:
      description: What restic counted during the backup. restic 0.17 and newer keeps it.
      type: dict
newest:
  description: The newest of them that is neither partial nor from the future, in the same form; null when there is none.
  returned: success
  type: dict
groups:
  description: For each group what its snapshots have in common, V(total), V(newest) and whether it is V(stale).
  returned: success
  type: list
  elements: dict
  sample: [{"host": "web1", "paths": ["/srv/moodle/data"], "total": 31, "newest": {"short_id": "917c6f80"}, "stale": false}]
total:
  description: How many snapshots were selected.
  returned: success
  type: int
  sample: 62
stale:
  description: Whether there is no snapshot, or the newest is older than O(max_age). An old group alone does not make it true.
  returned: success
  type: bool
  sample: false
stale_hosts:
  description: Hosts of O(filter.hosts) without a fresh snapshot.
  returned: success
  type: list
  elements: str
statistics:
  description: What restic counted for O(stats). The names are those of restic.
  returned: when O(stats) is given
  type: dict
  sample: {"total_size": 734003200, "snapshots_count": 62}
error:
  description:
    - What kind of failure it was.
    - V(stale) - there is no fresh snapshot; the values above are there too. V(invalid) - an option has a value that cannot be used.
    - V(wrong_password), V(locked), V(no_repository), V(unreachable), V(forbidden), V(disk_full), V(timed_out), V(interrupted), V(killed) -
      what kept restic from its work. V(missing_program) - restic is not installed. V(unsupported_option) - the installed restic is too
      old. V(failed) - any other failure.
  returned: failure
  type: str
  sample: stale
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._restic import client, info
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """List the snapshots."""
    module = AnsibleModule({**client.ARGUMENTS, **info.ARGUMENTS}, supports_check_mode=True, **client.RULES)
    conclude(module, lambda: info.run(client.opener(module), module.params))


if __name__ == "__main__":
    main()
