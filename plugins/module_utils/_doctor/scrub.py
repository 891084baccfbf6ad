# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The one scrubber of a report: the secrets that are known, in all their forms; the values of names that say so; what looks like a secret;
and, where visitors may have left them, addresses of people.
"""

from __future__ import annotations

import re
import typing as t

from ._forms import forms_of, values_of
from ._patterns import COOKIES, HEADERS, IN_QUERIES, MARK, OPAQUE, OPENING, PATTERNS, QUERY
from ._people import People
from ._weak import is_weak, own_words

__all__ = ["Scrubber", "own_words", "too_short"]

Rule = t.Callable[[str], bool]

# A name and what stands between it and its value, on one line.
NAMED = re.compile(r"(?<![\w.-])(?P<name>[\w.-]{1,100})\\*[\"']?[ \t]*(?:=>|[=:])[ \t]*")
# In quotes, in quotes that stand in quotes themselves, or one word.
VALUE = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*\"?|(?P<escape>\\+)\"(?:[^\n]*?(?<!\\)(?P=escape)\"|[^\n]*)|'(?:[^'\\\n]|\\.)*'?|[^\s\"',;&<>(){}\[\]]+"
)
# An item of a list of variables or of arguments.
ASSIGNED = re.compile(r"(?P<name>[\w.-]{1,100})=(?P<value>.+)", re.DOTALL)


class Scrubber:
    """Takes secrets out of texts and data. is_secret_name is the rule of the image for names of settings.

    words are the site's own, which are not taken out, though somebody may have made a secret of one.
    """

    def __init__(
        self, secrets: t.Iterable[str], is_secret_name: Rule, people: t.Optional[People] = None, words: t.Container[str] = ()
    ) -> None:
        forms = {form for secret in secrets for value in values_of(secret, words) for form in forms_of(value)}
        # The longest first: a form may be a part of another one.
        self._forms = sorted(forms, key=lambda form: (-len(form), form))
        self._rule = is_secret_name
        self._people = people

    def text(self, text: str, *, personal: bool = False) -> str:
        """Return a text without secrets."""
        text = self.known(text)
        for pattern, instead in PATTERNS:
            text = pattern.sub(instead, text)
        text = QUERY.sub(self._in_query, text)
        text = self._by_name(text)
        return self._people.hide(text) if personal and self._people else text

    def known(self, text: str) -> str:
        """Return a text without the secrets that are known."""
        for form in self._forms:
            text = text.replace(form, MARK)
        return text

    def data(self, data: t.Any, *, personal: bool = False) -> t.Any:
        """Return data of JSON without secrets in its values; a known one may still be a key."""
        if isinstance(data, t.Mapping):
            return {key: MARK if self._hides(str(key), value) else self.data(value, personal=personal) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            after = ("", *data)
            return [MARK if self._follows(before, item) else self.data(item, personal=personal) for before, item in zip(after, data)]
        if not isinstance(data, str):
            return data
        assigned = ASSIGNED.fullmatch(data)
        if assigned and self._opens(assigned["name"]):
            return f"{assigned['name']}={MARK}"
        return self.text(data, personal=personal)

    def leaks(self, content: str) -> bool:
        """Whether a known secret is in a text, in any form."""
        return any(form in content for form in self._forms)

    def _hides(self, name: str, value: t.Any) -> bool:
        if name.lower() in HEADERS:
            return bool(value)
        return self._opens(name) and bool(value) and isinstance(value, (str, int, float)) and not isinstance(value, bool)

    def _follows(self, before: t.Any, item: t.Any) -> bool:
        """Whether an item of a list of words is the value of the option before it."""
        words = isinstance(before, str) and before.startswith("-") and isinstance(item, str)
        return words and "=" not in before and self._opens(before)

    def _opens(self, name: str) -> bool:
        bare = name.strip("-.").lower().replace("-", "_")
        return self._rule(bare) or bare in OPENING or bare.startswith(COOKIES)

    def _in_query(self, match: re.Match[str]) -> str:
        name = match["name"].lower()
        hidden = name in IN_QUERIES or self._opens(name) or bool(OPAQUE.fullmatch(match["value"]))
        return f"{match['name']}={MARK}" if hidden else match[0]

    def _by_name(self, text: str) -> str:
        """Hide the values of names. Only those are stepped over: the value of another name may hold a name and a value itself."""
        parts, done = [], 0
        for match in NAMED.finditer(text):
            if match.start() < done or not self._opens(match["name"]):
                continue
            value = VALUE.match(text, match.end())
            if value and value[0] != MARK:
                parts += [text[done : match.end()], _quoted_like(value[0])]
                done = value.end()
        return "".join([*parts, text[done:]])


def too_short(secrets: t.Mapping[str, str], words: t.Container[str] = ()) -> list[str]:
    """Return the names of the secrets that are too short to be searched for, or are one of the words."""
    return sorted(name for name, value in secrets.items() if value.strip() and is_weak(value, words))


def _quoted_like(value: str) -> str:
    """Return the mark in the quotes of a value, so that what was JSON stays JSON."""
    quote = re.match(r"\\*[\"']", value)
    return f"{quote[0]}{MARK}{quote[0]}" if quote else MARK
