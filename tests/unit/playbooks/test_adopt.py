# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What moves in is looked at where it lies, copied with all that it links to, and a move that was cut is never opened.

The site is one of the target in second_target/: files that rsync, find and df really work with.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.tests.unit.fakes.second_target import Collection

SAID = {"tables": 3, "moodle": {"database_version": "2", "code_version": "2", "action": "none"}, "accessed": {"dump": None, "site": None}}
LATE, EARLY = "2026-11-21T08:00:00Z", "2026-11-20T16:04:11Z"


class Move:
    """A site with files of its own, and a Moodle beside it that is to move in."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.collection = Collection(folder, 1)
        self.site = self.collection.site
        self.old = folder / "old"
        self.dump = self.old / "moodle.dump"
        self.data = self.site / "moodledata"
        for path, text in (
            (self.site / "settings.json", "{}"),
            (self.site / "database.json", "before"),
            (self.site / "cached", ""),
            (self.data / "muc" / "config.php", "own"),
            (self.data / "filedir" / "mine", "mine"),
            (self.old / "moodledata" / "filedir" / "ab" / "theirs", "theirs"),
            (self.old / "moodledata" / "cache" / "stale", "stale"),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.say()

    def say(self, **other: t.Any) -> None:
        """Write a dump, of which a try says other things than usual."""
        self.dump.write_text(json.dumps({"said": {**SAID, **other}}), encoding="utf-8")

    def play(self, *options: str, playbook: str = "adopt", **given: t.Any) -> tuple[int, str]:
        """Run the playbook; return its status, and its output as one line."""
        given = {"site": "physics", "dump": str(self.dump), "moodledata": str(self.old / "moodledata"), **given}
        words = ["-e", json.dumps({f"moodle_adopt_{name}": value for name, value in given.items()})] if playbook == "adopt" else []
        status, output = self.collection.play(playbook, *words, *options)
        return status, " ".join(output.split())

    def files(self) -> dict[str, str]:
        """Return all files of the site with what is in them."""
        return {str(path.relative_to(self.site)): path.read_text(encoding="utf-8") for path in self.site.rglob("*") if path.is_file()}


@pytest.fixture
def move(tmp_path: pathlib.Path) -> Move:
    """Return a move."""
    return Move(tmp_path)


MOVED = {"moodledata/filedir/ab/theirs": "theirs", "moodledata/muc/config.php": "own", "settings.json": "{}"}


def test_files_and_database_are_replaced_and_caches_are_purged(move: Move) -> None:
    before = move.files()
    status, output = move.play("--check")
    assert (status, "changed=1 " in output, move.files()) == (0, True, before), output
    assert "3 tables of" in output
    assert "1 would be copied (4.01 KB), 1 removed" in output
    assert "The dump was not loaded for a try" in output

    status, output = move.play()
    assert (status, "the mail server that the database names" in output) == (0, True), output
    assert move.files() == {**MOVED, "database.json": move.dump.read_text(encoding="utf-8")}


def test_a_newer_dump_moves_in_and_an_upgrade_purges_caches_itself(move: Move) -> None:
    move.say(moodle={**SAID["moodle"], "action": "upgrade"}, accessed={"dump": LATE, "site": EARLY})
    status, output = move.play()
    assert (status, "cached" in move.files()) == (0, True), output


def test_what_links_lead_to_is_copied(move: Move) -> None:
    for path in ("filedir/ab", "filedir"):
        elsewhere = move.old.parent / path.replace("/", "-")
        (move.old / "moodledata" / path).rename(elsewhere)
        (move.old / "moodledata" / path).symlink_to(elsewhere)
    status, output = move.play()
    assert (status, move.files()["moodledata/filedir/ab/theirs"]) == (0, "theirs"), output
    assert not [path for path in move.data.rglob("*") if path.is_symlink()]


def inside(move: Move) -> dict[str, t.Any]:
    """Put the data folder into the site's own."""
    (move.old / "moodledata").rename(move.data / "old")
    return {"moodledata": str(move.data / "old")}


def linked(move: Move) -> dict[str, t.Any]:
    """Have files in the site's own moodledata, and a link there."""
    (move.old / "moodledata" / "filedir").rename(move.data / "theirs")
    (move.old / "moodledata" / "filedir").symlink_to(move.data / "theirs")
    return {}


def above(move: Move) -> dict[str, t.Any]:
    """Name a folder that has the site in it."""
    (move.site.parent / "filedir").mkdir()
    return {"moodledata": str(move.site.parent)}


def itself(move: Move) -> dict[str, t.Any]:
    """Name the site's own moodledata by another name."""
    (move.old / "way").symlink_to(move.site)
    return {"moodledata": str(move.old / "way" / "moodledata")}


def the_dump(move: Move) -> dict[str, t.Any]:
    """Put the dump into the site's own moodledata."""
    return {"dump": str(move.dump.rename(move.data / "moodle.dump"))}


def dangling(move: Move) -> dict[str, t.Any]:
    """Have a link that leads nowhere."""
    (move.old / "moodledata" / "filedir" / "gone").symlink_to("/nowhere/at/all")
    return {}


def used(move: Move) -> dict[str, t.Any]:
    """Let somebody have been in the site after the dump was made."""
    move.say(accessed={"dump": EARLY, "site": LATE})
    return {}


def large(move: Move) -> dict[str, t.Any]:
    """Have more than fits on any disk."""
    with (move.old / "moodledata" / "filedir" / "large").open("wb") as file:
        file.truncate(1 << 42)
    return {}


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        *((place, "that is in the site's own moodledata") for place in (inside, linked, above, itself, the_dump)),
        (dangling, "The data folder cannot be copied as a whole: symlink has no referent"),
        (used, f"Somebody was in the site physics at {LATE}, and in the Moodle of the dump last at {EARLY};"),
        (large, "4.00 TB are to be copied to"),
    ],
)
def test_what_cannot_end_well_is_refused_before_anything_is_touched(
    move: Move, prepare: t.Callable[[Move], dict[str, t.Any]], sentence: str
) -> None:
    given = prepare(move)
    before = move.files() if prepare is not large else {}
    status, output = move.play(**given)
    assert (status == 0, sentence in output, "Nothing was changed." in output) == (False, True, True), output
    assert prepare is large or move.files() == before


def test_an_older_dump_moves_in_where_that_is_confirmed(move: Move) -> None:
    used(move)
    status, output = move.play(older=True)
    assert (status, move.files()) == (0, {**MOVED, "database.json": move.dump.read_text(encoding="utf-8")}), output


def test_a_move_that_was_cut_is_not_opened_until_it_ran_again(move: Move) -> None:
    (move.collection.path / "roles/target_folder/tasks/load.yml").rename(move.old / "load.yml")
    (move.collection.path / "roles/target_folder/tasks/load.yml").write_text(
        "- name: Be cut\n  ansible.builtin.fail:\n    msg: cut\n", encoding="utf-8"
    )
    assert move.play()[0] != 0
    assert move.files()["unfinished"] == "campus.moodle.adopt\n"
    status, output = move.play(playbook="site")
    assert (status == 0, "campus.moodle.adopt did not come to its end in the site physics" in output) == (False, True), output
    assert "pages/index.html" not in move.files()

    (move.old / "load.yml").rename(move.collection.path / "roles/target_folder/tasks/load.yml")
    status, output = move.play()
    assert (status, move.files()) == (0, {**MOVED, "database.json": move.dump.read_text(encoding="utf-8")}), output
