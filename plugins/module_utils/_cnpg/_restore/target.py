# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Up to which point a recovery goes, and whether the source can reach it."""

from __future__ import annotations

import datetime
import typing as t

from ..._tool.times import parse_time
from .._view import CnpgError, parse_lsn
from .source import Source

# Option to field of recoveryTarget.
TARGET_FIELDS = {
    "time": "targetTime",
    "lsn": "targetLSN",
    "name": "targetName",
    "xid": "targetXID",
    "immediate": "targetImmediate",
    "timeline": "targetTLI",
    "backup_id": "backupID",
    "exclusive": "exclusive",
}
# The operator finds the base backup for a time or a position by itself, for these it must be named.
NEED_BACKUP_ID = ("name", "xid", "immediate")
LONGEST_NAME = 63
LARGEST_XID = 2**32 - 1


def recovery_target(target: t.Mapping[str, t.Any], source: Source) -> dict[str, t.Any]:
    """Return the recoveryTarget that options describe; empty to recover everything that was archived."""
    given = {name: value for name, value in target.items() if value not in (None, "", False)}
    from_snapshot = "volumeSnapshots" in source.recovery
    needs_id = source.external is not None or any(name in given for name in NEED_BACKUP_ID)
    if source.backup_id and needs_id and not from_snapshot:
        given.setdefault("backup_id", source.backup_id)
    missing = [name for name in NEED_BACKUP_ID if name in given and "backup_id" not in given and not from_snapshot]
    if missing:
        msg = (
            f"A recovery to target.{missing[0]} needs the base backup to start from. "
            "Give its id in target.backup_id, or a Backup in source.backup."
        )
        raise CnpgError(msg, error="invalid_target")
    return {TARGET_FIELDS[name]: value for name, value in given.items()}


def check_target(target: t.Mapping[str, t.Any], source: Source, now: datetime.datetime) -> t.Optional[str]:
    """Refuse a target that cannot be reached. Return what could not be checked, None when all could."""
    name, xid = target.get("name") or "", target.get("xid")
    if len(name.encode()) > LONGEST_NAME or any(ord(letter) < 32 for letter in name):
        raise _bad_target("name", name, f"a restore point has at most {LONGEST_NAME} bytes and no control characters")
    if xid is not None and not (str(xid).isdigit() and int(xid) <= LARGEST_XID):
        raise _bad_target("xid", xid, "a transaction is a number of 32 bits")
    if target.get("lsn"):
        return _check_lsn(target["lsn"], source)
    return _check_time(target["time"], source, now) if target.get("time") else None


def _check_lsn(text: str, source: Source) -> t.Optional[str]:
    position, first = parse_lsn(text), parse_lsn(source.first_lsn)
    if position is None:
        raise _bad_target("lsn", text, "a position in the log looks like 0/3000148")
    if first is None:
        return "Where the base backup ends is not known, so it was not checked whether target.lsn can be reached."
    if position < first:
        raise _outside("lsn", text, f"the backup is complete from {source.first_lsn} on", first=source.first_lsn)
    return None


def _check_time(text: str, source: Source, now: datetime.datetime) -> t.Optional[str]:
    moment, first = parse_time(text), parse_time(source.first)
    if moment is None:
        raise _bad_target("time", text, "write it as 2026-11-21T08:00:00Z")
    if moment > now:
        raise _outside("time", text, f"it is in the future: now it is {now:%Y-%m-%dT%H:%M:%SZ}", first=source.first)
    if first is None:
        return "It is not known how far back the source reaches, so it was not checked whether target.time can be reached."
    if moment < first:
        raise _outside("time", text, f"the first point that can be recovered is {source.first}", first=source.first)
    return None


def _bad_target(option: str, value: t.Any, rule: str) -> CnpgError:
    return CnpgError(f"The option target.{option} is {value!r}, and {rule}.", error="invalid_target")


def _outside(option: str, value: str, why: str, **details: t.Any) -> CnpgError:
    msg = (
        f"The source cannot be recovered to target.{option} {value}: {why}. Choose a point inside the recovery window, or an older backup."
    )
    return CnpgError(msg, error="outside_window", **details)
