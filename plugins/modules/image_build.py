#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: image_build
short_description: Build the images of a Moodle site
version_added: 0.3.0
description:
  - Builds the site image (Moodle's code, plugins, languages, PHP, nginx and the commands) and the services image (PostgreSQL,
    PgBouncer, Valkey, the proxy and the mail catcher) in the Docker engine of the machine, where they are missing.
  - The names of the images come from their content, so nothing is built when both are there. The same input gives the same names on
    every control node, and a changed byte gives another one.
  - The control node reads and checks what is requested before the machine is touched, and sends what the machine lacks.
  - While a build runs, a line for each step is shown, and C(log/build.log) in the machine's download cache tells how far it is. A build
    that is cut leaves nothing under the final names, and the next run starts the step again.
  - The role P(campus.moodle.image#role) installs what a build needs on the machine, and hands its variables on as O(inputs).
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.action
attributes:
  action:
    support: partial
    details:
      - The control node plans and the machine builds.
  check_mode:
    details:
      - Where no engine answers yet, both images are reported as missing.
  diff_mode:
    support: full
    details:
      - The diff has the names of the images.
options:
  inputs:
    description: What the images are made of.
    type: dict
    default: {}
    suboptions:
      branch:
        description: Branch of Moodle. Decides on PHP, Debian release, layout and the lowest PostgreSQL version.
        type: str
        default: "4.5"
      release:
        description: Release of that branch, for example V(4.5.14). Without it the one of the source, or the branch table's.
        type: str
        default: ""
      php:
        description: Version of PHP, for example V(8.3), for a base from a registry that has packages of it. Without it the branch table's.
        type: str
        default: ""
      postgresql:
        description: Major version of the database server that the site will use. Refused when it is too old for the branch.
        type: str
        default: ""
      source:
        description: Moodle's code on the control node, an archive or a directory. Without it the official archive is downloaded.
        type: path
        default: ""
      archive_url:
        description: Address of another archive than the official one. Needs O(inputs.archive_sha256).
        type: str
        default: ""
      archive_sha256:
        description: SHA-256 of the archive, 64 hexadecimal digits.
        type: str
        default: ""
      plugins_lock:
        description: Lock file on the control node with the plugins that are built in.
        type: path
        default: ""
      languages:
        description: Language packs that are built in, for example V(de). English is always there.
        type: list
        elements: str
        default: []
      base:
        description:
          - V(bootstrap) makes a Debian root from packages; no container registry is needed. The machine needs mmdebstrap and the keys of
            Debian's archive.
          - V(registry) installs the same packages on an image that the engine has or can pull.
        type: str
        choices: [bootstrap, registry]
        default: bootstrap
      base_reference:
        description: >-
          Image for O(inputs.base=registry), of the Debian family, for the site image alone. Without it Debian's own of the branch.
        type: str
        default: ""
      base_date:
        description: Any text, for example V(2026-11). Changing it builds the bases again, with the packages of today.
        type: str
        default: ""
      mirror:
        description: >-
          URL of the Debian mirror for O(inputs.base=bootstrap). Without it mmdebstrap uses Debian's own, security updates included.
          Packages are verified by their signatures.
        type: str
        default: ""
      security_mirror:
        description: URL of the mirror of Debian's security updates; used next to O(inputs.mirror) only, which has none of its own.
        type: str
        default: ""
      allow_unsupported_branch:
        description: Accept a branch that no longer gets security fixes.
        type: bool
        default: false
      mail_catcher:
        description: Program of the mail catcher on the control node. Without it the services image has none.
        type: path
        default: ""
      cache_directory:
        description: Download cache of the control node. Without it E(MOODLE_CACHE) or C(~/.cache/campus.moodle).
        type: path
        default: ""
      target_cache_directory:
        description: Download cache of a machine that is not the control node. Archives that the control node has sent stay there.
        type: str
        default: /var/cache/campus.moodle
  _step:
    description: What the control node makes of O(inputs), for the machine. Not for playbooks, where it is refused.
    type: dict
seealso:
  - plugin: campus.moodle.image_plan
    plugin_type: filter
    description: The names alone, without a machine.
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Build the images of Moodle 4.5 from an archive on the control node
  campus.moodle.image_build:
    inputs:
      branch: "4.5"
      source: /srv/archives/moodle-4.5.14.tgz
      plugins_lock: /srv/physics/plugins.lock.yml
      languages: [de]
  register: images

- name: Show the name of the site image
  ansible.builtin.debug:
    msg: "{{ images.reference }} has {{ images.facts.size_bytes }} bytes"
"""

RETURN = r"""
reference:
  description: Name of the site image.
  returned: success
  type: str
  sample: campus.moodle/site:4.5.14-122650071651
services_reference:
  description: Name of the services image.
  returned: success
  type: str
  sample: campus.moodle/services:378ea7186c2c
facts:
  description:
    - What the site image says about itself, with RV(ignore:size_bytes) and RV(ignore:compressed_bytes).
    - Without the image, in check mode, what is known beforehand.
  returned: success
  type: dict
  sample: {"branch": "4.5", "layout": "classic", "php": "8.2", "tag": "campus.moodle/site:4.5.14-122650071651"}
built:
  description: Names of the images that were built, or would be.
  returned: success
  type: list
  elements: str
  sample: [campus.moodle/site:4.5.14-122650071651]
problems:
  description: What is wrong with O(inputs), one sentence each.
  returned: when the control node refuses them
  type: list
  elements: str
error:
  description:
    - V(invalid) is input that cannot be used, such as code of another branch or a plugin that does not fit.
    - V(wrong_checksum) is a file with another checksum than expected, V(unavailable) a download that cannot be had.
    - V(no_engine) means that no Docker engine answers, V(missing_program) that a program is not installed on the machine.
    - V(build_failed) is a program that failed, or a file that cannot be written.
  returned: failure
  type: str
  sample: invalid
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._image import build
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import ARGUMENTS
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Take one step of a build; the action plugin of the same name has planned it."""
    # Nothing of the specification gets into the machine's log.
    module = AnsibleModule({**ARGUMENTS, "_step": {"type": "dict"}}, supports_check_mode=True, no_log=True)
    conclude(module, lambda: build.run(module.params["_step"], check_mode=module.check_mode))


if __name__ == "__main__":
    main()
