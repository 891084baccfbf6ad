# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Following objects: lists, events, and what happens when the server forgets, ends a watch, or goes away."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube._transport.watch import Event, follow
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._kube.objects import Objects

UNREACHABLE = KubeError("gone", error="unreachable")


def obj(name: str, version: int) -> dict[str, t.Any]:
    """Return an object."""
    return {"metadata": {"name": name, "uid": name, "resourceVersion": str(version)}}


class Server:
    """Gives lists and watches in the order of a script. Time passes only in watches that end by themselves, and in pauses."""

    def __init__(self, *script: t.Any) -> None:
        self.script = list(script)
        self.opened: list[tuple[str, float]] = []
        self.pauses: list[float] = []
        self.limits: list[t.Optional[float]] = []
        self.now = 0.0

    def listing(self, seconds: t.Optional[float]) -> tuple[Objects, str]:
        """Return the next list, or raise what the script has in its place."""
        self.limits.append(seconds)
        step = self.script.pop(0)
        if isinstance(step, KubeError):
            raise step
        return t.cast("tuple[Objects, str]", step)

    def opening(self, version: str, seconds: float) -> t.Iterator[Event]:
        """Yield the next events; without any, the watch lasts as long as it may."""
        self.opened.append((version, seconds))
        step = self.script.pop(0) if self.script else None
        if isinstance(step, OSError):
            raise step
        if step is None:
            self.now += seconds
            return
        yield from step

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.pauses.append(seconds)
        self.now += seconds

    def follow(self, timeout: float = 10) -> list[tuple[str, str]]:
        """Return all events as kind and name."""
        events = follow(self.listing, self.opening, timeout=timeout, clock=lambda: self.now, sleep=self.sleep)
        return [(event, found.get("metadata", {}).get("name", "")) for event, found in events]


def test_a_list_comes_first_and_events_follow() -> None:
    server = Server(([obj("a", 1)], "5"), [("MODIFIED", obj("a", 6)), ("BOOKMARK", obj("", 9)), ("ADDED", obj("b", 10))])
    assert server.follow() == [("ADDED", "a"), ("SYNCED", ""), ("MODIFIED", "a"), ("ADDED", "b")]
    # The next watch begins after the last event.
    assert [version for version, _seconds in server.opened] == ["5", "10"]


def test_a_bookmark_moves_the_place_to_go_on_from() -> None:
    server = Server(([], "5"), [("BOOKMARK", obj("", 9))])
    server.follow()
    assert [version for version, _seconds in server.opened] == ["5", "9"]


def test_what_happened_before_a_new_list_is_made_up_for() -> None:
    server = Server(([obj("a", 1), obj("b", 2)], "5"), [("ERROR", {})], ([obj("b", 8), obj("c", 9)], "9"))
    assert server.follow()[3:] == [("DELETED", "a"), ("ADDED", "b"), ("ADDED", "c"), ("SYNCED", "")]


def test_a_deleted_object_is_not_deleted_twice() -> None:
    server = Server(([obj("a", 1)], "5"), [("DELETED", obj("a", 6)), ("ERROR", {})], ([], "9"))
    assert server.follow() == [("ADDED", "a"), ("SYNCED", ""), ("DELETED", "a"), ("SYNCED", "")]


def test_a_server_that_restarts_is_waited_for() -> None:
    server = Server(([obj("a", 1)], "5"), ConnectionResetError(), UNREACHABLE, UNREACHABLE, ([obj("a", 1)], "7"))
    assert server.follow()[-1] == ("SYNCED", "")
    assert server.pauses[:3] == [1.0, 1.0, 1.0]


def test_a_server_that_does_not_come_back_in_time_is_an_error() -> None:
    server = Server(([], "5"), ConnectionResetError(), *[UNREACHABLE] * 20)
    with pytest.raises(KubeError, match="gone"):
        server.follow(timeout=5)


@pytest.mark.parametrize("error", ["throttled", "server_error"])
def test_a_server_that_is_busy_is_waited_for(error: str) -> None:
    busy = KubeError("busy", error=error)
    server = Server(([obj("a", 1)], "5"), [("ERROR", {})], busy, busy, ([obj("b", 8)], "9"))
    assert server.follow()[2:] == [("DELETED", "a"), ("ADDED", "b"), ("SYNCED", "")]
    assert server.pauses[:3] == [1.0, 1.0, 1.0]
    # The first list has the usual time, later ones what is left.
    assert server.limits == [None, 9.0, 8.0, 7.0]


def test_a_server_that_stays_busy_is_an_error_at_the_end_of_the_time_and_not_after_it() -> None:
    server = Server(([], "5"), [("ERROR", {})], *[KubeError("busy", error="throttled")] * 20)
    with pytest.raises(KubeError, match="busy"):
        server.follow(timeout=2.5)
    assert (server.now, server.pauses) == (2.5, [1.0, 1.0, 0.5])


def test_no_list_is_asked_for_when_the_time_is_over() -> None:
    server = Server(([obj("a", 1)], "5"), [("ERROR", {})])
    assert server.follow(timeout=0.5) == [("ADDED", "a"), ("SYNCED", "")]
    assert (server.now, server.limits) == (0.5, [None])


def test_a_later_list_that_is_refused_is_an_error_at_once() -> None:
    server = Server(([], "5"), [("ERROR", {})], KubeError("no", error="forbidden"))
    with pytest.raises(KubeError, match="no"):
        server.follow()
    assert server.pauses == [1.0]


@pytest.mark.parametrize("error", ["unreachable", "forbidden", "throttled"])
def test_a_first_list_that_fails_is_an_error_at_once(error: str) -> None:
    with pytest.raises(KubeError):
        Server(KubeError("no", error=error)).follow()


def test_the_end_of_the_time_ends_it() -> None:
    server = Server(([], "5"))
    assert server.follow(timeout=150) == [("SYNCED", "")]
    # In parts, so that a dead connection is noticed.
    assert [seconds for _version, seconds in server.opened] == [60, 60, 30]


def test_no_time_is_time_for_one_look() -> None:
    server = Server(([obj("a", 1)], "5"))
    assert server.follow(timeout=0) == [("ADDED", "a"), ("SYNCED", "")]
    assert server.opened == []


def test_a_server_that_ends_every_watch_at_once_is_not_asked_all_the_time() -> None:
    server = Server(([], "5"), [], [], [])
    server.follow(timeout=5)
    assert server.pauses[:3] == [1.0, 1.0, 1.0]
