# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The image of a site: base, Moodle's code, plugins and languages, and our own commands on top."""

from __future__ import annotations

import datetime
import json
import tempfile
import typing as t
from pathlib import Path

from . import _languages as languages
from . import _plugins as plugins
from . import recipe
from ._fetch import Cache
from ._layer import OWN_MTIME, Layer
from ._progress import Every, say
from .digest import verify
from .engine import COMPRESSED_LABEL, FACTS_LABEL, CompressedSize, Engine, Image, compressed_bytes
from .errors import BuildError
from .moodle import Inspector, MoodleFacts, mismatch
from .tree import entries

# Written by this collection; another site's configuration in a source directory holds its secrets.
_CONFIGURATION = "config.php"


def build(engine: Engine, spec: dict[str, t.Any], bottom: Image, cache: Cache) -> None:
    """Build the image.

    :param bottom: what the engine knows of the base.
    :raises BuildError: when the input is not right or a step fails; nothing gets the final name then.
    """
    source = find_source(cache, spec["source"])
    size = CompressedSize()
    with tempfile.TemporaryDirectory(prefix="campus-moodle-site-") as scratch:
        with Layer(Path(scratch, "code.tar"), size) as code:
            facts = write_code(code, source, spec)
            locked = plugins.place(plugins.collect(cache, spec["plugins"]), facts)
            plugins.write(code, recipe.CODE, locked)
            languages.write(code, languages.collect(cache, spec["languages"]))
        described = describe(spec, facts)
        with Layer(Path(scratch, "runtime.tar"), size) as runtime:
            write_runtime(runtime, Path(spec["rootfs"]), described)
        labels = _labels(described, compressed_bytes(bottom) + size.total())
        say(f"building {spec['reference']}")
        engine.build(spec["reference"], recipe.site(spec["base"]["reference"]), [code.path, runtime.path], labels=labels)


def find_source(cache: Cache, source: dict[str, t.Any]) -> Path:
    """The archive or directory with Moodle's code, verified where it has a checksum.

    :param source: path (on this machine) or url, and sha256; an url without checksum uses the one that is published beside it.
    """
    if source.get("path"):
        path = Path(source["path"])
        if source.get("sha256") and path.is_file():
            verify(path, source["sha256"])
        return path
    sha256 = source.get("sha256")
    if not sha256:
        sha256 = cache.published_sha256(source["url"])
        say(f"no checksum was given; using the published one, sha256 {sha256}")
    return cache.get(source["url"], sha256)


def write_code(layer: Layer, source: Path, spec: dict[str, t.Any]) -> MoodleFacts:
    """Stream Moodle's code into a layer and check it on the way."""
    say(f"reading Moodle from {source}")
    inspector = Inspector()
    progress = Every()
    # A directory's times say when it was checked out. One time for all, from the content, keeps the layer equal, and
    # still gives browsers another validator when a file changes without changing its size.
    fixed = _content_time(spec) if source.is_dir() else None
    layer.directory(recipe.CODE)
    for count, entry in enumerate(entries(source)):
        if entry.path == _CONFIGURATION:
            continue
        progress.say(f"{count} files")
        if inspector.wants(entry):
            with entry.open() as file:
                inspector.see(entry, file.read())
        else:
            inspector.see(entry)
        layer.entry(recipe.CODE, entry, mtime=fixed)
    facts = inspector.facts(source)
    problem = mismatch(source, vars(facts), spec)
    if problem:
        raise BuildError(problem)
    return facts


def _content_time(spec: dict[str, t.Any]) -> int:
    digest: t.Optional[str] = spec["source"].get("sha256")
    spread = int(digest[:8], 16) % 86_400 if digest else 0
    return OWN_MTIME + spread


def describe(spec: dict[str, t.Any], facts: MoodleFacts) -> dict[str, t.Any]:
    """What image.json says about the image."""
    return {
        "branch": facts.branch,
        "release": facts.release,
        "version": facts.version,
        "layout": facts.layout,
        "php": spec["php"],
        **spec["needs"],
        "plugins": [{key: item[key] for key in ("component", "version", "sha256")} for item in spec["plugins"]],
        "languages": [item["code"] for item in spec["languages"]],
        "payload": facts.payload,
        "tag": spec["reference"],
    }


def write_runtime(layer: Layer, rootfs: Path, described: dict[str, t.Any]) -> None:
    """Write the commands, what the image says about itself and the places of its volumes into a layer."""
    for entry in entries(rootfs):
        # The top folders exist in the base with the right mode.
        if entry.kind != "directory" or entry.path.count("/") > 1:
            layer.entry("", entry, mtime=OWN_MTIME)
    layer.text("opt/campus-moodle/image.json", json.dumps(described, indent=2, sort_keys=True) + "\n")
    # A volume that is mounted for the first time takes its owner from here.
    for path, mode in (("var/moodledata", 0o700), ("var/cache/moodle", 0o700), ("run/moodle", 0o700)):
        layer.directory(path, mode=mode, owner=recipe.SITE_USER)


def _labels(described: dict[str, t.Any], size: int) -> dict[str, str]:
    return {
        "org.opencontainers.image.title": f"Moodle {described['release']}",
        "org.opencontainers.image.version": described["release"].split(" ")[0],
        "org.opencontainers.image.licenses": "GPL-3.0-or-later",
        "org.opencontainers.image.created": _date(OWN_MTIME),
        COMPRESSED_LABEL: str(size),
        FACTS_LABEL: json.dumps(described, sort_keys=True),
    }


def _date(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
