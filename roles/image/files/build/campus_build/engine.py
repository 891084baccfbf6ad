# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The few things that the builder asks of the container engine's command line."""

from __future__ import annotations

import json
import os
import subprocess
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Optional

from .command import run, succeeds
from .errors import BuildError
from .progress import Every

_CHUNK = 1024 * 1024


class Engine:
    """The docker command.

    :param program: name or path of the command.
    """

    def __init__(self, program: str = "docker") -> None:
        self._program = program

    def check(self) -> None:
        """Raise a BuildError when no engine answers."""
        if not succeeds([self._program, "version"]):
            msg = f"The container engine does not answer to '{self._program} version'. Is it running, and may this user use it?"
            raise BuildError(msg)

    def inspect(self, reference: str) -> Optional[dict[str, Any]]:
        """What the engine knows about a local image; None when there is no such image."""
        found = subprocess.run([self._program, "image", "inspect", reference], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return json.loads(found.stdout)[0] if found.returncode == 0 else None

    def import_root(self, archive: IO[bytes], reference: str) -> None:
        """Make an image of one layer from a tar archive of a root file system."""
        run([self._program, "import", "-", reference], f"import the image {reference}", stdin=archive)

    def build(self, context: Path, reference: str, *, network: str, arguments: Sequence[str] = ()) -> None:
        """Build from a tar archive that holds a Dockerfile.

        The builder of the engine itself is used unless DOCKER_BUILDKIT says otherwise: it is there on every engine and
        asks no registry about an image that it has.

        :param network: "none" for steps that must not reach anything, else "default".
        :param arguments: further options of `docker build`.
        """
        buildkit = os.environ.get("DOCKER_BUILDKIT", "0")
        with context.open("rb") as file:
            run(
                [self._program, "build", "--network", network, "--tag", reference, *arguments, "-"],
                f"build the image {reference}",
                stdin=file,
                environment={"DOCKER_BUILDKIT": buildkit, "BUILDKIT_PROGRESS": "plain"},
            )

    def tag(self, source: str, target: str) -> None:
        """Give an image another name."""
        run([self._program, "tag", source, target], f"name the image {target}")

    def untag(self, reference: str) -> None:
        """Take a name away; an image that is not there is fine."""
        succeeds([self._program, "image", "rm", "--no-prune", reference])

    def compressed_bytes(self, reference: str) -> int:
        """What the image weighs when it is compressed as registries do, at the fastest level, so slightly too much."""
        process = subprocess.Popen([self._program, "save", reference], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert process.stdout is not None  # noqa: S101 - always a pipe here; this tells the type checker
        counter = CompressedSize()
        progress = Every()
        for chunk in iter(lambda: process.stdout.read(_CHUNK), b""):  # type: ignore[union-attr]
            counter.write(chunk)
            progress.say(f"  measured {counter.raw // _CHUNK} MiB")
        if process.wait() != 0:
            msg = f"Could not measure the image {reference}: {self._program} save ended with status {process.returncode}."
            raise BuildError(msg)
        return counter.total()


class CompressedSize:
    """Counts what the bytes written to it weigh when compressed."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(1)
        self._bytes = 0
        self.raw = 0

    def write(self, data: bytes) -> int:
        """Take the next bytes; returns their number, as a file would."""
        self.raw += len(data)
        self._bytes += len(self._compressor.compress(data))
        return len(data)

    def total(self) -> int:
        """The compressed size of everything written. Nothing may be written afterwards."""
        self._bytes += len(self._compressor.flush())
        return self._bytes


def labels(image: Mapping[str, Any]) -> dict[str, str]:
    """The labels of an inspected image."""
    return dict((image.get("Config") or {}).get("Labels") or {})
