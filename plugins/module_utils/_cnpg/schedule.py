# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The ScheduledBackup that options ask for. The operator's schedules have six fields, those of everybody else five."""

from __future__ import annotations

import re
import typing as t

from ._backup import choose_method
from .view import API, ClusterView, CnpgError

DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
# Name and range of each field, the seconds first, and words for numbers.
FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("second", 0, 59, {}),
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
_PART = re.compile(r"(?:\*|\?|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?")


class Schedule(t.NamedTuple):
    """A schedule in the operator's form, and whether the seconds were added."""

    text: str
    converted: bool


def parse_schedule(text: str) -> Schedule:
    """Return a schedule of six fields. Five get the second 0 in front; any other number, and wrong values, are refused."""
    words = text.split()
    if text.strip() in DESCRIPTORS or re.fullmatch(r"@every \w+", text.strip()):
        return Schedule(text.strip(), False)
    converted = len(words) == 5
    words = ["0", *words] if converted else words
    if len(words) != 6:
        msg = (
            f"The schedule {text!r} has {len(words)} fields. Give six: second, minute, hour, day of month, month and day of week, "
            "such as '0 0 2 * * *' for two o'clock each night; or five without the second."
        )
        raise CnpgError(msg, error="invalid", field="schedule")
    for word, (name, low, high, names) in zip(words, FIELDS):
        if not all(_valid(part.lower(), low, high, names) for part in word.split(",")):
            msg = f"The schedule {text!r} has {word!r} as {name}, which must be *, or numbers from {low} to {high} with , - and /."
            raise CnpgError(msg, error="invalid", field="schedule")
    return Schedule(" ".join(words), converted)


def _valid(part: str, low: int, high: int, names: t.Mapping[str, int]) -> bool:
    found = _PART.fullmatch(part)
    if not found or found.group("step") == "0":
        return False
    bounds = [found.group(name) for name in ("low", "high") if found.group(name)]
    numbers = [names.get(bound, int(bound) if bound.isdigit() else -1) for bound in bounds]
    return all(low <= number <= high for number in numbers) and numbers == sorted(numbers)


def build_schedule(params: t.Mapping[str, t.Any], view: ClusterView, schedule: str, *, known: bool = True) -> dict[str, t.Any]:
    """Return the ScheduledBackup to apply. Without a known cluster it has the method only if one was given."""
    method, plugin = choose_method(view, params["method"], params.get("plugin")) if known else _given_method(params)
    spec: dict[str, t.Any] = {
        "cluster": {"name": view.name},
        "schedule": schedule,
        "suspend": params["state"] == "suspended",
        **({"method": method} if method else {}),
        "backupOwnerReference": params["owner_reference"],
    }
    if plugin:
        parameters = params.get("plugin_parameters")
        spec["pluginConfiguration"] = {"name": plugin, **({"parameters": parameters} if parameters else {})}
    spec.update({name: params[name] for name in ("immediate", "target", "online") if params.get(name) is not None})
    metadata = {"name": params["name"], "namespace": view.namespace}
    return {"apiVersion": API, "kind": "ScheduledBackup", "metadata": metadata, "spec": spec}


def _given_method(params: t.Mapping[str, t.Any]) -> tuple[t.Optional[str], t.Optional[str]]:
    return None if params["method"] == "auto" else params["method"], params.get("plugin")
