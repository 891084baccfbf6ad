#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: site_smoke
short_description: Try whether a person can use a Moodle site
version_added: 0.3.0
description:
  - Makes a throw-away account and course, logs in by HTTP under the site's own name as a browser does, is refused with a wrong password,
    opens the course, uploads a file and gets it back, lets Moodle send a test mail, and waits until a background task has been run.
  - Every step that can be done is done, and one report tells about all of them. What was made is removed in the end, also after a failure.
  - Account and course are called C(campus-verify-) and random letters and digits. What a run left that was cut is removed by the next one
    once it is six hours old. The password is random, too, and is not stored anywhere.
  - A row of the deleted account stays, since Moodle keeps one of each, and so do lines in Moodle's logs.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_site
  - campus.moodle._moodle
  - campus.moodle._visit
attributes:
  check_mode:
    support: partial
    details:
      - Only opens the page with the form to log in. The other steps are reported as V(skipped).
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each run makes and removes an account and a course.
options:
  login_path:
    description: Path of the form for name and password. Where users log in elsewhere, plugins have one that leads to Moodle's own form.
    type: str
    default: /login/index.php
  mail_to:
    description: Address that gets a test mail. Without it none is sent.
    type: str
  cron_wait:
    description: Seconds within which a background task must have been run.
    type: int
    default: 180
seealso:
  - module: campus.moodle.site_verify
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Try whether a person can use the site
  campus.moodle.site_smoke:
    runner: [docker, compose, --project-name, moodle-physics, exec, -T, php, /opt/campus-moodle/bin/moodle]
    url: https://physics.example.edu
    port: 18080
"""

RETURN = r"""
steps:
  description: What came of each step, in their order.
  returned: when the test was begun
  type: list
  elements: dict
  sample: [{"step": "login", "state": "ok", "seconds": 0.4, "sentence": "The account logged in and came to /my/."}]
  contains:
    step:
      description:
        - V(page), V(account), V(login), V(refusal) of a wrong password, V(course), V(file), V(mail), V(cron), and V(cleanup).
      type: str
    state:
      description: V(ok), V(failed), or V(skipped) where it was not requested or could not be done without another step.
      type: str
    seconds:
      description: How long it took.
      type: float
    sentence:
      description: What was seen, or why it failed or was skipped.
      type: str
error:
  description:
    - What kind of failure it is. V(failed_steps) - at least one of RV(steps) has failed.
    - The words of all C(moodle_*) modules are in the notes.
  returned: failure
  type: str
  sample: failed_steps
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle import program
from ansible_collections.campus.moodle.plugins.module_utils._site import smoke
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule({**program.ARGUMENTS, **smoke.ARGUMENTS}, supports_check_mode=True)
    password = smoke.new_password()
    module.no_log_values.add(password)
    conclude(module, lambda: smoke.run(program.program_of(module), module.params, password, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
