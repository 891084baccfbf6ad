# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What one run has found, done or would do."""

from __future__ import annotations

import typing as t

from ._manifest import Change
from ._mask import Mask, shown


class Report:
    """Collects the parts of a module's result, which a failure has as well."""

    def __init__(self, commands: list[list[str]]) -> None:
        self.actions: list[str] = []
        # Whether something lasting was written, which a failure after it has to say.
        self.wrote = False
        self.resources: list[dict[str, t.Any]] = []
        self.tests: list[dict[str, str]] = []
        self.drift: list[dict[str, str]] = []
        self.warnings: list[str] = []
        self._commands = commands
        self._changes: list[tuple[Change, dict[str, str]]] = []

    def act(self, action: str) -> None:
        """Note something that is done, or would be outside of check mode."""
        self.actions.append(action)

    def note(self, changes: t.Iterable[Change], **sides: str) -> None:
        """Note what is different. sides say what the two sides are called."""
        self._changes += [(change, sides) for change in changes]

    @property
    def changed(self) -> bool:
        """Whether something lasting is done; a test is not."""
        return any(action != "test" for action in self.actions)

    def parts(self) -> dict[str, t.Any]:
        """Return what success and failure both report."""
        names = ("actions", "resources", "tests", "drift", "warnings")
        return {**{name: getattr(self, name) for name in names}, "commands": self._commands}

    def diff(self, hiding: t.Callable[[], Mask]) -> list[dict[str, str]]:
        """Return all changes, one diff for each object, without secrets. Without changes there is nothing to hide."""
        return [row for change, sides in self._changes for row in shown([change], hiding(), **sides)]
