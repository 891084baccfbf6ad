#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_secrets
short_description: Generate and keep the secrets of a Moodle site
version_added: 0.1.0
description:
  - Generates passwords once and keeps them in files of mode 0600 below a directory of mode 0700, owned by the user that reads them.
  - A given value replaces the file, and an empty one is refused. No value is ever returned or shown.
  - A run that was cut anywhere, or found a full disk, can be run again.
  - Keeps the identity of the site beside them, and a number for each secret that rises when the secret changes.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_site
attributes:
  diff_mode:
    support: none
    details:
      - A difference would show secrets.
options:
  directory:
    description: Directory of the site. It is created with mode 0755, and C(secrets) below it with mode 0700.
    type: path
    required: true
  readers:
    description: Names of the readers and their numeric user ids.
    type: dict
    required: true
  secrets:
    description: The secrets.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the secret and of its file.
        type: str
        required: true
      readers:
        description: Names of those of O(readers) that read it.
        type: list
        elements: str
        required: true
      value:
        description: Value, instead of a generated one.
        type: str
      source:
        description: File on the machine that holds the value.
        type: path
      once:
        description:
          - The value counts for the installation alone, since Moodle keeps a copy of its own. Another one is refused later, and the
            sentence says how to change it.
        type: bool
        default: false
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Generate the secrets once and keep them
  campus.moodle.compose_secrets:
    directory: /opt/moodle/physics
    readers: {moodle: 10001, services: 10002}
    secrets:
      - {name: admin_password, readers: [moodle]}
      - {name: database_password, readers: [moodle, services]}
  register: kept
"""

RETURN = r"""
created:
  description: Names of the secrets that were written, or would be.
  returned: success
  type: list
  elements: str
  sample: [admin_password]
site_id:
  description: Identity of the site, a UUID that is generated once. It is no secret.
  returned: success
  type: str
  sample: 8f14e45f-ceea-467f-a0d6-3f2a2a3f2b0e
generations:
  description: A number for each secret that rises when the secret changes.
  returned: success
  type: dict
  sample: {"admin_password": 1}
error:
  description:
    - What kind of failure it is. V(secret) - a secret is empty, lost or cannot be changed; V(files) - a file cannot be read or written.
  returned: failure
  type: str
  sample: secret
  version_added: 0.3.0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._compose import secrets
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule(secrets.ARGUMENTS, supports_check_mode=True)
    conclude(module, lambda: secrets.run(module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
