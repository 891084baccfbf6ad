# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Settings on their way to Moodle and back."""

from __future__ import annotations

import typing as t

from .program import ProgramError

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


def to_moodle(*groups: t.Mapping[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """Return groups of settings as one, with every value as Moodle stores it; a later group wins.

    ProgramError for what is no setting. It never shows a value, which may be a secret.
    """
    for settings in groups:
        _refuse(settings)
    merged: dict[str, dict[str, t.Any]] = {}
    for settings in groups:
        for component, names in settings.items():
            merged.setdefault(component, {}).update({name: text_of(value) for name, value in names.items()})
    return merged


def _refuse(settings: t.Mapping[str, t.Any]) -> None:
    odd = [component for component, names in settings.items() if not isinstance(names, t.Mapping)]
    if odd:
        msg = f"Below the name of a component there have to be names of settings with values, and there are none below {', '.join(odd)}."
        raise ProgramError(msg, error="invalid")
    # Moodle reads it as another name of core and writes it as a component of its own.
    if "moodle" in settings:
        names = ", ".join(settings["moodle"])
        msg = f"The component of core settings is called core here, so write {names or 'them'} below core and not below moodle."
        raise ProgramError(msg, error="invalid")
    odd = [f"{component}/{name}" for component, names in settings.items() for name, value in names.items() if not _is_storable(value)]
    if odd:
        msg = f"Moodle stores a text, a number or a boolean for a setting, so {', '.join(odd)} cannot be a list or a mapping."
        raise ProgramError(msg, error="invalid")


def _is_storable(value: t.Any) -> bool:
    return value is None or isinstance(value, (str, bool, int, float))


def masked(
    values: t.Mapping[str, t.Mapping[str, t.Any]], secrets: t.Mapping[str, t.Mapping[str, t.Any]], mask: str
) -> dict[str, dict[str, t.Any]]:
    """Return values with a mask for those that the task calls secret; the image knows only names that look secret."""
    return {
        component: {name: mask if value and name in secrets.get(component, {}) else value for name, value in names.items()}
        for component, names in values.items()
    }
