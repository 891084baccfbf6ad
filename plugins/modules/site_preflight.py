#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: site_preflight
short_description: Check that a machine can carry a Moodle site in Docker Compose
version_added: 0.1.0
description:
  - Checks that the Docker engine answers, that Compose is recent enough, that there is disk space, that the ports are free or taken by
    the site itself, and that no container asks for more processors than there are.
  - Fails with all problems at once, each as one sentence. Changes nothing.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.info
  - campus.moodle._attributes.actiongroup_site
attributes:
  check_mode:
    details:
      - A missing Docker is a warning in check mode, so that a run can be tried on a machine that has not been set up yet.
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
  campus.moodle.site_preflight:
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

import errno
import json
import os
import shutil
import socket
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils import _compose_machine as machines
from ansible_collections.campus.moodle.plugins.module_utils._cli import Run, runner
from ansible_collections.campus.moodle.plugins.module_utils._compose_cli import ENVIRON, LABEL_PROJECT


def existing(path: str) -> str:
    """Return the nearest directory above a path that exists."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def is_taken(address: str, port: int) -> bool:
    """Return whether something listens on the address and port already."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def own_ports(run: Run, project: str) -> set[int]:
    """Return the ports of the machine that the project's containers publish."""
    # The literal text keeps Docker's template apart from Ansible's.
    listing = run(["docker", "ps", "--filter", f"label={LABEL_PROJECT}={project}", "--format", "{{json .Ports}}"], None)
    published = (part for line in listing.out.splitlines() for part in json.loads(line).split(", "))
    return {int(part.split("->")[0].rpartition(":")[2]) for part in published if "->" in part and "-" not in part.split("->")[0]}


def look(module: AnsibleModule) -> machines.Machine:
    """Collect the facts."""
    if module.get_bin_path("docker") is None:
        return machines.Machine(docker=False)
    run = runner(module, environ=ENVIRON)
    answer = run(["docker", "info", "--format", "{{json .}}"], None)
    info: dict[str, t.Any] = json.loads(answer.out) if answer.out.strip().startswith("{") else {}
    if not info.get("ServerVersion"):
        return machines.Machine(docker=True, engine_error="; ".join(info.get("ServerErrors") or [answer.err.strip()]))
    compose = run(["docker", "compose", "version", "--short"], None)
    own = own_ports(run, module.params["project"])
    directories = {existing(module.params["directory"]), existing(info.get("DockerRootDir") or "/")}
    return machines.Machine(
        docker=True,
        engine=info["ServerVersion"],
        compose=compose.out.strip() if compose.rc == 0 else "",
        cpus=info.get("NCPU", 0),
        memory=info.get("MemTotal", 0),
        free={directory: shutil.disk_usage(directory).free for directory in sorted(directories)},
        taken=[
            (row["address"], row["port"], row["variable"])
            for row in module.params["ports"]
            if row["port"] not in own and is_taken(row["address"], row["port"])
        ],
    )


def main() -> None:
    """Look, judge, report."""
    module = AnsibleModule(
        argument_spec={
            "project": {"type": "str", "required": True},
            "directory": {"type": "path", "required": True},
            "ports": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "address": {"type": "str", "required": True},
                    "port": {"type": "int", "required": True},
                    "variable": {"type": "str", "required": True},
                },
            },
            "disk": {"type": "int", "default": 0},
            "cpus": {"type": "float", "default": 0},
            "memory": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    machine = look(module)
    needs = machines.Needs(module.params["disk"], module.params["cpus"], module.params["memory"])
    found = machines.problems(machine, needs)
    for sentence in machines.warnings(machine, needs):
        module.warn(sentence)
    if module.check_mode and not machine.docker:
        module.warn("Docker is not installed yet; in check mode the run goes on without looking at it.")
        found = []
    if found:
        listed = "\n".join(f"- {sentence}" for sentence in found)
        module.fail_json(msg=f"The machine cannot carry the site yet; nothing was changed.\n{listed}", problems=found)
    module.exit_json(changed=False, engine=machine.engine, compose=machine.compose, problems=found)


if __name__ == "__main__":
    main()
