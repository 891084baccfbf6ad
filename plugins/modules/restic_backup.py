#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_backup
short_description: Back up files, or what a command prints, with restic
version_added: 0.2.0
description:
  - Makes one snapshot of paths on the host, or of the output of a command such as a database dump.
  - A dump that fails, early or late, or prints nothing, never becomes a snapshot, also when restic or the module is killed meanwhile.
    restic sees the end of its input only after the command has ended with exit status 0. Nothing is written to a disk in between.
  - Sources that do not exist are found before restic starts, since restic before 0.19 leaves them out and reports success.
  - Works with restic 0.14.0 and newer.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_restic
  - campus.moodle._restic
attributes:
  check_mode:
    support: full
    details:
      - Runs C(restic backup --dry-run). A O(command) is not run; then only the repository is opened.
  diff_mode:
    support: none
    details:
      - Nothing on the host changes. RV(summary) counts what was new.
  idempotent:
    support: partial
    details:
      - A backup is made on every run, unless O(max_age) or O(skip_if_unchanged) makes it needless.
options:
  timeout:
    description:
      - How many seconds the backup may take before it is ended, which leaves no snapshot. V(0) means no limit.
    type: int
    default: 86400
  paths:
    description: Absolute paths to back up.
    type: list
    elements: path
  files_from:
    description: Files that list what to back up, one pattern in a line, as C(restic backup --files-from) takes them.
    type: list
    elements: path
  command:
    description:
      - Command, as a list and without a shell, whose standard output is backed up as one file.
      - Every user of the host can read it, so it must contain no secret. Variables for it, such as C(PGPASSWORD), belong in the
        C(environment) keyword of the task. It does not get those of O(environment) and no password of the repository.
    type: list
    elements: str
  stdin_filename:
    description: Name of that file in the snapshot.
    type: str
  excludes:
    description: Patterns of paths to leave out.
    type: list
    elements: str
  exclude_files:
    description: Files with such patterns, one in a line.
    type: list
    elements: path
  exclude_if_present:
    description: Names of files; a folder that contains one of them is left out. V(NAME:HEADER) is a file that begins with a certain text.
    type: list
    elements: str
  exclude_caches:
    description: Whether to leave out folders that are marked as a cache with a file C(CACHEDIR.TAG).
    type: bool
    default: false
  exclude_larger_than:
    description: Size of files to leave out, such as V(500M).
    type: str
  one_file_system:
    description: Whether to stay on the file systems of O(paths).
    type: bool
    default: false
  tags:
    description: Tags of the snapshot.
    type: list
    elements: str
  host:
    description: Host name of the snapshot. Without it restic takes the name of the host.
    type: str
  max_age:
    description:
      - Make no snapshot while there is one that is younger than this, such as V(26h), V(1d12h) or a number of seconds.
      - It counts when host and paths are the same and it has all of O(tags). With O(files_from) only host and tags are compared.
        A snapshot from the future does not count, and one that was refused as partial neither.
      - Needs a second start of restic, and that only when the option is given.
    type: str
  skip_if_unchanged:
    description:
      - Make no snapshot when nothing has changed since the last one.
      - Needs restic 0.17.0 or newer. An older one is refused, since it can only remove such a snapshot again, for which an
        append-only repository gives no right.
    type: bool
    default: false
  on_partial:
    description:
      - What to do when something could not be read. The snapshot exists in both cases, and RV(errors) lists what it lacks.
      - With V(fail) the snapshot gets the tag C(campus.moodle.partial), and so another id. It then counts neither for O(max_age) nor for
        M(campus.moodle.restic_snapshot_info). In an append-only repository the one without the tag stays too, and does not count either.
      - With V(warn) it is as good as any other.
    type: str
    choices: [fail, warn]
    default: fail
  missing_path:
    description:
      - What to do when one of O(paths) does not exist. With V(fail) nothing is backed up. With V(warn) the others are.
      - When a pattern in O(files_from) matches nothing, that is known only after the backup. With V(fail) the snapshot is then marked
        as O(on_partial) describes.
    type: str
    choices: [fail, warn]
    default: fail
  read_concurrency:
    description: How many files to read at once. Needs restic 0.15.0 or newer.
    type: int
  compression:
    description: How to compress. V(fastest) and V(better) need restic 0.19.0 or newer.
    type: str
    choices: [auto, 'off', fastest, better, max]
  name:
    description: Name of the backup in O(status_file) and O(metrics_file).
    type: str
    default: restic
  status_file:
    description:
      - File for the result as JSON, readable by everyone. It is replaced as a whole after every run, a failed one as well.
    type: path
  metrics_file:
    description:
      - File for the textfile collector of the Prometheus node exporter, treated in the same way. Its name must end in C(.prom).
    type: path
seealso:
  - module: campus.moodle.restic_repository
  - module: campus.moodle.restic_snapshot_info
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Back up the files of a site
  campus.moodle.restic_backup:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    paths:
      - "{{ moodle_dataroot }}"
    excludes:
      - "{{ moodle_dataroot }}/cache"
      - "{{ moodle_dataroot }}/localcache"
      - "{{ moodle_dataroot }}/temp"
    tags: [moodle, files]
    on_partial: warn
    metrics_file: "{{ metrics_folder }}/backup_files.prom"
    name: physics-files

- name: Back up its database
  campus.moodle.restic_backup:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    command: [pg_dump, --format=custom, --compress=0, moodle]
    stdin_filename: physics.dump
    tags: [moodle, database]

- name: Have a snapshot that is at most a day old
  campus.moodle.restic_backup:
    repository: "{{ backup_repository }}"
    password: "{{ backup_password }}"
    environment: "{{ backup_environment }}"
    paths:
      - "{{ moodle_dataroot }}"
    tags: [moodle, files]
    max_age: 1d
"""

RETURN = r"""
snapshot_id:
  description:
    - Identifier of the new snapshot, or of the one that O(max_age) found. restic 0.14 only reports its first eight characters.
    - Not there in check mode and when nothing has changed.
  returned: success, and when a snapshot was made in spite of an error
  type: str
  sample: 917c6f8022b92a87670971388ecc3e22f29cb3218050d9402e4640d53b7b8a45
snapshot_time:
  description: When the snapshot was made that O(max_age) found.
  returned: when no backup was made because of it
  type: str
  sample: "2026-11-21T02:00:04+00:00"
summary:
  description: What restic counted, or would. The names are those of restic.
  returned: when a snapshot was made
  type: dict
  sample: {"files_new": 3, "files_changed": 1, "data_added": 5120, "total_bytes_processed": 734003200}
data_added:
  description: How many bytes the repository grew by.
  returned: when a snapshot was made
  type: int
  sample: 5120
errors:
  description: What could not be read.
  returned: always
  type: list
  elements: dict
  sample: [{"item": "/srv/moodle/data/lock", "message": "permission denied"}]
missing:
  description: Sources that do not exist.
  returned: always
  type: list
  elements: str
partial:
  description: Whether the new snapshot lacks something that was there.
  returned: always
  type: bool
  sample: false
error:
  description:
    - What kind of failure it was.
    - V(invalid) - an option has a value that cannot be used. V(missing_path) - one of the sources does not exist.
      V(command_failed) - O(command) failed or printed nothing. V(partial) - something could not be read.
    - V(wrong_password), V(locked), V(no_repository), V(unreachable), V(forbidden), V(disk_full), V(timed_out), V(interrupted), V(killed) -
      what kept restic from its work. V(missing_program) - restic is not installed. V(unsupported_option) - the installed restic is too
      old. V(failed) - any other failure.
  returned: failure
  type: str
  sample: command_failed
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._restic import backup, client
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Make the backup."""
    module = AnsibleModule({**client.ARGUMENTS, **backup.ARGUMENTS}, supports_check_mode=True, **backup.RULES)
    conclude(module, lambda: backup.run(client.opener(module), module.params, check_mode=module.check_mode, warn=module.warn))


if __name__ == "__main__":
    main()
