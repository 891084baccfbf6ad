# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The image with everything that stands beside a site: database, pooler, session store, cache, proxy, mail catcher."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from . import base
from .engine import Engine
from .fetch import verify
from .layer import OWN_MTIME, Layer, context
from .progress import say
from .site import FACTS_LABEL
from .tree import entries

USER = 10002
# Volumes and socket directories: a volume that is mounted for the first time takes its owner and mode from here.
_DIRECTORIES = {
    "var/lib/postgresql": 0o700,
    "var/lib/valkey": 0o700,
    "var/lib/caddy": 0o700,
    "run/pooler": 0o755,
    "run/valkey": 0o755,
}


def build(engine: Engine, spec: dict[str, Any]) -> dict[str, Any]:
    """Build the image and return what is known about it.

    :raises BuildError: when a step fails; nothing gets the final name then.
    """
    bottom = base.ensure(engine, spec["base"])
    described = {"services": spec["services"], "tag": spec["reference"]}
    with tempfile.TemporaryDirectory(prefix="campus-moodle-services-") as name:
        scratch = Path(name)
        with Layer(scratch / "services.tar", measure=True) as layer:
            _write(layer, spec)
        size = base.compressed_bytes(bottom) + layer.compressed_bytes
        say(f"building {spec['reference']}")
        archive = context(scratch / "context.tar", dockerfile(spec["base"]["reference"]), [layer.path])
        labels = {
            "org.opencontainers.image.title": "campus.moodle services",
            "org.opencontainers.image.licenses": "GPL-3.0-or-later",
            base.COMPRESSED_LABEL: str(size),
            FACTS_LABEL: json.dumps(described, sort_keys=True),
        }
        arguments = [argument for key, value in labels.items() for argument in ("--label", f"{key}={value}")]
        engine.build(archive, spec["reference"], network="none", arguments=arguments)
    return described


def _write(layer: Layer, spec: dict[str, Any]) -> None:
    for entry in entries(Path(spec["files"])):
        if entry.path.startswith("opt/campus-services"):
            layer.entry("", entry, mtime=OWN_MTIME)
    catcher = spec["mail_catcher"]
    if catcher:
        verify(Path(catcher["path"]), catcher["sha256"])
        layer.file("opt/campus-services/bin/mail-catcher", Path(catcher["path"]), mode=0o755)
    for path, mode in _DIRECTORIES.items():
        layer.directory(path, mode=mode, owner=USER)


def dockerfile(bottom: str) -> str:
    """The Dockerfile of the image. Pure, so it can be tested."""
    return "\n".join(
        [
            f"FROM {bottom}",
            "ADD services.tar /",
            # psql, pg_isready and pg_dump find the socket without an argument.
            "ENV PGHOST=/tmp PATH=/usr/lib/postgresql/17/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            f"USER {USER}:{USER}",
            "WORKDIR /tmp",
            "STOPSIGNAL SIGINT",
            'ENTRYPOINT ["/opt/campus-services/bin/service"]',
            "",
        ]
    )
