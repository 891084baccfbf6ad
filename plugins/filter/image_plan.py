# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import OPTIONS, Inputs
from ansible_collections.campus.moodle.plugins.plugin_utils._image.plan import make

DOCUMENTATION = r"""
name: image_plan
author: campus.moodle contributors
version_added: 0.1.0
short_description: Plan the images of a site
description:
  - Checks what the role P(campus.moodle.image#role) was asked to build and works out the names of the images.
  - The names come from the content. The same input gives the same names on every control node, and a changed byte gives another.
  - Reads files on the control node only, and changes nothing but its own cache of digests.
positional: _input
options:
  _input:
    description:
      - What the option O(campus.moodle.image_build#module:inputs) of the module holds that builds, or the variables of the role
        P(campus.moodle.image#role) without the prefix C(image_).
      - A variable that is missing, empty, or V(none) has the default of the role.
    type: dict
    required: true
seealso:
  - module: campus.moodle.image_build
"""

EXAMPLES = r"""
- name: Show the name that the image would have
  ansible.builtin.debug:
    msg: "{{ ({'branch': '4.5', 'source': '/srv/moodle-4.5.14.tgz'} | campus.moodle.image_plan).reference }}"
"""

RETURN = r"""
_value:
  description:
    - RV(ignore:problems) has one sentence for each thing that is wrong; when it is not empty, there is nothing to build.
    - RV(ignore:warnings) has sentences that a person should read.
    - RV(ignore:reference) and RV(ignore:services_reference) are the names of the two images.
    - RV(ignore:release) is the release of Moodle, as far as it is known before the build.
    - RV(ignore:facts) is what is known about the site image before it is built.
    - RV(ignore:build_spec) is what each image is made of.
  type: dict
"""


def image_plan(variables: t.Any) -> dict[str, t.Any]:
    """See the documentation above."""
    if not isinstance(variables, t.Mapping):
        msg = f"image_plan needs a dictionary, not {type(variables).__name__}."
        raise AnsibleFilterError(msg)
    unknown = sorted(set(variables) - set(OPTIONS))
    if unknown:
        msg = f"image_plan does not know: {', '.join(unknown)}."
        raise AnsibleFilterError(msg)
    given = {str(name): _plain(value, OPTIONS[name]["type"]) for name, value in variables.items() if value not in (None, "", [])}
    return make(Inputs(**given))


def _plain(value: t.Any, kind: str) -> t.Any:
    if kind == "list":
        return [str(item) for item in value]
    return value if isinstance(value, bool) else str(value)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"image_plan": image_plan}
