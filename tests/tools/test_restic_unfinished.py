# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""restic_restore after a restore that failed or was ended: the next one finds what is not finished, with every value of overwrite."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import typing as t

import pytest
from support import restic_faults as faults
from support.modules import ModuleRunner
from support.restic_content import Filled, files_in, filled_repository
from support.restic_faults import local_repository


def inside(target: pathlib.Path, repository: Filled) -> pathlib.Path:
    """Where the content of a whole snapshot is in a target."""
    return target / str(repository.source).lstrip("/")


SIX = {f"filedir/{name}": 3_000_000 for name in ("one", "two", "three", "four", "five", "six")}


@pytest.fixture
def six(restic: t.Any, tmp_path: pathlib.Path) -> Filled:
    """A repository with a snapshot of six files, the parts of which are spread over several packs."""
    repository = local_repository(restic, tmp_path).created()
    source = tmp_path / "source"
    (source / "filedir").mkdir(parents=True)
    for name, size in SIX.items():
        (source / name).write_bytes(os.urandom(size))
    repository.restic("backup", "--quiet", "--host=moodle", "--time=2026-10-01 03:00:00", "--pack-size=4", str(source))
    return Filled(**vars(repository), source=source)


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    """The content of all files below a folder."""
    return {name: (folder / name).read_bytes() for name in files_in(folder)}


@contextlib.contextmanager
def without_a_pack(repository: Filled) -> t.Iterator[None]:
    """Move the pack with some of the files away for the time of a with statement."""
    pack = repository.largest_pack()
    away = pack.rename(repository.cache.parent / "pack-that-is-away")
    yield
    away.rename(pack)


# 0.14 has no overwrite, and asks for most of a minute for a pack that is not there.
LIMITS = {True: 90, False: 60}


@pytest.mark.parametrize("overwrite", [None, "if-changed", "if-newer", "never", "always"])
def test_what_a_failed_restore_left_is_never_taken_for_restored(
    run_module: ModuleRunner, six: Filled, tmp_path: pathlib.Path, overwrite: str | None
) -> None:
    if six.old and overwrite:
        pytest.skip("this restic has no such option")
    target = tmp_path / "target"
    options = six.options(target=str(target), timeout=LIMITS[six.old], **({"overwrite": overwrite} if overwrite else {}))
    with without_a_pack(six):
        failed = run_module("restic_restore", options)
    assert (failed["failed"], failed.get("error")) == (True, "damaged"), failed["msg"]
    assert len(contents(inside(target, six))) == len(SIX) - failed["num_failed"] < len(SIX)
    again = run_module("restic_restore", options)
    if not overwrite:
        assert (again["failed"], again["error"]) == (True, "target_not_empty"), again.get("msg")
        shutil.rmtree(target)
        again = run_module("restic_restore", options)
    assert (again["failed"], again["changed"]) == (False, True), again.get("msg")
    assert contents(inside(target, six)) == contents(six.source)
    assert run_module("restic_restore", options)["changed"] is False


@pytest.mark.parametrize("overwrite", ["if-changed", "if-newer", "always"])
def test_a_file_that_was_there_is_kept_by_a_failed_restore_and_completed_by_the_next(
    run_module: ModuleRunner, restics: list[t.Any], tmp_path: pathlib.Path, overwrite: str
) -> None:
    current = filled_repository(restics[-1], tmp_path)
    target = tmp_path / "target"
    options = current.options(snapshot=f"latest:{current.source}", target=str(target), overwrite=overwrite)
    (target / "filedir" / "aa").mkdir(parents=True)
    (target / "filedir" / "aa" / "one").write_bytes(b"written before")
    os.utime(target / "filedir" / "aa" / "one", (1_000_000_000, 1_000_000_000))
    with without_a_pack(current):
        assert run_module("restic_restore", options)["error"] == "damaged"
    # All four are in that pack.
    assert list(files_in(target)) == ["filedir/aa/one"]
    assert not run_module("restic_restore", options)["failed"]
    assert contents(target) == contents(current.source)


@pytest.mark.parametrize("overwrite", ["if-newer", "never"])
def test_a_restore_that_was_ended_half_way_leaves_nothing_to_trust(
    run_module: ModuleRunner, restics: list[t.Any], tmp_path: pathlib.Path, overwrite: str
) -> None:
    current = filled_repository(restics[-1], tmp_path)
    target = tmp_path / "target"
    half = (
        f'case "$*" in *--dry-run*) ;; *" restore "*) mkdir -p {target}/filedir/aa; printf half >{target}/filedir/aa/one; sleep 60;; esac'
    )
    slow = faults.wrapped(current, tmp_path, f'{half}\nexec "$RESTIC" "$@"')
    options = {"snapshot": f"latest:{current.source}", "target": str(target), "overwrite": overwrite}
    cut = run_module("restic_restore", slow.options(**options, timeout=3))
    assert (cut["failed"], cut["error"]) == (True, "timed_out"), cut["msg"]
    assert not run_module("restic_restore", current.options(**options))["failed"]
    assert contents(target) == contents(current.source)


def test_verify_looks_into_files_that_seem_to_be_there(run_module: ModuleRunner, restic: t.Any, tmp_path: pathlib.Path) -> None:
    repository = filled_repository(restic, tmp_path)
    target = tmp_path / "target"
    options = repository.options(target=str(target))
    assert not run_module("restic_restore", options)["failed"]
    notes = inside(target, repository) / "notes"
    before = notes.stat()
    notes.write_text("nothes", encoding="utf-8")
    os.utime(notes, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run_module("restic_restore", options)["changed"] is False
    for check in (True, False):
        result = run_module("restic_restore", {**options, "verify": True}, check=check)
        assert (result["failed"], result["error"]) == (True, "target_not_empty"), result
        assert "missing: 0, different: 1" in result["msg"]
    assert notes.read_text(encoding="utf-8") == "nothes"
    if not repository.old:
        mended = run_module("restic_restore", {**options, "verify": True, "overwrite": "if-changed"})
        assert [path.rsplit("/", 1)[1] for path in mended["different"]] == ["notes"]
        assert contents(inside(target, repository)) == contents(repository.source)
