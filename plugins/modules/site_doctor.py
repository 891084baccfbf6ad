#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: site_doctor
short_description: Make one archive for support, without secrets, and say what is wrong with a site
version_added: 0.3.0
description:
  - Collects versions, states, logs and the answers of Moodle's own checks on the machine of a site, proves host name, certificate, mail
    server, disks, clocks and memory, and brings one archive to the control node.
  - It is made for broken sites. What cannot be collected is told in the archive, and does not end the task.
  - Secrets are taken out on the machine, before anything is brought over. The values that the inventory gives and those in
    O(secret_paths) are removed in all their forms, the values of names that say so are removed by the rule for names of settings, and
    so are private keys, passwords in addresses, sessions and tokens. Then the archive is searched once more; if a secret is left,
    there is no archive.
  - Changes nothing on the machine; a private folder there holds the archive until it is brought over, and is removed.
  - A secret of fewer than 8 characters, or one that is a word of the site itself such as its name, is not searched for, since its gaps
    would tell it; a finding names it. Where containers were made from a directory without secrets, their logs are left out.
  - Findings do not fail the task; P(campus.moodle.site#role) has an entry point for that, check.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.action
  - campus.moodle._attributes.actiongroup_site
attributes:
  action:
    support: partial
    details:
      - The machine collects; the control node adds what it sees itself, and writes the archive.
  check_mode:
    details:
      - Everything is collected and proven, and no archive is written.
options:
  name:
    description: Name of the site.
    type: str
    required: true
  site:
    description: Description of the site, as C(campus.moodle.site_spec) returns it, or as much of it as there is.
    type: dict
    default: {}
  problems:
    description: What is wrong with the description, one sentence each.
    type: list
    elements: str
    default: []
  runner:
    description: The way into the site, as M(campus.moodle.moodle_check_info) takes it.
    type: raw
  chdir:
    description: Directory in which the runner's command starts.
    type: path
  timeout:
    description: Seconds that one question to the site may take.
    type: int
    default: 60
  secret_paths:
    description: >-
      Files and folders of the machine that hold secrets. They are read to search for what is in them; one that cannot be read fails
      the task.
    type: list
    elements: path
    default: []
  secrets:
    description:
      - Secrets by any names, whose values are removed.
      - Added by itself is what the inventory gives in variables that are secrets, and in files of the control node that are.
    type: dict
    default: {}
  log_lines:
    description: Lines of each log.
    type: int
    default: 2000
  keep_addresses:
    description: Leave mail addresses and network addresses of people in the logs, instead of pseudonyms.
    type: bool
    default: false
  directory:
    description: Folder of the control node for the archive. It is created, with mode 0700.
    type: path
    required: true
  control_node:
    description: What the control node tells the machine. It is filled by itself.
    type: dict
    default: {}
  compose:
    description: What is collected and proven of a site in Docker Compose. Without it there is the part that every target has.
    type: dict
    suboptions:
      project:
        description: Name of the site's Compose project.
        type: str
        required: true
      directory:
        description: Directory of the site. Need not exist.
        type: path
        required: true
      ports:
        description: Ports of the machine that the site publishes.
        type: list
        elements: dict
        default: []
        suboptions:
          address:
            description: Address to listen on.
            type: str
            required: true
          port:
            description: Port number.
            type: int
            required: true
          variable:
            description: Variable that sets it.
            type: str
            required: true
      servers:
        description: Servers outside of the site that it cannot do without.
        type: list
        elements: dict
        default: []
        suboptions:
          host:
            description: Name or address.
            type: str
            required: true
          port:
            description: Port number.
            type: int
            required: true
          variable:
            description: Variable that names the server.
            type: str
            required: true
      paths:
        description: Files and directories of the machine that the site uses and does not make.
        type: list
        elements: dict
        default: []
        suboptions:
          path:
            description: Absolute path.
            type: path
            required: true
          kind:
            description: What it has to be.
            type: str
            choices: [file, directory]
            required: true
          variable:
            description: Variable that names it.
            type: str
            required: true
      disk:
        description: Bytes that must be free.
        type: int
        default: 0
      cpus:
        description: Processors of the site's largest container.
        type: float
        default: 0
      memory:
        description: Bytes of memory that all containers of the site may use together.
        type: int
        default: 0
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Make an archive for support
  campus.moodle.site_doctor:
    name: physics
    directory: support
    site:
      hostname: localhost
      smtp: {host: localhost, port: 25, security: none}
    secret_paths: [/opt/moodle/physics/secrets]
  register: report

- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ report.summary }}"
"""

RETURN = r"""
archive:
  description: Path of the archive on the control node, empty in check mode.
  returned: success
  type: str
  sample: /home/ops/support/physics-20261121T020004Z.tar.gz
findings:
  description: What was found, the worst first.
  returned: success
  type: list
  elements: dict
  contains:
    subject:
      description: What the sentence is about.
      type: str
      sample: mail
    state:
      description: V(problem) has to be mended, V(doubt) has to be looked at, V(unknown) could not be told, V(fine) is as it should be.
      type: str
      sample: problem
    sentence:
      description: The sentence.
      type: str
      sample: The site has no backups, since moodle_backup_repository is not set.
summary:
  description: The sentences in lines for people.
  returned: success
  type: list
  elements: str
  sample: ["fine     Moodle sends no mail, since moodle_no_email is true."]
files:
  description: Names of the files in the archive.
  returned: success
  type: list
  elements: str
  sample: [README.txt, findings.json]
size:
  description: Bytes of the archive.
  returned: success
  type: int
  sample: 81920
error:
  description:
    - What kind of failure it is. V(secret) - a secret was still in what was collected, V(unreadable) - a secret could not be read, so
      it could not be searched for, V(files) - the archive cannot be written or brought over, V(invalid) - the input cannot be used.
      There is no archive then.
  returned: failure
  type: str
  sample: files
"""

import functools
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._compose import doctor as compose
from ansible_collections.campus.moodle.plugins.module_utils._doctor import collect, questions
from ansible_collections.campus.moodle.plugins.module_utils._doctor.world import World
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import program_of
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import runner

ARGUMENTS = {**collect.ARGUMENTS, "compose": {"type": "dict", "options": compose.ARGUMENTS}}
# A program that hangs is part of what is to be found out.
COMMAND_SECONDS = 60


def main() -> None:
    """Wire the module to its story; the action plugin of the same name adds what only the control node knows."""
    # Nothing of the description gets into the machine's log.
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True, no_log=True)
    given, world, run = module.params, World(), runner(module, timeout=COMMAND_SECONDS)
    machine = collect.Machine(run, world, given["site"], given["problems"], given["control_node"], given["log_lines"])
    parts = [collect.machine_part(machine), questions.part(questions.Questions(functools.partial(program_of, module), given["site"]))]
    if given["compose"]:
        docker = run if module.get_bin_path("docker") else None
        parts.append(
            compose.part(
                docker, given["compose"], world, log_lines=given["log_lines"], repository=given["control_node"].get("repository", "")
            )
        )
    conclude(module, lambda: collect.run(given, parts, now=time.time()))


if __name__ == "__main__":
    main()
