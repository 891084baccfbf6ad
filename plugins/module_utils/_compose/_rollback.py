# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The way back of a rollout that did not succeed: containers and secrets as the applied definition has them.

A run that finds the desired definition on disk has no way back: an earlier one got that far, and nothing here does anything.
"""

from __future__ import annotations

import typing as t

from . import _plan as plans
from .files import SiteFiles
from .project import ComposeProject, Container, Service


class Rollback:
    """The way back from the desired definition to the applied one."""

    def __init__(self, compose: ComposeProject, files: SiteFiles, transition: plans.Transition) -> None:
        self._compose = compose
        self._files = files
        self._transition = transition

    def restore_secrets(self) -> None:
        """Give the secrets their former values: containers that run read them again when they are started again."""
        if self._transition.changes:
            self._files.put_back_secrets()

    def restore(self, names: t.Collection[str]) -> None:
        """Have the named services as they were."""
        self.restore_secrets()
        previous = self._transition.previous
        if not self._transition.changes or not previous:
            return
        known = self._compose.read(previous).services
        new = [one for one in self._compose.containers() if one.service in names and self._is_new(one, known)]
        if new:
            self._compose.remove(new)
        left = self._compose.containers()
        lost = [name for name in names if name in known and not plans.compare(known[name], containers_of(name, left)).nothing]
        for group in (plans.BACKING, plans.ROLLING, plans.FRONT):
            missing = [name for name in group if name in lost]
            if missing:
                # Containers that serve go on, whatever a newer Compose thinks of them.
                self._compose.up(previous, missing, recreate=group != plans.ROLLING)

    def _is_new(self, container: Container, known: t.Mapping[str, Service]) -> bool:
        """Return whether only the desired definition has the container; Compose replaces the others by itself."""
        name, services = container.service, self._transition.services
        if name not in known or name not in services:
            return name in services
        return name in plans.ROLLING and services[name].describes(container) and services[name].hash != known[name].hash


def containers_of(name: str, containers: t.Iterable[Container]) -> list[Container]:
    """Return the containers of a service."""
    return [container for container in containers if container.service == name]
