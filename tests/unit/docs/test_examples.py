# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The tasks that the pages show use options and choices that the modules have."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PREFIX = "campus.moodle."
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "roles").glob("*/README.md"))]


def tasks_in(value: t.Any) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """Yield module and arguments of every task of the collection below a value."""
    if isinstance(value, list):
        for one in value:
            yield from tasks_in(one)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if str(name).startswith(PREFIX) and isinstance(inner, dict):
                yield name, inner
            else:
                yield from tasks_in(inner)


def shown() -> list[tuple[str, str, dict[str, t.Any]]]:
    """Return page, module and arguments of every task in a YAML block of the pages."""
    blocks = [
        (page.name, block) for page in PAGES for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    return [(page, *task) for page, block in blocks for task in tasks_in(yaml.safe_load(block))]


@functools.cache
def documented() -> dict[str, dict[str, t.Any]]:
    """Return the documented options of every module, as ansible-doc gives them."""
    names = [PREFIX + path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")]
    done = subprocess.run(["ansible-doc", "--json", *names], check=True, capture_output=True, text=True)
    return {name: facts["doc"].get("options") or {} for name, facts in json.loads(done.stdout).items()}


def problems(options: dict[str, t.Any], given: dict[str, t.Any], where: str) -> t.Iterator[str]:
    """Yield what is wrong with given arguments; Jinja expressions are not looked into."""
    names = {alias: name for name in options for alias in [name, *options[name].get("aliases", [])]}
    for name, value in given.items():
        if name not in names:
            yield f"{where} has no option {name}"
            continue
        option = options[names[name]]
        choices = option.get("choices")
        if choices and not isinstance(value, (dict, list)) and "{{" not in str(value) and value not in choices:
            yield f"{where}: {name} cannot be {value!r}"
        for inner in value if isinstance(value, list) else [value]:
            if option.get("suboptions") and isinstance(inner, dict):
                yield from problems(option["suboptions"], inner, f"{where}.{name}")


@pytest.mark.parametrize(("page", "module", "arguments"), shown(), ids=lambda value: value if isinstance(value, str) else "")
def test_task_in_the_documentation_fits_the_module(page: str, module: str, arguments: dict[str, t.Any]) -> None:
    assert module in documented(), f"{page} shows {module}, which does not exist"
    assert list(problems(documented()[module], arguments, module)) == []


def test_the_reference_shows_every_module_that_stands_on_its_own() -> None:
    # What role site is made of has no use without it.
    of_compose = {"compose_database", "compose_rollout", "compose_preflight", "compose_secrets"}
    inner = of_compose | {"site_doctor", "site_smoke", "site_spec", "site_verify"}
    wanted = {PREFIX + path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem not in inner}
    assert wanted - {module for page, module, _arguments in shown() if page == "modules.md"} == set()
