# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Checking a repository: what "restic check" reads, and what it found, from JSON (restic 0.18 and newer) and from text."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from .._tool import times
from .._tool.process import Result
from ._errors import DAMAGE, ResticError
from .client import Open, Restic, merge_rules

ARGUMENTS: dict[str, t.Any] = {
    "timeout": {"type": "int", "default": 86400},
    "level": {"type": "str", "choices": ["metadata", "subset", "full"], "default": "metadata"},
    "subset": {"type": "str"},
    "rotate": {"type": "int"},
}
RULES = merge_rules(mutually_exclusive=[("subset", "rotate")], required_if=[("level", "subset", ("subset", "rotate"), True)])
MOST_LINES = 100
# restic sorts packs into parts by one byte of their name.
MOST_PARTS = 256
SUBSET = re.compile(r"(?P<part>\d+)/(?P<parts>\d+)|\d+(\.\d+)?%|\d+[kKmMgGtT]")
# How restic ends when it could check and found damage, in contrast to when it could not check.
FOUND_ERRORS = re.compile(r"repository contains errors|LoadIndex returned errors")
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
    """What a check found; without errors and broken packs the repository is good."""

    num_errors: int
    broken_packs: tuple[str, ...]
    errors: tuple[str, ...]
    suggestions: tuple[str, ...]


def run(open_restic: Open, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Check the repository and return the result; ResticError for damage too."""
    subset = subset_of(params["level"], params["subset"], params["rotate"], times.now().date())
    restic = open_restic()
    found = run_check(restic, subset)
    result: dict[str, t.Any] = {
        "subset": subset,
        "num_errors": found.num_errors,
        "broken_packs": list(found.broken_packs),
        "errors": [restic.mask(line) for line in found.errors[:MOST_LINES]],
        "suggestions": list(found.suggestions),
    }
    if not found.num_errors:
        return {"changed": False, **result}
    counts = f"errors: {found.num_errors}, broken packs: {len(found.broken_packs)}"
    advice = f" restic proposes: {'; '.join(found.suggestions)}." if found.suggestions else ""
    msg = (
        f"The repository {restic.repository} is damaged ({counts}). restic found: {'; '.join(result['errors'][:3])}.{advice} "
        "Make a copy of the repository before it is repaired, and take a new backup."
    )
    raise ResticError(msg, error="damaged", **result)


def subset_of(level: str, subset: t.Optional[str], rotate: t.Optional[int], today: datetime.date) -> str:
    """Return the part of the data to read, empty for none, all for everything; ResticError for one that is not valid.

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
        advice = f"Give k/n with k up to n and n up to {MOST_PARTS}, such as 1/12, or a percentage, or a size."
        msg = f"{subset} is not a valid part of the data. {advice}"
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
    printed = result.out + result.err
    if result.rc == 0:
        # Whatever else it prints is no damage.
        return Findings(0, (), (), findings.suggestions)
    if FOUND_ERRORS.search(printed):
        return findings
    error = restic.failure(arguments, result)
    if error.error == "failed" and DAMAGE.search(printed):
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
