# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Upgrades the database of a site that runs, and opens the site again when nothing came of it."""

from __future__ import annotations

import dataclasses
import typing as t

from .._moodle.program import MoodleProgram, database_changed
from .._tool.errors import ToolError
from . import _plan as plans
from ._rollback import Rollback
from ._wait import RolloutError
from .files import SiteFiles
from .project import ComposeProject, Container, DockerError


class Upgrade:
    """One upgrade, by the program of the new image."""

    def __init__(
        self, compose: ComposeProject, files: SiteFiles, program: MoodleProgram, rollback: Rollback, transition: plans.Transition
    ) -> None:
        self._compose = compose
        self._files = files
        self._program = program
        self._rollback = rollback
        self._transition = transition

    def run(self, *, maintenance: bool) -> None:
        """Upgrade. Only where Moodle requires maintenance, users see its page and running tasks end first.

        The page stays until the new code serves, because the old code must not meet the new database.
        """
        workers: list[Container] = []
        try:
            if maintenance:
                self._files.write_record(dataclasses.replace(self._transition.recorded, maintenance=True))
                set_maintenance(self._program, on=True)
                workers += [one for one in self._compose.containers() if one.service in plans.WORKERS and one.running]
                if workers:
                    self._compose.stop(workers)
            self._program.upgrade(allow_maintenance=maintenance)
        except ToolError as error:
            # Docker itself is only asked before the database is.
            if not isinstance(error, DockerError) and database_changed(error):
                msg = f"{error}\nThe site stays in maintenance mode. Correct the cause and run again, or restore a backup."
            else:
                msg = f"{error}\n{self._undo(workers, maintenance=maintenance)}"
            raise RolloutError(msg, **error.details) from error

    def _undo(self, workers: t.Sequence[Container], *, maintenance: bool) -> str:
        """The database is as it was: open the site again, let its old containers work, and report that."""
        recorded = self._transition.recorded
        try:
            if workers:
                self._compose.start(workers)
            if maintenance and not recorded.maintenance:
                set_maintenance(self._program, on=False)
            self._rollback.restore(plans.BACKING)
        except ToolError as error:
            return f"What ran before could not be brought back: {error}"
        self._files.write_definition(self._transition.previous)
        # Last: until then the next run ends the maintenance.
        self._files.write_record(recorded)
        return "The site goes on with the version it had."


def set_maintenance(program: MoodleProgram, *, on: bool) -> None:
    """Show users the maintenance page, or the site again."""
    program.ask("maintenance", "on" if on else "off", what="close the site for the upgrade" if on else "open the site after the upgrade")
