# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A value that is replaced is kept until a rollout has decided; a cut at any step leaves a state from which all ends well."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose import secrets as compose_secrets
from ansible_collections.campus.moodle.plugins.module_utils._site import secret_files as files
from ansible_collections.campus.moodle.plugins.module_utils._site.secret_values import Request

READERS = {"moodle": 10001, "services": 10002}
# Every call that changes the disk.
CALLS = ("rename", "replace", "link", "unlink")


@pytest.fixture
def site(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Return a site whose secret is "old", with the number 1, on a disk where an ordinary user may hand out files."""
    monkeypatch.setattr(files.os, "chown", lambda *_arguments: None)
    monkeypatch.setattr(files, "is_private", lambda _path, _uid: True)
    place = tmp_path / "site"
    secrets(place, "old")
    files.drop_previous(str(place))
    return place


def secrets(site: pathlib.Path, value: str) -> dict[str, int]:
    """Do what the module compose_secrets does; return the numbers."""
    identity = files.Identity(str(site))
    copies, changed = compose_secrets.compare([Request("password", READERS, value)], str(site / files.DIRECTORY), identity)
    if copies or changed:
        files.keep(str(site), READERS, identity, copies, changed)
    return files.Identity(str(site)).generations


def values(site: pathlib.Path) -> set[str]:
    """Return what the readers find."""
    return {(site / "secrets" / reader / "password").read_text().strip() for reader in READERS}


def kept(site: pathlib.Path) -> list[str]:
    """Return the files with former values."""
    return [path.name for path in site.rglob("*.previous")]


class Cut(Exception):
    """The run ends here."""


@contextlib.contextmanager
def cut_at(step: int, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    """End the run before the step-th change of the disk; a run that has fewer comes to its end."""
    count = iter(range(1, 10000))
    cut: list[bool] = []

    def wrap(call: t.Callable[..., None]) -> t.Callable[..., None]:
        def guarded(*arguments: t.Any) -> None:
            # Nothing is tidied up after a cut.
            cut.extend([True] * (next(count) == step))
            if cut:
                raise Cut
            call(*arguments)

        return guarded

    with monkeypatch.context() as patch, contextlib.suppress(Cut):
        for name in CALLS:
            patch.setattr(files.os, name, wrap(getattr(files.os, name)))
        yield


def test_a_rollout_that_ends_well_keeps_the_new_value_alone(site: pathlib.Path) -> None:
    assert secrets(site, "new") == {"password": 2}
    assert kept(site) == ["password.previous"] * 2
    files.drop_previous(str(site))
    assert (values(site), kept(site), secrets(site, "new")) == ({"new"}, [], {"password": 2})


def test_a_rollout_that_is_given_up_brings_value_and_number_back(site: pathlib.Path) -> None:
    secrets(site, "new")
    files.put_back(str(site))
    assert (values(site), kept(site), secrets(site, "old")) == ({"old"}, [], {"password": 1})


def test_a_number_never_stands_for_two_values(site: pathlib.Path) -> None:
    secrets(site, "wrong")
    files.put_back(str(site))
    assert secrets(site, "new") == {"password": 3}


def test_of_several_changes_the_value_in_force_is_kept(site: pathlib.Path) -> None:
    for value in ("wrong", "wrong again"):
        secrets(site, value)
    files.put_back(str(site))
    assert (values(site), secrets(site, "old")) == ({"old"}, {"password": 1})


def test_a_value_that_was_never_complete_has_no_former_one(site: pathlib.Path) -> None:
    for reader in READERS:
        (site / "secrets" / reader / "password").unlink()
    secrets(site, "new")
    files.put_back(str(site))
    assert values(site) == {"new"}


@pytest.mark.parametrize("step", range(1, 12))
@pytest.mark.parametrize("after", ["put_back", "drop_previous"])
@pytest.mark.parametrize("value", ["old", "new", "third"])
def test_a_cut_anywhere_ends_well(site: pathlib.Path, monkeypatch: pytest.MonkeyPatch, step: int, after: str, value: str) -> None:
    """Whatever is described next is what all readers get, under a number that stood for nothing else, and the way back is whole."""
    seen: dict[int, set[str]] = {1: {"old"}}
    with cut_at(step, monkeypatch):
        seen[secrets(site, "new")["password"]] = {"new"}
        getattr(files, after)(str(site))
    number = secrets(site, value)["password"]
    assert values(site) == {value}
    assert seen.get(number, {value}) == {value}
    assert secrets(site, value) == {"password": number}
    files.put_back(str(site))
    assert len(values(site)) == 1
    assert values(site) <= {"old", "new", value}
    assert secrets(site, "last")["password"] > number
    files.drop_previous(str(site))
    assert (values(site), kept(site)) == ({"last"}, [])
