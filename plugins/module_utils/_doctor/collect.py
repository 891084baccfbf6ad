# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""A report on a site, made on its machine in one go: the story of site_doctor.

Everything is collected and proven, then scrubbed, packed, and searched for secrets once more; only then there is an archive.
"""

from __future__ import annotations

import dataclasses
import functools
import glob
import json
import os
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._site.setting_names import secret_rule
from .._tool.files import replace_file
from . import _machine, _proofs
from ._machine import Machine
from ._pack import MODE, pack, require_clean
from ._people import People
from .report import STATES, Finding, Part, Report, doubt, gather
from .scrub import Scrubber, own_words, too_short
from .world import in_time

Params = t.Mapping[str, t.Any]

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "site": {"type": "dict", "default": {}},
    "problems": {"type": "list", "elements": "str", "default": []},
    "runner": {"type": "raw"},
    "chdir": {"type": "path"},
    "timeout": {"type": "int", "default": 60},
    "secret_paths": {"type": "list", "elements": "path", "default": [], "no_log": False},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "log_lines": {"type": "int", "default": 2000},
    "keep_addresses": {"type": "bool", "default": False},
    "directory": {"type": "path", "required": True},
    # From the action plugin: archive (where it is made), names (the rule for names of secrets), short (the names of secrets that are too
    # short to be searched for), unrendered (of those that have no value), repository (where the backups are), and what the control node
    # itself sees: versions, clock, addresses.
    "control_node": {"type": "dict", "default": {}},
}
NO_NAMES: dict[str, list[str]] = {"names": [], "endings": [], "open": []}
# What one file holds at most, from its end; a log can have very long lines.
LONGEST = 8 * 1024**2
README = """This is a report on the Moodle site {name}, made by the playbook campus.moodle.doctor.

findings.json has what is wrong, in sentences. Files that are not there could not be collected; failures.json says why.
Secrets are replaced by ***.{people}

{files}
"""
PSEUDONYMS = "\nIn logs and checks, addresses of visitors and of mailboxes have pseudonyms, the same ones everywhere in this archive."


def machine_part(machine: Machine) -> Part:
    """Return what is collected and proven on any machine."""
    return Part(machine, _machine.COLLECTORS, _proofs.PROOFS, _machine.addresses)


def run(params: Params, parts: t.Sequence[Part], *, now: float) -> dict[str, t.Any]:
    """Make the report and, where a place for it is given, the archive."""
    known = params["control_node"]
    paths = [*params["secret_paths"], *(path for part in parts for path in part.secret_paths(part.about))]
    secrets = {**params["secrets"], **dict(read_secrets(dict.fromkeys(paths)))}
    report = gather(parts)
    words = own_words(params["site"])
    report.findings += [*_unsearchable([*known.get("short", []), *too_short(secrets, words)]), *_unrendered(known.get("unrendered", []))]
    people = None if params["keep_addresses"] else People(report.addresses)
    scrubber = Scrubber(secrets.values(), secret_rule(known.get("names", NO_NAMES)), people, words)
    findings = scrubbed(report.findings, scrubber)
    files = written(params["name"], report, findings, scrubber, hidden=people is not None)
    packed = pack(scrubber.text(params["name"]), files, now)
    require_clean(packed, scrubber)
    if known.get("archive"):
        replace_file(known["archive"], packed, mode=MODE)
    return {
        "changed": False,
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "summary": [f"{finding.state:<8} {finding.sentence}" for finding in findings],
        "files": sorted(files),
        "size": len(packed),
    }


def read_secrets(paths: t.Iterable[str]) -> t.Iterator[tuple[str, str]]:
    """Yield the content of each file below paths. One that cannot be read cannot be searched for, so there is no report then."""
    for path in paths:
        try:
            yield from in_time(functools.partial(_contents_below, path), path)
        except OSError as error:
            msg = (
                f"The secrets of the site cannot be read ({error.filename}: {error.strerror}), so nobody could tell whether they are in an "
                "archive; let Ansible become root. Nothing was collected."
            )
            raise ToolError(msg, error="unreadable") from error


def _contents_below(path: str) -> list[tuple[str, str]]:
    found = []
    for file in _files_below(path):
        with open(file, encoding="utf-8", errors="replace") as opened:
            found.append((file, opened.read()))
    return found


def _files_below(path: str) -> t.Iterator[str]:
    def refuse(error: OSError) -> None:
        raise error

    if os.path.isfile(path):
        yield path
    # A folder that is not there is a site that was never installed; any other that cannot be listed is refused.
    if os.path.isdir(path) or glob.glob(glob.escape(path)):
        for folder, _folders, names in os.walk(path, onerror=refuse):
            yield from (os.path.join(folder, name) for name in sorted(names))


def _unsearchable(names: t.Iterable[str]) -> t.Iterator[Finding]:
    for name in names:
        yield doubt(
            "secrets",
            f"The secret {os.path.basename(name)} is too short or too plain a word to be searched for; only where its name is next to it, "
            "it is hidden.",
        )


def _unrendered(names: t.Iterable[str]) -> t.Iterator[Finding]:
    for name in names:
        yield doubt("secrets", f"The secret {name} cannot be rendered, so it was not searched for; mend it or remove it.")


def scrubbed(findings: t.Iterable[Finding], scrubber: Scrubber) -> list[Finding]:
    """Return findings without secrets, the worst first."""
    clean = [dataclasses.replace(finding, sentence=scrubber.text(finding.sentence)) for finding in findings]
    return sorted(clean, key=lambda finding: STATES.index(finding.state))


def written(name: str, report: Report, findings: t.Sequence[Finding], scrubber: Scrubber, *, hidden: bool) -> dict[str, str]:
    """Return the files of the archive, by name, without a secret in any."""
    contents: dict[str, tuple[str, t.Any, bool]] = {
        "findings.json": ("the sentences, the worst first", [dataclasses.asdict(finding) for finding in findings], False),
        "failures.json": ("what could not be collected or proven, and why", report.failures, True),
        **{entry.name: (entry.what, entry.content, entry.personal) for entry in report.entries},
    }
    listed = "\n".join(f"{file:<40} {what}" for file, (what, _content, _personal) in contents.items())
    contents = {"README.txt": ("", README.format(name=name, people=PSEUDONYMS * hidden, files=listed), False), **contents}
    return {scrubber.text(file): clean(content, scrubber, personal=personal) for file, (_what, content, personal) in contents.items()}


def clean(content: t.Any, scrubber: Scrubber, *, personal: bool) -> str:
    """Return the content of a file without secrets: a text, and of a very long one its end, or data as JSON."""
    if not isinstance(content, str):
        data = scrubber.data(content, personal=personal)
        return scrubber.known(json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n")
    # From the next line on: of one that was cut, a secret could no longer be recognised.
    cut = content if len(content) <= LONGEST else f"(the beginning is left out)\n{content[-LONGEST:].partition(chr(10))[2]}"
    return scrubber.text(cut, personal=personal)
