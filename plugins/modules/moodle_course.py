#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: moodle_course
short_description: Create, change and delete categories, courses and enrolments of a Moodle site
version_added: 0.2.0
description:
  - Creates and changes categories and courses, deletes courses, and enrols named users with roles, through Moodle's own functions, in
    one start of Moodle.
  - All of it or nothing. When Moodle objects to one thing, every objection is reported and nothing is changed.
  - It is for bootstrap and tests. Enrolments of a whole school belong into an enrolment plugin.
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
  categories:
    description: Categories, parents before their children. A field that is left out stays as it is.
    type: list
    elements: dict
    default: []
    suboptions:
      idnumber:
        description: Number that the category is known by. Names may be there twice, this may not.
        type: str
        required: true
      name:
        description: Name. Needed for a new category.
        type: str
      parent:
        description: The idnumber of the category that it belongs into; empty for the top.
        type: str
      description:
        description: Description, as HTML.
        type: str
      visible:
        description: Whether students see it, as far as it is not in a hidden category.
        type: bool
  courses:
    description: Courses. A field that is left out stays as it is, and for a new course is what the site has as its default.
    type: list
    elements: dict
    default: []
    suboptions:
      shortname:
        description: Short name, which the course is known by.
        type: str
        required: true
      state:
        description: V(absent) deletes the course with everything in it and has to be confirmed by O(confirm_absent).
        type: str
        choices: [present, absent]
        default: present
      fullname:
        description: Full name. Needed for a new course.
        type: str
      idnumber:
        description: Number that other systems know the course by.
        type: str
      category:
        description: The idnumber of the category that it belongs into. A new course goes where Moodle puts courses.
        type: str
      summary:
        description: Summary, as HTML.
        type: str
      format:
        description: Course format, for example V(topics).
        type: str
      visible:
        description: Whether students see it, as far as it is not in a hidden category.
        type: bool
      enrolments:
        description: Users who are enrolled by hand. Others stay as they are.
        type: list
        elements: dict
        default: []
        suboptions:
          username:
            description: Name of a user that exists.
            type: str
            required: true
          state:
            description:
              - V(absent) takes the user out of the course, with grades and groups; V(suspended) keeps them.
              - A start and an end of an enrolment stay as they are, except that V(present) removes one that is in the way.
            type: str
            choices: [present, suspended, absent]
            default: present
          roles:
            description: All roles that the user has in the course by hand, by short name.
            type: list
            elements: str
            default: [student]
  confirm_absent:
    description: Short names of the courses that may be deleted.
    type: list
    elements: str
    default: []
seealso:
  - module: campus.moodle.moodle_user
author:
  - campus.moodle contributors (@campus-moodle)
"""

EXAMPLES = r"""
- name: Make a course with a teacher and a student
  campus.moodle.moodle_course:
    runner: "{{ moodle_runner }}"
    categories:
      - idnumber: science
        name: Science
      - idnumber: physics
        name: Physics
        parent: science
    courses:
      - shortname: RAD1
        fullname: Radioactivity
        category: physics
        enrolments:
          - username: curie
            roles: [editingteacher]
          - username: joliot

- name: Hide the course and take the student out
  campus.moodle.moodle_course:
    runner: "{{ moodle_runner }}"
    courses:
      - shortname: RAD1
        visible: false
        enrolments:
          - username: joliot
            state: absent

- name: Delete the course
  campus.moodle.moodle_course:
    runner: "{{ moodle_runner }}"
    courses:
      - shortname: RAD1
        state: absent
    confirm_absent: [RAD1]
"""

RETURN = r"""
categories:
  description: The idnumber, the id and what was done, or would be, for each category.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "science", "id": 2, "action": "created"}]
courses:
  description: Short name, id and what was done, or would be, for each course; V(updated) also stands for a change of its enrolments.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "RAD1", "id": 5, "action": "updated"}]
  contains:
    name:
      description: Short name.
      type: str
    id:
      description: Moodle's id; null when there is no such course.
      type: int
    action:
      description: V(none), V(created), V(updated) or V(deleted).
      type: str
before:
  description:
    - Fields that are different, below C(categories) and C(courses), as they were; null for what was not there.
    - The state of an enrolment whose time has not come yet or is over is C(closed).
  returned: success
  type: dict
  sample: {"categories": {}, "courses": {"RAD1": {"visible": true}}}
after:
  description: The same fields as they are now, or would be.
  returned: success
  type: dict
  sample: {"categories": {}, "courses": {"RAD1": {"visible": false}}}
error:
  description:
    - What kind of failure it is. V(not_confirmed) - O(confirm_absent) does not name what would be deleted; V(incomplete) - something new
      lacks a field that it needs; V(unknown_category), V(unknown_format), V(unknown_user) or V(unknown_role) - there is none of that name;
      V(idnumber) - another course or category has that number; V(protected) - the front page cannot be changed here.
    - The words of all C(moodle_*) modules are in the notes.
  returned: failure
  type: str
  sample: unknown_user
sentences:
  description: Every objection.
  returned: failure
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.campus.moodle.plugins.module_utils._moodle import courses, program
from ansible_collections.campus.moodle.plugins.module_utils._tool.module import conclude


def main() -> None:
    """Wire the module to its story."""
    module = AnsibleModule({**program.ARGUMENTS, **courses.ARGUMENTS}, supports_check_mode=True)
    conclude(module, lambda: courses.run(program.program_of(module), module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
