#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: moodle_upgrade
short_description: Bring the database of a Moodle site to the version of the code
version_added: 0.2.0
description:
  - Looks first. Refuses a downgrade, plugins that the database knows and the code lacks, and a PHP or PostgreSQL that the branch
    does not support. Nothing is uninstalled because it is missing.
  - Closes the site only where Moodle says that the tables change, and only with O(allow_maintenance).
  - Compares the tables with Moodle's description before and after; a new difference is a failure.
  - Stop or drain cron before an upgrade that needs maintenance.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_moodle
  - campus.moodle._moodle
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  allow_maintenance:
    description: Whether the site may be closed while its tables change. Without it, such an upgrade is refused.
    type: bool
    default: false
seealso:
  - module: campus.moodle.compose_rollout
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Upgrade, and close the site for it if that is needed
  campus.moodle.moodle_upgrade:
    runner: "{{ moodle_runner }}"
    allow_maintenance: true

- name: See whether an upgrade is pending
  campus.moodle.moodle_upgrade:
    runner: "{{ moodle_runner }}"
    allow_maintenance: true
  check_mode: true
  register: upgrade
"""

RETURN = r"""
action:
  description: V(none), V(code) (Moodle notes new versions, the site stays open) or V(upgrade) (the tables change).
  returned: success
  type: str
  sample: upgrade
from_version:
  description: Version that the database had.
  returned: success
  type: str
  sample: "2024100705.01"
to_version:
  description: Version of the code, which the database has now, or would have.
  returned: success
  type: str
  sample: "2024100706.00"
maintenance:
  description: Whether the site has to be closed for it.
  returned: success
  type: bool
seconds:
  description: How long it took.
  returned: when it was done
  type: float
upgrade_warnings:
  description: What was found on the way and did not stop it.
  returned: success
  type: list
  elements: str
error:
  description:
    - What kind of failure it is, for example V(downgrade), V(missing_plugin), V(requirement), V(maintenance) (needed, but not allowed),
      V(not_installed), V(schema), V(moodle), V(locked) or V(database).
  returned: failure
  type: str
  sample: downgrade
database_changed:
  description:
    - Whether the failed upgrade may have changed the database. If not, the site runs on as before.
    - An upgrade that was cut cannot tell, and counts as V(true).
    - The failed task is also C(changed) then.
  returned: failure
  type: bool
sentences:
  description: Why it failed.
  returned: failure
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import (
    MOODLE_ARGUMENTS,
    MoodleProgram,
    ProgramError,
    database_changed,
    difference,
    program_of,
)
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

WHAT = "upgrade the site"


def look(program: MoodleProgram, *, allow_maintenance: bool) -> dict[str, t.Any]:
    """Return what an upgrade would do; refuse what must not be done."""
    plan = program.ask(
        "preflight", "--json", what=WHAT, fields=["action", "maintenance_required", "database_version", "code_version", "warnings"]
    )
    if plan["action"] == "install":
        msg = "Could not upgrade the site: there is no finished Moodle in the database."
        raise ProgramError(msg, error="not_installed")
    if plan["maintenance_required"] and not allow_maintenance:
        msg = "Could not upgrade the site: its tables change, so it has to be closed, and allow_maintenance is false."
        raise ProgramError(msg, error="maintenance")
    return plan


def upgrade(program: MoodleProgram, *, check: bool, allow_maintenance: bool) -> dict[str, t.Any]:
    """Do what is pending and return the module's result."""
    plan = look(program, allow_maintenance=allow_maintenance)
    before, after = {"version": plan["database_version"]}, {"version": plan["code_version"]}
    changed = plan["action"] != "none"
    result = {
        "changed": changed,
        "action": plan["action"],
        "from_version": before["version"],
        "to_version": after["version"],
        "maintenance": plan["maintenance_required"],
        "upgrade_warnings": plan["warnings"],
        "diff": difference(before, after if changed else before, "database"),
    }
    if not changed or check:
        return result
    try:
        answer = program.ask("upgrade", *["--allow-maintenance"] * allow_maintenance, what=WHAT)
    except ToolError as error:
        # An upgrade that ran out of time goes on in the container.
        touched = database_changed(error.details.get("exit_status", 0), error.details)
        error.details.update(database_changed=touched, changed=touched)
        raise
    return {**result, "seconds": answer["seconds"], "upgrade_warnings": [*plan["warnings"], *answer["warnings"]]}


def main() -> None:
    """Look, then upgrade."""
    module = AnsibleModule(
        argument_spec={**MOODLE_ARGUMENTS, "allow_maintenance": {"type": "bool", "default": False}},
        supports_check_mode=True,
    )
    try:
        result = upgrade(program_of(module), check=module.check_mode, allow_maintenance=module.params["allow_maintenance"])
    except ToolError as error:
        module.fail_json(msg=str(error), **{"changed": False, "database_changed": False, **error.details})
    module.exit_json(**result)


if __name__ == "__main__":
    main()
