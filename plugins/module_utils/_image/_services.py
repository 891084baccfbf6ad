# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The image with everything that runs next to a site: database, pooler, session store, cache, proxy, mail catcher."""

from __future__ import annotations

import json
import tempfile
import typing as t
from pathlib import Path

from . import recipe
from ._layer import OWN_MTIME, Layer
from ._progress import report
from .digest import verify
from .engine import COMPRESSED_LABEL, FACTS_LABEL, CompressedSize, Engine, Image, compressed_bytes
from .tree import entries

# Volumes and socket directories: a volume that is mounted for the first time takes its owner and mode from here.
_DIRECTORIES = {
    "var/lib/postgresql": 0o700,
    "var/lib/valkey": 0o700,
    "var/lib/caddy": 0o700,
    "run/pooler": 0o755,
    "run/valkey": 0o755,
}


def build(engine: Engine, spec: dict[str, t.Any], bottom: Image) -> None:
    """Build the image.

    :param bottom: what the engine knows of the base.
    :raises BuildError: when a step fails; nothing gets the final name then.
    """
    described = {"services": spec["services"], "tag": spec["reference"]}
    size = CompressedSize()
    with tempfile.TemporaryDirectory(prefix="campus-moodle-services-") as scratch:
        with Layer(Path(scratch, "services.tar"), size) as layer:
            write(layer, spec)
        labels = {
            "org.opencontainers.image.title": "campus.moodle services",
            "org.opencontainers.image.licenses": "GPL-3.0-or-later",
            COMPRESSED_LABEL: str(compressed_bytes(bottom) + size.total()),
            FACTS_LABEL: json.dumps(described, sort_keys=True),
        }
        report(f"building {spec['reference']}")
        engine.build(spec["reference"], recipe.services(spec["base"]["reference"]), [layer.path], labels=labels)


def write(layer: Layer, spec: dict[str, t.Any]) -> None:
    """Write the entry scripts, the mail catcher where there is one and the places of the volumes into a layer."""
    for entry in entries(Path(spec["files"])):
        if entry.path.startswith("opt/campus-services"):
            layer.entry("", entry, mtime=OWN_MTIME)
    catcher = spec["mail_catcher"]
    if catcher:
        verify(Path(catcher["path"]), catcher["sha256"])
        layer.file("opt/campus-services/bin/mail-catcher", Path(catcher["path"]), mode=0o755)
    for path, mode in _DIRECTORIES.items():
        layer.directory(path, mode=mode, owner=recipe.SERVICES_USER)
