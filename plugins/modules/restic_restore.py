#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_restore
short_description: Restore a restic snapshot, or rehearse it
version_added: 0.2.0
description:
  - Restores a snapshot to a directory and checks what must hold for the restored files.
  - A rehearsal (O(drill)) restores to a fresh directory, checks the files, removes them, and returns how long it took.
  - An empty or missing target is filled. A target that already has the content of the snapshot is left alone. Any other target is
    refused, unless O(overwrite) decides about existing files.
  - Whether something is to do is decided by existence, type, size and time of the entries, and with O(overwrite=always) or O(verify)
    by content. Permissions and the targets of links are restored with everything else, but do not count as a difference by themselves.
  - Comparing a target that is not empty needs about 400 MB of memory for a million entries.
  - Works with restic 0.14.0 and newer. Most tasks start restic twice, to look up the snapshot and to restore it.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_restic
  - campus.moodle._restic
  - campus.moodle._restic_filter
attributes:
  check_mode:
    support: partial
    details:
      - With restic older than 0.17.0 the number of entries is an upper bound when O(include) or O(exclude) is used.
      - Assertions are not checked, since nothing is restored.
  diff_mode:
    support: full
    details:
      - Shows how many entries are missing, and up to a hundred different and superfluous ones.
  idempotent:
    support: partial
    details:
      - With restic older than 0.17.0 a target that is not empty is refused when O(include) or O(exclude) is used.
      - With V(latest) a newer snapshot is a change.
      - A O(drill) runs every time.
options:
  snapshot:
    description:
      - Id of the snapshot, or the beginning of one, or V(latest) for the newest that O(filter) selects and that is neither from the
        future nor was refused as partial by M(campus.moodle.restic_backup). A partial one that is named by its id causes a warning.
      - A directory of the snapshot may follow, as in V(latest:/srv/moodledata), to restore only what is in it. Needs restic 0.16.0.
    type: str
    default: latest
  target:
    description:
      - Directory to restore to, as an absolute path. It is made when it is missing.
      - V(/) is refused without O(overwrite), and always with O(delete).
    type: path
  include:
    description: Patterns of restic for what to restore.
    type: list
    elements: str
    default: []
  exclude:
    description: Patterns of restic for what to leave out.
    type: list
    elements: str
    default: []
  overwrite:
    description:
      - What to do with existing files. V(always) compares their content, V(if-changed) their size and time.
      - V(if-newer) replaces those that are older than in the snapshot, V(never) none.
      - A restore that fails removes the files that it began and could not finish, and gives those that were there before the time 1970,
        so that the next one completes them. After a host that went down in the middle of a restore only V(always) and V(if-changed) do.
      - Needs restic 0.17.0 or newer.
    type: str
    choices: [always, if-changed, if-newer, never]
  delete:
    description:
      - Whether to remove what is in the target and not in the snapshot.
      - Needs O(confirm_delete), O(overwrite) and restic 0.17.0 or newer.
    type: bool
    default: false
  confirm_delete:
    description: The same path as O(target), to confirm O(delete).
    type: path
  verify:
    description:
      - Whether restic reads the restored files again and compares them with the repository.
      - Files that are there already are compared by content as well, so V(if-changed) for O(overwrite) then means V(always). V(if-newer)
        and V(never) do not compare what they leave alone. Before restic 0.17.0 that comparison needs GNU tar on the host.
    type: bool
    default: false
  assert_that:
    description:
      - What must hold for the files of the target after the restore, also when nothing had to be restored.
      - The task fails with all that does not hold.
    type: dict
    suboptions:
      paths:
        description: Paths below the target that must exist.
        type: list
        elements: str
        default: []
      min_files:
        description: Least number of files.
        type: int
      min_bytes:
        description: Least size of all files together.
        type: int
      sha256:
        description: Path below the target to the SHA-256 checksum of that file.
        type: dict
        default: {}
      command:
        description: Command, as a list, that runs in the target and must succeed. It does not get the secrets of the repository.
        type: list
        elements: str
  drill:
    description:
      - Restores to a fresh directory below O(drill_directory), checks O(assert_that) and removes the directory again, also after a failure.
      - Fails before it restores anything when the disk has not enough room. Never changes anything.
    type: bool
    default: false
  drill_directory:
    description: Directory on a disk with enough room for everything that a O(drill) restores.
    type: path
  timeout:
    description:
      - How many seconds one start of restic, or the command of O(assert_that), may take before it is ended. V(0) means no limit.
        Looking up the snapshot takes at most five minutes of it.
    type: int
    default: 86400
author:
  - campus.moodle contributors (@campus-moodle)
seealso:
  - module: campus.moodle.restic_backup
  - module: campus.moodle.restic_check
"""

EXAMPLES = r"""
- name: Restore the newest snapshot of a host to an empty directory
  campus.moodle.restic_restore:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    filter:
      hosts: [moodle]
    target: "{{ restore_target }}"
    verify: true

- name: Prove once a week that the backup can be restored, and how fast
  campus.moodle.restic_restore:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    drill: true
    drill_directory: "{{ drill_directory }}"
    assert_that:
      min_files: 3
      paths: ["{{ moodledata }}/filedir"]
  register: rehearsal

- name: Put a directory back to what it was, and remove what was added since (restic 0.17.0 or newer)
  campus.moodle.restic_restore:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    snapshot: "latest:{{ moodledata }}"
    target: "{{ moodledata }}"
    overwrite: if-changed
    delete: true
    confirm_delete: "{{ moodledata }}"
"""

RETURN = r"""
snapshot:
  description: The snapshot, with id, time, host, paths and tags.
  returned: success
  type: dict
entries:
  description: Number of files, directories and links that were restored, or would be. On failure, that are in the target now.
  returned: success, and on failure when the target was empty before
  type: int
  sample: 1204
bytes:
  description: Size of these files.
  returned: success, and on failure when the target was empty before
  type: int
  sample: 734003200
different:
  description: Files of the target that had other content, at most a hundred.
  returned: success
  type: list
  elements: str
superfluous:
  description: What was removed from the target, or would be, at most a hundred paths.
  returned: success
  type: list
  elements: str
exact:
  description: Whether the numbers are exact. In check mode with restic older than 0.17.0 and patterns they are upper bounds.
  returned: success
  type: bool
rto_seconds:
  description: How long the restore and the checks of the files took, which is how long a recovery takes at least.
  returned: success, when something was restored
  type: float
rpo_seconds:
  description: Age of the snapshot, which is how much work a recovery loses.
  returned: success
  type: float
failed_assertions:
  description: What does not hold for the restored files.
  returned: failure of assertions
  type: list
  elements: str
failed_paths:
  description: Entries that could not be restored, at most a hundred. RV(num_failed) is their number.
  returned: failure of the restore
  type: list
  elements: str
num_failed:
  description: Number of entries that could not be restored.
  returned: failure of the restore
  type: int
error:
  description:
    - What kind of failure it was.
    - V(invalid) - an option has a value that cannot be used. V(not_confirmed) - O(delete) without O(confirm_delete).
      V(dangerous_target) - the target is the root of the system. V(target_not_empty) - the target has other content.
      V(no_snapshot), V(no_path) - the snapshot, or the directory in it, does not exist. In all of these nothing was restored.
    - V(damaged) - the repository is damaged. V(nothing_restored) - nothing of the snapshot was selected. V(assertion_failed) - the files
      are not what O(assert_that) expects. V(not_removed) - the directory of a O(drill) could not be removed.
    - V(wrong_password), V(locked), V(no_repository), V(unreachable), V(forbidden), V(disk_full), V(timed_out), V(interrupted), V(killed) -
      what kept restic from its work. V(missing_program) - restic is not installed. V(unsupported_option) - the installed restic is too
      old. V(failed) - any other failure.
    - A failed task is C(changed) when files were restored before, or when that cannot be known; a O(drill) never is.
  returned: failure
  type: str
  sample: damaged
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._restic import client, restore
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Run, runner


def main() -> None:
    """Restore, or rehearse it."""
    module = AnsibleModule({**client.ARGUMENTS, **restore.ARGUMENTS}, supports_check_mode=True, **restore.RULES)

    def run_in(folder: str) -> Run:
        return runner(module, chdir=folder, timeout=module.params["timeout"])

    options = {"check_mode": module.check_mode, "run_in": run_in, "warn": module.warn}
    conclude(module, lambda: restore.run(client.opener(module), module.params, **options))


if __name__ == "__main__":
    main()
