#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: moodle_user
short_description: Create, change, suspend and delete accounts of a Moodle site
version_added: 0.2.0
description:
  - Creates, changes, suspends and deletes a list of users through Moodle's own functions, in one start of Moodle.
  - All of them or none. When Moodle objects to one, every objection is reported and nothing is changed.
  - It is for administrators, bootstrap and tests. Whole directories of people belong into an authentication plugin.
extends_documentation_fragment:
  - campus.moodle._attributes
  - campus.moodle._attributes.actiongroup_moodle
  - campus.moodle._moodle
attributes:
  check_mode:
    support: full
    details:
      - Moodle stores the hash of a password anew when it recognises one that an older method made, as with a login. With
        O(users[].update_password=always) it also does so in check mode.
  diff_mode:
    support: full
    details:
      - A password is shown as C((secret)).
options:
  users:
    description: The users. A field that is left out stays as it is; a new user gets Moodle's default.
    type: list
    elements: dict
    required: true
    suboptions:
      username:
        description: Name for the login, in lower case.
        type: str
        required: true
      state:
        description:
          - V(suspended) keeps the account with everything in it and refuses the login.
          - V(absent) deletes the account for good, also the user's enrolments and grades, and has to be confirmed by O(confirm_absent).
        type: str
        choices: [present, suspended, absent]
        default: present
      password:
        description: Password. Without it, a new user cannot log in before one is set.
        type: str
      update_password:
        description:
          - V(on_create) sets the password of a new user only.
          - V(always) also sets it again when it is another one now.
        type: str
        choices: [on_create, always]
        default: on_create
      firstname:
        description: First name. Needed for a new user.
        type: str
      lastname:
        description: Last name. Needed for a new user.
        type: str
      email:
        description: Email address. Needed for a new user.
        type: str
      auth:
        description: Authentication plugin. A new user has C(manual).
        type: str
      idnumber:
        description: Number that other systems know the user by.
        type: str
      institution:
        description: Institution.
        type: str
      department:
        description: Department.
        type: str
      city:
        description: City.
        type: str
      country:
        description: Country, as two capital letters.
        type: str
      lang:
        description: Language, as the code of an installed pack.
        type: str
      timezone:
        description: Time zone, for example V(Europe/Berlin), or V(99) for the site's.
        type: str
  confirm_absent:
    description: Names of the users that may be deleted.
    type: list
    elements: str
    default: []
seealso:
  - module: campus.moodle.moodle_course
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Make accounts for two teachers
  campus.moodle.moodle_user:
    runner: "{{ moodle_runner }}"
    users:
      - username: curie
        firstname: Marie
        lastname: Curie
        email: curie@example.edu
        password: "{{ first_password }}"
      - username: noether
        firstname: Emmy
        lastname: Noether
        email: noether@example.edu
        city: Erlangen
        country: DE

- name: Give an account a new password when it has another one
  campus.moodle.moodle_user:
    runner: "{{ moodle_runner }}"
    users:
      - username: curie
        password: "{{ second_password }}"
        update_password: always

- name: Lock one account and delete another one
  campus.moodle.moodle_user:
    runner: "{{ moodle_runner }}"
    users:
      - username: curie
        state: suspended
      - username: noether
        state: absent
    confirm_absent: [noether]
"""

RETURN = r"""
users:
  description: Name, id (null when there is no account) and what was done, or would be, for each user.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "curie", "id": 3, "action": "created"}]
  contains:
    name:
      description: Name for the login.
      type: str
    id:
      description: Moodle's id.
      type: int
    action:
      description: V(none), V(created), V(updated) or V(deleted).
      type: str
before:
  description: Fields that are different, by user, as they were; null when there was no account.
  returned: success
  type: dict
  sample: {"curie": {"state": "present"}}
after:
  description: The same fields as they are now, or would be; null when the account is gone.
  returned: success
  type: dict
  sample: {"curie": {"state": "suspended"}}
error:
  description:
    - What kind of failure it is. V(not_confirmed) - O(confirm_absent) does not name an account that would be deleted; V(incomplete) - a new
      user lacks a field; V(password), V(email), V(invalid) - Moodle does not take that value; V(unknown_auth) - there is no such plugin;
      V(protected) - administrators and the guest are neither suspended nor deleted.
    - The words of all C(moodle_*) modules are in the notes.
  returned: failure
  type: str
  sample: incomplete
sentences:
  description: Every objection.
  returned: failure
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle import program, users
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule({**program.ARGUMENTS, **users.ARGUMENTS}, supports_check_mode=True)
    conclude(module, lambda: users.run(program.program_of(module), module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
