# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Fixtures for the examples that need nothing but ansible-playbook."""

from __future__ import annotations

import typing as t

import pytest
from support import modules, plays


@pytest.fixture(scope="session")
def run_play(tmp_path_factory: pytest.TempPathFactory) -> plays.PlayRunner:
    """Return a function that runs tasks with ansible-playbook."""
    return plays.PlayRunner(tmp_path_factory.mktemp("plays"))


@pytest.fixture(scope="session")
def examples_of() -> t.Callable[..., list[dict[str, t.Any]]]:
    """examples_of(name, kind="modules") gives the tasks in the EXAMPLES of a plugin."""
    return modules.examples_of
