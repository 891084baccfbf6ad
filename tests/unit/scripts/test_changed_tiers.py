# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""scripts/changed_tiers.py: every file has its tiers, and what differs from main is found."""

from __future__ import annotations

import subprocess
from pathlib import Path

import changed_tiers
import pytest

TRACKED = changed_tiers.git("ls-files", "-co", "--exclude-standard", "-z")


def test_every_tracked_file_is_in_the_table() -> None:
    assert [path for path in TRACKED if changed_tiers.row_of(path) is None] == []


def test_every_row_has_files() -> None:
    assert set(changed_tiers.TIERS) - {changed_tiers.row_of(path) for path in TRACKED} == set()


def test_every_tier_of_the_table_is_one_that_runs() -> None:
    assert {tier for tiers in changed_tiers.TIERS.values() for tier in tiers.split()} < set(changed_tiers.ORDER)
    assert [tier for tier in changed_tiers.ORDER if not (changed_tiers.ROOT / "scripts" / "tiers" / f"{tier}.sh").exists()] == []


@pytest.mark.parametrize(
    ("paths", "tiers"),
    [
        ([], []),
        (["README.md", "docs/site.md"], ["fast"]),
        (["plugins/modules/helm_release.py"], ["tools", "fast"]),
        (["roles/docker_engine/tasks/main.yml", "plugins/module_utils/_kube/apply.py"], ["e2e", "tools", "molecule", "fast"]),
        (["new/folder/that/nobody/entered.txt"], list(changed_tiers.ORDER)),
    ],
    ids=lambda value: None,
)
def test_tiers_of_changed_files(paths: list[str], tiers: list[str]) -> None:
    assert changed_tiers.tiers_of(paths) == tiers


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a branch that left main, which has gone on since then."""

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org", *words], check=True)

    def write(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def commit(name: str, text: str) -> None:
        write(name, text)
        git("add", name)
        git("commit", "--quiet", "--message", name)

    git("init", "--quiet", "--initial-branch", "main")
    for name in ("roles/site/kept.yml", "roles/site/old.yml", "docs/site.md"):
        commit(name, f"first text of {name}")
    git("checkout", "--quiet", "-b", "branch")
    git("mv", "roles/site/old.yml", "docs/old.yml")
    git("commit", "--quiet", "--message", "move")
    git("checkout", "--quiet", "main")
    commit("galaxy.yml", "only on main")
    git("checkout", "--quiet", "branch")
    write("docs/site.md", "not committed")
    write("tests/new file", "not tracked")
    monkeypatch.setattr(changed_tiers, "ROOT", tmp_path)
    return tmp_path


def test_differences_from_main_are_found(repository: Path) -> None:
    """What was moved counts at both places, what happened on main does not count."""
    assert changed_tiers.main_branch() == "main"
    assert set(changed_tiers.changed_since("main")) == {"roles/site/old.yml", "docs/old.yml", "docs/site.md", "tests/new file"}


def test_a_clone_without_a_branch_of_that_name_compares_with_where_it_came_from(repository: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", "--branch", "branch", str(repository), str(tmp_path / "clone")], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changed_tiers, "ROOT", tmp_path / "clone")
        assert changed_tiers.main_branch() == "origin/main"
        assert set(changed_tiers.changed_since("origin/main")) == {"roles/site/old.yml", "docs/old.yml"}
