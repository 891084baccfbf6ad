#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

# Documentation alone: it runs on the control node, in plugins/action/site_spec.py.

DOCUMENTATION = r"""
module: site_spec
short_description: Check the description of a Moodle site
version_added: 0.1.0
description:
  - Reads all variables C(moodle_*) of a host, casts them, applies defaults and the preset of C(moodle_size), and checks them against
    each other and against the branch of Moodle.
  - Fails with all problems at once, each as one sentence, before anything is touched.
  - Returns one nested description that the tasks of every target work from. It never holds a secret.
  - The variables are documented in the role P(campus.moodle.site#role).
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.action
options:
  purpose:
    description:
      - V(site) checks the whole description.
      - V(removal) checks and returns only what tells the site from others (name, target and directory), so that an expired
        certificate or a branch past its support does not keep a site from being removed.
      - V(backup), V(restore) and V(drill), new in 0.3.0, do the same for the variables C(moodle_backup_*), C(moodle_restore_*) and
        C(moodle_drill_*), and V(adopt) for C(moodle_adopt_*).
      - V(doctor), new in 0.3.0, checks the whole description and does not fail where it has problems. It returns them, and as much of the
        description as there is.
    type: str
    choices: [site, removal, backup, restore, drill, adopt, doctor]
    default: site
    version_added: 0.2.0
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Check the description of the site
  campus.moodle.site_spec:
  register: described

- name: Show the address of the site
  ansible.builtin.debug:
    var: described.spec.url
"""

RETURN = r"""
spec:
  description:
    - The description. A variable C(moodle_database_host) is found in C(database.host), C(moodle_branch) in C(branch).
    - Sizes are whole megabytes, paths on the control node are absolute, and what follows from other values is filled in.
    - C(target) has the C(name) of the target and what follows from it. C(target.runner) is the way into the site as the modules
      C(moodle_*) take it, C(target.visit) the way to look at it as M(campus.moodle.site_verify) takes it.
    - C(secrets) names the secrets that the site has, and what reads each of them.
  returned: success
  type: dict
  sample:
    name: physics
    url: https://physics.example.edu
    database: {"host": null, "own": true}
    target:
      name: compose
      runner: [docker, compose, --project-name, moodle-physics, exec, -T, php, /opt/campus-moodle/bin/moodle]
      visit: {"address": 127.0.0.1, "port": 18080, "tls": false}
error:
  description:
    - A word that tells a program what failed.
    - V(description) means that the description has problems.
  returned: failure
  type: str
  sample: description
problems:
  description: What is wrong with the description, one sentence each.
  returned: failure, and with O(purpose=doctor)
  type: list
  elements: str
  sample: ["moodle_branch is '9.9', which this collection does not know; choose one of 4.5, 5.1."]
"""
