# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The archives of the rehearsal payload: same bytes every time, layout and numbers as Moodle's, PHP that parses."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACK = ROOT / "tests" / "rehearsal" / "pack.py"
COMMANDS = {
    "adhoc_task",
    "alternative_component_cache",
    "build_theme_css",
    "cfg",
    "check_database_schema",
    "checks",
    "cron",
    "install_database",
    "kill_all_sessions",
    "maintenance",
    "purge_caches",
    "reset_password",
    "scheduled_task",
    "uninstall_plugins",
    "upgrade",
}


@pytest.fixture(scope="module")
def pack() -> ModuleType:
    """The packer as a module."""
    spec = importlib.util.spec_from_file_location("rehearsal_pack", PACK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def make(output: Path, *arguments: str) -> dict[str, Any]:
    """Runs the packer as a program and returns the facts it prints."""
    done = subprocess.run([sys.executable, str(PACK), "--output", str(output), *arguments], check=True, capture_output=True, text=True)
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def contents(facts: dict[str, Any]) -> dict[str, bytes]:
    """Files of an archive: path below the top folder -> content."""
    files = {}
    with tarfile.open(facts["path"]) as archive:
        for entry in archive.getmembers():
            assert entry.name == "moodle" or entry.name.startswith("moodle/")
            assert (entry.uid, entry.gid) == (0, 0)
            stream = archive.extractfile(entry)
            if stream is not None:
                files[entry.name[len("moodle/") :]] = stream.read()
    return files


@pytest.mark.parametrize(("branch", "release"), [("4.5", "4.5.1"), ("5.1", "5.1.0")])
def test_same_arguments_give_the_same_bytes(tmp_path: Path, branch: str, release: str) -> None:
    first = make(tmp_path / "a", "--branch", branch, "--release", release)
    second = make(tmp_path / "b", "--branch", branch, "--release", release)
    assert first["sha256"] == second["sha256"] == hashlib.sha256(Path(second["path"]).read_bytes()).hexdigest()
    assert Path(first["path"]).name == f"moodle-{release}-rehearsal.tgz"


def test_classic_layout(tmp_path: Path) -> None:
    facts = make(tmp_path, "--branch", "4.5", "--release", "4.5.1")
    files = contents(facts)
    assert (facts["layout"], facts["version"]) == ("classic", "2024100701.00")
    assert {f"admin/cli/{name}.php" for name in COMMANDS} <= set(files)
    assert {"version.php", "lib/setup.php", "index.php", "r.php", "config-dist.php", "mod/forum/version.php"} <= set(files)
    assert json.loads(files["lib/components.json"])["plugintypes"]["mod"] == "mod"
    assert b"$release  = '4.5.1 (Build" in files["version.php"]
    assert not any(path.startswith("public/") or path == "config.php" for path in files)


def test_public_layout(tmp_path: Path) -> None:
    facts = make(tmp_path, "--branch", "5.1", "--release", "5.1.0")
    files = contents(facts)
    assert (facts["layout"], facts["version"]) == ("public", "2025100600.00")
    assert {f"admin/cli/{name}.php" for name in COMMANDS} <= set(files)
    outside = {path for path in files if not path.startswith(("public/", "admin/cli/"))}
    assert outside == {"config-dist.php", "lib/components.json", "lib/plugins.json"}
    assert {"public/version.php", "public/lib/setup.php", "public/config.php", "public/r.php"} <= set(files)
    components = json.loads(files["lib/components.json"])
    assert components["plugintypes"]["tool"] == "public/admin/tool"
    assert components["subsystems"]["access"] is None
    assert b"$release  = '5.1 (Build" in files["public/version.php"], "Moodle names its first release without .0"
    assert b"$branch   = '501'" in files["public/version.php"]


def changed(old: dict[str, bytes], new: dict[str, bytes]) -> set[str]:
    """Paths whose content differs."""
    return {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


def test_three_kinds_of_change(tmp_path: Path) -> None:
    base = contents(make(tmp_path / "base", "--branch", "4.5", "--release", "4.5.1"))
    code = contents(make(tmp_path / "code", "--branch", "4.5", "--release", "4.5.1", "--code-only", "b2"))
    minor = contents(make(tmp_path / "minor", "--branch", "4.5", "--release", "4.5.2"))
    schema = contents(make(tmp_path / "schema", "--branch", "4.5", "--release", "4.5.1", "--schema", "3"))
    assert changed(base, code) == {"lib/build.json"}
    assert changed(base, minor) == {"version.php"}
    assert changed(base, schema) == {"version.php", "lib/build.json", "lib/db/schema.json", "lib/db/install.xml"}
    assert {b'NAME="level2"', b'NAME="level3"'} <= set(re.findall(rb'NAME="level\d"', schema["lib/db/install.xml"]))


@pytest.mark.parametrize(
    ("branch", "release", "schema", "version"),
    [
        ("4.5", "4.5.0", 1, "2024100700.00"),
        ("4.5", "4.5", 1, "2024100700.00"),
        ("4.5", "4.5.14", 2, "2024100714.01"),
        ("5.0", "5.0.10", 1, "2025041410.00"),
        ("5.3", "5.3.0", 1, "2026100500.00"),
    ],
)
def test_version_numbers(pack: ModuleType, branch: str, release: str, schema: int, version: str) -> None:
    assert pack.derive_version(branch, release, schema) == version


@pytest.mark.parametrize(
    "arguments",
    [
        ["--branch", "9.9"],
        ["--branch", "4.5", "--release", "5.1.0"],
        ["--branch", "4.5", "--release", "4.5.1", "--schema", "0"],
        ["--branch", "4.5", "--release", "4.5.1", "--version", "today"],
        ["--branch", "4.5", "--release", "4.5.1", "--code-only", "'; //"],
    ],
)
def test_bad_arguments_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, str(PACK), "--output", str(tmp_path), *arguments], check=False, capture_output=True)
    assert done.returncode == 2
    assert done.stderr and not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("php") is None, reason="php is not on PATH")
def test_every_php_file_parses(tmp_path: Path) -> None:
    files = contents(make(tmp_path, "--branch", "5.1"))
    scripts = {path: content for path, content in files.items() if path.endswith(".php")}
    assert len(scripts) > 60
    for path, content in scripts.items():
        done = subprocess.run(["php", "-l"], input=content, check=False, capture_output=True)
        assert done.returncode == 0, f"{path}: {done.stdout.decode()}"


def test_every_source_names_its_licence() -> None:
    sources = [path for path in PACK.parent.rglob("*") if path.suffix in {".php", ".py", ".css", ".js", ".xml"}]
    assert sources
    for path in sources:
        assert "SPDX-License-Identifier: GPL-3.0-or-later" in path.read_text(encoding="utf-8")[:400], path
