# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What is requested of the images, and what is wrong with a request.

The one place for names, types and defaults: the option inputs of module image_build follows from the class below, and the plan is
made from it. Role image has the same names with the prefix image_, and role site has most of them with moodle_.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t
from pathlib import Path

from .._moodle.branches import DEFAULT_BRANCH
from .digest import is_sha256

_RELEASE = re.compile(r"[0-9]+\.[0-9]+(\.[0-9]+)?\+?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[a-z0-9]+)*")
_WEB = ("https://", "http://")
_PATH = {"type": "path"}


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What is requested; module image_build documents each."""

    branch: str = DEFAULT_BRANCH
    release: str = ""
    php: str = ""
    postgresql: str = ""
    source: str = dataclasses.field(default="", metadata=_PATH)
    archive_url: str = ""
    archive_sha256: str = ""
    plugins_lock: str = dataclasses.field(default="", metadata=_PATH)
    languages: t.Sequence[str] = dataclasses.field(default=(), metadata={"type": "list", "elements": "str"})
    base: str = dataclasses.field(default="bootstrap", metadata={"choices": ["bootstrap", "registry"]})
    base_reference: str = ""
    base_date: str = ""
    mirror: str = ""
    security_mirror: str = ""
    allow_unsupported_branch: bool = dataclasses.field(default=False, metadata={"type": "bool"})
    mail_catcher: str = dataclasses.field(default="", metadata=_PATH)
    cache_directory: str = dataclasses.field(default="", metadata=_PATH)
    # Of another machine, so the control node's home directory means nothing in it.
    target_cache_directory: str = "/var/cache/campus.moodle"

    @property
    def cache(self) -> Path:
        """The download cache on the control node."""
        return Path(self.cache_directory or os.environ.get("MOODLE_CACHE") or "~/.cache/campus.moodle").expanduser()


def _argument(field: dataclasses.Field[t.Any]) -> dict[str, t.Any]:
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return {"type": "str", "default": default, **field.metadata}


# The suboptions of inputs, and the option itself as an argument specification.
OPTIONS: dict[str, dict[str, t.Any]] = {field.name: _argument(field) for field in dataclasses.fields(Inputs)}
ARGUMENTS: dict[str, t.Any] = {"inputs": {"type": "dict", "default": {}, "options": OPTIONS}}


def is_language(text: str) -> bool:
    """Return whether the text is the name of a language pack, such as de or pt_br."""
    return _LANGUAGE.fullmatch(text) is not None


def problems(inputs: Inputs, prefix: str) -> t.Iterator[str]:
    """Yield a sentence for each thing that is wrong with the request for Moodle's code, whatever the branch needs.

    :param prefix: what the variables begin with, "image_" or "moodle_".
    """
    url, checksum, release = inputs.archive_url, inputs.archive_sha256, inputs.release
    if release and not _RELEASE.fullmatch(release):
        yield f"{prefix}release is {release!r}, which is not a valid release; write it like {inputs.branch}.1."
    elif release and ".".join(release.rstrip("+").split(".")[:2]) != inputs.branch:
        yield (
            f"{prefix}release is {release!r} but {prefix}branch is {inputs.branch!r}; choose a release of that branch, "
            f"or change {prefix}branch."
        )
    if inputs.source and url:
        yield f"{prefix}source and {prefix}archive_url are both given; keep one of them."
    if url and not checksum:
        yield f"{prefix}archive_url is given without {prefix}archive_sha256; give the archive's SHA-256 so that it can be verified."
    if url and not url.startswith(_WEB):
        yield f"{prefix}archive_url is {url!r}, which is not a valid address; use https://..., or {prefix}source for a local file."
    if checksum and not is_sha256(checksum):
        yield f"{prefix}archive_sha256 is {checksum!r}, which is not a valid SHA-256; give 64 hexadecimal digits."
    for name in inputs.languages:
        if not is_language(name):
            yield f"{prefix}languages has {name!r}, which is not the name of a language pack; use names like de or pt_br."
