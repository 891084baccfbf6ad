# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a report is made of: collectors, which bring one file each, and proofs, which say one sentence each.

Any of them may fail, since a report is made of sites that are broken; what failed is told instead.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

# From the worst to the best, as a person reads them.
STATES = ("problem", "doubt", "unknown", "fine")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One sentence, what it is about, and how good the news is."""

    subject: str
    state: str
    sentence: str


def problem(subject: str, sentence: str) -> Finding:
    """Return what somebody has to mend."""
    return Finding(subject, "problem", sentence)


def doubt(subject: str, sentence: str) -> Finding:
    """Return what somebody has to look at."""
    return Finding(subject, "doubt", sentence)


def unknown(subject: str, sentence: str) -> Finding:
    """Return what could not be told."""
    return Finding(subject, "unknown", sentence)


def fine(subject: str, sentence: str) -> Finding:
    """Return what is as it should be."""
    return Finding(subject, "fine", sentence)


@dataclasses.dataclass(frozen=True)
class Collector:
    """One file of the archive: its name, what it is, and what returns its content, a text or something that becomes JSON.

    A name that ends in a slash is a folder, and the content a mapping of names to contents. personal says that visitors of the site
    may have left their addresses there.
    """

    name: str
    what: str
    collect: t.Callable[[t.Any], t.Any]
    personal: bool = False


@dataclasses.dataclass(frozen=True)
class Proof:
    """A subject, and what yields its findings."""

    subject: str
    prove: t.Callable[[t.Any], t.Iterable[Finding]]


@dataclasses.dataclass(frozen=True)
class Part:
    """Some collectors and proofs with what they are called with.

    addresses returns those that belong to no person, secret_paths files and folders of secrets that only the machine knows of.
    """

    about: t.Any
    collectors: t.Sequence[Collector] = ()
    proofs: t.Sequence[Proof] = ()
    addresses: t.Callable[[t.Any], t.Iterable[str]] = lambda _about: ()
    secret_paths: t.Callable[[t.Any], t.Iterable[str]] = lambda _about: ()


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file as it was collected."""

    name: str
    what: str
    content: t.Any
    personal: bool


@dataclasses.dataclass
class Report:
    """Everything that was found. failures maps the name of a collector or the subject of a proof to the reason why it is missing."""

    entries: list[Entry] = dataclasses.field(default_factory=list)
    findings: list[Finding] = dataclasses.field(default_factory=list)
    failures: dict[str, str] = dataclasses.field(default_factory=dict)
    addresses: set[str] = dataclasses.field(default_factory=set)


T = t.TypeVar("T")


def gather(parts: t.Iterable[Part]) -> Report:
    """Call everything, whatever fails."""
    report = Report()
    for part in parts:
        for collector in part.collectors:
            found = _attempt(report, collector.name, collector.collect, part.about)
            rows = (found or {}).items() if collector.name.endswith("/") else [("", found)] if found is not None else []
            report.entries += [Entry(collector.name + name, collector.what, content, collector.personal) for name, content in rows]
        for proof in part.proofs:
            report.findings += _attempt(report, proof.subject, functools.partial(_listed, proof.prove), part.about) or []
        report.addresses |= set(_attempt(report, "addresses", functools.partial(_listed, part.addresses), part.about) or ())
    report.findings += [unknown("collected", sentence) for sentence in _in_sentences(report.failures)]
    return report


def _listed(call: t.Callable[[t.Any], t.Iterable[T]], about: t.Any) -> list[T]:
    """Return all that a call yields: what is yielded later would be asked for outside of the attempt."""
    return list(call(about))


def _attempt(report: Report, name: str, call: t.Callable[[t.Any], T], about: t.Any) -> t.Optional[T]:
    """Call something. That anything may be broken is why there is a report, so no kind of failure may end it."""
    try:
        return call(about)
    except ToolError as error:
        report.failures[name] = str(error)
    except Exception as error:
        report.failures[name] = f"{type(error).__name__}: {error}"
    return None


def _in_sentences(failures: t.Mapping[str, str]) -> t.Iterator[str]:
    """Yield a sentence for each reason, with all that is missing for it."""
    for reason in dict.fromkeys(failures.values()):
        names = [name for name, other in failures.items() if other == reason]
        yield f"Not in the archive, or not proven: {', '.join(names)} ({one_line(reason)})."


def one_line(text: str) -> str:
    """Return a text as part of one sentence."""
    return "; ".join(line.strip(" -") for line in text.strip().rstrip(".").splitlines() if line.strip(" -"))
