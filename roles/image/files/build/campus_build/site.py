# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The image of a site: base, Moodle's code, plugins and languages, and our own commands on top."""

from __future__ import annotations

import datetime
import json
import tempfile
from pathlib import Path
from typing import Any, Optional

from . import base, languages, plugins
from .engine import Engine
from .errors import BuildError
from .fetch import Cache, verify
from .layer import OWN_MTIME, Layer, context
from .moodle import Inspector, MoodleFacts, normal_release
from .progress import Every, say
from .tree import entries

CODE = "srv/moodle"
USER = 10001
FACTS_LABEL = "io.campus.moodle.facts"
# Written by this collection; another site's configuration in a source directory holds its secrets.
_CONFIGURATION = "config.php"


def build(engine: Engine, spec: dict[str, Any]) -> dict[str, Any]:
    """Build the image and return reference, facts and sizes.

    :raises BuildError: when the input is not right or a step fails; nothing gets the final name then.
    """
    cache = Cache(Path(spec["cache"]))
    source = find_source(cache, spec["source"])
    bottom = base.ensure(engine, spec["base"])
    with tempfile.TemporaryDirectory(prefix="campus-moodle-site-") as name:
        scratch = Path(name)
        with Layer(scratch / "code.tar", measure=True) as code:
            facts = _write_code(code, source, spec)
            locked = plugins.place(plugins.collect(cache, spec["plugins"]), facts)
            plugins.write(code, CODE, locked)
            languages.write(code, languages.collect(cache, spec["languages"]))
        described = describe(spec, facts)
        with Layer(scratch / "runtime.tar", measure=True) as runtime:
            _write_runtime(runtime, Path(spec["rootfs"]), described)
        size = base.compressed_bytes(bottom) + code.compressed_bytes + runtime.compressed_bytes
        say(f"building {spec['reference']}")
        archive = context(scratch / "context.tar", dockerfile(spec["base"]["reference"]), [code.path, runtime.path])
        engine.build(archive, spec["reference"], network="none", arguments=_labels(described, size))
    return described


def find_source(cache: Cache, source: dict[str, Any]) -> Path:
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


def _write_code(layer: Layer, source: Path, spec: dict[str, Any]) -> MoodleFacts:
    """Stream Moodle's code into the layer and judge it on the way."""
    say(f"reading Moodle from {source}")
    inspector = Inspector()
    progress = Every()
    # A directory's times say when it was checked out. One time for all, from the content, keeps the layer equal, and
    # still gives browsers another validator when a file changes without changing its size.
    fixed = _content_time(spec) if source.is_dir() else None
    layer.directory(CODE)
    for count, entry in enumerate(entries(source)):
        if entry.path == _CONFIGURATION:
            continue
        progress.say(f"  {count} files")
        if inspector.wants(entry):
            with entry.open() as file:
                inspector.see(entry, file.read())
        else:
            inspector.see(entry)
        layer.entry(CODE, entry, mtime=fixed)
    facts = inspector.facts(source)
    check_branch(facts, spec, source)
    return facts


def check_branch(facts: MoodleFacts, spec: dict[str, Any], source: Path) -> None:
    """Raise a BuildError when the code is of another branch, layout or release than asked for."""
    if facts.branch != spec["branch"]:
        msg = f"{source} holds Moodle {facts.release} of branch {facts.branch}, but branch {spec['branch']} was asked for."
        raise BuildError(msg)
    if facts.layout != spec["layout"]:
        msg = f"{source} has the {facts.layout} layout, but Moodle {facts.branch} has the {spec['layout']} layout."
        raise BuildError(msg)
    if spec["release"] and normal_release(spec["release"]) != normal_release(facts.release):
        msg = f"{source} holds Moodle {facts.release}, but release {spec['release']} was asked for."
        raise BuildError(msg)


def _content_time(spec: dict[str, Any]) -> int:
    digest: Optional[str] = spec["source"].get("sha256")
    spread = int(digest[:8], 16) % 86_400 if digest else 0
    return OWN_MTIME + spread


def describe(spec: dict[str, Any], facts: MoodleFacts) -> dict[str, Any]:
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


def _write_runtime(layer: Layer, rootfs: Path, described: dict[str, Any]) -> None:
    for entry in entries(rootfs):
        # The top folders exist in the base with the right mode.
        if entry.kind != "directory" or entry.path.count("/") > 1:
            layer.entry("", entry, mtime=OWN_MTIME)
    layer.text("opt/campus-moodle/image.json", json.dumps(described, indent=2, sort_keys=True) + "\n")
    # A volume that is mounted for the first time takes its owner from here.
    for path, mode in (("var/moodledata", 0o700), ("var/cache/moodle", 0o700), ("run/moodle", 0o700)):
        layer.directory(path, mode=mode, owner=USER)


def dockerfile(bottom: str) -> str:
    """The Dockerfile of the image. Pure, so it can be tested."""
    return "\n".join(
        [
            f"FROM {bottom}",
            "ADD code.tar /",
            "ADD runtime.tar /",
            "USER 0:0",
            'RUN ["/opt/campus-moodle/bin/moodle", "bake"]',
            f"USER {USER}:{USER}",
            f"WORKDIR /{CODE}",
            "EXPOSE 8080",
            "STOPSIGNAL SIGQUIT",
            'ENTRYPOINT ["/opt/campus-moodle/bin/moodle"]',
            'CMD ["php"]',
            "",
        ]
    )


def _labels(described: dict[str, Any], size: int) -> list[str]:
    values = {
        "org.opencontainers.image.title": f"Moodle {described['release']}",
        "org.opencontainers.image.version": described["release"].split(" ")[0],
        "org.opencontainers.image.licenses": "GPL-3.0-or-later",
        "org.opencontainers.image.created": _date(OWN_MTIME),
        base.COMPRESSED_LABEL: str(size),
        FACTS_LABEL: json.dumps(described, sort_keys=True),
    }
    return [argument for name, value in values.items() for argument in ("--label", f"{name}={value}")]


def _date(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
