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
error:
  description: What kind of failure it is. V(machine) - the machine lacks what is in RV(problems).
  returned: failure
  type: str
  sample: machine
  version_added: 0.3.0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._compose import preflight, project
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule(preflight.ARGUMENTS, supports_check_mode=True)
    docker = project.docker(module) if module.get_bin_path("docker") else None
    conclude(module, lambda: preflight.run(docker, module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
