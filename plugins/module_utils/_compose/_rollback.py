# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The way back of a rollout that did not succeed: containers and secrets as the definition in force has them.

The compose file on disk is the definition in force until new containers serve, or until the database is changed for the new code.
From then on there is no way back, and nothing here does anything.
"""

from __future__ import annotations

import typing as t

from . import _plan as plans
from .project import ComposeProject, Container, Service


class Files(t.Protocol):
    """What the rollout keeps on disk; written atomically."""

    def read_definition(self) -> str: ...
    def write_definition(self, text: str) -> None: ...
    def read_site(self) -> plans.Site: ...
    def write_site(self, site: plans.Site) -> None: ...
    def put_back_secrets(self) -> None: ...
    def drop_previous_secrets(self) -> None: ...


class Retreat:
    """The way back from one definition to the one before it."""

    def __init__(self, compose: ComposeProject, files: Files, *, previous: str, definition: str) -> None:
        self._compose = compose
        self._files = files
        self._previous = previous
        self._possible = previous != definition

    def secrets(self) -> None:
        """Give the secrets their former values: containers that run read them again when they are started again."""
        if self._possible:
            self._files.put_back_secrets()

    def bring_back(self, names: t.Collection[str], services: t.Mapping[str, Service]) -> None:
        """Have the named services as they were. services are those of the definition that is given up."""
        self.secrets()
        if not self._possible or not self._previous:
            return
        known = self._compose.services(self._previous)
        new = [one for one in self._compose.containers() if one.service in names and is_new(one, services, known)]
        if new:
            self._compose.remove(new)
        left = self._compose.containers()
        lost = [name for name in names if name in known and not plans.compare(known[name], of(name, left)).nothing]
        for group in (plans.BACKING, plans.ROLLING, plans.FRONT):
            wanted = [name for name in group if name in lost]
            if wanted:
                # Containers that serve go on, whatever a newer Compose thinks of them.
                self._compose.up(self._previous, wanted, recreate=group != plans.ROLLING)


def of(name: str, containers: t.Iterable[Container]) -> list[Container]:
    """Return the containers of a service."""
    return [container for container in containers if container.service == name]


def is_new(container: Container, services: t.Mapping[str, Service], known: t.Mapping[str, Service]) -> bool:
    """Return whether only the definition that is given up wants the container; Compose replaces the others by itself."""
    name = container.service
    if name not in known or name not in services:
        return name in services
    return name in plans.ROLLING and container.hash == services[name].hash != known[name].hash
