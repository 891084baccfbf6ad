# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Where Moodle's code and language packs come from: the control node, its cache, or an address."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.campus.moodle.plugins.module_utils._image.digest import find_sha256, sha256_of
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import Inputs
from ansible_collections.campus.moodle.plugins.module_utils._image.moodle import mismatch
from ansible_collections.campus.moodle.plugins.module_utils._moodle.branches import Branch

from . import _source


def code(inputs: Inputs, branch: Branch) -> tuple[dict[str, t.Any], list[str]]:
    """Where Moodle's code comes from: path or url, sha256 and what is known of its release; and problems."""
    if not inputs.source:
        return _download(inputs, branch), []
    path = Path(inputs.source).expanduser().absolute()
    source = _source.read(path, inputs.cache)
    expected = inputs.archive_sha256.lower()
    if expected and source.sha256 and source.sha256 != expected and not path.is_dir():
        problem = f"{path} has the wrong checksum: expected sha256 {expected}, found {source.sha256}. It was not used."
    else:
        requested = {"branch": branch.name, "layout": branch.layout, "release": inputs.release}
        problem = source.problem or mismatch(path, source.facts, requested)
    described = {"path": str(path), "url": "", "sha256": source.sha256, "release": source.facts.get("release", "").split(" ")[0]}
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
    here = kept.is_file() and sha256 and sha256_of(kept) == sha256
    return {"path": str(kept) if here else "", "url": "" if here else url, "sha256": sha256, "release": release}


def _kept_checksum(archive: Path) -> str:
    try:
        text = archive.with_name(f"{archive.name}.sha256").read_text(encoding="utf-8")
    except OSError:
        return ""
    return find_sha256(text)


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
                "sha256": sha256_of(kept) if here else "",
            }
        )
    return found
