# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Makes `ansible_collections.campus.moodle` importable, the way Ansible itself does it."""

from __future__ import annotations

import os

from ansible.plugins.loader import init_plugin_loader


def pytest_configure() -> None:
    """Install Ansible's collection finder once, before any test module is imported."""
    paths = os.environ.get("ANSIBLE_COLLECTIONS_PATH")
    if not paths:
        msg = "ANSIBLE_COLLECTIONS_PATH must name the folder above ansible_collections; run `make unit`."
        raise RuntimeError(msg)
    init_plugin_loader(paths.split(":"))
