#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: site_verify
short_description: Wait until a Moodle site answers
version_added: 0.1.0
description:
  - Connects to a published port with the site's own host name, as a browser does, and waits until the site says that it is ready.
  - Then opens the front page once and follows its redirects, which finds redirect loops and addresses that lead elsewhere.
  - Changes nothing.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.actiongroup_site
  - campus.moodle._visit
options:
  timeout:
    description: Seconds to wait for the site to become ready.
    type: int
    default: 60
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Wait until the site answers
  campus.moodle.site_verify:
    url: https://physics.example.edu
    port: 18080
"""

RETURN = r"""
ready:
  description: Whether code and database agree and the site is not in maintenance.
  returned: always
  type: bool
  sample: true
reasons:
  description: Why the site is not ready.
  returned: always
  type: list
  elements: str
  sample: []
page:
  description: Address of the page that the front page led to.
  returned: success
  type: str
  sample: https://physics.example.edu/login/index.php
summary:
  description: The same in a line for people.
  returned: success
  type: list
  elements: str
  sample: ["Address    https://physics.example.edu answers with https://physics.example.edu/login/index.php"]
  version_added: 0.3.0
error:
  description:
    - What kind of failure it is. V(not_ready) - the site did not become ready within O(timeout), RV(reasons) says why; V(no_answer) - the
      connection was lost on the way; V(status) - a page answers with an error; V(redirect) - the front page leads in a loop or elsewhere.
  returned: failure
  type: str
  sample: not_ready
  version_added: 0.3.0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._site import verify
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule(verify.ARGUMENTS, supports_check_mode=True)
    conclude(module, lambda: verify.run(module.params))


if __name__ == "__main__":
    main()
