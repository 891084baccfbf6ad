#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: site_secrets
short_description: Generate and keep the secrets of a Moodle site
version_added: 0.1.0
description:
  - Generates passwords once and keeps them in files of mode 0600 below a directory of mode 0700, owned by the user that reads them.
  - A given value replaces the file. No value is ever returned or shown.
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
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Generate the secrets once and keep them
  campus.moodle.site_secrets:
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

import json
import os
import stat
import tempfile
import typing as t
import uuid

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._site_secrets import Copy, Secret, SecretError, plan

IDENTITY = "site.json"
MODE = 0o600


def read(path: str) -> t.Optional[str]:
    """Return the content of a file without the line end, None when there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().rstrip("\r\n")
    except FileNotFoundError:
        return None


def is_private(path: str, uid: int) -> bool:
    """Whether a file belongs to its reader alone; one that does not exist does."""
    try:
        state = os.stat(path)
    except FileNotFoundError:
        return True
    return (state.st_uid, stat.S_IMODE(state.st_mode)) == (uid, MODE)


def write(path: str, content: str, *, uid: int, mode: int) -> None:
    """Replace a file as a whole; it never exists with a wider mode or another owner."""
    handle, scratch = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content + "\n")
    os.chmod(scratch, mode)
    os.chown(scratch, uid, uid)
    # Not atomic_move, which gives the new file the attributes of the one it replaces.
    os.rename(scratch, path)


def make_directory(path: str, mode: int) -> None:
    """Create a directory with exactly this mode."""
    os.makedirs(path, exist_ok=True)
    os.chmod(path, mode)


def wanted(module: AnsibleModule) -> list[Secret]:
    """Return the secrets as asked for; a source file that cannot be used is an error."""
    uids = {name: int(uid) for name, uid in module.params["readers"].items()}
    result = []
    for row in module.params["secrets"]:
        value = row["value"] or None
        if row["source"]:
            value = read(row["source"])
            if not value:
                raise SecretError(
                    f"The file {row['source']} for the secret {row['name']} does not exist or is empty; correct the path or its content."
                )
        result.append(Secret(row["name"], {reader: uids[reader] for reader in row["readers"]}, value))
    return result


def settle(module: AnsibleModule, directory: str, generations: t.Mapping[str, int]) -> tuple[list[Copy], list[str]]:
    """Return all files to write and the names of the secrets whose value changes."""
    copies: list[Copy] = []
    changed: list[str] = []
    for secret in wanted(module):
        paths = {reader: os.path.join(directory, reader, secret.name) for reader in secret.readers}
        kept = {reader: read(path) for reader, path in paths.items()}
        misplaced = [reader for reader, path in paths.items() if not is_private(path, secret.readers[reader])]
        files, different = plan(secret, kept, directory, known=secret.name in generations, misplaced=misplaced)
        copies += files
        changed += [secret.name] if different else []
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
                },
            },
        },
        supports_check_mode=True,
    )
    site = module.params["directory"]
    directory = os.path.join(site, "secrets")
    identity = json.loads(read(os.path.join(site, IDENTITY)) or "{}")
    before = json.dumps(identity, sort_keys=True)
    identity.setdefault("site_id", str(uuid.uuid4()))
    generations = identity.setdefault("generations", {})
    try:
        copies, changed = settle(module, directory, generations)
    except SecretError as error:
        module.fail_json(msg=str(error))
    for name in changed:
        generations[name] = generations.get(name, 0) + 1
    different = bool(copies) or before != json.dumps(identity, sort_keys=True)
    if different and not module.check_mode:
        make_directory(site, 0o755)
        make_directory(directory, 0o700)
        for reader in module.params["readers"]:
            make_directory(os.path.join(directory, reader), 0o700)
        # The numbers first: a run that is cut here finds a difference again.
        write(os.path.join(site, IDENTITY), json.dumps(identity, indent=2, sort_keys=True), uid=os.geteuid(), mode=0o644)
        for copy in copies:
            write(copy.path, copy.content, uid=copy.uid, mode=MODE)
    module.exit_json(changed=different, created=changed, **identity)


if __name__ == "__main__":
    main()
