# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The base image: Debian with the packages of the table, cut down, made once and kept under a name from its content."""

from __future__ import annotations

import os
import tempfile
import typing as t
from pathlib import Path

from . import recipe
from ._command import run
from ._layer import Layer
from ._progress import say
from .engine import COMPRESSED_LABEL, CompressedSize, Engine, Image


def ensure(engine: Engine, spec: dict[str, t.Any]) -> Image:
    """Return what the engine knows about a base, which is made if it is missing.

    :param spec: reference, kind (bootstrap or registry), suite, packages, scripts, from (registry), mirror, security_mirror.
    :raises BuildError: when a step fails; nothing is left under the final name then.
    """
    found = engine.inspect(spec["reference"])
    if found is not None:
        say(f"base {spec['reference']} is there")
        return found
    # A name of its own, so that a build by another user of the machine does not take it away.
    raw = f"{spec['reference']}-{os.getpid()}"
    try:
        size = CompressedSize()
        _MAKERS[spec["kind"]](engine, spec, raw, size)
        engine.build(spec["reference"], f'FROM {raw}\nLABEL {COMPRESSED_LABEL}="{size.total()}"\n', [])
    finally:
        engine.untag(raw)
    return engine.inspect(spec["reference"]) or {}


def _bootstrap(engine: Engine, spec: dict[str, t.Any], raw: str, size: CompressedSize) -> None:
    """Make a Debian root from nothing but packages, which goes into the engine as it is written."""
    say(f"bootstrapping Debian {spec['suite']} with {len(spec['packages'])} packages; this takes about a minute")
    run(recipe.bootstrap(spec), f"bootstrap Debian {spec['suite']}", take=lambda root: engine.import_root(root, raw, size))


def _from_registry(engine: Engine, spec: dict[str, t.Any], raw: str, size: CompressedSize) -> None:
    """Put the same packages on top of an image that the engine has or can pull."""
    say(f"adding {len(spec['packages'])} packages to {spec['from']}")
    with tempfile.TemporaryDirectory(prefix="campus-moodle-base-") as scratch:
        with Layer(Path(scratch, "scripts.tar")) as layer:
            for script in ("before.sh", "after.sh"):
                layer.text(f"opt/campus-build/{script}", Path(spec["scripts"], script).read_text(encoding="utf-8"), mode=0o755)
        engine.build(raw, recipe.registry(spec), [layer.path], network="default")
    say("measuring the compressed size of the base")
    engine.measure(raw, size)


_MAKERS: dict[str, t.Callable[[Engine, dict[str, t.Any], str, CompressedSize], None]] = {
    "bootstrap": _bootstrap,
    "registry": _from_registry,
}
