# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What the tiers and the benchmarks share. Imported by name: pyproject.toml puts the folder above it on the path of pytest.

To begin with: wait, ports, docker. Programs and servers: servers, storage, certificates, kubernetes, pods. The collection at work:
modules and plays (one module or a few tasks), playbook and site (whole playbooks and the site that they make), payload (what it runs).
Looking at a site: web, load, evidence, relay. Scenes of one family: helm, cnpg_stage, restic_content, restic_faults.
"""

from __future__ import annotations

import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
