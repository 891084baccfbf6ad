#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_copy
short_description: Copy restic snapshots from one repository to another
version_added: 0.2.0
description:
  - Copies the snapshots that a repository lacks from another one, which keeps a second copy in another place.
    Each is copied by a start of restic of its own, so that a damaged one keeps no other from being copied.
  - A snapshot counts as present when a copy of it is there, by the id of the original and its properties, whatever its own id is.
  - Nothing is ever removed from the destination. Use M(campus.moodle.restic_forget) there.
  - Both repositories are reached from the host with the same O(environment). To deduplicate well, create the destination with
    O(campus.moodle.restic_repository#module:copy_chunker_from).
  - Works with restic 0.14.0 and newer.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_restic
  - campus.moodle._restic
  - campus.moodle._restic_filter
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows which of the chosen snapshots are in the destination, before and after.
options:
  from_repository:
    description: Place of the repository to copy from. O(repository) is the one to copy to.
    type: str
    required: true
  from_password:
    description: Its password. Exactly one of O(from_password), O(from_password_file) and O(from_password_command) is needed.
    type: str
  from_password_file:
    description: File on the host that contains its password.
    type: path
  from_password_command:
    description: Command that prints its password. It must contain no secret.
    type: str
  snapshots:
    description: Ids of snapshots, or their beginnings, to copy only these.
    type: list
    elements: str
    default: []
  timeout:
    description:
      - How many seconds one start of restic may take before it is ended. V(0) means no limit.
        Listing snapshots takes at most five minutes of it.
      - A copy that was ended goes on where it stopped at the next run.
    type: int
    default: 86400
author:
  - campus.moodle contributors (@campus-moodle)
seealso:
  - module: campus.moodle.restic_repository
  - module: campus.moodle.restic_forget
"""

EXAMPLES = r"""
- name: Keep a second copy of all snapshots of a host in another place
  campus.moodle.restic_copy:
    from_repository: "{{ backup_repository }}"
    from_password: "{{ backup_password }}"
    repository: "{{ second_repository }}"
    password: "{{ second_password }}"
    environment: "{{ backup_environment }}"
    filter:
      hosts: [moodle]
"""

RETURN = r"""
copied:
  description: Snapshots that were copied, or would be, with their ids in the source, the oldest first.
  returned: success, and on failure when it is known what was copied
  type: list
  elements: dict
  sample: [{"id": "34873e29bc6638f5", "time": "2026-10-01T03:00:00Z", "host": "moodle", "paths": ["/srv/moodledata"], "tags": []}]
num_present:
  description: How many of the chosen snapshots the destination had already.
  returned: success
  type: int
error:
  description:
    - What kind of failure it was.
    - V(invalid), V(no_snapshot) - an option has a value that cannot be used; nothing was copied. V(not_copied) - restic did not copy all of
      the snapshots.
    - V(wrong_password), V(locked), V(no_repository), V(unreachable), V(forbidden), V(disk_full), V(timed_out), V(interrupted), V(killed) -
      what kept restic from its work. V(missing_program) - restic is not installed. V(unsupported_option) - the installed restic is too
      old. V(failed) - any other failure.
    - A failed task is C(changed) when snapshots were copied before, or when that cannot be known. The message names the repository.
  returned: failure
  type: str
  sample: no_repository
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._restic import client, copy
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Copy what is missing."""
    module = AnsibleModule({**client.ARGUMENTS, **copy.ARGUMENTS}, supports_check_mode=True, **copy.RULES)
    conclude(module, lambda: copy.run(client.opener(module), module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
