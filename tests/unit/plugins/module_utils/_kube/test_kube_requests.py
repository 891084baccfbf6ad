# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Watch requests that are refused, and how long a list may take while a task waits."""

from __future__ import annotations

import contextlib
import types
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube._transport.http import Response, Transport
from ansible_collections.campus.moodle.plugins.module_utils._kube._transport.requests import Requests
from ansible_collections.campus.moodle.plugins.module_utils._kube.access import Access
from ansible_collections.campus.moodle.plugins.module_utils._kube.client import KubeClient
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError

ACCESS = Access(server="https://cluster.example.edu")


class Refusing:
    """A transport whose watches are answered with a status, and whose lists note how long they may take."""

    access = ACCESS

    def __init__(self, status: int) -> None:
        self.status = status
        self.limits: list[t.Optional[float]] = []

    @contextlib.contextmanager
    def stream(self, _path: str, *, patience: float, tick: t.Optional[float] = None) -> t.Iterator[t.Any]:
        """Refuse a watch."""
        del patience, tick

        class Lines(types.SimpleNamespace):
            def __iter__(self) -> t.Iterator[bytes]:
                yield b'{"kind": "Status", "message": "no"}'

        yield Lines(status=self.status)

    def request(self, *_words: t.Any, seconds: t.Optional[float] = None, **_options: t.Any) -> Response:
        """Answer a list."""
        self.limits.append(seconds)
        return Response(200, {}, b'{"metadata": {"resourceVersion": "7"}, "items": []}')


@pytest.mark.parametrize("status", [401, 410, 429, 500, 503, 504])
def test_a_watch_that_a_new_try_can_heal_asks_for_a_new_list(status: int) -> None:
    events = Requests(t.cast("t.Any", Refusing(status))).events("/x", "watch Pod", {}, 5)
    assert list(events) == [("ERROR", {})]


@pytest.mark.parametrize(("status", "error"), [(403, "denied"), (422, "invalid")])
def test_a_watch_that_is_refused_for_good_is_an_error(status: int, error: str) -> None:
    with pytest.raises(KubeError) as caught:
        list(Requests(t.cast("t.Any", Refusing(status))).events("/x", "watch Pod", {}, 5))
    assert caught.value.error == error


def test_a_list_that_follows_may_take_as_long_as_is_left() -> None:
    transport = Refusing(503)
    assert list(KubeClient(t.cast("t.Any", transport)).watch("v1", "Pod", "n", timeout=1.5)) == []
    first, *others = transport.limits
    assert first is None and others
    assert all(limit is not None and limit <= 1.5 for limit in others)


def test_a_request_takes_no_longer_than_it_may() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    transport = Transport(ACCESS, budget=60, sleep=sleep, clock=lambda: now[0])
    transport._once = lambda *_words: Response(503, {}, b"")  # type: ignore[method-assign]
    assert transport.request("GET", "/x", seconds=3).status == 503
    assert now[0] <= 3
