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
    refused, unless O(overwrite) says what to do with existing files.
  - Whether something is to do is decided by existence, type, size and time of the entries, and with O(overwrite=always) or O(verify)
    by content. Permissions and the targets of links are restored with everything else, but do not count as a difference by themselves.
  - Comparing a target that is not empty needs about 400 MB of memory for a million entries.
  - Works with restic 0.14.0 and newer. There is only one process besides the restore for most tasks, which looks up the snapshot.
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
        and V(never) do not look at what they leave alone. Before restic 0.17.0 that comparison needs GNU tar on the host.
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
        Looking takes at most five minutes of it.
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
    - V(invalid), V(not_confirmed), V(dangerous_target), V(target_not_empty), V(no_snapshot), V(no_path) - nothing was restored.
    - V(damaged), V(disk_full), V(nothing_restored), V(assertion_failed), V(not_removed) - what their names say.
    - V(wrong_password), V(locked), V(no_repository), V(unreachable), V(forbidden), V(timed_out), V(interrupted), V(killed),
      V(missing_program), V(unsupported_option), V(failed) - restic failed.
    - A failed task is C(changed) when files were restored before, or when that cannot be known; a O(drill) never is.
  returned: failure
  type: str
  sample: damaged
"""

import datetime
import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._restic._target import Difference, is_empty
from ansible_collections.campus.moodle.plugins.module_utils._restic.client import RESTIC_ARGUMENTS, RESTIC_RULES, restic_from
from ansible_collections.campus.moodle.plugins.module_utils._restic.drill import (
    ASSERT_ARGUMENT,
    drill_folder,
    failed_assertions,
    refuse_space,
)
from ansible_collections.campus.moodle.plugins.module_utils._restic.errors import NOT_BEGUN, ResticError
from ansible_collections.campus.moodle.plugins.module_utils._restic.filter import FILTER_ARGUMENT, brief, checked, find_snapshot, read_limit
from ansible_collections.campus.moodle.plugins.module_utils._restic.restore import Restoration, Wish, refuse_target
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import runner

ARGUMENTS: dict[str, t.Any] = {
    **RESTIC_ARGUMENTS,
    "timeout": {"type": "int", "default": 86400},
    "snapshot": {"type": "str", "default": "latest"},
    "filter": FILTER_ARGUMENT,
    "target": {"type": "path"},
    "include": {"type": "list", "elements": "str", "default": []},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "overwrite": {"type": "str", "choices": ["always", "if-changed", "if-newer", "never"]},
    "delete": {"type": "bool", "default": False},
    "confirm_delete": {"type": "path"},
    "verify": {"type": "bool", "default": False},
    "assert_that": ASSERT_ARGUMENT,
    "drill": {"type": "bool", "default": False},
    "drill_directory": {"type": "path"},
}
RULES: dict[str, t.Any] = {
    **RESTIC_RULES,
    "mutually_exclusive": [*RESTIC_RULES["mutually_exclusive"], ("target", "drill_directory"), ("overwrite", "drill_directory")],
    "required_if": [
        ("drill", False, ("target",)),
        ("drill", True, ("drill_directory",)),
        ("delete", True, ("confirm_delete", "overwrite")),
    ],
}

NO_SECONDS: dict[str, t.Any] = {}


def wish_of(params: t.Mapping[str, t.Any]) -> Wish:
    """Return what the options ask for; the directory of a rehearsal is made later, its preview needs a name that is not there."""
    return Wish(
        target=os.path.normpath(params["target"] or os.path.join(params["drill_directory"], f"restic-drill-{os.getpid()}")),
        subfolder=params["snapshot"].partition(":")[2],
        include=tuple(params["include"]),
        exclude=tuple(params["exclude"]),
        overwrite=params["overwrite"],
        delete=params["delete"],
        verify=params["verify"],
    )


def require_assertions(module: AnsibleModule, folder: str) -> None:
    """Raise ResticError for everything that does not hold for the files in a folder."""
    wanted = module.params["assert_that"]
    if not wanted:
        return
    failed = failed_assertions(folder, wanted, runner(module, chdir=folder, timeout=module.params["timeout"]))
    if failed:
        msg = f"The files in {folder} are not what they should be: {' '.join(failed)}"
        raise ResticError(msg, error="assertion_failed", failed_assertions=failed)


def recover(module: AnsibleModule, restoration: Restoration, known: t.Optional[Difference] = None) -> tuple[Difference, dict[str, t.Any]]:
    """Restore and check; return what there was to do, if it was not known before, and how long it took."""
    started = time.monotonic()
    found = restoration.restore(known) or known or Difference()
    require_assertions(module, restoration.wish.target)
    return found, {"rto_seconds": round(time.monotonic() - started, 1)}


def to_target(module: AnsibleModule, restoration: Restoration) -> dict[str, t.Any]:
    """Bring the target to the content of the snapshot."""
    target = restoration.wish.target
    confirmed = module.params["confirm_delete"]
    refuse_target(restoration.wish, confirmed and os.path.normpath(confirmed))
    # In an empty target everything is missing, so only check mode has to ask what would be done.
    empty = is_empty(target)
    known = restoration.preview() if module.check_mode or not empty else None
    found, seconds = known or Difference(), NO_SECONDS
    if not module.check_mode and (known is None or known):
        try:
            found, seconds = recover(module, restoration, known)
        except ToolError as error:
            # What restic did to existing files before it stopped is not known.
            error.details["changed"] = not is_empty(target) if empty else error.details.get("error") not in NOT_BEGUN
            raise
    elif not module.check_mode:
        require_assertions(module, target)
    return {"changed": bool(found), "diff": found.diff(target), **found.numbers(), **seconds}


def drill(module: AnsibleModule, restoration: Restoration) -> dict[str, t.Any]:
    """Restore to a fresh directory, check, remove."""
    parent = module.params["drill_directory"]
    found, seconds = restoration.preview(), NO_SECONDS
    refuse_space(parent, found)
    if not module.check_mode:
        with drill_folder(parent) as folder:
            found, seconds = recover(module, restoration.to(folder))
    return {"changed": False, **found.numbers(), **seconds}


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Look up the snapshot, restore it or rehearse that, and return the result."""
    params = module.params
    wish = wish_of(params)
    chosen_by = checked(params["filter"])
    look, work = restic_from(module, timeout=read_limit(params)), restic_from(module)
    used = {"subfolder": wish.subfolder, "overwrite": wish.overwrite, "delete": wish.delete}
    look.require([option for option, value in used.items() if value])
    now = datetime.datetime.now(datetime.timezone.utc)
    snapshot, warning = find_snapshot(look, params["snapshot"].partition(":")[0], chosen_by, now)
    if warning:
        module.warn(warning)
    result = (drill if params["drill"] else to_target)(module, Restoration(work, snapshot, wish))
    return {**result, "rpo_seconds": round(snapshot.age(now), 1), "snapshot": brief(snapshot)}


def main() -> None:
    """Restore, or rehearse it."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, **RULES)
    try:
        module.exit_json(**run(module))
    except ToolError as error:
        module.fail_json(msg=str(error), **error.details)


if __name__ == "__main__":
    main()
