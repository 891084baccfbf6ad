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
  - Creates a repository only when restic reports that there is none. A wrong password, a lock, a refused or an unreachable
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
      - Passwords are not shown. A key that would get another password is marked as such.
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
      - Keys in addition to the one that this task opens the repository with. Keys that are not named here are left alone.
      - An empty list only reports the keys. Without the option they are not read, which saves a start of restic.
    type: list
    elements: dict
    suboptions:
      user:
        description: User name of the key. Together with O(keys[].host) it identifies the key.
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
    - What kind of failure it was.
    - V(invalid) - an option has a value that cannot be used. V(id_mismatch) - it is not the repository with O(expected_id).
      V(version_mismatch) - it does not have the format O(version). V(current_key) - the key that the task uses cannot be removed.
      V(double_password) - two keys would have the same password.
    - V(wrong_password), V(locked), V(no_repository), V(unreachable), V(forbidden), V(disk_full), V(timed_out), V(interrupted), V(killed) -
      what kept restic from its work. V(missing_program) - restic is not installed. V(unsupported_option) - the installed restic is too
      old. V(failed) - any other failure.
    - A failed task is C(changed) when the repository was created, or a key or lock added or removed, before.
  returned: failure
  type: str
  sample: wrong_password
"""

import functools

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._restic import client, repository
from ansible_collections.campus.moodle.plugins.module_utils._tool.files import secret_file
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Reach the state."""
    module = AnsibleModule({**client.ARGUMENTS, **repository.ARGUMENTS}, supports_check_mode=True, **client.RULES)
    write_secret = functools.partial(secret_file, module)
    conclude(module, lambda: repository.run(client.opener(module), module.params, check_mode=module.check_mode, write_secret=write_secret))


if __name__ == "__main__":
    main()
