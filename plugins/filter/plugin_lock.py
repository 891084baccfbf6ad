# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.campus.moodle.plugins.plugin_utils._image import lock as locks

DOCUMENTATION = r"""
name: plugin_lock
author: campus.moodle contributors
version_added: 0.2.0
short_description: Read a plugin lock
description:
  - Returns the plugins that a lock pins, and fails with all its mistakes, one sentence each, when it has any.
  - The rules are those of the role P(campus.moodle.image#role), so what this filter accepts can be built.
  - Reads a file on the control node only, and downloads nothing.
positional: _input
options:
  _input:
    description:
      - Path of the lock, or its text. Text is known by a line break, or by its beginning with C(plugins:), C(-) or C([).
      - Files that the lock names must exist, when it is given as a path; they are looked for in its folder.
    type: str
    required: true
seealso:
  - plugin: campus.moodle.image_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which plugins a site gets
  ansible.builtin.debug:
    msg: "{{ ('/srv/physics/plugins.lock.yml' | campus.moodle.plugin_lock) | map(attribute='component') }}"

- name: Stop when the lock in version control is broken, or a plugin does not come from the mirror
  ansible.builtin.assert:
    that: locked | map(attribute='source') | reject('match', 'https://mirror\.example\.edu/') | length == 0
  vars:
    locked: "{{ lookup('ansible.builtin.file', '/srv/physics/plugins.lock.yml') | campus.moodle.plugin_lock }}"
"""

RETURN = r"""
_value:
  description:
    - The plugins, in the order of the lock, each with C(component), C(version), C(source) and C(sha256).
    - C(source) is an address, or a path. A path in a lock that is given as a path is made absolute.
  type: list
  elements: dict
  sample:
    - component: mod_attendance
      version: "2024072900"
      source: https://mirror.example.edu/mod_attendance.zip
      sha256: 3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea
"""

# A path begins with none of these.
_BEGINNINGS = ("plugins:", "-", "[")


def plugin_lock(lock: t.Any) -> list[dict[str, str]]:
    """See the documentation above."""
    if not isinstance(lock, str) or not lock.strip():
        msg = f"plugin_lock needs the path or the text of a plugin lock, not {type(lock).__name__ if lock != '' else 'nothing'}."
        raise AnsibleFilterError(msg)
    is_text = "\n" in lock or lock.lstrip().startswith(_BEGINNINGS)
    rows, problems = locks.parse(lock, "The plugin lock") if is_text else locks.read(os.path.expanduser(lock))
    if problems:
        raise AnsibleFilterError(" ".join(problems))
    return [_plain(row) for row in rows]


def _plain(row: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {
        "component": str(row["component"]),
        "version": str(row["version"]),
        "source": str(row.get("source") or row.get("url") or row.get("path")),
        "sha256": str(row["sha256"]).lower(),
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"plugin_lock": plugin_lock}
