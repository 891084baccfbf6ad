# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Settings on their way to Moodle and back."""

from __future__ import annotations

import json
import typing as t


def text_of(value: t.Any) -> t.Any:
    """Return a value as Moodle stores it: text, with 1 and 0 for true and false; null stays null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def to_moodle(*groups: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, dict[str, t.Any]]:
    """Return groups of settings as one, with every value as Moodle stores it; a later group wins."""
    merged: dict[str, dict[str, t.Any]] = {}
    for settings in groups:
        for component, names in settings.items():
            merged.setdefault(component, {}).update({name: text_of(value) for name, value in names.items()})
    return merged


def pretty(settings: t.Mapping[str, t.Any]) -> str:
    """Return settings as lines for a diff; nothing for no settings."""
    return json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False) + "\n" if settings else ""
