# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What is shown of values and objects: everything but secrets."""

from __future__ import annotations

import base64
import re
import typing as t
import urllib.parse

from .._kube.secrets import HIDDEN, PARTS
from ._manifest import Change, Object, as_yaml

# Shorter strings are hidden only where they are a whole value: they are part of too many words.
_SHORTEST_PART = 4


def leaves(tree: t.Any, path: tuple[str, ...] = ()) -> t.Iterator[tuple[tuple[str, ...], t.Any]]:
    """Yield each scalar of a tree with the way to it."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else None
    if pairs is None:
        yield path, tree
        return
    for key, value in pairs:
        yield from leaves(value, (*path, str(key)))


class Mask:
    """Hides secrets: the given strings wherever they are, also encoded, and the data of each Secret.

    Each is shown as a number, which is the same for equal ones: enough to see that one has changed. A digest would show that
    as well, and would allow to try passwords against it.
    """

    def __init__(self, secrets: t.Iterable[t.Any]) -> None:
        words = [str(secret) for secret in secrets if secret not in (None, "") and not isinstance(secret, bool)]
        # In the order in which they come, so that a preview has the numbers of the real run.
        self._numbers = {word: number for number, word in enumerate(dict.fromkeys(words), start=1)}
        self._whole = set(words)
        parts: dict[str, str] = {}
        for word in self._numbers:
            # A key in several lines is often indented into a configuration file.
            for piece in [word, *(line.strip() for line in word.splitlines())]:
                forms = [piece, base64.b64encode(piece.encode()).decode(), urllib.parse.quote(piece, safe="")]
                parts.update({form: self._mark(word) for form in forms if len(piece) >= _SHORTEST_PART})
        self._parts = parts
        longest_first = sorted(parts, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(part) for part in longest_first)) if parts else None

    def text(self, text: str) -> str:
        """Return a text with what is secret replaced."""
        return self._pattern.sub(lambda found: self._parts[found.group()], text) if self._pattern else text

    def tree(self, node: t.Any) -> t.Any:
        """Return a tree with what is secret replaced."""
        if isinstance(node, dict):
            shown = {self.text(str(key)): self.tree(value) for key, value in node.items()}
            return self._secret(shown, node) if node.get("kind") == "Secret" else shown
        if isinstance(node, list):
            return [self.tree(value) for value in node]
        if node is None or isinstance(node, bool):
            return node
        if str(node) in self._whole:
            return self._mark(str(node))
        return self.text(node) if isinstance(node, str) else node

    def _mark(self, word: str) -> str:
        return f"{HIDDEN} ({self._numbers.setdefault(word, len(self._numbers) + 1)})"

    def _secret(self, shown: Object, secret: Object) -> Object:
        for field in PARTS:
            if isinstance(secret.get(field), dict):
                data = {key: str(value) for key, value in secret[field].items()}
                # What is secret anyway keeps its number also where it is encoded.
                shown[field] = {key: text if _is_hidden(text) else self._parts.get(text) or self._mark(text) for key, text in data.items()}
        return shown


def _is_hidden(text: str) -> bool:
    """Whether the comparison with live objects has hidden a value already."""
    return text.startswith(HIDDEN)


def hidden(tree: t.Any) -> t.Any:
    """Return values with each text and number replaced, so that only their names are seen."""
    return Mask(value for _path, value in leaves(tree)).tree(tree)


def shown(changes: t.Sequence[Change], mask: Mask, *, before: str = "stored", after: str = "rendered") -> list[dict[str, str]]:
    """Return changes in the form that Ansible prints, one diff for each object."""
    return [
        {
            "before_header": f"{change.title} ({before})",
            "after_header": f"{change.title} ({after})",
            "before": as_text(change.before, mask),
            "after": as_text(change.after, mask),
        }
        for change in changes
    ]


def as_text(obj: t.Any, mask: Mask) -> str:
    """Return an object as YAML without secrets, nothing for None."""
    return "" if obj is None else as_yaml(mask.tree(obj))
