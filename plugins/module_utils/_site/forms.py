# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Forms: how one value is checked by itself, and what the description keeps of it.

The fields of a site (model.py) and of a target (targets/) are declared with the functions below, so that one line says what an
option is. A sentence about a value is the name of its option and what the form's check yields: "is 'x', which ...; do ...".
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import types
from .surroundings import Surroundings

Check = t.Callable[[t.Any, Surroundings], t.Iterator[str]]
Keep = t.Callable[[t.Any, Surroundings], t.Any]

MEGABYTE = 1024**2
MAIL_ADDRESS = re.compile(r"^[^@\s]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+$")


@dataclasses.dataclass(frozen=True)
class Form:
    """What is known of one option.

    check yields what is wrong with a value, keep returns what the description holds of a good one. needs names the options without
    which this one is useless, within those that it must not exceed; "host" is that of the same group. option is its name where that
    does not follow from its place.
    """

    check: Check
    keep: Keep
    needs: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    option: str = ""


@dataclasses.dataclass(frozen=True)
class File:
    """A file or directory on the control node: its path as the inventory has it, and the absolute one, "" where nothing is there."""

    given: str = ""
    path: str = ""

    def __bool__(self) -> bool:
        """Whether there is such a file."""
        return bool(self.path)


def fine(_value: t.Any, _around: Surroundings) -> t.Iterator[str]:
    """Find nothing wrong: the type of the option says it all."""
    return iter(())


def as_it_is(value: t.Any, _around: Surroundings) -> t.Any:
    """Keep a value as it is given."""
    return value


def value(check: Check = fine, keep: Keep = as_it_is, *, needs: t.Iterable[str] = (), option: str = "") -> Form:
    """Declare a field that an option fills."""
    return Form(check, keep, tuple(needs), option=option)


# A value whose type says it all, and a field that no option fills.
ANY, FACT = value(), value()


def tested(is_good: t.Callable[[t.Any], t.Any], words: str, *, needs: t.Iterable[str] = (), option: str = "") -> Form:
    """Declare an option that, where it is given, passes a test; words follow its value in the sentence."""

    def check(given: t.Any, _around: Surroundings) -> t.Iterator[str]:
        if given and not is_good(given):
            yield f"is {given!r}{words}"

    return value(check, needs=needs, option=option)


def each(is_good: t.Callable[[str], t.Any], words: str) -> Form:
    """Declare an option with a list whose items pass a test."""

    def check(given: t.Sequence[str], _around: Surroundings) -> t.Iterator[str]:
        yield from (f"has {item!r}{words}" for item in given if not is_good(item))

    return value(check)


def _size_check(least: int) -> Check:
    def check(given: str, _around: Surroundings) -> t.Iterator[str]:
        try:
            size = types.memory_bytes(given)
        except ValueError as error:
            yield f"is {given!r}, {error}."
            return
        if size < least * MEGABYTE:
            yield f"is {given!r}, which is too small; give {least}m or more."

    return check


def size(least: int, *, within: t.Iterable[str] = ()) -> Form:
    """Declare a size of at least so many megabytes. Whole megabytes are kept, which Docker, PHP, nginx and PostgreSQL write alike."""

    def keep(given: t.Optional[str], _around: Surroundings) -> t.Optional[int]:
        return None if given is None else types.memory_bytes(given) // MEGABYTE

    return Form(_size_check(least), keep, within=tuple(within))


def size_in_bytes() -> Form:
    """Declare a size of which the bytes are kept."""
    return value(_size_check(0), lambda given, _around: types.memory_bytes(given))


def size_as_text() -> Form:
    """Declare a size that is handed on as it is written."""
    return value(_size_check(0))


def number(least: float, most: float) -> Form:
    """Declare a number within limits."""

    def check(given: float, _around: Surroundings) -> t.Iterator[str]:
        if not least <= given <= most:
            yield f"is {given}; give a number from {least} to {most}."

    return value(check)


def port() -> Form:
    """Declare a port."""

    def check(given: int, _around: Surroundings) -> t.Iterator[str]:
        if not 1 <= given <= 65535:
            yield f"is {given}; a port is a number from 1 to 65535."

    return value(check)


def identifier(form: str, words: str) -> Form:
    """Declare a name that ends up in SQL or in Moodle: its form, and the form in words."""

    def check(given: str, _around: Surroundings) -> t.Iterator[str]:
        if not re.fullmatch(form, given):
            yield f"is {given!r}; use {words}."

    return value(check)


def server(what: str = "the server") -> Form:
    """Declare the host name or address of a server."""
    return tested(types.is_hostname, f", which is not a valid host name; give the name or address of {what}.")


def mail_address() -> Form:
    """Declare a mail address."""
    return tested(MAIL_ADDRESS.match, ", which is not a valid mail address; use for example admin@example.edu.")


def web_address(instead: str) -> Form:
    """Declare an address that something is fetched from."""
    return tested(lambda given: given.startswith(("https://", "http://")), f", which is not a valid address; {instead}")


def absolute_path(words: str = "give an absolute path of the machine.") -> Form:
    """Declare a path on the machine."""
    return tested(lambda given: given.startswith("/"), f"; {words}")


def file(reader: t.Optional[t.Callable[[bytes], t.Any]] = None, *, instead: str = "correct the path.") -> Form:
    """Declare a file on the control node; reader raises ValueError for a content that is not what it has to be."""

    def check(given: str, around: Surroundings) -> t.Iterator[str]:
        path = around.find(given) if given else ""
        if path is None:
            yield f"is {given!r}, which does not exist on the control node; {instead}"
        elif path and reader is not None:
            try:
                content_of(path, around, reader)
            except ValueError as error:
                yield f"is {given!r}, {error}."

    return value(check, found)


def found(given: t.Optional[str], around: Surroundings) -> File:
    """Return a file on the control node."""
    return File(given or "", (around.find(given) if given else None) or "")


T = t.TypeVar("T")


def content_of(path: str, around: Surroundings, reader: t.Callable[[bytes], T]) -> T:
    """Return what a file holds; ValueError completes the sentence about it."""
    content = around.read(path)
    if not content.strip():
        raise ValueError("which is empty, or cannot be read by this user")
    return reader(content)


def settings_shape(given: t.Mapping[str, t.Any], _around: Surroundings) -> t.Iterator[str]:
    """Refuse settings that are not component to name to plain value. Never shows a value, which may be a secret."""
    for component, names in given.items():
        if not isinstance(names, dict):
            yield f"has no names below {component!r}; write component, name and value, for example core: {{theme: boost}}."
            continue
        for key, setting in names.items():
            if isinstance(setting, (dict, list)):
                yield f"has a structure for {component}.{key}; give text, a number, or true or false."


def settings() -> Form:
    """Declare settings of Moodle that may be shown."""

    def check(given: t.Mapping[str, t.Any], around: Surroundings) -> t.Iterator[str]:
        yield from settings_shape(given, around)
        for component, names in given.items():
            for key, setting in names.items() if isinstance(names, dict) else ():
                if setting and isinstance(setting, str) and around.is_secret_setting(str(key)):
                    yield f"has {component}.{key}, whose value looks like a secret; move it to moodle_secret_settings."

    return value(check)
