# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Surroundings of a site's description for tests: the collection's own tables, and a world in which a few files exist."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import yaml
from ansible_collections.campus.moodle.plugins.module_utils._moodle.branches import BRANCHES
from ansible_collections.campus.moodle.plugins.module_utils._site import options, setting_names
from ansible_collections.campus.moodle.plugins.module_utils._site.surroundings import Surroundings

from . import certificate_files as certificates

ROOT = Path(options.__file__).resolve().parents[3]
OPTIONS = options.load_options(yaml.safe_load((ROOT / "roles" / "site" / "meta" / "argument_specs.yml").read_text(encoding="utf-8")))
IMAGE_TABLES = ROOT / "roles" / "image" / "files" / "rootfs" / "opt" / "campus-moodle" / "etc"
is_secret_setting = setting_names.secret_rule(json.loads((IMAGE_TABLES / "secret-names.json").read_text(encoding="utf-8")))
IMAGE_VARIABLES = json.loads((IMAGE_TABLES / "environment.json").read_text(encoding="utf-8"))
THERE = {"moodle.tgz", "lock.yml", "/cache/bin/mailhog", *certificates.FILES}


def around(**changes: t.Any) -> Surroundings:
    """Return surroundings in which the files of THERE exist."""
    values = {
        "branches": BRANCHES,
        "find": lambda path: f"/here/{path.lstrip('/')}" if path in THERE else None,
        "read": lambda path: certificates.FILES[path.removeprefix("/here/")],
        "now": certificates.NOW,
        "inventory_hostname": "Physics_1.example",
        "cache_directory": "/cache",
        "catcher": "/cache/bin/mailhog",
        "is_secret_setting": is_secret_setting,
        "image_variables": IMAGE_VARIABLES,
    }
    return Surroundings(**{**values, **changes})
