# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The description of a site: many flat moodle_* variables in, one nested and checked description out.

    given variables -> cast -> each value by itself (forms) -> Site -> values together (rules) -> what the target adds

Pure: it reads no file and knows nothing of Ansible, so every rule is tested as a row of a table.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

from . import forms, secrets
from ._build import build, with_defaults
from ._places import by_option, described, fill, merge, options_of, places_of
from ._rules.table import RULES, WARNINGS
from .model import Site
from .options import PREFIX, Option, Options, cast, unknown_names
from .surroundings import Surroundings
from .targets.table import TARGETS
from .targets.target import Target

TARGET = "moodle_target"
IDENTITY = frozenset({TARGET, "moodle_name"})


@dataclasses.dataclass(frozen=True)
class Purpose:
    """What a description is made for, where that is less than the whole site: which site it is, and what the purpose is about.

    shows     the fields of Site that it is about
    reads     secret options that its tasks read
    requires  options that have to be given
    why       what needs them
    files     whether it reads or replaces the files of a site on its machine, which not every target has there
    """

    shows: tuple[str, ...]
    reads: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    why: str = "the backups of a site need"
    files: bool = False


# Nothing that a purpose does not need may be in its way: a certificate has expired, a branch is past support.
_REPOSITORY: dict[str, t.Any] = {"reads": secrets.REPOSITORY, "requires": secrets.REPOSITORY[:2], "files": True}
PURPOSES: dict[str, t.Optional[Purpose]] = {
    "site": None,
    "removal": Purpose(("destroy_data",)),
    "backup": Purpose(("backup",), **_REPOSITORY),
    "restore": Purpose(("backup", "restore"), **_REPOSITORY),
    "drill": Purpose(("backup", "drill"), **_REPOSITORY),
    "adopt": Purpose(
        ("adopt",), requires=("moodle_adopt_dump", "moodle_adopt_moodledata"), why="a site that takes over another needs", files=True
    ),
    "doctor": None,
}
# What is made for a site whose description may be what is wrong with it: as much of it as there is, beside its problems.
WITH_PROBLEMS = frozenset({"doctor"})

PASSWORD_MINIMUM = 8
Given = t.Mapping[str, t.Any]


def _password(given: str, _around: Surroundings) -> t.Iterator[str]:
    if not given.strip():
        yield "is empty; give a value, or remove the variable to have one generated."


def _admin_password(given: str, around: Surroundings) -> t.Iterator[str]:
    yield from _password(given, around)
    kinds = (str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum())
    if given.strip() and (len(given) < PASSWORD_MINIMUM or not all(any(map(kind, given)) for kind in kinds)):
        yield (
            f"does not meet Moodle's password policy; give at least {PASSWORD_MINIMUM} characters with a "
            "lower-case letter, an upper-case letter, a digit and another character."
        )


# Their values never enter the description, because a description may be printed. Only the fact that one is given does.
SECRETS: dict[str, forms.Check] = {
    **dict.fromkeys(secrets.PASSWORDS, _password),
    "moodle_admin_password": _admin_password,
    secrets.SETTINGS: forms.settings_shape,
    **dict.fromkeys(secrets.REPOSITORY, forms.fine),
}


@dataclasses.dataclass
class Description:
    """The outcome: the nested description, and sentences about what is wrong (problems) or doubtful (warnings)."""

    spec: dict[str, t.Any]
    problems: list[str]
    warnings: list[str]


def target_of(options: Options, given: Given) -> Target:
    """Return the target of a site; the default one where it is unknown, which is a problem of its own."""
    return TARGETS.get(str(given.get(TARGET)), TARGETS[options[TARGET].default])


def owners(name: str) -> list[str]:
    """Return the names of the targets that an option is for; none where it is for every one."""
    return [target.name for target in TARGETS.values() if name in options_of(target.options)]


def counts(options: Options, given: Given, purpose: str) -> list[Option]:
    """Return the options whose values count for a site: not those of other targets, nor what the purpose does not need."""
    target, only = target_of(options, given), PURPOSES[purpose]
    names = frozenset(options)
    if only:
        shown = {name for name, place in places_of(Site).items() if place[0] in only.shows}
        names = IDENTITY | target.identity | shown | frozenset(only.reads)
    return [option for name, option in options.items() if name in names and (not owners(name) or target.name in owners(name))]


def describe(options: Options, given: Given, around: Surroundings, purpose: str = "site", *, hidden: t.Collection[str] = ()) -> Description:
    """Return the description of one site, or as much of it as the purpose asks, with every problem; never raises for bad input.

    hidden names secret options that have a value which is not to be seen here.
    """
    # The table says which targets there are; the argument specification repeats it for people.
    options = {**options, TARGET: dataclasses.replace(options[TARGET], choices=tuple(TARGETS))}
    target, read = target_of(options, given), counts(options, given, purpose)
    values, wrong = _examine(target, read, given, around)
    given_secrets = sorted(name[len(PREFIX) :] for name in SECRETS if name in hidden or values.get(name))
    filled = with_defaults(options, values)
    site = build(filled, around, ports=target.ports, secrets_given=given_secrets)
    own: t.Any = fill(target.options, filled, around)
    problems = [*unknown_names(options, {*given, *hidden}), *(sentence for rows in wrong.values() for sentence in rows)]
    if only := PURPOSES[purpose]:
        problems += [
            f"{name} is missing; {only.why} {' and '.join(only.requires)}."
            for name in only.requires
            if not values.get(name) and name not in hidden and name not in wrong
        ]
        spec = {name: described(getattr(site, name)) for name in ("name", "secrets_given", *only.shows)}
        identity = target.identify(site, own)
        if only.files and "files" not in identity["target"]:
            problems.append(f"{TARGET} is {target.name}: its sites have no files on a machine, which campus.moodle.{purpose} would need.")
        return Description(_with_target(spec, target, identity), problems, [])
    found = [*_foreign(target, given), *_useless(target, values, hidden), *_too_large(target, site, own)]
    found += _together(RULES, target.rules, site, own, around)
    doubts = [*_together(WARNINGS, target.warnings, site, own, around)]
    problems += _others(found, wrong)
    spec = merge(_flat(described(site)), secrets.described(site), described(own), target.identify(site, own))
    if not problems:
        spec = merge(spec, target.complete(site, own, around))
    elif purpose in WITH_PROBLEMS:
        # Values that do not fit together may be more than what is computed of them can bear.
        with contextlib.suppress(ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            spec = merge(spec, target.complete(site, own, around))
    return Description(_with_target(spec, target, {}), problems, _others(doubts, wrong))


def _examine(target: Target, read: t.Iterable[Option], given: Given, around: Surroundings) -> tuple[dict[str, t.Any], dict[str, list[str]]]:
    """Cast each value and look at it by itself; return the good ones, and sentences for each bad one."""
    checks = {**SECRETS, **{name: form.check for name, form in _forms(target)}}
    values: dict[str, t.Any] = {}
    wrong: dict[str, list[str]] = {}
    for option in read:
        if given.get(option.name) is None:
            continue
        try:
            value = cast(option, given[option.name])
        except ValueError as error:
            shown = "given" if option.name in SECRETS else repr(given[option.name])
            wrong[option.name] = [f"{option.name} is {shown}, {error}."]
            continue
        if found := [f"{option.name} {rest}" for rest in checks.get(option.name, forms.fine)(value, around)]:
            wrong[option.name] = found
        else:
            values[option.name] = value
    return values, wrong


def _foreign(target: Target, given: Given) -> t.Iterator[str]:
    """Yield a sentence for each option that is given and that another target reads."""
    for name in sorted(given):
        if given[name] is not None and owners(name) and target.name not in owners(name):
            yield f"{name} is for the target {' or '.join(owners(name))}; this site is for {target.name}, {target.what}. Remove it."


def _useless(target: Target, values: Given, hidden: t.Collection[str]) -> t.Iterator[str]:
    """Yield a sentence for each option that is given without one that it needs."""
    for name, form in _forms(target):
        missing = [needed for needed in form.needs if not values.get(needed) and needed not in hidden]
        if missing and values.get(name):
            yield f"{name} is given without {missing[0]}; give both, or remove {name}."


def _too_large(target: Target, site: Site, own: t.Any) -> t.Iterator[str]:
    """Yield a sentence for each size that exceeds one that it has to fit into."""
    sizes = {**by_option(site), **by_option(own)}
    for name, form in _forms(target):
        for limit in form.within if sizes[name] is not None else ():
            if sizes[name] > sizes[limit]:
                yield f"{name} is '{sizes[name]}m', which is more than {limit} '{sizes[limit]}m'; lower it, or raise {limit}."


def _forms(target: Target) -> t.Iterator[tuple[str, forms.Form]]:
    """Yield the options that count on a target, with their forms."""
    for cls in (Site, target.options):
        yield from options_of(cls).items()


def _together(neutral: t.Iterable[t.Any], special: t.Iterable[t.Any], site: Site, own: t.Any, around: Surroundings) -> t.Iterator[str]:
    for rule in neutral:
        yield from rule(site, around)
    for rule in special:
        yield from rule(site, own, around)


def _others(sentences: t.Iterable[str], wrong: t.Collection[str]) -> list[str]:
    """Leave out what concerns an option that has a sentence of its own: a default stands in for its value meanwhile."""
    return [sentence for sentence in sentences if not set(re.findall(r"\bmoodle_\w+", sentence)) & set(wrong)]


def _flat(spec: dict[str, t.Any]) -> dict[str, t.Any]:
    """Put what the address says at the top, where its options have their places."""
    return {**spec.pop("address"), **spec}


def _with_target(spec: dict[str, t.Any], target: Target, facts: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return merge(spec, facts, {"target": {"name": target.name}})
