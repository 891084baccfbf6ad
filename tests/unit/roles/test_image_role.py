# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Role image: every input of the module is a variable of the role, with the same default, and is handed on."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import OPTIONS

ROLE = Path(__file__).resolve().parents[3] / "roles" / "image"
# All of them at once.
DICTIONARY = "image_inputs"


def content(name: str) -> t.Any:
    """Return a YAML file of the role."""
    return yaml.safe_load((ROLE / name).read_text(encoding="utf-8"))


def test_every_input_is_a_variable_with_the_same_default() -> None:
    options = content("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert options.pop(DICTIONARY)["default"] == {}
    assert {name: option["default"] for name, option in options.items()} == {
        f"image_{name}": argument["default"] for name, argument in OPTIONS.items()
    }
    assert {name: option.get("choices") for name, option in options.items()} == {
        f"image_{name}": argument.get("choices") for name, argument in OPTIONS.items()
    }


def test_every_input_is_handed_on() -> None:
    handed_on = content("vars/main.yml")["__image_variables"]
    assert handed_on == {name: f"{{{{ image_{name} }}}}" for name in OPTIONS}
