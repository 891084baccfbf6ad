#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: moodle_upgrade
short_description: Bring the database of a Moodle site to the version of the code
version_added: 0.2.0
description:
  - Looks first. Refuses a downgrade, plugins that the database knows and the code lacks, and a PHP or PostgreSQL that the branch
    does not support. Nothing is uninstalled because it is missing.
  - Closes the site only where Moodle says that the tables change, and only with O(allow_maintenance).
  - Compares the tables with Moodle's description before and after; a new difference is a failure.
  - Stop or drain cron before an upgrade that needs maintenance.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_moodle
  - campus.moodle._moodle
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  allow_maintenance:
    description: Whether the site may be closed while its tables change. Without it, such an upgrade is refused.
    type: bool
    default: false
seealso:
  - module: campus.moodle.compose_rollout
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Upgrade, and close the site for it if that is needed
  campus.moodle.moodle_upgrade:
    runner: "{{ moodle_runner }}"
    allow_maintenance: true

- name: See whether an upgrade is pending
  campus.moodle.moodle_upgrade:
    runner: "{{ moodle_runner }}"
    allow_maintenance: true
  check_mode: true
  register: upgrade
"""

RETURN = r"""
action:
  description: V(none), V(code) (Moodle notes new versions, the site stays open) or V(upgrade) (the tables change).
  returned: success
  type: str
  sample: upgrade
from_version:
  description: Version that the database had.
  returned: success
  type: str
  sample: "2024100705.01"
to_version:
  description: Version of the code, which the database has now, or would have.
  returned: success
  type: str
  sample: "2024100706.00"
maintenance:
  description: Whether the site has to be closed for it.
  returned: success
  type: bool
seconds:
  description: How long it took.
  returned: when it was done
  type: float
upgrade_warnings:
  description: What was found on the way and did not stop it.
  returned: success
  type: list
  elements: str
error:
  description:
    - What kind of failure it is. V(downgrade) - Moodle or a plugin in the database is newer than the code; V(missing_plugin) - the
      database knows a plugin that the code lacks; V(requirement) - the branch does not support this PHP or PostgreSQL; V(foreign) -
      these are another site's tables; V(data) - moodledata cannot be used; V(maintenance) - the site would have to be closed, and
      O(allow_maintenance) is false; V(schema) - the tables differ from Moodle's description.
    - The words of all C(moodle_*) modules are in the notes.
  returned: failure
  type: str
  sample: downgrade
database_changed:
  description:
    - Whether the failed upgrade may have changed the database. If not, the site runs on as before.
    - An upgrade that was cut cannot tell, and counts as V(true).
    - The failed task is also C(changed) then.
  returned: failure
  type: bool
sentences:
  description: Why it failed.
  returned: failure
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle import program, upgrade
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule({**program.ARGUMENTS, **upgrade.ARGUMENTS}, supports_check_mode=True)
    conclude(module, lambda: upgrade.run(program.program_of(module), module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
