#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_preflight
short_description: Check that a machine can carry a Moodle site in Docker Compose
version_added: 0.1.0
description:
  - Checks that the Docker engine answers, that Compose is recent enough, that there is disk space, that the ports are free or taken by
    the site itself, that servers outside of the site take a connection, that files and directories are there, and that no container
    asks for more processors than there are.
  - Fails with all problems at once, each as one sentence. Changes nothing.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.actiongroup_site
attributes:
  check_mode:
    details:
      - What is missing of Docker (the command, an engine that answers, a Compose plugin that is recent enough) is a warning in check mode,
        so that a run can be tried on a machine that has not been set up yet.
options:
  project:
    description: Name of the site's Compose project. Ports that its containers publish count as free.
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
        description: Variable that sets the port, for the error message.
        type: str
        required: true
  servers:
    description: Servers outside of the site that it cannot do without. Only a connection is made.
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
        description: Variable that names the server, for the error message.
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
        description: What it has to be. A V(file) must not be empty.
        type: str
        choices: [file, directory]
        required: true
      variable:
        description: Variable that names it, for the error message.
        type: str
        required: true
  disk:
    description: Bytes that must be free below O(directory) and below Docker's own directory.
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
- name: Check the machine
  campus.moodle.compose_preflight:
    project: moodle-physics
    directory: /opt/moodle/physics
    disk: 5368709120
    ports:
      - {address: 127.0.0.1, port: 18080, variable: moodle_http_port}
"""

RETURN = r"""
engine:
  description: Version of the Docker engine, empty when there is none.
  returned: success
  type: str
  sample: 28.5.2
compose:
  description: Version of Docker's Compose plugin, empty when there is none.
  returned: success
  type: str
  sample: 2.40.3
problems:
  description: What the machine lacks, one sentence each.
  returned: always
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._compose import _machine as machines
from ansible_collections.campus.moodle.plugins.module_utils._compose.preflight import survey
from ansible_collections.campus.moodle.plugins.module_utils._compose.project import ENVIRON
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import runner


def rows(**options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the argument spec of a list of dicts whose keys are all required."""
    required = {name: {**option, "required": True} for name, option in options.items()}
    return {"type": "list", "elements": "dict", "default": [], "options": required}


ARGUMENTS: dict[str, t.Any] = {
    "project": {"type": "str", "required": True},
    "directory": {"type": "path", "required": True},
    "ports": rows(address={"type": "str"}, port={"type": "int"}, variable={"type": "str"}),
    "servers": rows(host={"type": "str"}, port={"type": "int"}, variable={"type": "str"}),
    "paths": rows(path={"type": "path"}, kind={"type": "str", "choices": ["file", "directory"]}, variable={"type": "str"}),
    "disk": {"type": "int", "default": 0},
    "cpus": {"type": "float", "default": 0},
    "memory": {"type": "int", "default": 0},
}


def main() -> None:
    """Look, judge, report."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run = runner(module, environ=ENVIRON) if module.get_bin_path("docker") else None
    machine = survey(run, module.params)
    needs = machines.Needs(module.params["disk"], module.params["cpus"], module.params["memory"])
    missing, found = machines.missing(machine), machines.problems(machine, needs)
    for sentence in machines.warnings(machine, needs):
        module.warn(sentence)
    if module.check_mode:
        for sentence in missing:
            module.warn(f"{sentence} In check mode the run goes on without it.")
    else:
        found = missing + found
    if found:
        listed = "\n".join(f"- {sentence}" for sentence in found)
        module.fail_json(msg=f"The machine cannot carry the site yet; nothing was changed.\n{listed}", problems=found)
    module.exit_json(changed=False, engine=machine.engine, compose=machine.compose, problems=found)


if __name__ == "__main__":
    main()
