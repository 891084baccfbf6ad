# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Roles: what an argument specification says of a default is what the role uses."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[3] / "roles"
WITH_DEFAULTS = sorted(path.parents[1].name for path in ROLES.glob("*/defaults/main.yml"))


def test_roles_were_found() -> None:
    assert {"docker_engine", "image"} <= set(WITH_DEFAULTS)


@pytest.mark.parametrize("role", WITH_DEFAULTS)
def test_defaults_equal_argument_specs(role: str) -> None:
    """A variable without a default in one place has none in the other one either."""
    options = yaml.safe_load((ROLES / role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    defaults = yaml.safe_load((ROLES / role / "defaults/main.yml").read_text())
    assert {name: option["default"] for name, option in options.items() if "default" in option} == defaults
