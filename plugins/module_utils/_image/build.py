# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The story of a build: which images are missing, their bases, the images themselves.

Each step is a run of module image_build of its own, so that a long build shows where it is. The two images are made side by side.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import _base, _progress, _services, _site, sent
from ._fetch import Cache
from .digest import sha256_of
from .engine import Engine, facts_of
from .errors import BuildError

# Where the progress of a build is written, below the cache.
LOG = "log/build.log"

# Site and services, each with what its image is made of.
Images = dict[str, dict[str, t.Any]]
# What is done for one of them.
Work = t.Callable[[str, dict[str, t.Any]], None]


def run(step: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Take one step, as the action plugin has planned it.

    :param step: name (find, bases or images), images (what those are made of that the step is about), cache (a folder on this
        machine), archives (what the control node could send, names to checksums), bundle (what it has sent, if it has).
    :raises BuildError: with one sentence, whatever went wrong; nothing gets the final name of an image then.
    """
    name, images, cache = step["name"], step["images"], Path(step["cache"]).expanduser()
    if name == "find":
        return _find(images, cache, step.get("archives") or {}, check_mode)
    # An image is for all users in it, whatever the user of the connection prefers.
    os.umask(0o022)
    make = {"bases": _bases, "images": _images}[name]
    try:
        with _progress.log_to(cache / LOG, anew=name == "bases"), sent.unpacked(step.get("bundle"), images, cache) as here:
            _side_by_side(here, cache, make(Engine(), cache))
    except OSError as error:
        msg = f"The images cannot be built: {error}."
        raise BuildError(msg, "build_failed") from error
    # What there is now.
    return {**_find(images, cache, {}, check_mode), "changed": True}


def _find(images: Images, cache: Path, archives: t.Mapping[str, str], check_mode: bool) -> dict[str, t.Any]:
    """Report which images are missing, what the site image says about itself, and which archives this machine's cache lacks."""
    engine = Engine()
    # Before the engine is installed, check mode takes everything for missing.
    if not check_mode:
        engine.check()
    found = {name: engine.inspect(image["reference"]) for name, image in images.items()} if engine.answers() else {}
    site = found.get("site")
    return {
        "changed": False,
        "missing": [name for name in images if not found.get(name)],
        "facts": facts_of(site) if site else {},
        "lacking": [name for name, digest in archives.items() if not _holds(cache / sent.DOWNLOADS / name, digest)],
    }


def _holds(path: Path, digest: str) -> bool:
    return path.is_file() and sha256_of(path) == digest


def _bases(engine: Engine, _cache: Path) -> Work:
    def make(_name: str, image: dict[str, t.Any]) -> None:
        _base.ensure(engine, image["base"])

    return make


def _images(engine: Engine, cache: Path) -> Work:
    def make(name: str, image: dict[str, t.Any]) -> None:
        # While this one waited for its turn, another build may have made it.
        if engine.inspect(image["reference"]) is None:
            bottom = _base.ensure(engine, image["base"])
            if name == "site":
                _site.build(engine, image, bottom, Cache(cache))
            else:
                _services.build(engine, image, bottom)
        facts = facts_of(engine.inspect(image["reference"]) or {})
        _progress.say(f"{image['reference']}: {facts['size_bytes'] // 1024**2} MiB, {facts['compressed_bytes'] // 1024**2} MiB compressed")

    return make


def _side_by_side(images: Images, cache: Path, make: Work) -> None:
    """Do some work for all images at the same time; the first failure is raised when all have ended."""

    def work(name: str) -> None:
        _progress.speak_of(name)
        try:
            with _alone(cache, images[name]["base"]["reference"]):
                make(name, images[name])
        except BuildError as error:
            _progress.say(str(error))
            raise

    with ThreadPoolExecutor() as pool:
        done = [pool.submit(work, name) for name in images]
    for each in done:
        each.result()


@contextlib.contextmanager
def _alone(cache: Path, name: str) -> t.Iterator[None]:
    """Let two builds on the same base take turns; the second then finds what the first made."""
    locks = cache / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name.replace("/", "-").replace(":", "-")).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _progress.say("another build is running; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
