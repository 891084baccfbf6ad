# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What "restic check" is asked to read, and what it found, from JSON (restic 0.18 and newer) and from text."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from .._tool.process import Result
from .client import Restic
from .errors import ResticError

# restic sorts packs into parts by one byte of their name.
MOST_PARTS = 256
SUBSET = re.compile(r"(?P<part>\d+)/(?P<parts>\d+)|\d+(\.\d+)?%|\d+[kKmMgGtT]")
# How restic ends when it could look and found damage, in contrast to when it could not look.
FOUND_ERRORS = re.compile(r"repository contains errors|LoadIndex returned errors")
# What a failed reading of a repository says when the data itself is bad.
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
BROKEN = re.compile(r"\bpack(?: ID does not match, want)? ([0-9a-f]{64})", re.IGNORECASE)
# Commands that restic proposes, on a line of their own or quoted in a sentence.
PROPOSED = re.compile(r"^(restic repair [^\n]+)|`(restic [^`']+)[`']", re.MULTILINE)
# Lines that are no findings: repeated requests, headings, advice, and complaints about the cache.
NOISE = re.compile(
    r"(?:Load|Save|List|Stat|ReadFull)\(.*(?:returned error, retrying|failed:)|Fatal: |error for tree \w+:$"
    r"|restic repair |Damaged pack files can be|The repository (?:index )?(?:is|contains) damaged|unable to (?:create|open)[^\n]*cache"
)


@dataclasses.dataclass(frozen=True)
class Findings:
    """What a check found; no errors and no broken packs: the repository is well."""

    num_errors: int
    broken_packs: tuple[str, ...]
    errors: tuple[str, ...]
    suggestions: tuple[str, ...]


def subset_of(level: str, subset: t.Optional[str], rotate: t.Optional[int], today: datetime.date) -> str:
    """Return the part of the data to read, empty for none, all for everything; ResticError when it is none.

    rotate names the part by the number of the week since the year 1, so that the part moves on at every turn of a week,
    also at the turn of a year, where the ISO number of the week would repeat or leave out some.
    """
    if level != "subset":
        return {"metadata": "", "full": "all"}[level]
    if rotate is not None:
        week = (today.toordinal() - 1) // 7
        subset = f"{week % max(rotate, 1) + 1}/{rotate}"
    found = SUBSET.fullmatch(subset or "")
    parts = int(found["parts"] or 1) if found else 0
    if not found or not 1 <= parts <= MOST_PARTS or not 1 <= int(found["part"] or 1) <= parts:
        msg = (
            f"{subset} is no part of the data. Give k/n with k up to n and n up to {MOST_PARTS}, such as 1/12, or a percentage, or a size."
        )
        raise ResticError(msg, error="invalid")
    return str(subset)


def check_arguments(subset: str, *, machine: bool) -> list[str]:
    """Return the arguments of restic."""
    read = {"": [], "all": ["--read-data"]}.get(subset, [f"--read-data-subset={subset}"])
    return ["check", *(["--json"] if machine else []), *read]


def run_check(restic: Restic, subset: str) -> Findings:
    """Check the repository; ResticError when it could not be checked."""
    arguments = check_arguments(subset, machine=restic.has("check json"))
    result = restic.call(*arguments, ok=(0, 1))
    findings = findings_of(result)
    said = result.out + result.err
    if result.rc == 0:
        # What it says beside that is no damage.
        return Findings(0, (), (), findings.suggestions)
    if FOUND_ERRORS.search(said):
        return findings
    error = restic.failure(arguments, result)
    if error.error == "failed" and DAMAGE.search(said):
        return dataclasses.replace(findings, num_errors=max(findings.num_errors, 1), errors=findings.errors or (error.details["stderr"],))
    raise error


def findings_of(result: Result) -> Findings:
    """Read the output of restic, whatever its version."""
    messages = Restic.json_lines(result)
    summary: dict[str, t.Any] = next((row for row in messages if row["message_type"] == "summary"), {})
    texts = [str(row.get("message") or "") for row in messages if row["message_type"] == "error"]
    texts += [] if messages else result.err.splitlines()
    lines = [text.strip() for text in texts]
    errors = tuple(re.sub("^error: ", "", line) for line in lines if line and not NOISE.match(line))
    everything = "\n".join([*texts, result.out])
    hints = {"suggest_repair_index": "restic repair index", "suggest_prune": "restic prune"}
    proposed = [hint for name, hint in hints.items() if summary.get(name)] + ["".join(found) for found in PROPOSED.findall(everything)]
    return Findings(
        # Some findings are not in the number that restic counts.
        num_errors=max(int(summary.get("num_errors") or 0), len(errors)),
        broken_packs=tuple(_once([*(summary.get("broken_packs") or ()), *BROKEN.findall("\n".join(errors))])),
        errors=errors,
        suggestions=tuple(_once(proposed)),
    )


def _once(words: t.Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
