# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The facts of this run: what the task asks for, what was done so far, and what must not be shown."""

from __future__ import annotations

import typing as t

from . import _loss
from ._manifest import Change
from ._mask import Mask, shown
from ._values import Values
from .storage import Release


class Task:
    """The options, and the parts of the module's result, which a failure has as well."""

    def __init__(self, params: t.Mapping[str, t.Any], *, check_mode: bool, scratch: t.Optional[str] = None) -> None:
        self.params = params
        self.check_mode = check_mode
        self.scratch = scratch
        self.name, self.namespace = params["name"], params["namespace"]
        self.values = Values(params["values"], params["sensitive_values"], params["values_files"])
        self.actions: list[str] = []
        self.commands: list[list[str]] = []
        self.resources: list[dict[str, t.Any]] = []
        self.tests: list[dict[str, str]] = []
        self.drift: list[dict[str, str]] = []
        self.warnings: list[str] = []
        # Whether something lasting was written, which a failure after it has to report.
        self.wrote = False
        self._changes: list[tuple[Change, dict[str, str]]] = []
        self._stored: list[dict[str, t.Any]] = []
        self._mask: t.Optional[Mask] = None

    def options(self) -> dict[str, t.Any]:
        """Return the options of helm that a preview and the real thing share."""
        same = ("create_namespace", "take_ownership", "force_conflicts", "server_side", "description")
        return {**{name: self.params[name] for name in same}, "wait": self.params["wait"] == "helm"}

    @property
    def wait_gone(self) -> bool:
        """Whether to wait for what is deleted. Only helm can, so it does for every kind of waiting."""
        return bool(self.params["wait"] != "none")

    def act(self, action: str) -> None:
        """Note something that is done, or would be outside of check mode."""
        self.actions.append(action)

    def note(self, changes: t.Iterable[Change], **sides: str) -> None:
        """Note what is different. sides are the names of the two sides."""
        self._changes += [(change, sides) for change in changes]

    def refuse_loss(self, before: t.Optional[Release], after: t.Optional[Release]) -> None:
        """Refuse to go from one release to another when that deletes data and the task does not confirm it."""
        _loss.refuse_loss(before, after, name=self.name, namespace=self.namespace, confirmed=self.params["confirm_delete"])

    def know(self, *releases: t.Optional[Release]) -> None:
        """Remember the values of releases: what they hold and the task does not declare must not be shown."""
        new = [release.values for release in releases if release and release.values not in self._stored]
        if new:
            self._stored += new
            self._mask = None

    def prepare_mask(self, *releases: t.Optional[Release]) -> None:
        """Find out what must not be shown before helm is started, since that may fail: values files are parsed only for this."""
        self.know(*releases)
        self.mask()

    def mask(self) -> Mask:
        """Return what hides secrets: those of the task, and those of each release that is known."""
        if self._mask is None:
            self._mask = self.values.mask(self._stored)
        return self._mask

    def hide(self, text: str) -> str:
        """Return a text without secrets."""
        return self.mask().text(text)

    @property
    def changed(self) -> bool:
        """Whether something lasting is done; a test is not."""
        return any(action != "test" for action in self.actions)

    def report(self) -> dict[str, t.Any]:
        """Return what success and failure both report."""
        names = ("actions", "resources", "tests", "drift", "warnings", "commands")
        return {name: getattr(self, name) for name in names}

    def diff(self) -> list[dict[str, str]]:
        """Return all changes, one diff for each object, without secrets. Without changes there is nothing to hide."""
        return [row for change, sides in self._changes for row in shown([change], self.mask(), **sides)]
