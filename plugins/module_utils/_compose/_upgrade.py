# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Upgrades the database of a site that runs, and opens the site again when nothing came of it."""

from __future__ import annotations

import dataclasses
import typing as t

from . import _plan as plans
from ._image import ImageError, SiteImage
from ._rollback import Files, Retreat
from ._wait import RolloutError
from .project import ComposeProject, Container, DockerError, Service


class Upgrade:
    """One upgrade; before is what the last complete rollout recorded."""

    def __init__(self, compose: ComposeProject, files: Files, image: SiteImage, retreat: Retreat, before: plans.Site) -> None:
        self._compose = compose
        self._files = files
        self._image = image
        self._retreat = retreat
        self._before = before

    def run(self, services: t.Mapping[str, Service], previous: str, *, maintenance: bool) -> None:
        """Upgrade. Only where Moodle requires maintenance, users see its page and running tasks end first.

        The page stays until the new code serves, because the old code must not meet the new database.
        """
        workers: list[Container] = []
        try:
            if maintenance:
                self._files.write_site(dataclasses.replace(self._before, maintenance=True))
                self._image.maintenance(on=True)
                workers += [one for one in self._compose.containers() if one.service in plans.WORKERS and one.running]
                if workers:
                    self._compose.stop(workers)
            self._image.upgrade(maintenance=maintenance)
        except (ImageError, DockerError) as error:
            # Docker itself is only asked before the database is.
            if isinstance(error, ImageError) and not error.untouched:
                raise RolloutError(
                    f"{error}\nThe site stays in maintenance mode. Correct the cause and run again, or restore a backup."
                ) from error
            raise RolloutError(f"{error}\n{self._undo(services, previous, workers, maintenance=maintenance)}") from error

    def _undo(self, services: t.Mapping[str, Service], previous: str, workers: t.Sequence[Container], *, maintenance: bool) -> str:
        """The database is as it was: open the site again, let its old containers work, and say so."""
        try:
            if workers:
                self._compose.start(workers)
            if maintenance and not self._before.maintenance:
                self._image.maintenance(on=False)
            self._retreat.bring_back(plans.BACKING, services)
        except (ImageError, DockerError) as error:
            return f"What ran before could not be brought back: {error}"
        self._files.write_definition(previous)
        # Last: until then the next run ends the maintenance.
        self._files.write_site(self._before)
        return "The site goes on with the version it had."
