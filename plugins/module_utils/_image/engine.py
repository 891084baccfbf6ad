# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The few things that a build asks of the container engine's command line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import typing as t
import zlib
from pathlib import Path

from ._command import copy, run, succeeds
from .errors import BuildError

FACTS_LABEL = "io.campus.moodle.facts"
COMPRESSED_LABEL = "io.campus.moodle.compressed-bytes"

# What the engine knows of an image.
Image = t.Mapping[str, t.Any]


class Engine:
    """The docker command.

    :param program: name or path of the command.
    """

    def __init__(self, program: str = "docker") -> None:
        self._program = program

    def answers(self) -> bool:
        """Return whether an engine is there, and lets this user in."""
        return succeeds([self._program, "version"])

    def check(self) -> None:
        """Raise a BuildError when no engine answers."""
        if not self.answers():
            msg = f"The container engine does not answer to '{self._program} version'. Is it running, and may this user use it?"
            raise BuildError(msg, "no_engine")

    def inspect(self, reference: str) -> t.Optional[Image]:
        """Return what the engine knows about a local image; None when there is no such image."""
        found = subprocess.run([self._program, "image", "inspect", reference], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return t.cast(Image, json.loads(found.stdout)[0]) if found.returncode == 0 else None

    def import_root(self, root: t.IO[bytes], reference: str, *counters: CompressedSize) -> None:
        """Make an image of one layer from a tar archive of a root file system; counters get the archive too."""
        run([self._program, "import", "-", reference], f"import the image {reference}", feed=lambda pipe: copy(root, pipe, *counters))

    def build(
        self,
        reference: str,
        dockerfile: str,
        layers: t.Sequence[Path],
        *,
        network: str = "none",
        labels: t.Optional[t.Mapping[str, str]] = None,
    ) -> None:
        """Build an image.

        The builder of the engine itself is used unless DOCKER_BUILDKIT says otherwise: it is there on every engine and
        asks no registry about an image that it has.

        :param layers: tar archives, which the Dockerfile adds by their names.
        :param network: "none" for steps that must not reach anything, else "default".
        """
        words = [word for name, value in (labels or {}).items() for word in ("--label", f"{name}={value}")]
        run(
            [self._program, "build", "--network", network, "--tag", reference, *words, "-"],
            f"build the image {reference}",
            feed=lambda pipe: _write_context(pipe, dockerfile, layers),
            environment={"DOCKER_BUILDKIT": os.environ.get("DOCKER_BUILDKIT", "0"), "BUILDKIT_PROGRESS": "plain"},
        )

    def untag(self, reference: str) -> None:
        """Take a name away; an image that is not there is fine."""
        succeeds([self._program, "image", "rm", "--no-prune", reference])

    def measure(self, reference: str, counter: CompressedSize) -> None:
        """Give a counter all that an image consists of."""
        run([self._program, "save", reference], f"measure the image {reference}", take=lambda pipe: copy(pipe, counter))


def _write_context(pipe: t.IO[bytes], dockerfile: str, layers: t.Sequence[Path]) -> None:
    """Write what `docker build` reads: a tar archive with a Dockerfile and the layers that it adds."""
    with tarfile.open(fileobj=pipe, mode="w|") as archive:
        data = dockerfile.encode()
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
        for layer in layers:
            info = tarfile.TarInfo(layer.name)
            info.size = layer.stat().st_size
            with layer.open("rb") as file:
                archive.addfile(info, file)


class CompressedSize:
    """Counts what the bytes written to it weigh compressed as registries do, at the fastest level, so slightly too much."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(1)
        self._bytes = 0

    def write(self, data: bytes) -> int:
        """Take the next bytes; returns their number, as a file would."""
        self._bytes += len(self._compressor.compress(data))
        return len(data)

    def total(self) -> int:
        """Return the compressed size of everything written. Nothing may be written afterwards."""
        self._bytes += len(self._compressor.flush())
        return self._bytes


def facts_of(image: Image) -> dict[str, t.Any]:
    """Return what a site image says about itself, and its sizes."""
    labels = (image.get("Config") or {}).get("Labels") or {}
    return {
        **json.loads(labels.get(FACTS_LABEL, "{}")),
        "size_bytes": image.get("Size", 0),
        "compressed_bytes": compressed_bytes(image),
    }


def compressed_bytes(image: Image) -> int:
    """Return the compressed size that was measured when an image was made."""
    labels = (image.get("Config") or {}).get("Labels") or {}
    return int(labels.get(COMPRESSED_LABEL, "0"))
