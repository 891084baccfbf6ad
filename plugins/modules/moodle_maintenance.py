#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: moodle_maintenance
short_description: Close a Moodle site to its users, or open it
version_added: 0.2.0
description:
  - Closes a site, opens it, or sets a date at which it closes and tells its users so until then.
  - Whether a site is closed is seen from Moodle's file and settings together, never from translated text.
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
  state:
    description:
      - V(enabled) closes the site now. V(disabled) opens it and drops a date.
      - V(scheduled) closes it in O(minutes). A site that is closed, or has a date, is left as it is.
    type: str
    choices: [enabled, disabled, scheduled]
    required: true
  minutes:
    description: Minutes until the site closes. Needed with O(state=scheduled), and only there.
    type: int
  notice:
    description:
      - What people read while the site is closed, as HTML; an empty text gives Moodle's own words. Without it, nothing changes.
      - It is a word of the command, which others on the machine can see while it runs.
    type: str
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Tell the users, and close the site in half an hour
  campus.moodle.moodle_maintenance:
    runner: "{{ moodle_runner }}"
    state: scheduled
    minutes: 30
    notice: <p>We move to a new machine and are back at noon.</p>

- name: Close the site now
  campus.moodle.moodle_maintenance:
    runner: "{{ moodle_runner }}"
    state: enabled

- name: Open the site, and forget the notice
  campus.moodle.moodle_maintenance:
    runner: "{{ moodle_runner }}"
    state: disabled
    notice: ""
"""

RETURN = r"""
state:
  description: State of the site now, or as it would be.
  returned: success
  type: str
  sample: enabled
notice:
  description: What people read while the site is closed; empty for Moodle's own words.
  returned: success
  type: str
begins:
  description: When the site closes, in seconds since 1970; null without a date.
  returned: success
  type: int
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import MOODLE_ARGUMENTS, difference, program_of
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

WORDS = {"enabled": "on", "disabled": "off", "scheduled": "later"}


def arguments(params: t.Mapping[str, t.Any], *, check: bool) -> list[str]:
    """Return the words for the program."""
    options = {"--minutes": params["minutes"], "--message": params["notice"]}
    return [
        WORDS[params["state"]],
        *(f"{name}={value}" for name, value in options.items() if value is not None),
        *["--check"] * check,
    ]


def readable(side: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return one side of the answer in the words of this module."""
    return {"state": {word: state for state, word in WORDS.items()}[side["state"]], "notice": side["message"]}


def main() -> None:
    """Open or close, and report the difference."""
    module = AnsibleModule(
        argument_spec={
            **MOODLE_ARGUMENTS,
            "state": {"type": "str", "choices": list(WORDS), "required": True},
            "minutes": {"type": "int"},
            "notice": {"type": "str"},
        },
        required_if=[("state", "scheduled", ["minutes"])],
        supports_check_mode=True,
    )
    try:
        answer = program_of(module).ask(
            "maintenance",
            *arguments(module.params, check=module.check_mode),
            what="change the maintenance",
            fields=["before", "after", "begins"],
        )
    except ToolError as error:
        module.fail_json(msg=str(error), **error.details)
    before, after = readable(answer["before"]), readable(answer["after"])
    module.exit_json(changed=answer["changed"], **after, begins=answer["begins"], diff=difference(before, after, "maintenance"))


if __name__ == "__main__":
    main()
