#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Decides which code the demo runs, and prints that as extra variables for a playbook.

    demo_payload.py FOLDER [KEPT]

In this order: MOODLE_SOURCE, what this demo ran before (the file KEPT says it), an official archive in the cache, the official
download, the rehearsal payload (packed into FOLDER). A database belongs to its payload, so a demo never goes from the rehearsal
payload to real Moodle or back, whatever the network offers today.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Optional

import moodle_archive
from moodle_archive import say

PACKER = Path(__file__).resolve().parents[1] / "tests" / "rehearsal" / "pack.py"
OFFICIAL = "https://download.moodle.org/"
PATIENCE = 5  # seconds for an answer of the official server
ANEW = "`make demo-down CONFIRM=yes` removes the demo with its data, and the next `make demo` chooses anew"

Variables = dict[str, str]


def branch() -> str:
    """The branch of the demo."""
    return os.environ.get("MOODLE_BRANCH") or "4.5"


def variables_of(payload: str, path: str = "", sha256: str = "") -> Variables:
    """Extra variables for a payload; without a path the collection takes the official archive of the branch."""
    source = {"moodle_source": path, "moodle_archive_sha256": sha256} if path else {}
    asked = {"moodle_branch": branch()} if os.environ.get("MOODLE_BRANCH") else {}
    return {"demo_payload": payload, **source, **asked}


def given(_folder: Path, kept: Variables) -> Optional[Variables]:
    """What MOODLE_SOURCE names."""
    source = os.environ.get("MOODLE_SOURCE")
    if not source:
        return None
    if kept.get("demo_payload") == "rehearsal":
        sys.exit(f"error: this demo runs the rehearsal payload, whose database is not one of Moodle's. {ANEW}.")
    return variables_of("moodle", str(Path(source).expanduser().absolute()), os.environ.get("MOODLE_SOURCE_SHA256", ""))


def before(folder: Path, kept: Variables) -> Optional[Variables]:
    """What this demo ran before."""
    if not kept:
        return None
    if kept["demo_payload"] == "rehearsal":
        say(f"this demo goes on with the rehearsal payload; {ANEW}")
        return rehearsal(folder, kept)
    path = kept.get("moodle_source", "")
    if path and not Path(path).exists():
        sys.exit(f"error: this demo runs {path}, which is not there any more. Put it back or name it in MOODLE_SOURCE. {ANEW}.")
    say(f"this demo goes on with {path or 'the official archive'}; {ANEW}")
    return variables_of("moodle", path, kept.get("moodle_archive_sha256", ""))


def cached(_folder: Path, _kept: Variables) -> Optional[Variables]:
    """An official archive in the cache, put there by somebody or left by an earlier download."""
    cache = moodle_archive.cache_folder()
    finders = (moodle_archive.given_archives, moodle_archive.downloaded_archives)
    found = moodle_archive.newest(itertools.chain.from_iterable(find(cache, branch()) for find in finders))
    return variables_of("moodle", **found) if found else None


def official(_folder: Path, _kept: Variables) -> Optional[Variables]:
    """The official download, where its server answers."""
    try:
        urllib.request.urlopen(urllib.request.Request(OFFICIAL, method="HEAD"), timeout=PATIENCE).close()
    except OSError:
        return None
    return variables_of("moodle")


def rehearsal(folder: Path, _kept: Variables) -> Variables:
    """The rehearsal payload, packed from this checkout."""
    command = [sys.executable, str(PACKER), "--branch", branch(), "--release", f"{branch()}.1", "--output", str(folder)]
    facts = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return variables_of("rehearsal", facts["path"], facts["sha256"])


def choose(folder: Path, kept: Variables) -> Variables:
    """The variables from the first source that has any."""
    found = (source(folder, kept) for source in (given, before, cached, official, rehearsal))
    return next(variables for variables in found if variables is not None)


def main(arguments: list[str]) -> int:
    """Print the variables as one JSON object."""
    folder, *kept = map(Path, arguments)
    texts = [path.read_text(encoding="utf-8") for path in kept if path.is_file()]
    print(json.dumps(choose(folder, json.loads(texts[0]) if texts else {})))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
