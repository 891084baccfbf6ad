# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Values into typed objects, and objects into the nested description, by the place that an option has.

The option moodle_php_memory has the place php.memory in Site: the field php is a class of its own, and memory a field of that.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .forms import ANY, FACT, File, Form
from .options import PREFIX
from .surroundings import Surroundings

T = t.TypeVar("T")
Place = tuple[str, ...]


class Field(t.NamedTuple):
    """One field of a class: filled by an option, which has a form, or a class of its own."""

    name: str
    form: t.Optional[Form] = None
    cls: t.Optional[type] = None


def fields_of(cls: type) -> tuple[Field, ...]:
    """Return the fields of a class but those that no option fills."""
    found = []
    for name, hint in t.get_type_hints(cls, include_extras=True).items():
        form = next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Form)), ANY)
        if dataclasses.is_dataclass(hint):
            found.append(Field(name, cls=t.cast(type, hint)))
        elif form is not FACT:
            found.append(Field(name, form))
    return tuple(found)


def option_of(place: Place, form: Form) -> str:
    """Return the name of the option that has a place."""
    return form.option or PREFIX + "_".join(place)


@functools.cache
def options_of(cls: type) -> dict[str, Form]:
    """Return the options that fill a class and the classes of its fields, with their forms."""
    return {option_of(place, form): form for place, form in _filled(cls, ())}


@functools.cache
def places_of(cls: type) -> dict[str, Place]:
    """Return the same options with their places."""
    return {option_of(place, form): place for place, form in _filled(cls, ())}


def _filled(cls: type, above: Place) -> t.Iterator[tuple[Place, Form]]:
    for field in fields_of(cls):
        place = (*above, field.name)
        if field.form is not None:
            needs, within = (tuple(_of_group(other, above) for other in others) for others in (field.form.needs, field.form.within))
            yield place, dataclasses.replace(field.form, needs=needs, within=within)
        elif field.cls is not None:
            yield from _filled(field.cls, place)


def _of_group(other: str, group: Place) -> str:
    """Return the name of another option, which may be short for one of the same group."""
    return other if other.startswith(PREFIX) else PREFIX + "_".join((*group, other))


def fill(cls: type[T], values: t.Mapping[str, t.Any], around: Surroundings, above: Place = (), **facts: t.Any) -> T:
    """Return an object whose fields hold what their forms keep of the values; facts are fields that no option fills.

    above is the place of the object itself in the description.
    """
    filled = dict(facts)
    for field in fields_of(cls):
        place = (*above, field.name)
        if field.name in facts:
            continue
        if field.form is not None:
            filled[field.name] = field.form.keep(values.get(option_of(place, field.form)), around)
        elif field.cls is not None:
            filled[field.name] = fill(field.cls, values, around, place)
    return cls(**filled)


def by_option(thing: t.Any, above: Place = ()) -> dict[str, t.Any]:
    """Return what an object holds of each option, by the name of the option."""
    found: dict[str, t.Any] = {}
    for field in fields_of(type(thing)):
        place, value = (*above, field.name), getattr(thing, field.name)
        found.update({option_of(place, field.form): value} if field.form is not None else by_option(value, place))
    return found


def described(thing: t.Any) -> t.Any:
    """Return an object as a description holds it: its fields and properties by name, files by their paths."""
    if isinstance(thing, File):
        return thing.path
    if isinstance(thing, tuple):
        return list(thing)
    if not dataclasses.is_dataclass(thing):
        return thing
    names = [field.name for field in dataclasses.fields(thing)]
    names += [name for name, member in vars(type(thing)).items() if isinstance(member, property)]
    return {name: described(getattr(thing, name)) for name in names}


def merge(*descriptions: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return several nested descriptions as one; of two values for one place, the later counts."""
    merged: dict[str, t.Any] = {}
    for description in descriptions:
        for key, value in description.items():
            old = merged.get(key)
            merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
