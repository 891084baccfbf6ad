# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# This module is private to the collection campus.moodle; it can change or go at any time.
"""Where Moodle's code and language packs come from: the control node, its cache, or an address."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from . import _image_source

if t.TYPE_CHECKING:
    from ansible_collections.campus.moodle.plugins.module_utils._moodle.branches import Branch

    from ._image_plan import Inputs


def code(inputs: Inputs, branch: Branch) -> tuple[dict[str, t.Any], list[str]]:
    """Where Moodle's code comes from: path or url, sha256 and what is known of its release; and problems."""
    if not inputs.source:
        return _download(inputs, branch), []
    path = Path(inputs.source).expanduser().absolute()
    source = _image_source.read(path, inputs.cache)
    expected = inputs.archive_sha256.lower()
    facts = source.facts
    normal = _image_source.builder_module("moodle").normal_release
    if expected and source.sha256 and source.sha256 != expected and not path.is_dir():
        problem = f"{path} has the wrong checksum: expected sha256 {expected}, found {source.sha256}. It was not used."
    elif source.problem:
        problem = source.problem
    elif facts["branch"] != branch.name:
        problem = f"{path} holds Moodle {facts['release']} of branch {facts['branch']}, but branch {branch.name} was asked for."
    elif facts["layout"] != branch.layout:
        problem = f"{path} has the {facts['layout']} layout, but Moodle {branch.name} has the {branch.layout} layout."
    elif inputs.release and normal(inputs.release) != normal(facts["release"]):
        problem = f"{path} holds Moodle {facts['release']}, but release {inputs.release} was asked for."
    else:
        problem = ""
    described = {"path": str(path), "url": "", "sha256": source.sha256, "release": facts.get("release", "").split(" ")[0]}
    return described, [problem] if problem else []


def _download(inputs: Inputs, branch: Branch) -> dict[str, t.Any]:
    release = inputs.release.rstrip("+") or ("" if inputs.archive_url else branch.release)
    url = inputs.archive_url or branch.archive_url(release)
    name = url.split("?")[0].rpartition("/")[2]
    kept = inputs.cache / name
    sha256 = (inputs.archive_sha256 or ("" if inputs.archive_url else branch.sha256.get(release, ""))).lower()
    if not sha256 and kept.is_file():
        sha256 = _kept_checksum(kept)
    # An archive in the control node's own cache saves the machine a download; the builder compares its checksum again.
    here = kept.is_file() and sha256 and _image_source.file_digest(kept) == sha256
    return {"path": str(kept) if here else "", "url": "" if here else url, "sha256": sha256, "release": release}


def _kept_checksum(archive: Path) -> str:
    try:
        text = archive.with_name(f"{archive.name}.sha256").read_text(encoding="utf-8")
    except OSError:
        return ""
    match = re.search(r"\b[0-9a-fA-F]{64}\b", text)
    return match.group(0).lower() if match else ""


def unpinned(source: dict[str, t.Any]) -> list[str]:
    """What a person should know of an archive without a checksum."""
    if source["sha256"]:
        return []
    return [
        f"The archive {source['url']} has no checksum in this collection yet; the one that is published beside it will be used. "
        "Name it in the inventory to pin it."
    ]


def languages(inputs: Inputs, branch: Branch) -> list[dict[str, t.Any]]:
    """Where each language pack comes from, and its checksum where the cache has it."""
    found = []
    for code in sorted({code for code in inputs.languages if code != "en"}):
        kept = inputs.cache / "languages" / branch.name / f"{code}.zip"
        here = kept.is_file()
        found.append(
            {
                "code": code,
                "branch": branch.name,
                "url": branch.language_url(code),
                "path": str(kept) if here else "",
                "sha256": _image_source.file_digest(kept) if here else "",
            }
        )
    return found
