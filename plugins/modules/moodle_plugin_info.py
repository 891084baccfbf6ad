#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: moodle_plugin_info
short_description: List the plugins of a Moodle site
version_added: 0.2.0
description:
  - Lists every plugin that is in the code or in the database of a site, with both versions, by Moodle's own plugin manager.
  - Also works while an upgrade is pending, which is when it is needed most.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_moodle
  - campus.moodle._attributes.info
  - campus.moodle._moodle
attributes:
  check_mode:
    support: full
options:
  components:
    description: Only these plugins, by component, for example V(mod_forum). Without it, all.
    type: list
    elements: str
  additional:
    description: Only plugins that are not part of Moodle itself.
    type: bool
    default: false
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Look at all plugins
  campus.moodle.moodle_plugin_info:
    runner: "{{ moodle_runner }}"
  register: found

- name: Stop when the database knows a plugin that the code lacks
  ansible.builtin.assert:
    that: found.missing | length == 0

- name: Look at one plugin
  campus.moodle.moodle_plugin_info:
    runner: "{{ moodle_runner }}"
    components: [mod_forum]
"""

RETURN = r"""
plugins:
  description: The plugins, by component.
  returned: success
  type: list
  elements: dict
  sample:
    - component: mod_forum
      version_disk: "2024100700"
      version_database: "2024100700"
      release: null
      status: uptodate
      standard: true
      enabled: true
      requires: "2024100100"
      supported: null
      dependencies: {}
      requirements_met: true
  contains:
    component:
      description: Type and name.
      type: str
    version_disk:
      description: Version of the code, or null when there is none.
      type: str
    version_database:
      description: Version that is installed, or null.
      type: str
    release:
      description: The code's own name for its version.
      type: str
    status:
      description:
        - V(uptodate), V(new) (code that is not installed yet), V(upgrade), V(downgrade), V(missing) (installed, without code),
          V(delete) (Moodle dropped it and will remove it), or V(nodb) (has no version).
      type: str
    standard:
      description: Whether it is part of Moodle itself.
      type: bool
    enabled:
      description: Whether it is switched on; null where its type knows no switch.
      type: bool
    requires:
      description: Lowest version of Moodle that it asks for.
      type: str
    supported:
      description: First and last branch of Moodle that it names as supported, for example V([404, 405]).
      type: list
      elements: int
    dependencies:
      description: Plugins that it needs, with the version of each, or V(any).
      type: dict
    requirements_met:
      description: Whether the code in the image is what it asks for.
      type: bool
missing:
  description: Those of RV(plugins) that are installed and whose code is missing.
  returned: success
  type: list
  elements: str
pending:
  description: Those of RV(plugins) that the next upgrade installs or upgrades.
  returned: success
  type: list
  elements: str
failing:
  description: Those of RV(plugins) whose requirements are not met; an upgrade would stop at them.
  returned: success
  type: list
  elements: str
problems:
  description: What is wrong with those that are missing or failing, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["mod_gone: the database has this plugin, and the code lacks it."]
  version_added: 0.3.0
summary:
  description: The same for people, as lines.
  returned: success
  type: list
  elements: str
  sample: ["Plugins    437"]
  version_added: 0.3.0
error:
  description: What kind of failure it is. The words of all C(moodle_*) modules are in the notes.
  returned: failure
  type: str
  sample: database
sentences:
  description: Why it failed, one sentence each.
  returned: failure of the program
  type: list
  elements: str
  sample: ["The database db.example.edu does not answer."]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle import plugins, program
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule({**program.ARGUMENTS, **plugins.ARGUMENTS}, supports_check_mode=True)
    conclude(module, lambda: plugins.run(program.program_of(module), module.params))


if __name__ == "__main__":
    main()
