# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The pages describe every variable of a site and every branch of Moodle, and examples use no other variables."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.campus.moodle.plugins.module_utils._moodle.branches import BRANCHES
from ansible_collections.campus.moodle.plugins.module_utils._site.options import RESERVED

ROOT = Path(__file__).resolve().parents[3]


def variables() -> set[str]:
    """Return every variable of a site."""
    entries = yaml.safe_load((ROOT / "roles/site/meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    return {name for entry in entries.values() for name in entry["options"]}


def shown() -> t.Iterator[tuple[str, str]]:
    """Yield each page, and the examples of each plugin."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "roles").glob("*/README.md"))):
        yield str(page.relative_to(ROOT)), page.read_text(encoding="utf-8")
    for path in sorted((ROOT / "plugins").glob("*/*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES":
                yield f"{path.parent.name}/{path.stem}", ast.literal_eval(node.value)


def test_the_tables_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "document_variables.py"), "--check"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_variable_is_there() -> None:
    page = (ROOT / "docs" / "reference" / "variables.md").read_text(encoding="utf-8")
    assert [name for name in variables() if f"\n| `{name}` |" not in page] == []


def test_every_module_and_plugin_is_there() -> None:
    page = (ROOT / "docs" / "reference" / "modules.md").read_text(encoding="utf-8")
    names = [path.stem for kind in ("modules", "filter", "inventory") for path in (ROOT / "plugins" / kind).glob("*.py")]
    assert [name for name in names if f"\n| `{name}` |" not in page] == []


def test_every_branch_is_there() -> None:
    page = (ROOT / "roles" / "image" / "README.md").read_text(encoding="utf-8")
    assert [name for name in BRANCHES if not re.search(rf"\n\| {re.escape(name)} ", page)] == []


@pytest.mark.parametrize(("where", "text"), list(shown()), ids=lambda value: value if len(value) < 40 else "")
def test_examples_use_variables_that_a_host_may_have(where: str, text: str) -> None:
    others = {path.stem for path in (ROOT / "plugins" / "modules").glob("moodle_*.py")} | {"moodle_sites"}
    assert set(re.findall(r"\bmoodle_[a-z0-9_]+", text)) - others - variables() - set(RESERVED) == set()
