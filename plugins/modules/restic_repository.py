#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_repository
short_description: Create a restic repository, enforce its keys, remove stale locks
version_added: 0.2.0
description:
  - Creates a repository only when restic says that there is none. A wrong password, a lock, a refused or an unreachable
    place is an error and never a reason to create one.
  - Works with restic 0.14.0 and newer.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_restic
  - campus.moodle._restic
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Passwords are not shown. A key that would get another password says so.
options:
  state:
    description:
      - V(present) creates the repository if there is none, and enforces O(keys).
      - V(unlocked) removes locks. It never creates a repository.
      - There is no state that removes a repository. To remove one, delete the folder or the objects of its place with the tool
        of that place.
    type: str
    choices: [present, unlocked]
    default: present
  expected_id:
    description:
      - Identifier, or its beginning, that the repository must have. Protects from the wrong bucket and from a file system that is not
        mounted. With it no repository is ever created.
    type: str
  version:
    description:
      - Format of the repository. Without it restic chooses for a new one, and every format of an existing one is accepted.
      - An existing repository of another format is an error, since a migration has no way back.
    type: int
    choices: [1, 2]
  copy_chunker_from:
    description:
      - Existing repository whose chunker a new one shall share, so that snapshots can be copied between the two without growing.
      - It is ignored when the repository exists.
    type: dict
    suboptions:
      repository:
        description: Its place.
        type: str
        required: true
      password:
        description: Its password. Exactly one of the three password options is needed.
        type: str
      password_file:
        description: File on the host that contains its password.
        type: path
      password_command:
        description: Command that prints its password.
        type: str
  keys:
    description:
      - Keys besides the one that this task opens the repository with. Keys that are not named here are left alone.
      - An empty list only reports the keys. Without the option they are not read, which saves a start of restic.
    type: list
    elements: dict
    suboptions:
      user:
        description: User name of the key. Together with O(keys[].host) it says which key is meant.
        type: str
        required: true
      host:
        description: Host name of the key.
        type: str
        required: true
      state:
        description: Whether there is such a key. The key that this task opens the repository with is never removed.
        type: str
        choices: [present, absent]
        default: present
      password:
        description: Password of the key. A present key needs this or O(keys[].password_file).
        type: str
      password_file:
        description: File on the host that contains the password of the key.
        type: path
      rotate:
        description:
          - Whether a key that exists with another password is replaced, the new one first. It takes one more start of restic for
            each key to find out. All other keys of the same user and host are removed, except the current one.
          - With V(false) the password matters only for a key that does not exist.
        type: bool
        default: true
  force:
    description:
      - Whether V(unlocked) removes all locks, also those of processes that run. Only safe when nothing uses the repository.
    type: bool
    default: false
seealso:
  - module: campus.moodle.restic_backup
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Create a repository
  campus.moodle.restic_repository:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"

- name: Give the administrators a key of their own
  campus.moodle.restic_repository:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    keys:
      - user: administrators
        host: vault
        password: "{{ administrators_password }}"
      - user: root
        host: retired-server
        state: absent

- name: Remove the locks that a crash has left
  campus.moodle.restic_repository:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    state: unlocked
"""

RETURN = r"""
id:
  description: Identifier of the repository. Not there when it would only be created.
  returned: success with O(state=present)
  type: str
  sample: 5099c9bb577747968b7451e541d9308e8f9491fde5ed1dc18e64a9ce188af108
version:
  description: Format of the repository.
  returned: success with O(state=present)
  type: int
  sample: 2
repository_keys:
  description: The keys of the repository.
  returned: success with O(keys)
  type: list
  elements: dict
  sample: [{"id": "49c49c85", "user": "administrators", "host": "vault", "current": false}]
locks:
  description: The locks that are left, or would be.
  returned: success with O(state=unlocked)
  type: list
  elements: dict
  sample:
    - {"id": "f90fa681", "host": "web1", "user": "root", "pid": 19, "exclusive": false, "stale": false, "time": "2026-11-21T12:49:28+00:00"}
error:
  description:
    - Kind of a failure; V(wrong_password), V(locked), V(no_repository), V(unreachable), V(forbidden), V(disk_full), V(timed_out),
      V(interrupted), V(killed), V(missing_program), V(unsupported_option), V(id_mismatch), V(version_mismatch), V(current_key),
      V(double_password), V(invalid) or V(failed).
    - A failed task is C(changed) when the repository was created, or a key or lock added or removed, before.
  returned: failure
  type: str
  sample: wrong_password
"""

import dataclasses
import datetime
import os
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._restic.client import (
    PASSWORD_OPTIONS,
    RESTIC_ARGUMENTS,
    RESTIC_RULES,
    restic_from,
)
from ansible_collections.campus.moodle.plugins.module_utils._restic.keys import apply_key, plan_keys, read_keys, wishes_of
from ansible_collections.campus.moodle.plugins.module_utils._restic.locks import unlock
from ansible_collections.campus.moodle.plugins.module_utils._restic.repository import check_config, create, may_create, read_config
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError, after_change

SOURCE: dict[str, t.Any] = {"repository": {"type": "str", "required": True}, **{name: RESTIC_ARGUMENTS[name] for name in PASSWORD_OPTIONS}}
KEY: dict[str, t.Any] = {
    "user": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "password": {"type": "str", "no_log": True},
    "password_file": {"type": "path", "no_log": False},
    "rotate": {"type": "bool", "default": True},
}


def ensure_present(module: AnsibleModule) -> dict[str, t.Any]:
    """Create the repository if there is none, enforce the keys, and return the result."""
    params, source = module.params, module.params["copy_chunker_from"]
    wishes = wishes_of(params["keys"] or [])
    restic = restic_from(module)
    config = read_config(restic)
    exists = bool(config)
    if config:
        check_config(restic, config, params["expected_id"], params["version"])
    else:
        may_create(restic, params["expected_id"])
    if not config and not module.check_mode:
        config = create(restic_from(module, source=source), params["version"], copy_chunker=bool(source))
    done = [] if exists or module.check_mode else ["repository"]
    with after_change(done):
        present = read_keys(restic) if config and params["keys"] is not None else []
        plans = plan_keys(wishes, present, lambda secret: restic_from(module, override=secret))
        pending = [plan for plan in plans if plan.add or plan.remove]
        for plan in [] if module.check_mode else pending:
            apply_key(restic, plan, lambda secret: write_secret(module, secret))
            done.append(plan.wish.label)
        if pending and not module.check_mode:
            present = read_keys(restic)
    before = {"exists": exists, **{plan.wish.label: plan.before for plan in plans}}
    after = {"exists": True, **{plan.wish.label: plan.after for plan in plans}}
    result = {"changed": before != after, "diff": {"before": before, "after": after}, **(config or {})}
    return result if params["keys"] is None else {**result, "repository_keys": [dataclasses.asdict(key) for key in present]}


def ensure_unlocked(module: AnsibleModule) -> dict[str, t.Any]:
    """Remove locks and return the result."""
    now = datetime.datetime.now(datetime.timezone.utc)
    before, after = unlock(restic_from(module), force=module.params["force"], check=module.check_mode, now=now)
    return {
        "changed": len(after) < len(before),
        "diff": {"before": {"locks": [str(lock) for lock in before]}, "after": {"locks": [str(lock) for lock in after]}},
        "locks": [lock.row() for lock in after],
    }


def write_secret(module: AnsibleModule, secret: str) -> str:
    """Return the path of a file with a secret that only its owner can read, and that goes when the module ends."""
    handle, path = tempfile.mkstemp(dir=module.tmpdir)
    module.add_cleanup_file(path)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secret)
    return path


def main() -> None:
    """Reach the state and tell."""
    module = AnsibleModule(
        argument_spec={
            **RESTIC_ARGUMENTS,
            "state": {"type": "str", "choices": ["present", "unlocked"], "default": "present"},
            "expected_id": {"type": "str"},
            "version": {"type": "int", "choices": [1, 2]},
            "copy_chunker_from": {"type": "dict", "options": SOURCE, **RESTIC_RULES},
            "keys": {
                "type": "list",
                "elements": "dict",
                "options": KEY,
                "no_log": False,
                "mutually_exclusive": [("password", "password_file")],
                "required_if": [("state", "present", ("password", "password_file"), True)],
            },
            "force": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
        **RESTIC_RULES,
    )
    states = {"present": ensure_present, "unlocked": ensure_unlocked}
    try:
        result = states[module.params["state"]](module)
    except ToolError as error:
        module.fail_json(msg=str(error), **error.details)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
