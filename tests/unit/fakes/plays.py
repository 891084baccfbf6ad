# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A playbook of the collection, run by the real ansible-playbook of this environment."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys


def play(playbook: str, *arguments: str, folder: pathlib.Path, **environ: str) -> tuple[int, str]:
    """Run campus.moodle.<playbook> in a folder; return its exit status and what it printed, without colours."""
    done = subprocess.run(
        # Not from PATH, which a test may empty.
        [f"{pathlib.Path(sys.executable).parent}/ansible-playbook", f"campus.moodle.{playbook}", *arguments],
        cwd=folder,
        env={**os.environ, "ANSIBLE_NOCOLOR": "true", **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout
