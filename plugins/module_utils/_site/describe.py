# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The site description: many flat moodle_* variables in, one nested and checked description out.

Pure: it reads no file and knows nothing of Ansible, so every rule is tested as a row of a table.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import re
import typing as t

from . import types
from ._checks import SCOPES, check
from ._presets import SIZES
from ._rules.values import PASSWORDS

PREFIX = "moodle_"

# moodle_<group>_<rest> becomes spec["<group>"]["<rest>"]; every other name stays at the top.
GROUPS = frozenset(
    [
        "acme",
        "adhoc",
        "admin",
        "archive",
        "cache",
        "check",
        "cron",
        "database",
        "image",
        "log",
        "mail",
        "php",
        "proxy",
        "services",
        "session",
        "smtp",
        "tls",
        "web",
    ]
)
# Names that are a group themselves.
PLACES = {"moodle_image": ("image", "reference"), "moodle_tls": ("tls", "mode")}

# Their values never enter the description, because a description may be printed. Only the fact that one is given does.
SECRETS = frozenset({*PASSWORDS, "moodle_secret_settings"})
# Names that are no variable of a site but that a host may have all the same, and who gives it to them.
RESERVED = {
    "moodle_site": "the inventory plugin campus.moodle.sites",
    "moodle_runner": "the examples of the modules campus.moodle.moodle_* and of that inventory plugin",
    "moodle_dataroot": "the example of the module campus.moodle.restic_backup",
}
# A browser sends them in lower case, and so does everything that compares them.
ADDRESSES = ("moodle_hostname", "moodle_url")


@dataclasses.dataclass(frozen=True)
class Option:
    """One option of the argument spec."""

    name: str
    type: str = "str"
    default: t.Any = None
    choices: tuple[str, ...] = ()


@dataclasses.dataclass
class SiteSpec:
    """The outcome: the nested description, and sentences about what is wrong (problems) or doubtful (warnings)."""

    spec: dict[str, t.Any]
    problems: list[str]
    warnings: list[str]


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What the rules need to know of the world.

    branches maps a branch to its row of the branch table, find resolves a path on the control node to an absolute path or
    None, read returns the content of such a path (nothing where it cannot be read), inventory_hostname names the site by
    default, cache_directory is where downloads go, and catcher is where the mail catcher's program is looked for.
    """

    branches: t.Mapping[str, t.Any]
    find: t.Callable[[str], t.Optional[str]]
    read: t.Callable[[str], bytes]
    now: datetime.datetime
    inventory_hostname: str
    cache_directory: str
    catcher: str

    @property
    def today(self) -> str:
        """The date in ISO form."""
        return self.now.date().isoformat()


def load_options(document: t.Mapping[str, t.Any]) -> dict[str, Option]:
    """Return the options of all entry points of a parsed meta/argument_specs.yml."""
    options: dict[str, Option] = {}
    for entry in document["argument_specs"].values():
        for name, rows in entry["options"].items():
            options[name] = Option(name, rows.get("type", "str"), rows.get("default"), tuple(rows.get("choices", ())))
    return options


def place(name: str) -> tuple[str, ...]:
    """Return the path of a variable in the nested description."""
    if name in PLACES:
        return PLACES[name]
    rest = name[len(PREFIX) :]
    group, _separator, key = rest.partition("_")
    return (group, key) if key and group in GROUPS else (rest,)


def unknown_names(options: t.Mapping[str, Option], given: t.Iterable[str]) -> list[str]:
    """Return one sentence for each name that no option has."""
    sentences = []
    known = [name[len(PREFIX) :] for name in options]
    for name in sorted(set(given) - set(options) - set(RESERVED)):
        near = difflib.get_close_matches(name[len(PREFIX) :], known, n=1)
        hint = f"did you mean {PREFIX}{near[0]}?" if near else "remove it, or name your own variable without the prefix moodle_."
        sentences.append(f"{name} is not a variable of this collection; {hint}")
    return sentences


def cast(option: Option, value: t.Any) -> t.Any:
    """Return the value in the option's type; ValueError completes the sentence about it."""
    result = types.CASTS[option.type](value)
    if option.choices and result not in option.choices:
        raise ValueError(f"but must be {' or '.join(option.choices)}")
    return result


def cast_all(options: t.Mapping[str, Option], given: t.Mapping[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
    """Cast every given value; return the good ones and a sentence for each bad one."""
    values: dict[str, t.Any] = {}
    sentences: list[str] = []
    for name, option in options.items():
        if given.get(name) is None:
            continue
        try:
            values[name] = cast(option, given[name])
        except ValueError as error:
            shown = "given" if name in SECRETS else repr(given[name])
            sentences.append(f"{name} is {shown}, {error}.")
    return values, sentences


def fill(options: t.Mapping[str, Option], values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a value for every option: given, else the default, else the preset of the size, else None."""
    preset = SIZES[values.get("moodle_size", options["moodle_size"].default)]
    filled = {}
    for name, option in options.items():
        default = preset.get(name) if option.default is None else option.default
        filled[name] = values.get(name, default)
    return filled


def nest(values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the flat values as nested description, without secrets."""
    spec: dict[str, t.Any] = {}
    for name, value in values.items():
        if name in SECRETS:
            continue
        path = place(name)
        holder = spec
        for key in path[:-1]:
            holder = holder.setdefault(key, {})
        holder[path[-1]] = value
    return spec


def safe_name(inventory_hostname: str) -> str:
    """Return the inventory host name as name of a Compose project: lower case, digits and hyphens, at most 40 characters."""
    return re.sub(r"[^a-z0-9]+", "-", inventory_hostname.lower()).strip("-")[:40].strip("-")


def build_spec(options: t.Mapping[str, Option], given: t.Mapping[str, t.Any], around: Surroundings, purpose: str = "site") -> SiteSpec:
    """Return the description of one site, or as much of it as the purpose asks, with every problem; never raises for bad input."""
    scope = SCOPES[purpose]
    problems = unknown_names(options, given)
    values, wrong = cast_all({name: option for name, option in options.items() if scope.reads(name)}, given)
    filled = {name: value for name, value in fill(options, values).items() if scope.reads(name)}
    filled["moodle_name"] = filled["moodle_name"] or safe_name(around.inventory_hostname)
    filled.update({name: types.lower_host(filled[name]) for name in ADDRESSES if filled.get(name)})
    checked = check(filled, around, scope)
    outcome = SiteSpec(nest(filled), problems + wrong + checked.problems, checked.warnings)
    outcome.spec["secrets_given"] = sorted(name[len(PREFIX) :] for name in SECRETS if values.get(name))
    if not outcome.problems:
        scope.complete(outcome.spec, around)
    return outcome
