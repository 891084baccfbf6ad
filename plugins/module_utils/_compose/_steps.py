# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The steps of a rollout: from the applied definition to the desired one, without a failed request where Moodle allows that.

Every step looks at the machine first, so that a run that was cut anywhere is continued by the next one.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .._tool.errors import ToolError
from . import _plan as plans
from ._rollback import Rollback, containers_of
from ._upgrade import Upgrade, set_maintenance
from ._wait import RolloutError, Waiting
from .files import SiteFiles
from .project import ComposeProject, Container, Definition, DockerError

# What a preflight answer announces, in words.
ACTIONS = {
    "install": "install Moodle",
    "upgrade": "upgrade the database in maintenance mode",
    "code": "change the code, without maintenance",
}
# Why it does not install where a site was installed before.
EMPTIED = (
    "The database holds no Moodle, although rollout.json says that this site is installed: restore its backup into the database, or run "
    "the playbook campus.moodle.destroy first, which forgets that site."
)


def read_transition(compose: ComposeProject, files: SiteFiles, desired: str, definition: Definition) -> plans.Transition:
    """Return the way from the compose file on disk to the desired one, which the definition describes.

    Where the record of the last rollout has no database, the compose file of that time tells it.
    """
    previous, recorded = files.read_definition(), files.read_record()
    if previous and recorded.image and not recorded.database:
        services = definition.services if previous == desired else compose.read(previous).services
        recorded = dataclasses.replace(recorded, database=services["php"].database)
    return plans.Transition(previous, desired, definition.services, recorded)


class Rollout:
    """One rollout of one definition."""

    def __init__(
        self,
        compose: ComposeProject,
        files: SiteFiles,
        transition: plans.Transition,
        *,
        timeout: int,
        sleep: t.Callable[[float], None] = time.sleep,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._compose = compose
        self._files = files
        self._transition = transition
        self._services = transition.services
        self._waiting = Waiting(compose, timeout=timeout, sleep=sleep, clock=clock)
        self._program = compose.program(transition.desired)
        self._rollback = Rollback(compose, files, transition)

    def plan(self) -> plans.Plan:
        """Compare the definition with the machine; changes nothing."""
        return plans.make_plan(self._transition, self._compose.containers())

    def foresee(self, plan: plans.Plan, *, secrets_pending: bool = False) -> tuple[list[str], str]:
        """Return the plan in words, and what the database needs, for check mode.

        The image itself is asked where the site runs and the image is built.
        """
        sentences = plan.sentences()
        action = "install" if plan.virgin and not self._transition.recorded.image else "none"
        if not (self._can_ask_first(plan) and self._compose.image(self._services["php"].image)):
            return sentences, action
        if secrets_pending:
            return [*sentences, "site: the image can be asked only once the secrets are written, which check mode does not do"], action
        action = self._ask()["action"]
        return [*sentences, f"site: the image would {ACTIONS.get(action, 'leave the database as it is')}"], action

    def run(self, plan: plans.Plan) -> str:
        """Carry the plan out, and return what the database needed."""
        if plan.nothing:
            self._files.drop_previous_secrets()
            return "none"
        answer = self._prepare(plan)
        action = str(answer.get("action", "none"))
        if action != "none":
            # Whatever cuts the run now: the old code must not come back to a database that has moved on.
            self._files.write_definition(self._transition.desired)
            self._change_database(action, maintenance=answer["maintenance_required"])
            self._files.drop_previous_secrets()
        self._roll(action)
        self._files.write_definition(self._transition.desired)
        self._files.drop_previous_secrets()
        self._finish()
        return action

    def _ask(self) -> dict[str, t.Any]:
        """Return what the image says of the database. It changes nothing, and refuses what must not be touched.

        Its answer (docs/reference/image.md, preflight) decides the rest: `action`, which is one of ACTIONS or none, and
        `maintenance_required`, whether Moodle's tables change, so that the site has to be closed.
        """
        answer = self._program.preflight("compare the code of the image with the database")
        if answer["action"] == "install" and self._transition.recorded.image:
            raise RolloutError(EMPTIED, error="emptied")
        return answer

    def _prepare(self, plan: plans.Plan) -> dict[str, t.Any]:
        """Start what the image needs, ask it, and undo what was done unless it is content. Return its answer.

        The pooler comes after that: old containers use it, and must not reach a database that was not looked at.
        """
        try:
            answer = self._ask() if self._can_ask_first(plan) else {}
            self._try_front(plan)
        except ToolError:
            self._rollback.restore_secrets()
            raise
        try:
            self._start_backing(plan, plans.STORES)
            if plan.asks_image:
                answer = answer or self._ask()
            self._start_backing(plan, plans.POOLER)
        except ToolError as error:
            self._go_back(error, plan)
            raise
        return answer

    def _can_ask_first(self, plan: plans.Plan) -> bool:
        """Whether the new image can look at the database before anything is touched, whatever else the run replaces."""
        installed = bool(self._transition.recorded.image) and not plan.virgin
        return plan.asks_image and installed and plan.stands(plans.BACKING)

    def _try_front(self, plan: plans.Plan) -> None:
        """Try a new proxy beside the old one. Its certificate may be one that it does not take, and there is only one port.

        A proxy without one is spared it: one that gets its certificates itself must not ask for them twice.
        """
        for name in plan.differs(plans.FRONT):
            if plan.virgin or not self._services[name].secrets:
                continue
            self._remove(self._compose.trials(name))
            self._compose.start_trial(self._transition.desired, name)
            try:
                reason = self._waiting.trial(self._services[name])
            finally:
                self._remove(self._compose.trials(name))
            if reason:
                msg = f"The service {name} does not start as described; the site stays as it was. Its last lines:\n{reason}"
                raise RolloutError(msg, error="unhealthy")

    def _change_database(self, action: str, *, maintenance: bool) -> None:
        """Install or upgrade, as the image said."""
        if action == "install":
            self._program.ask("install", what="install Moodle")
        else:
            Upgrade(self._compose, self._files, self._program, self._rollback, self._transition).run(maintenance=maintenance)

    def _go_back(self, error: ToolError, plan: plans.Plan) -> None:
        """Undo what was done before the image was content: no container stays on a fresh machine, and old ones come back elsewhere."""
        try:
            if plan.virgin:
                self._compose.down(volumes=False)
                self._rollback.restore_secrets()
            else:
                self._rollback.restore(plans.BACKING)
        except DockerError as second:
            raise RolloutError(f"{error}\nWhat ran before could not be brought back: {second}", **error.details) from error

    def _start_backing(self, plan: plans.Plan, group: t.Sequence[str]) -> None:
        """Start what Moodle needs and wait for it."""
        names = [name for name in group if name in self._services]
        replaced = [container for name in plan.differs(names) for container in plan.differences[name].replace]
        if plan.differs(names):
            self._stop([container for container in replaced if container.ailing])
            self._compose.up(self._transition.desired, names)
            self._waiting.healthy(self._services, names)

    def _roll(self, action: str) -> None:
        """Start new containers beside the old ones and the proxy after them, wait until they serve, then retire the old ones."""
        known = {container.id for container in self._compose.containers()}
        try:
            for name in plans.ROLLING:
                self._start_beside(name)
            self._replace_front()
        except ToolError as error:
            if not self._transition.previous or not known:
                raise
            raise RolloutError(f"{error}\n{self._give_up(action, known)}", **error.details) from error
        for name in reversed(plans.ROLLING):
            old = self._split(name)[1]
            if old:
                self._stop([container for container in old if container.running] or old)
                self._remove(old)

    def _give_up(self, action: str, known: t.Collection[str]) -> str:
        """Bring back what served before, and report what that is. Old code must not come back to a database that has moved on."""
        try:
            if action != "none":
                self._compose.up(self._transition.previous, plans.FRONT)
                return "The database belongs to the new code already; correct the cause and run again."
            self._remove([one for one in self._compose.containers() if one.id not in known and one.service in plans.ROLLING])
            self._rollback.restore((*plans.BACKING, *plans.ROLLING, *plans.FRONT))
        except DockerError as error:
            return f"What ran before could not be brought back: {error}"
        return "The new containers were removed; the site goes on with the ones it had."

    def _replace_front(self) -> None:
        """Replace the proxy, if it is another one, and wait for it."""
        for name in plans.FRONT:
            good, old = self._split(name)
            if old or len(good) != self._services[name].scale:
                self._stop([container for container in old if container.ailing])
                self._compose.up(self._transition.desired, [name])
                self._waiting.healthy(self._services, [name])

    def _split(self, name: str) -> tuple[list[Container], list[Container]]:
        """Return the good and the other containers of a service."""
        row = plans.compare(self._services[name], containers_of(name, self._compose.containers()))
        return list(row.keep), list(row.replace)

    def _start_beside(self, name: str) -> None:
        """Have as many good containers of a service as described, keeping running old ones."""
        good, old = self._split(name)
        dead = [container for container in old if not container.running]
        self._remove(dead)
        serving = len(old) - len(dead)
        if len(good) != self._services[name].scale:
            self._compose.up(self._transition.desired, [name], scale={name: serving + self._services[name].scale}, recreate=False)
        self._waiting.healthy(self._services, [name])

    def _finish(self) -> None:
        """Bring the remaining services up, end a maintenance that this or a cut run began, and record that all is done."""
        workers = [name for name in plans.WORKERS if name in self._services]
        # A new try from the beginning, with no restarts counted.
        self._remove([one for one in self._compose.containers() if one.service in workers and one.ailing])
        self._compose.up(self._transition.desired, [*plans.ROLLING, *workers, *plans.FRONT], orphans=True)
        if self._files.read_record().maintenance:
            set_maintenance(self._program, on=False)
        self._waiting.healthy(self._services, plans.FRONT)
        self._waiting.steady(self._services, workers)
        php = self._services["php"]
        if self._transition.recorded.image not in ("", php.image):
            # Until its end, the old code filled the caches with texts, scripts and styles of its own.
            self._program.ask("purge", what="purge Moodle's caches")
        self._files.write_record(plans.Record(php.image, database=php.database))

    def _stop(self, containers: t.Sequence[Container]) -> None:
        if containers:
            self._compose.stop(containers)

    def _remove(self, containers: t.Sequence[Container]) -> None:
        if containers:
            self._compose.remove(containers)
