# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The words in error: what the modules of CloudNativePG can fail with is what they document."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re
import typing as t

import pytest
import yaml
from ansible_collections.campus.moodle.plugins.module_utils import _cnpg

UTILS = pathlib.Path(str(_cnpg.__file__)).parents[1]
MODULES = sorted(path.stem for path in (UTILS.parent / "modules").glob("cnpg_*.py"))
# What a request to the API server can always end with.
SERVER = {"forbidden", "denied", "unauthorized", "throttled", "server_error", "unreachable", "untrusted", "bad_kubeconfig", "no_context"}


def documented(module: str) -> set[str]:
    """The words that a module documents."""
    found = importlib.import_module(f"ansible_collections.campus.moodle.plugins.modules.{module}")
    return set(re.findall(r"(?<!R)V\((\w+)\)", " ".join(yaml.safe_load(found.RETURN)["error"]["description"])))


def nodes(*packages: str) -> t.Iterator[ast.AST]:
    """Everything in the code of these packages."""
    for path in (path for package in packages for path in (UTILS / package).rglob("*.py")):
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_documents_what_the_api_server_can_refuse(module: str) -> None:
    assert documented(module) >= SERVER


def test_a_word_is_documented_when_the_code_uses_it_and_only_then() -> None:
    words = set().union(*map(documented, MODULES))
    given = [node.value for node in nodes("_cnpg") if isinstance(node, ast.keyword) and node.arg == "error"]
    assert {str(value.value) for value in given if isinstance(value, ast.Constant)} <= words
    assert words <= {node.value for node in nodes("_cnpg", "_kube") if isinstance(node, ast.Constant)}
