#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_forget
short_description: Apply a retention policy to the snapshots of a restic repository
version_added: 0.2.0
description:
  - Lets restic plan what a policy would remove, checks that plan against limits, and removes exactly the planned snapshots.
  - The plan needs no lock, so a run without anything to remove does not wait for a running backup, nor disturb it.
  - Before it removes something, the plan is made again under the lock. If the policy now keeps a snapshot that it removed before,
    nothing is removed.
  - The limits are this module's own and hold on every version of restic. Before 0.17 restic itself removes a whole group of
    snapshots when, say, a tag to keep is misspelt.
  - Snapshots that M(campus.moodle.restic_backup) refused as partial never make a good one go. They count neither for the rules nor for
    the limits. Such a snapshot is removed as soon as its group has a newer good one, and kept until then.
  - Works with restic 0.14.0 and newer.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_restic
  - campus.moodle._restic
  - campus.moodle._restic_filter
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows each snapshot with the rules that keep it, before and after.
options:
  keep:
    description:
      - Rules that keep a good snapshot. One that none of them keeps is removed.
      - Periods count back from the newest snapshot of a group, not from today.
    type: dict
    suboptions:
      last:
        description: How many of the newest snapshots to keep. A number or, with restic 0.16.0 or newer, V(unlimited), as for the next five.
        type: str
      hourly:
        description: For how many hours that have snapshots to keep the newest of each.
        type: str
      daily:
        description: For how many days.
        type: str
      weekly:
        description: For how many weeks.
        type: str
      monthly:
        description: For how many months.
        type: str
      yearly:
        description: For how many years.
        type: str
      within:
        description: Keep all snapshots of this period, such as V(14d) or V(1y6m).
        type: str
      within_hourly:
        description: Keep one for each hour of this period.
        type: str
      within_daily:
        description: Keep one for each day of this period.
        type: str
      within_weekly:
        description: Keep one for each week of this period.
        type: str
      within_monthly:
        description: Keep one for each month of this period.
        type: str
      within_yearly:
        description: Keep one for each year of this period.
        type: str
      tags:
        description: Keep snapshots with any of these tags. Tags joined by a comma must all be there.
        type: list
        elements: str
        default: []
  group_by:
    description: Properties by which snapshots are grouped. The policy is applied to each group on its own; without any there is one group.
    type: list
    elements: str
    choices: [host, paths, tags]
    default: [host, paths]
  prune:
    description:
      - Whether to remove the data that nothing refers to any more, after snapshots were removed. This can take long.
      - Also done without a snapshot to remove, when an earlier run on this host left such data, because it was without this option or
        because its prune failed or was cut. A file in the folder of restic's cache (O(cache_dir)) remembers that.
    type: bool
    default: false
  min_remaining:
    description: A plan that leaves fewer good snapshots in a group that it removes good ones from is refused.
    type: int
    default: 1
  max_remove_percent:
    description: A plan that removes a larger part of the good snapshots that O(filter) selects is refused.
    type: int
  allow_remove_all:
    description: Removes every snapshot that O(filter) selects. Needs O(filter) and takes no other rule or limit.
    type: bool
    default: false
  detect_future_snapshots:
    description:
      - What to do when a snapshot has a time in the future, more than five minutes by the clock of the host.
      - A client that may only add snapshots can forge their time, so that a policy takes them for the newest and forgets the true ones.
    type: str
    choices: [fail, warn]
    default: fail
  timeout:
    description:
      - How many seconds one start of restic may take before it is ended. V(0) means no limit. Planning takes at most five minutes of it.
    type: int
    default: 86400
author:
  - campus.moodle contributors (@campus-moodle)
seealso:
  - module: campus.moodle.restic_backup
  - module: campus.moodle.restic_check
"""

EXAMPLES = r"""
- name: Keep two weeks of daily snapshots and a year of monthly ones
  campus.moodle.restic_forget:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    keep:
      within_daily: 14d
      within_monthly: 1y
      tags: [before-upgrade]
    filter:
      hosts: [moodle]
    max_remove_percent: 50
    prune: true

- name: Remove the snapshots of a host that is gone
  campus.moodle.restic_forget:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    filter:
      hosts: [retired]
    allow_remove_all: true
"""

RETURN = r"""
removed:
  description: Snapshots that were removed, or would be, the oldest first.
  returned: success, and on failure when some were removed
  type: list
  elements: dict
  sample: [{"id": "34873e29bc6638f5", "time": "2026-10-01T03:00:00Z", "host": "moodle", "paths": ["/srv/moodledata"], "tags": []}]
kept:
  description: Snapshots that stay, with RV(kept[].reasons).
  returned: success
  type: list
  elements: dict
  contains:
    reasons:
      description: Rules that keep it, in the words of restic.
      type: list
      elements: str
      sample: [daily snapshot]
pruned:
  description: Whether data that nothing refers to was removed too, or would be.
  returned: success
  type: bool
error:
  description:
    - What kind of failure it was.
    - V(invalid) - an option has a value that cannot be used. V(no_policy) - O(keep) has no rule that keeps anything. V(would_remove_all),
      V(min_remaining), V(max_remove_percent), V(future_snapshot) - the plan is beyond a limit. V(changed_meanwhile) - the snapshots
      changed during the run. In all of these nothing was removed.
    - V(append_only) - the server refuses to delete. V(not_removed) - some snapshots could not be removed. RV(removed) lists what was
      removed all the same.
    - V(wrong_password), V(locked), V(no_repository), V(unreachable), V(forbidden), V(disk_full), V(timed_out), V(interrupted), V(killed) -
      what kept restic from its work. V(missing_program) - restic is not installed. V(unsupported_option) - the installed restic is too
      old. V(failed) - any other failure.
    - A failed task is C(changed) when snapshots or data were removed before, or when that cannot be known.
  returned: failure
  type: str
  sample: would_remove_all
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._restic import client, forget
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Apply the policy."""
    module = AnsibleModule({**client.ARGUMENTS, **forget.ARGUMENTS}, supports_check_mode=True, **client.RULES)
    conclude(module, lambda: forget.run(client.opener(module), module.params, check_mode=module.check_mode, warn=module.warn))


if __name__ == "__main__":
    main()
