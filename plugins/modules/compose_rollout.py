#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_rollout
short_description: Bring the containers of a Moodle site into the described state
version_added: 0.1.0
description:
  - Compares the compose file of a Moodle site with the containers of its project and carries out what is different. It knows the services
    of the file that role C(site) writes (C(postgres), C(pooler), C(php), C(web), C(cron), C(proxy) and so on), and is for no other project.
  - The first run installs Moodle. When the site image or the connection to the database changes, the image looks at the database first,
    and a refusal (a downgrade, a plugin that is missing from the image, another site's tables, an empty database although the site was
    installed) leaves everything as it was.
  - Containers that serve requests are replaced by new ones beside them, so that no request fails. The database is upgraded only when
    the code asks for it, after running tasks have ended, and in maintenance mode only when Moodle requires it.
  - A proxy with another certificate is tried beside the old one first, since it takes the old one's port. What does not come up is
    taken back, the secrets and the compose file included, as long as the database has not moved on.
  - Background workers have to stay up; one that ends again and again is a failure with its last lines.
  - A run that was cut is continued by the next one.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_site
attributes:
  check_mode:
    details:
      - The plan is returned. Where the site runs and the new image is built, the image is asked in a container that is removed at once.
      - Without Docker, without an engine that answers or without its Compose plugin, the plan says just that.
  diff_mode:
    support: full
    details:
      - Shows the compose file. It holds no secret.
options:
  project:
    description: Name of the Compose project.
    type: str
    required: true
  directory:
    description: Directory of the project on the machine. Must exist.
    type: path
    required: true
  definition:
    description: Text of the compose file. Required with O(state=present).
    type: str
  state:
    description:
      - V(present) brings the project into the defined state.
      - V(absent) removes containers and networks.
    type: str
    choices: [present, absent]
    default: present
  remove_data:
    description:
      - With O(state=absent), remove the volumes and the files with the secrets as well. They cannot be had back.
      - What this collection did not put into the directory stays, and the directory with it. So does one that is a link or a mount point.
    type: bool
    default: false
  secrets_pending:
    description:
      - Whether secrets that the compose file names are still to be written, as in check mode. The image cannot be asked before that,
        and the plan says so.
    type: bool
    default: false
    version_added: 0.2.0
  timeout:
    description: Seconds to wait for a service to become healthy.
    type: int
    default: 300
author:
  - campus.moodle contributors (@campus-moodle)
seealso:
  - module: campus.moodle.moodle_config
"""

EXAMPLES = r"""
- name: Bring the site into the described state
  campus.moodle.compose_rollout:
    project: moodle-physics
    directory: /opt/moodle/physics
    definition: "{{ lookup('ansible.builtin.template', 'compose.yml.j2') }}"

- name: Remove the containers and keep the data
  campus.moodle.compose_rollout:
    project: moodle-physics
    directory: /opt/moodle/physics
    state: absent
"""

RETURN = r"""
plan:
  description: What was done, or would be done, in words. Empty when nothing was different.
  returned: success
  type: list
  elements: str
  sample: ["site: write compose.yml", "php: replace 2 container(s)"]
action:
  description: What the database needed, as the image said - V(none), V(install), V(code) or V(upgrade).
  returned: O(state=present)
  type: str
  sample: code
left:
  description: What stays of the directory, since this collection did not write it.
  returned: O(state=absent)
  type: list
  elements: str
  sample: [/opt/moodle/physics, /opt/moodle/physics/code]
running:
  description: Whether Moodle can be asked something now. In check mode, whether database, stores and PHP run at the moment.
  returned: success
  type: bool
  sample: true
summary:
  description:
    - The site in lines for people, with its address, and where the administrator's password is.
    - With O(state=absent), what is gone and what stays.
  returned: success
  type: list
  elements: str
  sample: ["Site       physics (production, none)", "Address    https://physics.example.edu"]
  version_added: 0.3.0
error:
  description:
    - What kind of failure it is. V(docker) - a command of docker failed; V(unhealthy) - a service does not come up, or does not stay up;
      V(emptied) - the database holds no Moodle, although the site is installed; V(secret) - a secret of the site is unusable; V(files) - a
      file of the site cannot be read or written.
    - When the site image refused or failed, its own word - V(downgrade), V(missing_plugin), V(foreign) (another site's tables),
      V(requirement) (the branch does not support this PHP or PostgreSQL), V(environment), V(data), V(database), V(sessions), V(schema),
      V(moodle) (one of Moodle's own scripts failed), V(locked), V(maintenance), V(usage), V(unreachable), V(refused), V(old_image), or
      V(runner) when its program could not be started.
  returned: failure
  type: str
  sample: downgrade
  version_added: 0.3.0
sentences:
  description:
    - Why the site image refused or failed, one sentence each.
    - What else its answer has, such as C(missing_plugins), stands beside it.
  returned: failure of the site image
  type: list
  elements: str
  sample: ["Moodle cannot go back."]
exit_status:
  description: The exit status of the site image's program.
  returned: failure of the site image
  type: int
  sample: 4
  version_added: 0.3.0
database_changed:
  description: Whether a failed upgrade may have changed the database. The answer of the image does not always tell.
  returned: failure of an upgrade that can tell
  type: bool
  version_added: 0.3.0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._compose import project, rollout
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule(rollout.ARGUMENTS, required_if=rollout.REQUIRED_IF, supports_check_mode=True)
    docker = module.get_bin_path("docker") is not None
    # conclude ends the module: with what the story returns, or, where it raises a ToolError, with its sentence and details.
    conclude(module, lambda: rollout.run(project.project_of(module), module.params, check_mode=module.check_mode, docker=docker))


if __name__ == "__main__":
    main()
