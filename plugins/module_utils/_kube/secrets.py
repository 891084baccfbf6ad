# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Data of Secrets: how it is sent, and how it stays out of output, diffs and error messages."""

from __future__ import annotations

import base64
import typing as t

HIDDEN = "VALUE_HIDDEN"
PARTS = ("data", "stringData")


def with_data(obj: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a Secret with stringData moved to data, and any other object as it is.

    The server keeps what is applied in stringData in data, and then does not know that it has to go when the manifest drops it.
    """
    texts = obj.get("stringData")
    if obj.get("kind") != "Secret" or not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        return obj
    coded = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    return {**{name: value for name, value in obj.items() if name != "stringData"}, "data": {**(obj.get("data") or {}), **coded}}


def values_of(obj: dict[str, t.Any]) -> list[str]:
    """Return the values of a Secret, as they are sent, so that no error message repeats one."""
    if obj.get("kind") != "Secret":
        return []
    parts = [obj.get(part) for part in PARTS]
    return [str(value) for part in parts if isinstance(part, dict) for value in part.values() if value]


def hide_pair(before: dict[str, t.Any], after: dict[str, t.Any]) -> None:
    """Hide the values in two versions of a Secret, so that a value that differs still differs."""
    for part in PARTS:
        old, new = before.get(part) or {}, after.get(part) or {}
        for name in {*old, *new}:
            same = old.get(name) == new.get(name)
            for side, word in ((old, "before"), (new, "after")):
                if name in side:
                    side[name] = HIDDEN if same or not (old and new) else f"{HIDDEN} ({word})"


def without_secrets(document: t.Any) -> t.Any:
    """Return a copy of manifests in which the data of Secrets is hidden."""
    if isinstance(document, list):
        return [without_secrets(row) for row in document]
    if not isinstance(document, dict):
        return document
    if document.get("kind") == "Secret":
        return {name: _hidden(value) if name in PARTS else value for name, value in document.items()}
    return {**document, "items": without_secrets(document["items"])} if isinstance(document.get("items"), list) else document


def _hidden(data: t.Any) -> t.Any:
    return dict.fromkeys(data, HIDDEN) if isinstance(data, dict) else HIDDEN
