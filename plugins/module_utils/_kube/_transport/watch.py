# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Following objects: a list, then events from there on, and a new list when the server has forgotten what came between."""

from __future__ import annotations

import time
import typing as t

from ..errors import KubeError
from ..objects import Object, Objects

# A watch is opened anew this often, so that a connection that died silently is noticed.
LONGEST = 60
# A server that ends each watch at once is not queried more often than this.
PAUSE = 1.0

# Yielded when everything that was there at the time of a list has been yielded.
SYNCED = "SYNCED"
# Yielded now and then while nothing happens, on request.
TICK = "TICK"
# Means that the list is too old, or that the events after it are unknown for another reason.
ERROR = "ERROR"

Event = tuple[str, Object]
# What passes by itself. Whoever waits goes on waiting through it.
TRANSIENT = ("unreachable", "throttled", "server_error")
# Gets the seconds that it may take, None for the usual time; returns the objects and the version of the list.
Listing = t.Callable[[t.Optional[float]], tuple[Objects, str]]
# Gets a version and seconds, yields events until the server or the network ends it; raises OSError when it cannot begin.
Opening = t.Callable[[str, float], t.Iterator[Event]]


def follow(
    listing: Listing,
    opening: Opening,
    *,
    timeout: float,
    clock: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> t.Iterator[Event]:
    """Yield what is there as ADDED, then SYNCED, then each event and tick, until timeout seconds are over."""
    deadline = clock() + timeout
    seen: dict[str, Object] = {}
    version, first = "", True
    while True:
        if not version:
            left = deadline - clock()
            if not first and left <= 0:
                return
            try:
                found, version = listing(None if first else left)
            except KubeError as error:
                if first or error.error not in TRANSIENT:
                    raise
                sleep(max(0.0, min(PAUSE, deadline - clock())))
                if clock() >= deadline:
                    raise
                continue
            first = False
            yield from _news(seen, found)
            yield SYNCED, {}
        opened = clock()
        if opened >= deadline:
            return
        try:
            for event, obj in opening(version, min(LONGEST, deadline - opened)):
                if event == ERROR:
                    version = ""
                    break
                if event == TICK:
                    yield TICK, {}
                    continue
                version = obj["metadata"]["resourceVersion"]
                if event == "BOOKMARK":
                    continue
                seen[obj["metadata"]["uid"]] = obj
                if event == "DELETED":
                    del seen[obj["metadata"]["uid"]]
                yield event, obj
        except OSError:
            version = ""
        # Never beyond the deadline, and not at all after a watch of usual length.
        sleep(max(0.0, min(PAUSE - (clock() - opened), deadline - clock())))


def _news(seen: dict[str, Object], found: t.Iterable[Object]) -> t.Iterator[Event]:
    """Yield what a list says that was not known, and bring seen up to date."""
    now = {obj["metadata"]["uid"]: obj for obj in found}
    for uid in [uid for uid in seen if uid not in now]:
        yield "DELETED", seen.pop(uid)
    for uid, obj in now.items():
        seen[uid] = obj
        yield "ADDED", obj
