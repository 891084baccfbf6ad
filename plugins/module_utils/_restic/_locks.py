# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The locks on a repository, and which of them no process holds any more."""

from __future__ import annotations

import dataclasses
import datetime
import os
import socket
import typing as t

from .._tool.errors import after_change
from ._errors import ResticError
from ._snapshots import read_time
from .client import Restic

# A running restic refreshes its lock every few minutes; this is restic's own limit for one that is no longer refreshed.
STALE_AFTER = datetime.timedelta(minutes=30)


@dataclasses.dataclass(frozen=True)
class Lock:
    """One lock on the repository."""

    id: str
    host: str
    user: str
    pid: int
    exclusive: bool
    time: datetime.datetime
    stale: bool

    def row(self) -> dict[str, t.Any]:
        """Return it for the result."""
        return {**dataclasses.asdict(self), "time": self.time.isoformat(timespec="seconds")}

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}{', exclusive' if self.exclusive else ''}{', stale' if self.stale else ''}"


def parse_lock(identity: str, row: t.Mapping[str, t.Any], now: datetime.datetime) -> Lock:
    """Read one lock. It is stale by the rules of restic: when it is old, or of a process of this host that is gone."""
    time, host, pid = read_time(str(row["time"])), str(row.get("hostname") or ""), int(row.get("pid") or 0)
    stale = now - time > STALE_AFTER or (host == socket.gethostname() and not _lives(pid))
    return Lock(identity, host, str(row.get("username") or ""), pid, bool(row.get("exclusive")), time, stale)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def read_locks(restic: Restic, now: datetime.datetime) -> list[Lock]:
    """Return the locks, without one that is released while it is read."""
    locks = []
    for identity in restic.call("list", "locks", "--no-lock").out.split():
        try:
            locks.append(parse_lock(identity, restic.call_json("cat", "lock", identity, "--no-lock"), now))
        except ResticError as error:
            if error.error != "failed":
                raise
    return sorted(locks, key=str)


def unlock(restic: Restic, *, force: bool, check_mode: bool, now: datetime.datetime) -> tuple[list[Lock], list[Lock]]:
    """Remove stale locks, with force all of them. Return the locks before and after, in check mode those that would be left."""
    before = read_locks(restic, now)
    left = [lock for lock in before if not force and not lock.stale]
    if check_mode or len(left) == len(before):
        return before, left
    restic.call("unlock", *(["--remove-all"] if force else []))
    with after_change():
        return before, read_locks(restic, now)
