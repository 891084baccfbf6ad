# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The one scrubber of a report: the secrets that are known, in all their forms; the values of names that say so; what looks like a secret;
and, where visitors may have left them, addresses of people.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ._forms import forms_of
from ._notations import COOKIES, OPENING, OPENING_ENDINGS, by_name
from ._patterns import HEADERS, MARK, in_queries, without_patterns
from ._people import People
from ._weak import is_weak, own_words

__all__ = ["Scrubber", "own_words", "too_short"]

Rule = t.Callable[[str], bool]

# An item of a list of variables or of arguments.
ASSIGNED = re.compile(r"(?P<name>[\w.-]{1,100})=(?P<value>.+)", re.DOTALL)
# Of a pair in data, where the name is, and where the value.
PAIR_NAMES, PAIR_VALUE = ("name", "key", "variable", "setting", "option"), "value"
# Below it Compose, and a site's description, list the names of secrets.
NAMES_ONLY = "secrets"


class Scrubber:
    """Takes secrets out of texts and data. is_secret_name is the rule of the image for names of settings.

    words are the site's own, which are not taken out, though somebody may have made a secret of one.
    """

    def __init__(
        self, secrets: t.Iterable[str], is_secret_name: Rule, people: t.Optional[People] = None, words: t.Container[str] = ()
    ) -> None:
        self._forms = forms_of(secrets, words)
        self._rule = is_secret_name
        # A log has the same few names in all of its lines.
        self._opens = functools.lru_cache(maxsize=10_000)(self._says_so)
        self._people = people

    def text(self, text: str, *, personal: bool = False) -> str:
        """Return a text without secrets."""
        text = by_name(in_queries(without_patterns(self.known(text)), self._opens), self._opens)
        # Once more, should a pseudonym be what somebody chose as a secret.
        return self.known(self._people.hide(text)) if personal and self._people else text

    def known(self, text: str) -> str:
        """Return a text without the secrets that are known."""
        for form in self._forms:
            text = text.replace(form, MARK) if isinstance(form, str) else form.sub(MARK, text)
        return text

    def leaks(self, content: str) -> bool:
        """Whether a known secret is in a text, in any form."""
        return any(form in content if isinstance(form, str) else form.search(content) for form in self._forms)

    def data(self, data: t.Any, *, personal: bool = False) -> t.Any:
        """Return data of JSON without secrets in its values; a known one may still be a key."""
        if isinstance(data, t.Mapping):
            hidden = {key for key in data if self._hides(str(key), data)}
            return {key: _masked(value) if key in hidden else self.data(value, personal=personal) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            after = ("", *data)
            return [MARK if self._follows(before, item) else self.data(item, personal=personal) for before, item in zip(after, data)]
        if not isinstance(data, str):
            return data
        assigned = ASSIGNED.fullmatch(data)
        if assigned and self._opens(assigned["name"]):
            return f"{assigned['name']}={MARK}"
        return self.text(data, personal=personal)

    def _hides(self, name: str, beside: t.Mapping[t.Any, t.Any]) -> bool:
        """Whether a name says that what is below it is secret, or one that stands beside it does."""
        if name.lower() == PAIR_VALUE:
            return any(str(key).lower() in PAIR_NAMES and isinstance(other, str) and self._opens(other) for key, other in beside.items())
        return name.lower() in HEADERS or (name.lower() != NAMES_ONLY and self._opens(name))

    def _follows(self, before: t.Any, item: t.Any) -> bool:
        """Whether an item of a list of words is the value of the option before it."""
        words = isinstance(before, str) and before.startswith("-") and isinstance(item, str)
        return words and "=" not in before and self._opens(before)

    def _says_so(self, name: str) -> bool:
        bare = name.strip("-.").lower().replace("-", "_")
        return self._rule(bare) or bare in OPENING or bare.startswith(COOKIES) or bare.endswith(OPENING_ENDINGS)


def too_short(secrets: t.Mapping[str, str], words: t.Container[str] = ()) -> list[str]:
    """Return the names of the secrets that are too short to be searched for, or are one of the words."""
    return sorted(name for name, value in secrets.items() if value.strip() and is_weak(value, words))


def _masked(value: t.Any) -> t.Any:
    """Return data with a mark in the place of each value. Whether there is one, and how many, is no secret."""
    if isinstance(value, t.Mapping):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(inner) for inner in value]
    return value if not value or isinstance(value, bool) else MARK
