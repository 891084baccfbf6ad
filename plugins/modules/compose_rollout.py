#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_rollout
short_description: Bring a Moodle site in Docker Compose into the described state
version_added: 0.1.0
description:
  - Compares a compose file with the containers of its project and carries out what is different.
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
      - What somebody else put into the directory stays, and the directory with it. So does one that is a link or a mount point.
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
  description: What the database needed, as the image said.
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
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._compose._image import ImageError
from ansible_collections.campus.moodle.plugins.module_utils._compose.files import COMPOSE_FILE, SiteFiles
from ansible_collections.campus.moodle.plugins.module_utils._compose.project import ENVIRON, ComposeProject, DockerError
from ansible_collections.campus.moodle.plugins.module_utils._compose.rollout import Rollout, RolloutError
from ansible_collections.campus.moodle.plugins.module_utils._site.secrets import SecretError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import runner


def present(module: AnsibleModule, compose: ComposeProject, files: SiteFiles) -> dict:
    """Plan, and carry the plan out unless in check mode."""
    definition = module.params["definition"]
    before = files.read_definition()
    result = {"diff": {"before": before, "after": definition, "before_header": COMPOSE_FILE, "after_header": COMPOSE_FILE}}
    lacking = what_lacks(module, compose) if module.check_mode else ""
    if lacking:
        return {
            **result,
            "changed": True,
            "plan": [f"site: bring it into the described state; nothing more can be said without {lacking}"],
            "action": "none" if files.read_site().image else "install",
            "running": False,
        }
    rollout = Rollout(compose, files, definition, timeout=module.params["timeout"])
    plan = rollout.plan()
    sentences = plan.sentences()
    if module.check_mode:
        sentences = rollout.foresee(plan, secrets_pending=module.params["secrets_pending"])
    else:
        rollout.run(plan)
    running = plan.serves if module.check_mode else True
    return {**result, "changed": not plan.nothing, "plan": sentences, "action": rollout.action, "running": running}


def what_lacks(module: AnsibleModule, compose: ComposeProject) -> str:
    """Return what a machine that is not prepared yet lacks, in words; empty when nothing."""
    return "Docker" if module.get_bin_path("docker") is None else compose.lacks()


def absent(module: AnsibleModule, compose: ComposeProject, files: SiteFiles) -> dict:
    """Remove what is there. Without Docker there can only be the directory."""
    directory, remove_data = module.params["directory"], module.params["remove_data"]
    stays = remove_data and files.exists() and files.stays()
    docker = module.get_bin_path("docker") is not None
    plan = [f"{container.name}: remove" for container in compose.containers()] if docker else []
    plan += [f"network {name}: remove" for name in compose.networks()] if docker else []
    plan += [f"volume {name}: remove with its data" for name in compose.volumes()] if docker and remove_data else []
    plan += plan_of_files(directory, files, remove_data=remove_data, stays=stays)
    if plan and not module.check_mode:
        if docker:
            compose.down(volumes=remove_data)
        # Compose only removes the volumes that its file names, and the file may be gone.
        left = compose.volumes() if docker and remove_data else []
        if left:
            compose.remove_volumes(left)
        files.forget()
        if remove_data:
            files.remove()
    left = [directory, *(f"{directory}/{name}" for name in files.foreign())] if stays else []
    return {"changed": bool(plan), "plan": plan, "left": left, "running": False, "diff": {"prepared": "\n".join(plan)}}


def plan_of_files(directory: str, files: SiteFiles, *, remove_data: bool, stays: bool) -> list[str]:
    """Return in words what is to be removed of the site's directory."""
    if not remove_data:
        return [f"{directory}: forget what the last run reached"] if files.has_record() else []
    if not files.exists():
        return []
    return [f"{directory}/{name}: remove" for name in files.own()] + ([] if stays else [f"{directory}: remove"])


def main() -> None:
    """Wire module, client and rollout."""
    module = AnsibleModule(
        argument_spec={
            "project": {"type": "str", "required": True},
            "directory": {"type": "path", "required": True},
            "definition": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "remove_data": {"type": "bool", "default": False},
            "secrets_pending": {"type": "bool", "default": False, "no_log": False},
            "timeout": {"type": "int", "default": 300},
        },
        required_if=[("state", "present", ["definition"])],
        supports_check_mode=True,
    )
    compose = ComposeProject(runner(module, environ=ENVIRON), project=module.params["project"], directory=module.params["directory"])
    files = SiteFiles(module.params["directory"], module.atomic_move)
    try:
        result = {"present": present, "absent": absent}[module.params["state"]](module, compose, files)
    except (DockerError, ImageError, RolloutError, SecretError) as error:
        module.fail_json(msg=str(error), sentences=getattr(error, "sentences", []))
    except OSError as error:
        place = error.filename or module.params["directory"]
        module.fail_json(msg=f"The site cannot be written or read ({place}: {error.strerror or error}); correct that, and run again.")
    if result.get("left"):
        module.warn(f"What this collection did not write stays on the machine: {', '.join(result['left'])}.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
