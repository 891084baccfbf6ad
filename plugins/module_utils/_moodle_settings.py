# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Settings on their way to Moodle and back."""

from __future__ import annotations

import typing as t

# As the image masks. The two differ, so that a diff shows that there is a change.
MASK_BEFORE = "(secret)"
MASK_AFTER = "(secret, changed)"


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


def masked(
    values: t.Mapping[str, t.Mapping[str, t.Any]], secrets: t.Mapping[str, t.Mapping[str, t.Any]], mask: str
) -> dict[str, dict[str, t.Any]]:
    """Return values with a mask for those that the task calls secret; the image knows only names that look secret."""
    return {
        component: {name: mask if value and name in secrets.get(component, {}) else value for name, value in names.items()}
        for component, names in values.items()
    }
