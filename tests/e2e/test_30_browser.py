# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A user's session in headless Chromium."""

from __future__ import annotations

import json
import pathlib
import secrets
import subprocess
import typing as t

from support import REPOSITORY

if t.TYPE_CHECKING:
    from support.site import Site

BROWSER = REPOSITORY / "tests" / "browser"


def test_login_upload_and_download_without_a_complaint(site: Site, workspace: pathlib.Path) -> None:
    assert (BROWSER / "node_modules").is_dir(), "the browser driver is missing: run scripts/setup.sh browser"
    file = workspace / f"browser-{secrets.token_hex(4)}.bin"
    file.write_bytes(bytes(range(256)) * 64)
    done = subprocess.run(
        [
            "node",
            str(BROWSER / "session.mjs"),
            *("--url", site.url),
            *("--password-file", str(site.secrets / "admin_password")),
            *("--file", str(file)),
            *("--output", str(workspace / "screenshots")),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["error"] is None
    assert report["complaints"] == []
    assert report["steps"] == ["front-page", "dashboard", "upload", "download"]
    assert done.returncode == 0
