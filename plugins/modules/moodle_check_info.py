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
error:
  description: V(checks) when O(fail_on) made the task fail.
  returned: failure
  type: str
  sample: checks
"""

import collections
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import MOODLE_ARGUMENTS, ProgramError, program_of
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

# From good to bad. The monitoring status of checks.php puts unknown above critical, and so hides it.
LEVELS = ["na", "ok", "info", "warning", "unknown", "error", "critical"]


def rank(status: str) -> int:
    """Return how bad a status is. One that a newer Moodle invents is as bad as no answer."""
    return LEVELS.index(status if status in LEVELS else "unknown")


def judge(found: t.Sequence[dict[str, t.Any]], params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Sort the checks and name those that fail the task."""
    refs, ignored = params["refs"], params["ignore"]
    checks = sorted(
        (check for check in found if refs is None or check["ref"] in refs), key=lambda check: (-rank(check["status"]), check["ref"])
    )
    counted = [check for check in checks if check["ref"] not in ignored]
    limit = len(LEVELS) if params["fail_on"] == "never" else rank(params["fail_on"])
    missing = sorted(set(refs or []) - {check["ref"] for check in checks})
    if missing:
        msg = f"There are no checks {', '.join(missing)} among the types {', '.join(params['types'])}."
        raise ProgramError(msg, error="unknown_check")
    return {
        "checks": checks,
        "worst": counted[0]["status"] if counted else "ok",
        "counts": dict(collections.Counter(check["status"] for check in checks)),
        "failed_checks": [check["ref"] for check in counted if rank(check["status"]) >= limit],
    }


def main() -> None:
    """Run the checks and judge them."""
    module = AnsibleModule(
        argument_spec={
            **MOODLE_ARGUMENTS,
            "types": {"type": "list", "elements": "str", "choices": ["status", "security", "performance"], "default": ["status"]},
            "refs": {"type": "list", "elements": "str"},
            "ignore": {"type": "list", "elements": "str", "default": []},
            "fail_on": {"type": "str", "choices": ["never", *LEVELS[3:]], "default": "never"},
        },
        supports_check_mode=True,
    )
    try:
        answer = program_of(module).ask("checks", *module.params["types"], what="run the checks", fields=["checks"])
        result = judge(answer["checks"], module.params)
    except ToolError as error:
        module.fail_json(msg=str(error), **error.details)
    if result["failed_checks"]:
        failed = [check for check in result["checks"] if check["ref"] in result["failed_checks"]]
        listed = "".join(f"\n- {check['ref']} is {check['status']}: {check['summary']}" for check in failed)
        module.fail_json(msg=f"{len(failed)} of {len(result['checks'])} checks failed.{listed}", error="checks", **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
