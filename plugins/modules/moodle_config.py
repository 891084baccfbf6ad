#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: moodle_config
short_description: Enforce settings of a Moodle site
version_added: 0.1.0
description:
  - Compares settings with those in a site's database and changes what is different, with one start of Moodle for all of them.
  - Settings that are fixed in config.php cannot be changed and are reported.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_moodle
  - campus.moodle._moodle
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Values of O(secret_settings), and of settings whose names look secret, are masked.
options:
  settings:
    description:
      - Component to name to value, which is a text, a number or a boolean. The component of core settings is C(core).
      - Where Moodle keeps several values in one setting, write them as the text that Moodle stores, mostly joined by commas.
      - A value of null removes the setting. Moodle gives a setting its default again with its next upgrade only, and parts of it
        expect their settings to be there, so rather set the value that you want.
    type: dict
    required: true
  secret_settings:
    description: Settings of the same form whose values are never shown.
    type: dict
    default: {}
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Enforce the declared settings
  campus.moodle.moodle_config:
    runner: "{{ moodle_runner }}"
    settings:
      core:
        theme: boost
        forcelogin: true
      mod_forum:
        maxattachments: 3
    secret_settings:
      core:
        recaptchaprivatekey: "{{ vault_recaptcha_key }}"

- name: Remove what an uninstalled plugin left behind
  campus.moodle.moodle_config:
    runner: "{{ moodle_runner }}"
    settings:
      local_gone:
        endpoint: null

- name: Name the runner once
  module_defaults:
    group/campus.moodle.moodle:
      runner: "{{ moodle_runner }}"
  block:
    - name: Enforce one setting
      campus.moodle.moodle_config:
        settings:
          core:
            enablewebservices: false
"""

RETURN = r"""
before:
  description: Settings that are different, with the values they had.
  returned: success
  type: dict
  sample: {"core": {"theme": "classic"}}
after:
  description: The same settings with the values they have now, or would have.
  returned: success
  type: dict
  sample: {"core": {"theme": "boost"}}
locked:
  description: Settings that config.php fixes to another value, as component and name.
  returned: success
  type: list
  elements: str
  sample: [core/debug]
error:
  description:
    - What kind of failure it is. V(invalid) - these are not settings; nothing was changed.
    - The words of all C(moodle_*) modules are in the notes.
  returned: failure
  type: str
  sample: invalid
sentences:
  description: Why it failed, one sentence each.
  returned: failure of the program
  type: list
  elements: str
  sample: ["The setting core/langlist must have a plain name and a text, number, boolean or null as its value."]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle import program, settings
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule({**program.ARGUMENTS, **settings.ARGUMENTS}, supports_check_mode=True)
    conclude(module, lambda: settings.run(program.program_of(module), module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
