#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: moodle_task_info
short_description: Report on the background tasks of a Moodle site
version_added: 0.2.0
description:
  - Says when cron ran last, how long the queue of ad hoc tasks is, and which tasks run or fail.
  - Reads Moodle's tables without starting Moodle, so it is cheap and works while the site is closed.
  - With one of the options C(max_*) it is a gate.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_moodle
  - campus.moodle._attributes.info
  - campus.moodle._moodle
attributes:
  check_mode:
    support: full
options:
  since:
    description: Seconds of the task log that RV(failures) counts.
    type: int
    default: 86400
  max_cron_age:
    description: Fail when cron started longer ago than so many seconds, or never.
    type: int
  max_queue:
    description: Fail when more ad hoc tasks than this are due and wait.
    type: int
  max_queue_age:
    description: Fail when an ad hoc task has been due for more than so many seconds.
    type: int
  max_failing:
    description: Fail when more tasks than this, scheduled or ad hoc, failed in their last run.
    type: int
  max_running:
    description: Fail when a task has been running for more than so many seconds.
    type: int
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Look at the tasks
  campus.moodle.moodle_task_info:
    runner: "{{ moodle_runner }}"
  register: tasks

- name: Stop when cron stands still or the queue does not drain
  campus.moodle.moodle_task_info:
    runner: "{{ moodle_runner }}"
    max_cron_age: 600
    max_queue_age: 3600
    max_failing: 5
"""

RETURN = r"""
cron:
  description: Whether cron may run, and when it started last; null when never.
  returned: when the tables were read
  type: dict
  sample: {"enabled": true, "last_start": 1795265635, "age": 23}
  contains:
    enabled:
      description: Whether tasks may run.
      type: bool
    last_start:
      description: When cron started last.
      type: int
    age:
      description: How long ago that was.
      type: int
queue:
  description: Ad hoc tasks.
  returned: when the tables were read
  type: dict
  sample: {"size": 12, "due": 3, "oldest": 40, "running": 1, "failing": 0, "given_up": 0}
  contains:
    size:
      description: All of them.
      type: int
    due:
      description: Those whose time has come and that no runner has taken.
      type: int
    oldest:
      description: How many seconds the first of these has been waiting.
      type: int
    running:
      description: Those that run.
      type: int
    failing:
      description: Those whose last run failed.
      type: int
    given_up:
      description: Those that failed too often and will not run again.
      type: int
scheduled:
  description: Scheduled tasks.
  returned: when the tables were read
  type: dict
  sample: {"size": 118, "disabled": 10, "due": 0, "oldest": 0, "running": 1, "failing": 0}
  contains:
    size:
      description: All of them.
      type: int
    disabled:
      description: Those that are switched off.
      type: int
    due:
      description: Those whose time has come and that no runner has taken.
      type: int
    oldest:
      description: How many seconds the first of these has been waiting.
      type: int
    running:
      description: Those that run.
      type: int
    failing:
      description: Those whose last run failed.
      type: int
running:
  description: Tasks that run, the longest first.
  returned: when the tables were read
  type: list
  elements: dict
  sample: [{"classname": "core\\task\\backup_cleanup_task", "type": "scheduled", "seconds": 12, "host": "physics-cron-1", "pid": 17}]
failing:
  description: Classes of tasks whose last run failed, with their number, the longest delay and the next try, the longest delay first.
  returned: when the tables were read
  type: list
  elements: dict
  sample: [{"classname": "mod_forum\\task\\send_user_digests", "type": "adhoc", "tasks": 2, "delay": 240, "next_run": 1795265695}]
failures:
  description: Classes of tasks that failed at least once within O(since), the worst first.
  returned: when the tables were read
  type: list
  elements: dict
  sample: [{"classname": "mod_forum\\task\\send_user_digests", "type": "adhoc", "runs": 7, "failures": 2, "last_failure": 1795265635}]
violations:
  description: Limits that do not hold, with O(max_cron_age) and so on as C(option), the C(limit), and what was C(found) (null for never).
  returned: when the tables were read
  type: list
  elements: dict
  sample: [{"option": "max_cron_age", "limit": 600, "found": 4711}]
summary:
  description: The same for people, as lines.
  returned: when the tables were read
  type: list
  elements: str
  sample: ["Cron       started 23 seconds ago", "Queue      3 ad hoc tasks wait, 0 fail"]
  version_added: 0.3.0
error:
  description:
    - What kind of failure it is. V(tasks) - a limit does not hold; RV(violations) says which.
    - The words of all C(moodle_*) modules are in the notes.
  returned: failure
  type: str
  sample: tasks
sentences:
  description: Why it failed, one sentence each.
  returned: failure of the program
  type: list
  elements: str
  sample: ["The database db.example.edu does not answer."]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle import program, tasks
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule({**program.ARGUMENTS, **tasks.ARGUMENTS}, supports_check_mode=True)
    conclude(module, lambda: tasks.run(program.program_of(module), module.params))


if __name__ == "__main__":
    main()
