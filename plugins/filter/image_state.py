# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.campus.moodle.plugins.module_utils._image.engine import facts_of

DOCUMENTATION = r"""
name: image_state
author: campus.moodle contributors
version_added: 0.1.0
short_description: Compare the images of a machine with a plan
description:
  - Says which images of a plan are missing, and what is known about the site image.
positional: _input, plan
options:
  _input:
    description: The output of C(docker image inspect) for both references of the plan. Empty when the engine has neither.
    type: str
    required: true
  plan:
    description: The result of the filter P(campus.moodle.image_plan#filter).
    type: dict
    required: true
seealso:
  - plugin: campus.moodle.image_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what would be built
  ansible.builtin.debug:
    msg: "{{ (inspected.stdout | campus.moodle.image_state(plan)).missing }}"
"""

RETURN = r"""
_value:
  description:
    - RV(ignore:missing) names the images that are not there, C(site) and C(services).
    - RV(ignore:facts) is what the site image says about itself, with C(size_bytes) and C(compressed_bytes); without the image it is
      what the plan knows.
  type: dict
"""


def image_state(inspected: str, plan: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """See the documentation above."""
    try:
        images = json.loads(inspected.strip() or "[]")
    except ValueError as error:
        msg = f"image_state needs the JSON that docker image inspect prints: {error}."
        raise AnsibleFilterError(msg) from error
    found = {name: image for image in images for name in image.get("RepoTags") or []}
    references = {"site": plan["reference"], "services": plan["services_reference"]}
    site = found.get(references["site"])
    return {
        "missing": [name for name, reference in references.items() if reference not in found],
        "facts": facts_of(site) if site else dict(plan["facts"]),
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"image_state": image_state}
