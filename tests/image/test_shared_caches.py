# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The cache store of pages, on top of a stand-in for Moodle's store (php/caches.php says how), with a real Valkey."""

from __future__ import annotations

import json
import typing as t

import pytest
from runtime import PHP_FOLDER
from sites import Engine
from support.docker import docker
from support.wait import wait_for

pytestmark = pytest.mark.container
LARGE = {"theme": "boost", "nested": {"it's": None, "on": True, "rate": 0.25}, "long": "x" * 2000}
OTHER = LARGE | {"theme": "classic"}


@pytest.fixture(scope="module")
def steps(engine: Engine) -> dict[str, t.Any]:
    """Run the whole scenario in the site image."""
    engine.start("cache", engine.services, "valkey-cache", "--tmpfs=/tmp", env={"VALKEY_TCP": "1"})
    wait_for(lambda: engine.health("cache", "valkey-cache"), seconds=30, what="the start of the cache server")
    php = ["php", "-d", "opcache.enable_cli=1", "-d", "opcache.file_update_protection=0", "-d", "apc.enable_cli=1"]
    shown = docker(
        *("run", "--rm", f"--network={engine.name}", f"--volume={PHP_FOLDER}:/tests:ro", "--tmpfs=/tmp:mode=1777", "--entrypoint="),
        *(engine.image, *php, "/tests/caches.php", "cache", "/tmp/copies"),
    )
    return json.loads(shown)


def test_a_large_value_is_fetched_once_and_then_taken_from_the_copy(steps: dict[str, t.Any]) -> None:
    assert steps["set"] is True
    assert steps["first"] == {"values": {"core": LARGE}, "asked": ["get core", "get large/core"], "copies": 1}
    # The digest is asked for each time; that is how a copy cannot be out of date.
    assert steps["again"] == {"values": {"core": LARGE}, "asked": ["several at once"]}


def test_a_copy_is_private(steps: dict[str, t.Any]) -> None:
    assert steps["modes"] == ["600"]


def test_a_changed_value_is_seen_at_once_and_leaves_one_copy(steps: dict[str, t.Any]) -> None:
    assert steps["changed elsewhere"] == [True, {"values": {"core": OTHER}, "asked": ["several at once", "get large/core"]}, 1]
    assert steps["set back"] == [True, {"core": LARGE}, 1]


def test_moodle_sees_only_its_own_keys(steps: dict[str, t.Any]) -> None:
    assert steps["keys"] == ["core"]
    assert steps["many"] == {"core": LARGE, "missing": False}
    assert steps["deleted"] == [True, {"core": False}, [], False]


def test_what_the_server_lost_or_moodle_purged_is_gone(steps: dict[str, t.Any]) -> None:
    assert steps["half lost"] == {"core": False}
    assert steps["purged by Moodle's store"] == {"core": False}


@pytest.mark.parametrize("kind", ["small", "object", "in an array", "text", "nothing", "expiring"])
def test_every_kind_of_value_comes_back_as_it_was(steps: dict[str, t.Any], kind: str) -> None:
    assert steps["same"][kind] is True


def test_nothing_else_is_touched(steps: dict[str, t.Any]) -> None:
    assert steps["the wrapper keeps what was set"] is True
    assert steps["another cache"] is True
    assert steps["other keys"] is True


@pytest.mark.parametrize("choice", ["compressed", "in a cluster"])
def test_a_store_that_packs_values_itself_or_is_a_cluster_is_moodles_own(steps: dict[str, t.Any], choice: str) -> None:
    assert steps["chosen"][choice] == [True, True, ["core"]]


def test_a_page_takes_along_what_it_asked_for_last_time(steps: dict[str, t.Any]) -> None:
    assert steps["ahead"] == {"values": {"a": "a", "b": "b", "c": "c"}, "asked": ["several at once", "get c"]}
    assert steps["learnt"] == {"values": {"c": "c", "a": "a"}, "asked": ["several at once"]}


def test_what_was_read_ahead_is_used_once_and_not_after_a_write(steps: dict[str, t.Any]) -> None:
    assert steps["as it was when the page began"] == ["b", "new"]
    assert steps["after a write"] == ["newer", "mine"]
    # A form acts on what it reads, so it reads everything when it needs it.
    assert steps["a form"] == ["get a", "get b"]
