# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The base image: Debian with the packages of the table, cut down, made once and kept under a name from its content."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

from .command import run
from .engine import Engine, labels
from .layer import Layer, context
from .progress import say

COMPRESSED_LABEL = "io.campus.moodle.compressed-bytes"
SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


def ensure(engine: Engine, spec: dict[str, Any]) -> dict[str, Any]:
    """The inspected base image, made if it is missing.

    :param spec: reference, kind (bootstrap or registry), suite, packages, from (registry), mirror, security_mirror.
    :raises BuildError: when a step fails; nothing is left under the final name then.
    """
    found = engine.inspect(spec["reference"])
    if found is not None:
        say(f"base {spec['reference']} is there")
        return found
    # A name of its own, so that a build by another user of the machine does not take it away.
    raw = f"{spec['reference']}-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="campus-moodle-base-") as name:
        scratch = Path(name)
        make = _bootstrap if spec["kind"] == "bootstrap" else _from_registry
        make(engine, spec, raw, scratch)
        say("measuring the compressed size of the base")
        size = engine.compressed_bytes(raw)
        dockerfile = f'FROM {raw}\nLABEL {COMPRESSED_LABEL}="{size}"\n'
        engine.build(context(scratch / "label.tar", dockerfile, []), spec["reference"], network="none")
    engine.untag(raw)
    image = engine.inspect(spec["reference"])
    assert image is not None  # noqa: S101 - it was just built
    return image


def compressed_bytes(image: dict[str, Any]) -> int:
    """The compressed size that was measured when the base was made."""
    return int(labels(image).get(COMPRESSED_LABEL, "0"))


def _bootstrap(engine: Engine, spec: dict[str, Any], raw: str, scratch: Path) -> None:
    """A Debian root from nothing but packages."""
    archive = scratch / "root.tar"
    say(f"bootstrapping Debian {spec['suite']} with {len(spec['packages'])} packages; this takes about a minute")
    run(bootstrap_arguments(spec, archive), f"bootstrap Debian {spec['suite']}")
    say(f"importing {archive.stat().st_size // 1024**2} MiB")
    with archive.open("rb") as file:
        engine.import_root(file, raw)


def bootstrap_arguments(spec: dict[str, Any], archive: Path) -> list[str]:
    """The command line of mmdebstrap. Pure, so it can be tested."""
    suite = spec["suite"]
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        f"--include={','.join(spec['packages'])}",
        '--aptopt=Apt::Install-Recommends "false"',
        '--aptopt=Acquire::Languages "none"',
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/info/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        f'--essential-hook=sh {shlex.quote(str(SCRIPTS / "before.sh"))} "$1"',
        f'--customize-hook=sh {shlex.quote(str(SCRIPTS / "after.sh"))} "$1"',
        suite,
        str(archive),
        *_sources(suite, spec["mirror"], spec["security_mirror"]),
    ]


def _sources(suite: str, mirror: str, security: str) -> list[str]:
    """Package sources for the mirrors that are given; none where mmdebstrap's own choice (Debian's mirrors) stands."""
    if not mirror:
        return []
    lines = [f"deb {mirror} {suite} main", f"deb {mirror} {suite}-updates main"]
    return [*lines, f"deb {security} {suite}-security main"] if security else lines


def recipe(spec: dict[str, Any]) -> list[str]:
    """What decides the content of a base besides the scripts: the same for every mirror and every place of the builder."""
    if spec["kind"] == "registry":
        return [registry_dockerfile(spec)]
    arguments = bootstrap_arguments({**spec, "mirror": "", "security_mirror": ""}, Path("root.tar"))
    return [argument.replace(str(SCRIPTS), "") for argument in arguments]


def registry_dockerfile(spec: dict[str, Any]) -> str:
    """The Dockerfile that adds the same packages to an image from a registry. Pure, so it can be tested."""
    packages = " ".join(spec["packages"])
    return "\n".join(
        [
            f"FROM {spec['from']}",
            "USER 0:0",
            "ADD scripts.tar /",
            "RUN /opt/campus-build/before.sh / \\",
            " && apt-get update \\",
            f" && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends {packages} \\",
            " && apt-get clean && rm -rf /var/lib/apt/lists/* \\",
            " && /opt/campus-build/after.sh / \\",
            " && rm -rf /opt/campus-build",
            "",
        ]
    )


def _from_registry(engine: Engine, spec: dict[str, Any], raw: str, scratch: Path) -> None:
    """The same packages on top of an image that the engine has or can pull."""
    say(f"adding {len(spec['packages'])} packages to {spec['from']}")
    with Layer(scratch / "scripts.tar") as layer:
        for script in ("before.sh", "after.sh"):
            layer.text(f"opt/campus-build/{script}", (SCRIPTS / script).read_text(encoding="utf-8"), mode=0o755)
    archive = context(scratch / "context.tar", registry_dockerfile(spec), [layer.path])
    engine.build(archive, raw, network="default")
