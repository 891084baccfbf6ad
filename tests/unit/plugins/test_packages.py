# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The packages of utilities: rooms stay private, their pages hold no code, and no imports run in a circle."""

from __future__ import annotations

import ast
import graphlib
import typing as t
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
COLLECTION = ("ansible_collections", "campus", "moodle")
FILES = {(*path.relative_to(PLUGINS).parent.parts, path.stem): path for path in sorted(PLUGINS.rglob("*.py"))}
PAGES = [path for name, path in FILES.items() if name[-1] == "__init__"]

Name = tuple[str, ...]


def imported_by(importer: Name) -> t.Iterator[Name]:
    """Yield each file below plugins that a file imports, anywhere in it: also in functions and for types alone."""
    for node in ast.walk(ast.parse(FILES[importer].read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = tuple((node.module or "").split(".")) if node.module else ()
        if node.level:
            source = importer[: -node.level] + module
        elif module[:4] == (*COLLECTION, "plugins"):
            source = module[4:]
        else:
            continue
        yield from {source} if source in FILES else {(*source, alias.name) for alias in node.names}


IMPORTS = {importer: set(imported_by(importer)) for importer in FILES}


def room_of(name: Name) -> Name:
    """Return the folder that a file is private to: the one above its last part with an underscore, after the package itself."""
    private = [depth for depth, part in enumerate(name) if part.startswith("_") and depth > 1]
    return name[: private[-1]] if private else ()


def test_every_import_of_ours_is_found() -> None:
    assert [(importer, name) for importer, names in IMPORTS.items() for name in names if name not in FILES] == []


def test_no_package_imports_another_packages_room() -> None:
    assert [
        f"{'.'.join(importer)} imports {'.'.join(name)}"
        for importer, names in IMPORTS.items()
        for name in sorted(names)
        if importer[: len(room_of(name))] != room_of(name)
    ] == []


def test_no_imports_run_in_a_circle() -> None:
    graphlib.TopologicalSorter(IMPORTS).prepare()


def test_pages_of_packages_hold_their_text_alone() -> None:
    folders = {path.parent for name, path in FILES.items() if name[0] in ("module_utils", "plugin_utils") and len(name) > 2}
    assert folders == {path.parent for path in PAGES}
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PAGES}
    assert [path for path, tree in trees.items() if not ast.get_docstring(tree) or len(tree.body) != 1] == []
