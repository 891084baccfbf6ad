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
error:
  description: What kind of failure it is. The words of all C(moodle_*) modules are in the notes.
  returned: failure
  type: str
  sample: not_installed
sentences:
  description: Why it failed, one sentence each.
  returned: failure of the program
  type: list
  elements: str
  sample: ["The database db.example.edu does not answer."]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle import maintenance, program
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule({**program.ARGUMENTS, **maintenance.ARGUMENTS}, required_if=maintenance.REQUIRED_IF, supports_check_mode=True)
    conclude(module, lambda: maintenance.run(program.program_of(module), module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
