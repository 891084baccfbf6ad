#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: site_verify
short_description: Ask a Moodle site whether it serves
version_added: 0.1.0
description:
  - Connects to a published port with the site's own host name, as a browser does, and waits until the site says that it is ready.
  - Then opens the front page once and follows its redirects, which finds redirect loops and addresses that lead elsewhere.
  - Changes nothing.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.actiongroup_site
options:
  url:
    description: Address of the site, as its users type it.
    type: str
    required: true
  address:
    description: Address of the machine to connect to.
    type: str
    default: 127.0.0.1
  port:
    description: Port of the machine to connect to.
    type: int
    required: true
  tls:
    description: Whether the port speaks TLS. The certificate is not verified, because the connection goes to an address, not to the name.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for the site to become ready.
    type: int
    default: 60
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Ask the site whether it serves
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
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._site.visitor import Problem, Visitor, readiness


def main() -> None:
    """Wait for readiness, then visit the front page."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "address": {"type": "str", "default": "127.0.0.1"},
            "port": {"type": "int", "required": True},
            "tls": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    visitor = Visitor(module.params["url"], module.params["address"], module.params["port"], tls=module.params["tls"])
    deadline = time.monotonic() + module.params["timeout"]
    reasons = readiness(visitor)
    while reasons and time.monotonic() < deadline:
        time.sleep(0.5)
        reasons = readiness(visitor)
    if reasons:
        module.fail_json(msg=f"The site {module.params['url']} is not ready: {'; '.join(reasons)}", ready=False, reasons=reasons)
    try:
        page = visitor.front_page()
    except Problem as problem:
        module.fail_json(msg=str(problem), ready=True, reasons=[])
    module.exit_json(changed=False, ready=True, reasons=[], page=page)


if __name__ == "__main__":
    main()
