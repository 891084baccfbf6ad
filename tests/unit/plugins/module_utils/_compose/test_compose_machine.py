# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What stops a run on a machine, one sentence each."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose._machine import Machine, Needs, missing, problems, version_of, warnings

GOOD = Machine(docker=True, engine="28.5.2", compose="2.40.3", cpus=2, memory=8 * 1024**3, free={"/": 50 * 1024**3})
NEEDS = Needs(disk=5 * 1024**3, cpus=1.0, memory=4 * 1024**3)

BAD: list[tuple[str, dict[str, t.Any], str]] = [
    ("full disk", {"free": {"/var/lib/docker": 1024**3}}, "/var/lib/docker has 1.0 GB"),
    ("busy port", {"ports": [("127.0.0.1", 18080, "moodle_http_port", "taken")]}, "moodle_http_port is 18080, but another program"),
    ("foreign address", {"ports": [("192.0.2.1", 80, "moodle_http_port", "no address")]}, "192.0.2.1, which is no address of the machine"),
    (
        "server that is away",
        {"servers": [("db.example.edu", 5432, "moodle_database_host", "Connection refused")]},
        "moodle_database_host is db.example.edu, but no server answers on its port 5432 (Connection refused)",
    ),
    (
        "no code to edit",
        {"paths": [("/srv/code", "directory", "moodle_code_directory")]},
        "moodle_code_directory is /srv/code, which is no directory",
    ),
    ("few processors", {"cpus": 0}, "1 processors, but the machine has 0"),
]


# What is missing of Docker; in check mode each is a warning.
MISSING: list[tuple[str, dict[str, t.Any], str]] = [
    ("no docker", {"docker": False}, "docker does not exist"),
    ("engine stopped", {"engine": "", "engine_error": "Cannot connect"}, "does not answer (Cannot connect)"),
    ("old compose", {"compose": "2.19.1"}, "is 2.19.1, but 2.20 or later"),
    ("no compose", {"compose": ""}, "is missing, but 2.20 or later"),
]


@pytest.mark.parametrize(("changes", "words"), [row[1:] for row in MISSING], ids=[row[0] for row in MISSING])
def test_each_part_of_docker_that_is_missing_gives_one_sentence(changes: dict[str, t.Any], words: str) -> None:
    found = missing(dataclasses.replace(GOOD, **changes))
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(("changes", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_each_lack_gives_one_sentence(changes: dict[str, t.Any], words: str) -> None:
    found = problems(dataclasses.replace(GOOD, **changes), NEEDS)
    assert len(found) == 1
    assert words in found[0]


def test_a_good_machine_has_no_problem() -> None:
    assert missing(GOOD) == []
    assert problems(GOOD, NEEDS) == []
    assert warnings(GOOD, NEEDS) == []


def test_too_little_memory_is_a_warning() -> None:
    assert "4.0 GB of memory together" in warnings(dataclasses.replace(GOOD, memory=1024**3), NEEDS)[0]


@pytest.mark.parametrize(
    ("text", "numbers"), [("v2.40.3", (2, 40, 3)), ("2.26.1-4", (2, 26, 1)), ("2.40.3-desktop.1", (2, 40, 3)), ("", ())]
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert version_of(text) == numbers
