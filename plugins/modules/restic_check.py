#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_check
short_description: Check that a restic repository is complete and readable
version_added: 0.2.0
description:
  - Checks the structure of a repository, and reads none, a part, or all of its data.
  - Fails when it finds damage, with what is damaged and which commands restic proposes.
  - Reading a part that moves on every week reads everything within a set number of weeks, at a known cost per run.
  - restic locks the repository for the check, so it fails, or waits for O(lock_wait), while a backup runs.
  - Works with restic 0.14.0 and newer.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.actiongroup_restic
  - campus.moodle._restic
attributes:
  check_mode:
    support: full
    details:
      - Checks in check mode too, since it changes nothing.
options:
  level:
    description:
      - V(metadata) checks that everything that snapshots refer to is there, and that packs have the right size.
      - V(subset) also reads a part of the data and compares it with its checksums. V(full) reads all of it.
    type: str
    choices: [metadata, subset, full]
    default: metadata
  subset:
    description: The part to read, as V(k/n), or as a percentage such as V(5%) or a size such as V(10G), which restic picks at random.
    type: str
  rotate:
    description:
      - Into how many parts to divide the data, at most 256. Each week reads the next part, by the calendar in UTC.
      - With at least one run a week all data is read within that number of weeks.
    type: int
  timeout:
    description:
      - How many seconds the check may take before it is ended. V(0) means no limit.
    type: int
    default: 86400
author:
  - campus.moodle contributors (@campus-moodle)
seealso:
  - module: campus.moodle.restic_restore
"""

EXAMPLES = r"""
- name: Check the structure of the repository
  campus.moodle.restic_check:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"

- name: Read a twelfth of the data, another one each week
  campus.moodle.restic_check:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    level: subset
    rotate: 12
"""

RETURN = r"""
subset:
  description: The part of the data that was read, C(all), or empty for none.
  returned: success or damage
  type: str
  sample: 7/12
num_errors:
  description: Number of errors.
  returned: success or damage
  type: int
  sample: 0
broken_packs:
  description: Ids of pack files that are missing or damaged.
  returned: success or damage
  type: list
  elements: str
errors:
  description: What restic found, at most a hundred lines.
  returned: success or damage
  type: list
  elements: str
suggestions:
  description: Commands that restic proposes, also for harmless findings such as data that nothing refers to.
  returned: success or damage
  type: list
  elements: str
  sample: [restic repair index]
error:
  description:
    - What kind of failure it was.
    - V(damaged) - the repository is damaged. V(invalid) - an option has a value that cannot be used.
    - V(wrong_password), V(locked), V(no_repository), V(unreachable), V(forbidden), V(disk_full), V(timed_out), V(interrupted), V(killed) -
      what kept restic from its work. V(missing_program) - restic is not installed. V(unsupported_option) - the installed restic is too
      old. V(failed) - any other failure.
  returned: failure
  type: str
  sample: damaged
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._restic import check, client
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Check the repository."""
    module = AnsibleModule({**client.ARGUMENTS, **check.ARGUMENTS}, supports_check_mode=True, **check.RULES)
    conclude(module, lambda: check.run(client.opener(module), module.params))


if __name__ == "__main__":
    main()
