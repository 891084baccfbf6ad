# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The words in error: what the modules of restic can fail with is what they document."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re
import typing as t

import pytest
import yaml
from ansible_collections.campus.moodle.plugins.module_utils import _restic
from ansible_collections.campus.moodle.plugins.module_utils._restic._errors import SENTENCES

PACKAGE = pathlib.Path(str(_restic.__file__)).parent
MODULES = sorted(path.stem for path in (PACKAGE.parents[1] / "modules").glob("restic_*.py"))


def documented(module: str) -> set[str]:
    """The words that a module documents."""
    found = importlib.import_module(f"ansible_collections.campus.moodle.plugins.modules.{module}")
    return set(re.findall(r"(?<!R)V\((\w+)\)", " ".join(yaml.safe_load(found.RETURN)["error"]["description"])))


def nodes() -> t.Iterator[ast.AST]:
    """Everything in the code of the package."""
    for path in PACKAGE.glob("*.py"):
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_documents_what_restic_itself_can_fail_with(module: str) -> None:
    # Only a backup ends partially.
    assert set(SENTENCES) - {"partial"} <= documented(module)


def test_a_word_is_documented_when_the_code_uses_it_and_only_then() -> None:
    words = set().union(*map(documented, MODULES))
    given = [node.value for node in nodes() if isinstance(node, ast.keyword) and node.arg == "error"]
    assert {str(value.value) for value in given if isinstance(value, ast.Constant)} <= words
    assert words <= {node.value for node in nodes() if isinstance(node, ast.Constant)}
