# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a failure of restic is called, by its exit status and by what it prints, and the sentences for it."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._tool.process import KILLED, Result

# Exit status to error; 10 to 12 and 130 exist from 0.17 on, 126 and 127 are those of timeout(1) for what cannot be started.
# Every other status that is not expected is "failed".
CODES = {
    3: "partial",
    10: "no_repository",
    11: "locked",
    12: "wrong_password",
    126: "missing_program",
    127: "missing_program",
    130: "interrupted",
    **dict.fromkeys(KILLED, "killed"),
}
# How a status of HTTP looks in what restic and its clients of cloud storage print. Alone the number may be part of a path.
HTTP = r"(?:HTTP response \(|response unexpected: |StatusCode=|RESPONSE |[Ee]rror |b2_\w+: )"
ABSENT = r"(?:no such file or directory|does not exist|not found)\.?"
# Failures before restic has changed anything. Any other, such as a lost connection, counts as a change.
NOT_BEGUN = ("locked", "wrong_password", "no_repository", "missing_program")
# What restic prints to error, for versions that only know status 1. The order matters: 0.14 prints "Is there a repository
# at the following location" also when it only could not get at it.
PATTERNS = [
    ("wrong_password", r"wrong password or no key found"),
    ("locked", r"repository is already locked"),
    ("unreachable", r"dial tcp|connection refused|connection reset|no such host|i/o timeout|context deadline exceeded|x509:"),
    ("unreachable", r"no route to host|network is unreachable|server misbehaving|Client\.Timeout|TLS handshake|ssh command exited"),
    ("forbidden", r"Access ?Denied|[Aa]ccess [Kk]ey I[Dd] you provided|InvalidAccessKeyId|SignatureDoesNotMatch|signature we calculated"),
    ("forbidden", rf"{HTTP}40[13]\b|[Pp]ermission denied"),
    ("disk_full", r"no space left on device|[Dd]isk quota exceeded|QuotaExceeded"),
    ("no_repository", rf"unable to open config file: (?:.*{ABSENT}|.*{HTTP}404\b.*)\nIs there a repository"),
]
LOCK = re.compile(r"repository is already locked (?P<exclusive>exclusively )?by PID (?P<pid>\d+) on (?P<host>\S+) by (?P<user>.*)")
LOCK_AGE = re.compile(r"lock was created at (?P<created>.+?) \((?P<age>.+?) ago\)")
# What restic prints when it fails to read a repository because the data itself is bad.
DAMAGE = re.compile(
    "|".join(
        [
            r"StreamPack|ReadFull|Load\(<(?:data|index)/|/data/[0-9a-f]{2}/[0-9a-f]{64}|failed to download",
            r"unexpected EOF|file is too short|ciphertext verification failed|invalid data returned|wrong hash",
            r"[Uu]nexpected (?:file size|content|size)|not found in (?:the )?(?:repository|index)",
            r"(?:blob|tree|id|pack)\b[^\n]*(?:not found|does not match)",
        ]
    )
)
ERASE = re.compile(r"\x1b\[2K|\r")

SENTENCES = {
    "wrong_password": "no key of the repository fits this password. Check the password option, or the repository.",
    "locked": "the repository is locked{lock}. Wait with lock_wait, or remove a stale lock with restic_repository state=unlocked.",
    "no_repository": "there is no repository at this place. Check the option repository, or create it with restic_repository.",
    "unreachable": "the place of the repository could not be reached. Check its address, the network and the certificate.",
    "forbidden": "access was refused. Check the credentials and what they allow.",
    "disk_full": "a disk is full. Make room where the repository, the cache or TMPDIR is.",
    "timed_out": "it ran longer than {timeout:g} seconds and was ended. Check the load of the host and the network, or raise timeout.",
    "interrupted": "it was interrupted. Run the task again.",
    "killed": "it was killed, most likely by the kernel because memory ran out. Check the kernel's log, and give the host more memory.",
    "missing_program": "the program cannot be started. Give the path of restic in the option binary.",
    "partial": "it could not process everything.",
    "failed": "it failed.",
}


class ResticError(ToolError):
    """restic could not do it. details: error (a key of SENTENCES), rc, stderr, and for a lock its holder."""

    @property
    def error(self) -> str:
        """Return what kind of failure it was."""
        return str(self.details.get("error", "failed"))


def kind_of(result: Result, *, timed_out: bool = False) -> str:
    """Return the kind of a failure: by exit status where restic has one for it, else by what it printed."""
    known = "" if timed_out else CODES.get(result.rc, "")
    printed = result.err + "\n" + complaints_of(result)
    found = (kind for kind, pattern in PATTERNS if re.search(pattern, printed))
    return known or next(found, "timed_out" if timed_out else "failed")


def complaints_of(result: Result) -> str:
    """Return what restic complained about: the messages of JSON lines, and lines of text, in order."""
    lines = ERASE.sub("", result.err.strip() or result.out.strip()).splitlines()
    return "\n".join(filter(None, map(_complaint, lines)))


def _complaint(line: str) -> str:
    row = row_of(line)
    if row is None:
        return line.strip()
    text = row.get("message") or message_of(row.get("error")) or ""
    return ": ".join(str(part) for part in (row.get("item"), text) if part) if row.get("message_type") != "status" else ""


def message_of(error: t.Any) -> t.Any:
    """Return the text of an error in a JSON line: a text, or from 0.17.1 on an object. Before that it is an empty object."""
    return error.get("message") if isinstance(error, dict) else error


def lock_holder(complaint: str) -> dict[str, t.Any]:
    """Return who holds the lock, as far as restic reported it: pid, host, user, exclusive, created, age."""
    found, age = LOCK.search(complaint), LOCK_AGE.search(complaint)
    holder: dict[str, t.Any] = {}
    if found:
        holder = {"pid": int(found["pid"]), "host": found["host"], "user": found["user"], "exclusive": bool(found["exclusive"])}
    return {**holder, **(age.groupdict() if age else {})}


def row_of(line: str) -> t.Optional[dict[str, t.Any]]:
    """Return a line as an object, None when it is something else."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def parse_json(text: str, what: str) -> t.Any:
    """Read what restic printed as JSON; ResticError for text that is not."""
    try:
        return json.loads(text)
    except ValueError:
        msg = f"restic printed a {what} that is not valid JSON: {text[:200]!r}. Check that the option binary names restic."
        raise ResticError(msg, error="failed") from None
