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
  - Compares settings with those in a site's database and changes what is different, with one start of PHP for all of them.
  - Settings that are fixed in config.php cannot be changed and are reported.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_moodle
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Values of settings whose names look secret are masked.
options:
  runner:
    description:
      - Command, as a list, that runs the program of the site image in a running PHP container of the site.
      - The settings are handed over on standard input, so no value is part of a command.
    type: list
    elements: str
    required: true
  chdir:
    description: Directory to run the command in.
    type: path
  settings:
    description: Component to name to value. The component of core settings is C(core). A value of null removes the setting.
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
    runner: [docker, compose, exec, -T, php, /opt/campus-moodle/bin/moodle]
    chdir: /opt/moodle/physics
    settings:
      core:
        theme: boost
        forcelogin: true
      mod_forum:
        maxattachments: 3
    secret_settings:
      core:
        recaptchaprivatekey: "{{ vault_recaptcha_key }}"
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
"""

import json

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._compose_files import runner
from ansible_collections.campus.moodle.plugins.module_utils._compose_image import answer_of, sentences_of
from ansible_collections.campus.moodle.plugins.module_utils._moodle_settings import pretty, to_moodle


def main() -> None:
    """Hand the settings over and report the difference."""
    module = AnsibleModule(
        argument_spec={
            "runner": {"type": "list", "elements": "str", "required": True},
            "chdir": {"type": "path"},
            "settings": {"type": "dict", "required": True},
            "secret_settings": {"type": "dict", "default": {}, "no_log": True},
        },
        supports_check_mode=True,
    )
    command = [*module.params["runner"], "settings", *(["--check"] if module.check_mode else [])]
    result = runner(module, chdir=module.params["chdir"])(
        command, json.dumps(to_moodle(module.params["settings"], module.params["secret_settings"]))
    )
    answer = answer_of(result)
    if result.rc != 0 or "changed" not in answer:
        sentences = sentences_of(result, answer)
        module.fail_json(msg="The settings could not be applied.\n" + "\n".join(f"- {line}" for line in sentences), sentences=sentences)
    before, after = answer.get("before") or {}, answer.get("after") or {}
    locked = [str(name) for name in answer.get("locked") or []]
    if locked:
        module.warn(f"config.php fixes these settings to another value, so they were left alone: {', '.join(locked)}.")
    module.exit_json(
        changed=bool(answer["changed"]),
        before=before,
        after=after,
        locked=locked,
        diff={"before": pretty(before), "after": pretty(after), "before_header": "settings", "after_header": "settings"},
    )


if __name__ == "__main__":
    main()
