#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Prints the tiers whose files differ from the main branch, one a line, in the order in which they run.

    changed_tiers.py [COMMIT]

A file counts when it differs from what the current branch and main (or COMMIT) have last in common: committed or not, tracked or not.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAIN = ("main", "origin/main")
# The longest first: see scripts/test.sh.
ORDER = ("e2e", "tools", "image", "molecule", "fast", "build")
EVERY = "tools image build molecule e2e"
CONTAINERS = "image build molecule e2e"

# How a path begins -> the tiers that run what is there, besides the tier fast, which runs for each change. The longest one counts.
TIERS = {
    ".": "",
    ".config/molecule/": "molecule",
    "CHANGELOG": "",
    "COPYING": "",
    "Makefile": "",
    "README.md": "",
    "changelogs/": "",
    "docs/": "",
    "docs/examples/": "e2e",
    "findings/": "",
    "galaxy.yml": "build",
    "inventories/": "build e2e",
    "meta/": "build",
    "molecule/": "molecule",
    "playbooks/": "build e2e",
    "plugins/": EVERY,
    "plugins/doc_fragments/": "tools",
    "plugins/inventory/": "tools",
    "plugins/module_utils/_cnpg/": "tools",
    "plugins/module_utils/_compose/": "e2e",
    "plugins/module_utils/_helm/": "tools",
    "plugins/module_utils/_image/": CONTAINERS,
    "plugins/module_utils/_kube/": "tools",
    "plugins/module_utils/_moodle/": EVERY,
    "plugins/module_utils/_restic/": "tools e2e",
    "plugins/module_utils/_site/": "tools e2e",
    "plugins/modules/cnpg_": "tools",
    "plugins/modules/compose_": "e2e",
    "plugins/modules/helm_": "tools",
    "plugins/modules/kube_": "tools",
    "plugins/modules/moodle_": "tools image e2e",
    "plugins/modules/restic_": "tools e2e",
    "plugins/modules/site_": "e2e",
    "plugins/plugin_utils/_image/": CONTAINERS,
    "plugins/plugin_utils/_inventory_": "tools",
    "pyproject.toml": "",
    "requirements/": EVERY,
    "requirements/bench.": "",
    "requirements/demo.": "image build e2e",
    "roles/": CONTAINERS,
    "roles/docker_engine/": "molecule e2e",
    "roles/site/": "build e2e",
    "roles/target_compose/": "build e2e",
    "scripts/": EVERY,
    "scripts/bench.sh": "",
    "scripts/build.sh": "build",
    "scripts/changed_tiers.py": "",
    "scripts/check_repository.py": "",
    "scripts/demo": "image build e2e",
    "scripts/document_variables.py": "",
    "scripts/lock.sh": "",
    "scripts/moodle_archive.py": "image build e2e",
    "scripts/screenshot.sh": "",
    "scripts/test_summary.py": "",
    "scripts/tiers/": "",
    "scripts/tiers/build.sh": "build",
    "scripts/tiers/e2e.sh": "e2e",
    "scripts/tiers/image.sh": "image",
    "scripts/tiers/molecule.sh": "molecule",
    "scripts/tiers/tools.sh": "tools",
    "tests/bench/": "",
    "tests/browser/": "e2e",
    "tests/e2e/": "e2e",
    "tests/image/": "image",
    "tests/rehearsal/": CONTAINERS,
    "tests/sanity/": "",
    "tests/support/": "tools image e2e",
    "tests/system_image/": "molecule",
    "tests/tools/": "tools",
    "tests/unit/": "",
    "tools/go/": "tools",
    "tools/go/helm-diff/": "",
    "tools/go/mailhog/": "e2e",
}


def row_of(path: str) -> str | None:
    """Return the row of the table that a file belongs to; None where it belongs to none."""
    return max((row for row in TIERS if path.startswith(row)), key=len, default=None)


def tiers_of(paths: list[str]) -> list[str]:
    """Return the tiers to run when these files have changed. A file that the table lacks asks for all of them."""
    asked = {tier for path in paths for tier in ("fast", *TIERS.get(row_of(path) or "", EVERY).split())}
    return [tier for tier in ORDER if tier in asked]


def git(*arguments: str) -> list[str]:
    """Run git and return what it printed, without the zero bytes that end each name."""
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


def main_branch() -> str:
    """Return the name of the main branch: the local one, or that of the repository which was cloned."""
    found = git("for-each-ref", "--format=%(refname:short)%00", *(f"refs/heads/{name}" for name in MAIN), f"refs/remotes/{MAIN[1]}")
    names = [name.strip() for name in found]
    return next((name for name in MAIN if name in names), "") or sys.exit(f"error: there is no branch {' or '.join(MAIN)} to compare with")


def changed_since(commit: str) -> list[str]:
    """Return the files that differ from what the current branch and a commit have last in common."""
    common = git("merge-base", commit, "HEAD")[0].strip()
    return git("diff", "--name-only", "--no-renames", "-z", common) + git("ls-files", "--others", "--exclude-standard", "-z")


def main(arguments: list[str]) -> int:
    """Print the tiers."""
    print("\n".join(tiers_of(changed_since(arguments[0] if arguments else main_branch()))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
