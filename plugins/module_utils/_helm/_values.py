# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The values of a release: from files, from the task, and those that must not be seen."""

from __future__ import annotations

import copy
import json
import typing as t

from .._kube.objects import same
from ._manifest import documents
from ._mask import Mask, leaves
from .storage import HelmError


def merged(base: t.Mapping[str, t.Any], over: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Merge values as helm does: maps key by key, anything else is replaced, and null is a value."""
    result = copy.deepcopy(dict(base))
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def shape(tree: t.Any) -> t.Any:
    """Return a tree with the type of each scalar in its place: as much of secret values as may be known."""
    if isinstance(tree, dict):
        return {key: shape(value) for key, value in tree.items()}
    return [shape(value) for value in tree] if isinstance(tree, list) else type(tree).__name__


def secrets_in(sensitive: t.Any, stored: t.Iterable[t.Any], declared: t.Any) -> list[t.Any]:
    """Return what must not be shown: what is declared as sensitive, and what is stored and not declared as plain now.

    A secret that was taken out of the task, or moved, or that an old revision has, is only known from stored releases.
    Numbers are not taken for one then: hiding every 2 because of a number of replicas would hide the whole diff.
    """
    secret, plain = ({path for path, _value in leaves(tree)} for tree in (sensitive, declared))
    old = [value for values in stored for path, value in leaves(values) if path in secret or (path not in plain and isinstance(value, str))]
    return [value for _path, value in leaves(sensitive)] + old


class Values:
    """The values that a task gives. The last ones win: files in their order, plain values, sensitive ones."""

    def __init__(self, plain: t.Mapping[str, t.Any], sensitive: t.Mapping[str, t.Any], paths: t.Sequence[str]) -> None:
        self.plain = plain
        self.sensitive = sensitive
        self.paths = list(paths)
        self.contents = [_content(path) for path in paths]
        # What helm gets on its standard input, after the files.
        self.given = merged(plain, sensitive)

    @property
    def text(self) -> str:
        """Return what is not in files as a document for helm."""
        return json.dumps(self.given)

    def all(self) -> dict[str, t.Any]:
        """Return everything together, as helm will merge it."""
        return merged(self._declared(), self.given)

    def kept_in(self, stored: t.Mapping[str, t.Any]) -> bool:
        """Whether the values of a release hold the sensitive ones, which are merged last."""
        return same(merged(stored, self.sensitive), stored)

    def mask(self, stored: t.Iterable[t.Mapping[str, t.Any]]) -> Mask:
        """Return what hides the secrets of the task and those that only stored releases have."""
        return Mask(secrets_in(self.sensitive, stored, merged(self._declared(), self.plain)))

    def _declared(self) -> dict[str, t.Any]:
        """Return the values in the files."""
        found: dict[str, t.Any] = {}
        for path, content in zip(self.paths, self.contents):
            for document in documents(content.decode("utf-8", "replace"), f"The values file {path}"):
                found = merged(found, document if isinstance(document, dict) else {})
        return found


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        msg = f"The values file {path} cannot be read on this host: {error.strerror}."
        raise HelmError(msg, error="values_file") from error
