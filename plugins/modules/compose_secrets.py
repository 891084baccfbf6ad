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
        description: Who reads it.
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
"""

import os
import typing as t
import uuid

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._site import secret_files as files
from ansible_collections.campus.moodle.plugins.module_utils._site.secrets import Copy, Secret, SecretError, plan


def wanted(params: t.Mapping[str, t.Any]) -> list[Secret]:
    """Return the secrets as asked for; a source file that cannot be used is an error."""
    uids = {name: int(uid) for name, uid in params["readers"].items()}
    result = []
    for row in params["secrets"]:
        # The line end that a file or an editor adds is no part of a secret, here as in the files that are kept.
        value = None if row["value"] is None else row["value"].rstrip("\r\n")
        if row["source"]:
            value = files.read(row["source"])
            if not value:
                raise SecretError(
                    f"The file {row['source']} for the secret {row['name']} does not exist or is empty; correct the path or its content."
                )
        result.append(Secret(row["name"], {reader: uids[reader] for reader in row["readers"]}, value, row["once"]))
    return result


def settle(secrets: t.Sequence[Secret], directory: str, identity: files.Identity) -> tuple[list[Copy], list[str]]:
    """Return all files to write and the names of the secrets whose number rises."""
    copies: list[Copy] = []
    changed: list[str] = []
    for secret in secrets:
        paths = {reader: os.path.join(directory, reader, secret.name) for reader in secret.readers}
        kept = {reader: files.read(path) for reader, path in paths.items()}
        misplaced = [reader for reader, path in paths.items() if not files.is_private(path, secret.readers[reader])]
        # One that an administrator brought along has no number yet.
        known = secret.name in identity.generations
        rows, different = plan(secret, kept, directory, known=known, misplaced=misplaced)
        copies += rows
        changed += [secret.name] if different or not known or secret.name in identity.pending else []
    return copies, changed


def main() -> None:
    """Plan, and write unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "readers": {"type": "dict", "required": True},
            "secrets": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "no_log": False,
                "options": {
                    "name": {"type": "str", "required": True},
                    "readers": {"type": "list", "elements": "str", "required": True},
                    "value": {"type": "str", "no_log": True},
                    "source": {"type": "path"},
                    "once": {"type": "bool", "default": False},
                },
            },
        },
        supports_check_mode=True,
    )
    site = module.params["directory"]
    try:
        identity = files.Identity(site)
        copies, changed = settle(wanted(module.params), os.path.join(site, files.DIRECTORY), identity)
        different = bool(copies or changed or not identity.site_id)
        identity.site_id = identity.site_id or str(uuid.uuid4())
        generations = identity.raised(changed)
        if different and not module.check_mode:
            files.keep(site, module.params["readers"], identity, copies, changed)
    except SecretError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        place = error.filename or site
        module.fail_json(msg=f"The secrets of the site cannot be kept ({place}: {error.strerror}); correct that, and run again.")
    module.exit_json(changed=different, created=changed, site_id=identity.site_id, generations=generations)


if __name__ == "__main__":
    main()
