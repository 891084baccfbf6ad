# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Brings a Compose project from where it is to where a definition wants it, without a failed request where Moodle allows that.

Every step looks at the machine first, so that a run that was cut anywhere is continued by the next one.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from . import _plan as plans
from ._image import ACTIONS, EMPTIED, ImageError, SiteImage
from ._rollback import Files, Retreat
from ._upgrade import Upgrade
from ._wait import RolloutError, Waiting
from .project import ComposeProject, Container, DockerError, Service

FAILURES = (ImageError, DockerError, RolloutError)


class Rollout:
    """One rollout of one definition."""

    def __init__(
        self,
        compose: ComposeProject,
        files: Files,
        definition: str,
        *,
        timeout: int,
        sleep: t.Callable[[float], None] = time.sleep,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._compose = compose
        self._files = files
        self._definition = definition
        self._waiting = Waiting(compose, timeout=timeout, sleep=sleep, clock=clock)
        self._image = SiteImage(compose, definition)
        self.services: dict[str, Service] = {}
        self.action = "none"
        self._before = plans.Site()
        self._retreat = Retreat(compose, files, previous=files.read_definition(), definition=definition)

    def plan(self) -> plans.Plan:
        """Compare the definition with the machine; changes nothing."""
        previous = self._files.read_definition()
        self.services = self._compose.services(self._definition)
        self._before = self._recall(previous)
        changed = previous != self._definition
        return plans.make_plan(self.services, self._compose.containers(), site=self._before, definition_changed=changed)

    def foresee(self, plan: plans.Plan, *, secrets_pending: bool = False) -> list[str]:
        """Return the plan in words for check mode, with the image's own judgement where the site runs and the image is built."""
        sentences = plan.sentences()
        self.action = "install" if plan.virgin and not self._before.image else "none"
        if not (self._can_ask_first(plan) and self._compose.image_exists(self.services["php"].image)):
            return sentences
        if secrets_pending:
            return [*sentences, "site: the image can be asked only once the secrets are written, which check mode does not do"]
        answer = self._ask()
        self.action = answer.get("action", "none")
        return [*sentences, f"site: the image would {ACTIONS.get(self.action, 'leave the database as it is')}"]

    def run(self, plan: plans.Plan) -> None:
        """Carry the plan out."""
        if plan.nothing:
            self._files.drop_previous_secrets()
            return
        previous = self._files.read_definition()
        answer = self._prepare(plan)
        self.action = answer.get("action", "none")
        if self.action != "none":
            # Whoever cuts the run now: the old code must not come back to a database that has moved on.
            self._files.write_definition(self._definition)
            self._change_database(answer, previous)
            self._files.drop_previous_secrets()
        self._roll(previous)
        self._files.write_definition(self._definition)
        self._files.drop_previous_secrets()
        self._finish()

    def _recall(self, previous: str) -> plans.Site:
        """Return what the last complete rollout recorded. Where that has no database, the compose file of that time tells it."""
        site = self._files.read_site()
        if site.database or not site.image or not previous:
            return site
        services = self.services if previous == self._definition else self._compose.services(previous)
        return dataclasses.replace(site, database=services["php"].database)

    def _ask(self) -> dict[str, t.Any]:
        """Return what the image says of the database. It changes nothing, and refuses what must not be touched."""
        answer = self._image.preflight()
        if answer.get("action") == "install" and self._before.image:
            raise RolloutError(EMPTIED)
        return answer

    def _prepare(self, plan: plans.Plan) -> dict[str, t.Any]:
        """Start what the image needs, ask it, and undo what was done unless it is content. Return its answer.

        The pooler comes after that: old containers use it, and must not reach a database that nobody looked at.
        """
        try:
            answer = self._ask() if self._can_ask_first(plan) else {}
            self._rehearse_front(plan)
        except FAILURES:
            self._retreat.secrets()
            raise
        try:
            self._start_backing(plan, plans.STORES)
            if plan.moodle:
                answer = answer or self._ask()
            self._start_backing(plan, plans.POOLER)
        except FAILURES as error:
            self._go_back(error, plan)
            raise
        return answer

    def _can_ask_first(self, plan: plans.Plan) -> bool:
        """Whether the new image can look at the database before anything is touched, whatever else the run replaces."""
        installed = bool(self._before.image) and not plan.virgin
        return plan.moodle and installed and plan.stands(plans.BACKING)

    def _rehearse_front(self, plan: plans.Plan) -> None:
        """Try a new proxy beside the old one. Its certificate may be one that it does not take, and there is only one port.

        A proxy without one is spared it: one that gets its certificates itself must not ask for them twice.
        """
        for name in plan.differs(plans.FRONT):
            if plan.virgin or not self.services[name].secrets:
                continue
            self._remove(self._compose.rehearsals(name))
            self._compose.rehearse(self._definition, name)
            try:
                reason = self._waiting.rehearsal(self.services[name])
            finally:
                self._remove(self._compose.rehearsals(name))
            if reason:
                raise RolloutError(f"The service {name} does not start as described; the site stays as it was. Its last lines:\n{reason}")

    def _change_database(self, answer: t.Mapping[str, t.Any], previous: str) -> None:
        """Install or upgrade, as the image said."""
        if self.action == "install":
            self._image.install()
        if self.action in ("code", "upgrade"):
            work = Upgrade(self._compose, self._files, self._image, self._retreat, self._before)
            work.run(self.services, previous, maintenance=bool(answer.get("maintenance_required")))

    def _go_back(self, error: Exception, plan: plans.Plan) -> None:
        """Undo what was done before the image was content: no container stays on a fresh machine, and old ones come back elsewhere."""
        try:
            if plan.virgin:
                self._compose.down(volumes=False)
                self._retreat.secrets()
            else:
                self._retreat.bring_back(plans.BACKING, self.services)
        except DockerError as second:
            raise RolloutError(f"{error}\nWhat ran before could not be brought back: {second}") from error

    def _start_backing(self, plan: plans.Plan, group: t.Sequence[str]) -> None:
        """Start what Moodle needs and wait for it."""
        names = [name for name in group if name in self.services]
        replaced = [container for name in plan.differs(names) for container in plan.differences[name].replace]
        if plan.differs(names):
            self._stop([container for container in replaced if container.ailing])
            self._compose.up(self._definition, names)
            self._waiting.healthy(self.services, names)

    def _roll(self, previous: str) -> None:
        """Start new containers beside the old ones and the proxy after them, wait until they serve, then retire the old ones."""
        known = {container.id for container in self._compose.containers()}
        try:
            for name in plans.ROLLING:
                self._start_beside(name)
            self._replace_front()
        except (RolloutError, DockerError) as error:
            if not previous or not known:
                raise
            raise RolloutError(f"{error}\n{self._give_up(previous, known)}") from error
        for name in reversed(plans.ROLLING):
            old = self._split(name)[1]
            if old:
                self._stop([container for container in old if container.running] or old)
                self._remove(old)

    def _give_up(self, previous: str, known: t.Collection[str]) -> str:
        """Bring back what served before, and say what that is. Old code must not come back to a database that has moved on."""
        try:
            if self.action != "none":
                self._compose.up(previous, plans.FRONT)
                return "The database belongs to the new code already; correct the cause and run again."
            self._remove([one for one in self._compose.containers() if one.id not in known and one.service in plans.ROLLING])
            self._retreat.bring_back((*plans.BACKING, *plans.ROLLING, *plans.FRONT), self.services)
        except DockerError as error:
            return f"What ran before could not be brought back: {error}"
        return "The new containers were removed; the site goes on with the ones it had."

    def _replace_front(self) -> None:
        """Replace the proxy, if it is another one, and wait for it."""
        for name in plans.FRONT:
            good, old = self._split(name)
            if old or len(good) != self.services[name].scale:
                self._stop([container for container in old if container.ailing])
                self._compose.up(self._definition, [name])
                self._waiting.healthy(self.services, [name])

    def _split(self, name: str) -> tuple[list[Container], list[Container]]:
        """Return the good and the other containers of a service."""
        containers = [container for container in self._compose.containers() if container.service == name]
        row = plans.compare(self.services[name], containers)
        return list(row.keep), list(row.replace)

    def _start_beside(self, name: str) -> None:
        """Have as many good containers of a service as wanted, keeping running old ones."""
        good, old = self._split(name)
        dead = [container for container in old if not container.running]
        self._remove(dead)
        serving = len(old) - len(dead)
        if len(good) != self.services[name].scale:
            self._compose.up(self._definition, [name], scale={name: serving + self.services[name].scale}, recreate=False)
        self._waiting.healthy(self.services, [name])

    def _finish(self) -> None:
        """Bring the remaining services up, end a maintenance that this or a cut run began, and record that all is done."""
        workers = [name for name in plans.WORKERS if name in self.services]
        # A new try from the beginning, with no restarts counted.
        self._remove([one for one in self._compose.containers() if one.service in workers and one.ailing])
        self._compose.up(self._definition, [*plans.ROLLING, *workers, *plans.FRONT], orphans=True)
        if self._files.read_site().maintenance:
            self._image.maintenance(on=False)
        self._waiting.healthy(self.services, plans.FRONT)
        self._waiting.steady(self.services, workers)
        if self._before.image not in ("", self.services["php"].image):
            # Until its end, the old code filled the caches with texts, scripts and styles of its own.
            self._image.purge()
        self._files.write_site(plans.Site(self.services["php"].image, database=self.services["php"].database))

    def _stop(self, containers: t.Sequence[Container]) -> None:
        if containers:
            self._compose.stop(containers)

    def _remove(self, containers: t.Sequence[Container]) -> None:
        if containers:
            self._compose.remove(containers)
