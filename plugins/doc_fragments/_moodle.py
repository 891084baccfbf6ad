# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

# Private to this collection: it may change or disappear in any release.

"""How the moodle_* modules reach the program of the site image."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that all moodle_* modules share."""

    DOCUMENTATION = r"""
options:
  runner:
    description:
      - Command, as a list, that runs the program of the site image in a running PHP container of the site, for example
        V([docker, exec, -i, physics-php-1, /opt/campus-moodle/bin/moodle]) or
        V([kubectl, exec, -i, deploy/physics-php, --, /opt/campus-moodle/bin/moodle]).
      - What is requested is handed over on standard input, so the command has to keep it open. No secret is part of a command.
      - Can be set once for all modules of the action group with C(module_defaults).
    type: list
    elements: str
    required: true
  chdir:
    description: Directory to run the command in.
    type: path
  timeout:
    description: Seconds after which the command is ended and the task fails.
    type: int
    default: 3600
notes:
  - A failure has a word for its kind in C(error). Besides those of the module, V(runner) - the command cannot be started or does not
    reach the program; V(old_image) - the image is older than the module; V(timed_out) - it took longer than O(timeout); V(killed) -
    it was ended by force, which is most often for lack of memory; V(environment) - a value in the container's environment is missing or
    wrong; V(database), V(sessions) - that server cannot be reached, or refuses the login; V(not_installed) - there is no finished Moodle
    in the database; V(upgrade_pending) - the database does not have the version of the code; V(locked) - another run holds the lock;
    V(moodle) - one of Moodle's own scripts failed; V(usage), V(unreachable), V(refused) - what the exit status says where the program
    named no kind.
"""
