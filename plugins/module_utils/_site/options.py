# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The options of a site: names and types from the argument specification of the role site, and values cast to them."""

from __future__ import annotations

import dataclasses
import difflib
import typing as t

from . import types

PREFIX = "moodle_"
# Names that are no variable of a site but that a host may have all the same, and who gives it to them.
RESERVED = {
    "moodle_site": "the inventory plugin campus.moodle.sites",
    "moodle_runner": "the examples of the modules campus.moodle.moodle_* and of that inventory plugin",
    "moodle_dataroot": "the example of the module campus.moodle.restic_backup",
}


@dataclasses.dataclass(frozen=True)
class Option:
    """One option of the argument specification."""

    name: str
    type: str = "str"
    default: t.Any = None
    choices: tuple[str, ...] = ()


Options = t.Mapping[str, Option]


def load_options(document: t.Mapping[str, t.Any]) -> dict[str, Option]:
    """Return the options of all entry points of a parsed meta/argument_specs.yml."""
    options: dict[str, Option] = {}
    for entry in document["argument_specs"].values():
        for name, rows in entry["options"].items():
            options[name] = Option(name, rows.get("type", "str"), rows.get("default"), tuple(rows.get("choices", ())))
    return options


def unknown_names(options: Options, given: t.Iterable[str]) -> t.Iterator[str]:
    """Yield one sentence for each name that no option has."""
    known = [name[len(PREFIX) :] for name in options]
    for name in sorted(set(given) - set(options) - set(RESERVED)):
        near = difflib.get_close_matches(name[len(PREFIX) :], known, n=1)
        hint = f"did you mean {PREFIX}{near[0]}?" if near else "remove it, or name your own variable without the prefix moodle_."
        yield f"{name} is not a variable of this collection; {hint}"


def cast(option: Option, value: t.Any) -> t.Any:
    """Return the value in the option's type; ValueError completes the sentence about it."""
    result = types.CASTS[option.type](value)
    if option.choices and result not in option.choices:
        raise ValueError(f"but must be {' or '.join(option.choices)}")
    return result
