# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Every plugin with EXAMPLES has a test, in whichever tier, that takes them with examples_of and runs them.

The tests themselves are the register: a new plugin without such a test fails here.
"""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# What carries out tasks, or a source of an inventory.
RUNNERS = {"run_play", "listing"}
Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def documented() -> set[str]:
    """Return kind/name of every plugin that shows examples."""
    found = set()
    for path in (ROOT / "plugins").glob("*/*.py"):
        targets = [node.targets[0] for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
        if any(isinstance(target, ast.Name) and target.id == "EXAMPLES" for target in targets):
            found.add(f"{path.parent.name}/{path.stem}")
    return found


def called(node: ast.AST) -> t.Iterator[tuple[str, ast.Call]]:
    """Yield each call below a node with the name of what is called, whether a function or a method."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            yield getattr(inner.func, "attr", getattr(inner.func, "id", "")), inner


def table(tree: ast.Module) -> list[str]:
    """Return every text in the table EXAMPLES of a test file, for tests that take the name of a module as a parameter."""
    rows = [node.value for node in tree.body if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES"]
    return [node.value for row in rows for node in ast.walk(row) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def executed(source: str) -> set[str]:
    """Return kind/name of the plugins whose examples the tests of a file run."""
    tree, found = ast.parse(source), set()
    for test in (node for node in ast.walk(tree) if isinstance(node, Function) and node.name.startswith("test_")):
        if not RUNNERS & {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}:
            continue
        for words in (call.args for name, call in called(test) if name == "examples_of"):
            kind = words[1].value if len(words) > 1 and isinstance(words[1], ast.Constant) else "modules"
            names = [words[0].value] if isinstance(words[0], ast.Constant) else table(tree)
            found |= {f"{kind}/{name}" for name in names}
    return found


def test_every_documented_example_is_run_by_a_test() -> None:
    tests = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").glob("*/**/test_*.py"))]
    missing = documented() - {name for source in tests for name in executed(source)}
    assert not missing, f"no test runs the examples of {', '.join(sorted(missing))}: take them with examples_of and give them to run_play"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def test_a(run_play):\n    run_play(examples_of('x'))", {"modules/x"}),
        ("def test_a(run_play):\n    first, *_rest = modules.examples_of('x', 'filter')\n    run_play([first])", {"filter/x"}),
        ("EXAMPLES = [('x', 1), ('y', [])]\ndef test_a(name, run_play):\n    run_play(examples_of(name))", {"modules/x", "modules/y"}),
        ("def test_a(run_play):\n    meanwhile(run_play, examples_of('x'))", {"modules/x"}),
        ("def test_a():\n    assert examples_of('x')", set()),
        ("def helper(run_play):\n    run_play(examples_of('x'))", set()),
    ],
    ids=["a task", "a filter", "a table", "in a thread", "only looked at", "no test"],
)
def test_the_register_reads_tests(source: str, found: set[str]) -> None:
    assert executed(source) == found
