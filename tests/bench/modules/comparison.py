# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Measures modules beside what people use today for the same task, in one run. A benchmark: nothing fails because it is slow.

Both sides are modules that Ansible has packed for the same interpreter, or the plain command.
"""

from __future__ import annotations

import argparse
import pathlib
import tempfile

import report
from cluster import cnpg_rows, helm_rows, import_rows
from files import restic_rows
from support import kubernetes

PARTS = ("helm", "cnpg", "import", "restic")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="what to measure")
    parser.add_argument("--rounds", type=int, default=5, help="how often each measurement is repeated")
    parser.add_argument("--megabytes", type=int, default=2000, help="how much restic backs up")
    return parser.parse_args()


def main() -> None:
    """Start the servers, measure, print the table."""
    options = arguments()
    before = report.load_line()
    rows: list[report.Row] = []
    with tempfile.TemporaryDirectory(prefix="campus-moodle-bench-") as name:
        folder = pathlib.Path(name)
        if "import" in options.only:
            rows += import_rows(folder / "import", options.rounds)
        if {"helm", "cnpg"} & set(options.only):
            with kubernetes.started(folder) as server:
                if "helm" in options.only:
                    rows += helm_rows(server, folder / "helm", options.rounds)
                if "cnpg" in options.only:
                    rows += cnpg_rows(server, folder / "cnpg", options.rounds)
        if "restic" in options.only:
            rows += restic_rows(folder / "restic", options.rounds, options.megabytes)
    print("\n".join(["", report.table(rows), "", f"before, {before}", f"after, {report.load_line()}"]))


if __name__ == "__main__":
    main()
