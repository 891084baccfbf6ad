#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_database
short_description: Dump the database of a Moodle site, or load a dump
version_added: 0.3.0
description:
  - Dumps the database of a site in Docker Compose, and loads a dump into a fresh database beside it, which takes its place once it is
    complete. The database that is replaced is kept until it is confirmed, and can be put back.
  - Works for the site's own PostgreSQL and for a server elsewhere (C(moodle_database_host)), of PostgreSQL 13 to 18. The programs are those
    of the database's container, or of the site's services image, in a container that is removed again.
  - A run can be cut at any moment and repeated. The two databases change places in one transaction, so there is always a complete one of
    the site's name. What a run that was cut left is removed by the next one that loads.
  - Everything that is loaded becomes the site's user's, whatever the dump says of owners. Encoding, language rules, tablespace, privileges
    and settings of the fresh database are those of the one that it replaces. Privileges on tables come from the dump.
  - The files of the site, its secrets and its caches are no part of this. Put back C(moodledata) of the same moment, and purge Moodle's
    caches.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_site
attributes:
  check_mode:
    details:
      - Everything is checked that is checked before a real run, the dump among it, and the plan is returned. While the site's own database
        does not run, the plan says just that it would be started.
  diff_mode:
    support: N/A
    details:
      - A database is no text.
  idempotent:
    support: partial
    details:
      - V(confirmed) is. V(dumped) with O(path) writes a new dump each time, V(loaded) loads each time, and V(reverted) twice is where it
        began.
options:
  project:
    description: Name of the Compose project.
    type: str
    required: true
  directory:
    description: Directory of the project on the machine. Its C(compose.yml) says where the database is.
    type: path
    required: true
  state:
    description:
      - V(dumped) writes a dump of the database into O(path), in PostgreSQL's own format. The site may run meanwhile. Without O(path), only
        RV(command) is returned, which prints a dump, for a module such as M(campus.moodle.restic_backup).
      - V(loaded) loads the dump in O(path). The site has to be closed (see O(drill)); its own database is started where it does not run.
      - V(reverted) puts the database that was replaced last back in its place, and keeps the one that is there now. The site has to be
        closed.
      - V(confirmed) removes databases that were replaced and are kept. They cannot be had back.
    type: str
    choices: [dumped, loaded, reverted, confirmed]
    required: true
  path:
    description:
      - File of the dump on the machine. Needed with O(state=loaded).
      - With O(state=dumped), it gets mode 0600 and is replaced as a whole once it is complete. Its directory must exist.
    type: path
  compression_level:
    description: How hard to compress a dump. V(0) suits a backup program that compresses and finds what is the same as before.
    type: int
    choices: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    default: 0
  drill:
    description:
      - With O(state=loaded), load the dump beside the database, look at what came, and remove it again. The site may run, and nothing of it
        is touched, but its disk and its processors are used.
    type: bool
    default: false
  preflight:
    description:
      - With O(state=loaded), let the site's image look at what was loaded, before it takes the database's place. A dump of a newer Moodle
        or plugin than the image's, and one with a plugin that the image lacks, is refused, and nothing is replaced.
      - The site's own database is started for it, also with O(drill=true).
    type: bool
    default: false
  older_than:
    description: With O(state=confirmed), only databases that were replaced at least so long ago, as in V(7d) or V(12h).
    type: str
    default: 0s
  disk_minimum:
    description:
      - Bytes that must be free, on the disk of the site's own database to load, and in the directory of O(path) to dump. V(0) checks
        nothing.
      - Without it, they are estimated from the size of the dump (three times as much, eight times if it is compressed, and the log of the
        server), or are the size of the database. The disk of a server elsewhere cannot be measured.
    type: int
  login_user:
    description:
      - Role that logs in to a server elsewhere, instead of the site's user. To load, it needs the right to create databases and has to be a
        member of the site's user, or of it itself.
      - For the site's own database, the programs are the superuser's.
    type: str
  login_password_file:
    description: File on the machine with the password of O(login_user), which its owner can read. Without it, the site's own file is used.
    type: path
  login_database:
    description: Database that is connected to while databases are created, renamed and removed.
    type: str
    default: postgres
  client_image:
    description:
      - Image on the machine with bash and the programs psql, pg_dump and pg_restore, for a server elsewhere that is newer than the
        programs of the services image.
    type: str
  timeout:
    description: Seconds after which a program is ended and the task fails; V(0) is no limit.
    type: int
    default: 14400
seealso:
  - module: campus.moodle.compose_rollout
  - module: campus.moodle.restic_backup
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Find out how to print a dump
  campus.moodle.compose_database:
    project: moodle-physics
    directory: /opt/moodle/physics
    state: dumped
  register: database

- name: Rehearse that a dump can be loaded, while the site runs
  campus.moodle.compose_database:
    project: moodle-physics
    directory: /opt/moodle/physics
    state: loaded
    path: /var/backups/physics.dump
    drill: true

- name: Replace the database of a closed site by a dump
  campus.moodle.compose_database:
    project: moodle-physics
    directory: /opt/moodle/physics
    state: loaded
    path: /var/backups/physics.dump

- name: Remove databases that were replaced a week ago or earlier
  campus.moodle.compose_database:
    project: moodle-physics
    directory: /opt/moodle/physics
    state: confirmed
    older_than: 7d
"""

RETURN = r"""
plan:
  description: What was done, or would be done, in words.
  returned: success
  type: list
  elements: str
  sample: ["load 437 tables into moodle-loading-20261121T020004Z, beside moodle"]
command:
  description: Words of a command that prints a dump. No secret is among them, and they stay the same while the site's description does.
  returned: O(state=dumped)
  type: list
  elements: str
  sample: [docker, compose, --project-name, moodle-physics, exec, -T, "--env=PGUSER=postgres", postgres, pg_dump, --format=custom]
database:
  description: The database of the site as it is now, or empty where there is none.
  returned: success, when the server was reached
  type: dict
  sample: {"name": "moodle", "owner": "moodle", "encoding": "UTF8", "size": 94371840}
  contains:
    name:
      description: Its name.
      type: str
    owner:
      description: Its owner.
      type: str
    encoding:
      description: Its encoding.
      type: str
    size:
      description: Its size in bytes; null where the login cannot tell.
      type: int
server_version:
  description: Version of PostgreSQL.
  returned: success, when the server was reached
  type: str
  sample: "17.12"
kept:
  description: Names of the databases that were replaced and are kept, the oldest first.
  returned: success, when the server was reached
  type: list
  elements: str
  sample: [moodle-replaced-20261121T020004Z]
tables:
  description: Number of tables in the dump.
  returned: O(state=loaded), and O(state=dumped) with O(path) outside of check mode
  type: int
  sample: 437
size:
  description: Size of the dump in bytes.
  returned: O(state=dumped) with O(path) outside of check mode
  type: int
  sample: 31457280
dump:
  description: What made the dump, which extensions it needs, and its size in bytes.
  returned: O(state=loaded), when the server was reached
  type: dict
  sample: {"server": "17.12", "client": "17.12", "extensions": [], "size": 31457280}
moodle:
  description: What the site's image says of the dump.
  returned: O(state=loaded) with O(preflight=true), outside of check mode
  type: dict
  sample: {"database_version": "2022112817.00", "code_version": "2024100705.00", "action": "upgrade"}
  contains:
    database_version:
      description: Version of the Moodle in the dump.
      type: str
    code_version:
      description: Version of the Moodle in the image.
      type: str
    action:
      description: What the image would do with it, V(none), V(code) or V(upgrade), as its command C(preflight) says.
      type: str
accessed:
  description: When somebody who is no administrator was last in the Moodle of the dump, and in the site. Each is null where that is never.
  returned: O(state=loaded) with O(preflight=true), outside of check mode
  type: dict
  sample: {"dump": "2026-11-20T16:04:11Z", "site": null}
seconds:
  description: How long loading took.
  returned: O(state=loaded), when the server was reached
  type: float
  sample: 12.5
summary:
  description: The same in lines for people.
  returned: success, outside of check mode
  type: list
  elements: str
  sample: ["Loaded     437 tables in 12 s"]
error:
  description:
    - What kind of failure it is. V(no_site) - there is no compose file in O(directory); V(not_running) - the container of the site's own
      database does not run; V(site_running) - the site has to be closed first; V(unhealthy) - its database does not come up; V(unreachable)
      - the server cannot be reached, or refuses the login; V(no_database) - there is nothing to dump.
    - V(bad_dump) - the file is not a dump in PostgreSQL's own format, is damaged, or is too new for the programs; V(load) - a statement of
      the dump failed, or less came than it has; V(not_moodle) - there is no finished Moodle in it; V(foreign) - it is of another site;
      V(extension) - the server lacks an extension that it needs; V(downgrade), V(missing_plugin) and the other words of the image's command
      C(preflight) - with O(preflight=true), it refuses the dump.
    - V(no_role) - the site's user does not exist; V(no_privilege) - the login lacks rights; V(no_space) - there is too little space;
      V(in_use) - sessions that this login may not end use the database; V(nothing_kept) - there is nothing to revert to; V(no_client) - no
      image has the programs; V(client_too_old) - the programs are older than the server.
    - V(database) - another statement failed; V(docker) - a command of docker failed; V(files) - a file cannot be read or written;
      V(invalid) - O(older_than) is not an age; V(timed_out) - it took longer than O(timeout); V(killed) - it was ended by force.
  returned: failure
  type: str
  sample: site_running
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._compose import database, project
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule(database.ARGUMENTS, required_if=database.REQUIRED_IF, supports_check_mode=True)
    docker = project.docker(module, timeout=module.params["timeout"])
    conclude(module, lambda: database.run(project.project_of(module), docker, module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
