# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleFilterError

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

_FACTS = "io.campus.moodle.facts"
_COMPRESSED = "io.campus.moodle.compressed-bytes"


def image_state(inspected: str, plan: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """See the documentation above."""
    try:
        images = json.loads(inspected.strip() or "[]")
    except ValueError as error:
        msg = f"image_state needs the JSON that docker image inspect prints: {error}."
        raise AnsibleFilterError(msg) from error
    found = {name: image for image in images for name in image.get("RepoTags") or []}
    wanted = {"site": plan["reference"], "services": plan["services_reference"]}
    return {
        "missing": [name for name, reference in wanted.items() if reference not in found],
        "facts": _facts(found.get(wanted["site"]), plan),
    }


def _facts(image: t.Mapping[str, t.Any] | None, plan: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    if image is None:
        return dict(plan["facts"])
    labels = (image.get("Config") or {}).get("Labels") or {}
    return {
        **json.loads(labels.get(_FACTS, "{}")),
        "size_bytes": image.get("Size", 0),
        "compressed_bytes": int(labels.get(_COMPRESSED, "0")),
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"image_state": image_state}
