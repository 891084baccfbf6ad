#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: moodle_check_info
short_description: Run Moodle's own checks of a site
version_added: 0.2.0
description:
  - Runs the checks that Moodle and its plugins bring, and returns every result as data.
  - With O(fail_on) it is a gate. Each check counts by itself, so one that gives no answer cannot hide one that is critical.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_moodle
  - campus.moodle._attributes.info
  - campus.moodle._moodle
attributes:
  check_mode:
    support: full
options:
  types:
    description:
      - Kinds of checks. V(status) tells whether the site works; V(security) and V(performance) are advice.
      - V(security) makes Moodle ask for pages of itself, so it takes longer where the site does not reach its own address.
    type: list
    elements: str
    choices: [status, security, performance]
    default: [status]
  refs:
    description: Only these checks, by reference. Without it, all of the O(types).
    type: list
    elements: str
  ignore:
    description: References of checks that O(fail_on) does not look at.
    type: list
    elements: str
    default: []
  fail_on:
    description:
      - Lowest status that makes the task fail. The order is V(warning), V(unknown), V(error), V(critical).
      - V(never) only looks.
    type: str
    choices: [never, warning, unknown, error, critical]
    default: never
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Look at the state of the site
  campus.moodle.moodle_check_info:
    runner: "{{ moodle_runner }}"

- name: Stop when something is broken, whether cron has run yet or not
  campus.moodle.moodle_check_info:
    runner: "{{ moodle_runner }}"
    fail_on: unknown
    ignore: [tool_task_cronrunning]

- name: Collect advice for a report
  campus.moodle.moodle_check_info:
    runner: "{{ moodle_runner }}"
    types: [performance]
"""

RETURN = r"""
checks:
  description: The checks, the worst first.
  returned: when the checks ran
  type: list
  elements: dict
  sample:
    - ref: tool_task_cronrunning
      type: status
      component: tool_task
      name: Cron running
      status: critical
      summary: The admin/cli/cron.php script has never been run and should run every 1 min.
      url: https://moodle.example.edu/admin/tool/task/runningtasks.php
  contains:
    ref:
      description: Reference, the same in every release and language.
      type: str
    type:
      description: Kind of check.
      type: str
    component:
      description: Who brings it.
      type: str
    name:
      description: Name in the site's language.
      type: str
    status:
      description: V(na), V(ok), V(info), V(warning), V(unknown), V(error) or V(critical).
      type: str
    summary:
      description: What was found, in the site's language.
      type: str
    url:
      description: Where to look or act; may be empty.
      type: str
worst:
  description: The worst status, without the ignored checks; V(ok) when there are none.
  returned: when the checks ran
  type: str
  sample: warning
counts:
  description: Status to number of checks.
  returned: when the checks ran
  type: dict
  sample: {"ok": 6, "critical": 1}
failed_checks:
  description: References of the checks that are as bad as O(fail_on) or worse.
  returned: when the checks ran
  type: list
  elements: str
summary:
  description: The same for people, as lines.
  returned: when the checks ran
  type: list
  elements: str
  sample: ["Checks     12, the worst is warning"]
  version_added: 0.3.0
error:
  description:
    - What kind of failure it is. V(checks) - O(fail_on) made the task fail; V(unknown_check) - there is no check with one of the O(refs).
    - The words of all C(moodle_*) modules are in the notes.
  returned: failure
  type: str
  sample: checks
sentences:
  description: Why it failed, one sentence each.
  returned: failure of the program
  type: list
  elements: str
  sample: ["The database db.example.edu does not answer."]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle import checks, program
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule({**program.ARGUMENTS, **checks.ARGUMENTS}, supports_check_mode=True)
    conclude(module, lambda: checks.run(program.program_of(module), module.params))


if __name__ == "__main__":
    main()
