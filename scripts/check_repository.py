#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""House rules that no linter knows: SPDX headers, no machine paths, no registry hosts, pinned files without addresses, Bash in
strict mode, modules that are in the action group which they document.

Prints one line a finding and exits 1 if there is any.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Files whose format has no comments, or whose content is not ours.
NO_HEADER = re.compile(r"(\.(md|rst|json|sum|txt|png|in|lock|j2)|COPYING|\.gitignore|\.gitkeep|changelog\.yaml)$")

BASH = re.compile(r"#!.*\bbash\b")
# The first command of a script; -E hands traps on to functions.
STRICT = re.compile(r"(#[^\n]*\n|\n)*set -E?euo pipefail\n")

# Each pattern is split so that this file does not find itself.
FORBIDDEN = {
    "the name of a package registry's host": re.compile(
        "py" r"pi\.org|pythonho" r"sted\.|proxy\.go" r"lang|registry\.n" r"pmjs|static\.cra" r"tes|deb\.deb" r"ian\.org|repo1?\.ma" r"ven"
    ),
    "a path of one machine": re.compile(r"(?<![\w.-])/(wo" r"rk|ro" r"ot|fa" r"rm)/"),
}


def tracked_files() -> list[Path]:
    """Return the files git tracks or would track, relative to the repository."""
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [Path(name) for name in listing.split("\0") if name and (ROOT / name).is_file()]


def findings_in(path: Path) -> list[str]:
    """Return one sentence for each rule that the file breaks."""
    try:
        text = (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    found = []
    if text and not NO_HEADER.search(path.name) and "SPDX-License-Identifier" not in text[:600]:
        found.append(f"{path}: no SPDX-License-Identifier in its first lines")
    if BASH.match(text) and not STRICT.match(text):
        found.append(f"{path}: a Bash script whose first command is not set -euo pipefail")
    for number, line in enumerate(text.splitlines(), start=1):
        found += [f"{path}:{number}: {what}: {line.strip()[:100]}" for what, pattern in FORBIDDEN.items() if pattern.search(line)]
    return found


def groups_of_modules() -> dict[str, str]:
    """Return module -> action group as meta/runtime.yml has it. A group that only extends others has no modules of its own."""
    text = (ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8")
    found, group = {}, ""
    for line in text.splitlines():
        if match := re.fullmatch(r"  (\w+):", line):
            group = match[1]
        elif match := re.fullmatch(r"    - (\w+)", line):
            found[match[1]] = group
    return found


def findings_in_groups() -> list[str]:
    """Return one sentence for each module that documents another action group than it is in."""
    groups, found = groups_of_modules(), []
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        documented = re.findall(r"_attributes\.actiongroup_(\w+)", path.read_text(encoding="utf-8"))
        expected = [groups[path.stem]] if path.stem in groups else []
        if documented != expected:
            found.append(f"{path.relative_to(ROOT)}: documents the action groups {documented}, and meta/runtime.yml has it in {expected}")
    return found


def main() -> int:
    """Print every finding; return 1 if there is any."""
    found = [sentence for path in tracked_files() for sentence in findings_in(path)] + findings_in_groups()
    print("\n".join(found) if found else "repository rules hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
