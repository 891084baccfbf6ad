# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Brings a Compose project from where it is to where a definition wants it, without a failed request where Moodle allows that.

Every step looks at the machine first, so that a run that was cut anywhere is continued by the next one.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils import _compose_plan as plans
from ansible_collections.campus.moodle.plugins.module_utils._compose_cli import ComposeProject, Container, DockerError, Service
from ansible_collections.campus.moodle.plugins.module_utils._compose_image import ImageError, SiteImage
from ansible_collections.campus.moodle.plugins.module_utils._compose_wait import RolloutError, Waiting

FAILURES = (ImageError, DockerError, RolloutError)


class Files(t.Protocol):
    """What the rollout keeps on disk; written atomically."""

    def read_definition(self) -> str: ...
    def write_definition(self, text: str) -> None: ...
    def read_site(self) -> plans.Site: ...
    def write_site(self, site: plans.Site) -> None: ...


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

    def plan(self) -> plans.Plan:
        """Compare the definition with the machine; changes nothing."""
        self.services = self._compose.services(self._definition)
        changed = self._files.read_definition() != self._definition
        return plans.make_plan(self.services, self._compose.containers(), site=self._files.read_site(), definition_changed=changed)

    def foresee(self, plan: plans.Plan) -> list[str]:
        """Return the plan in words for check mode, with the image's own judgement where the site runs and the image is built."""
        sentences = plan.sentences()
        self.action = "install" if plan.virgin and not self._files.read_site().image else "none"
        if self._can_ask_first(plan) and self._compose.image_exists(self.services["php"].image):
            answer = self._image.preflight()
            self.action = answer.get("action", "none")
            sentences.append(f"site: the image would {self.action_in_words(answer)}")
        return sentences

    def run(self, plan: plans.Plan) -> None:
        """Carry the plan out."""
        previous, before = self._files.read_definition(), self._files.read_site()
        answer = self._image.preflight() if self._can_ask_first(plan) else {}
        self._rehearse_front(plan)
        self._files.write_definition(self._definition)
        try:
            self._start_backing(plan)
            if plan.moodle:
                answer = answer or self._image.preflight()
        except FAILURES as error:
            self._go_back(error, previous, plan)
            raise
        self.action = answer.get("action", "none")
        if self.action == "install":
            self._image.install()
        if self.action in ("code", "upgrade"):
            self._upgrade(answer, previous, before)
        self._roll(previous)
        self._finish(before)

    @staticmethod
    def action_in_words(answer: t.Mapping[str, t.Any]) -> str:
        """Return what a preflight answer announces."""
        words = {
            "install": "install Moodle",
            "upgrade": "upgrade the database in maintenance mode",
            "code": "change the code, without maintenance",
        }
        return words.get(answer.get("action", "none"), "leave the database as it is")

    def _can_ask_first(self, plan: plans.Plan) -> bool:
        """Whether the new image can look at the database before anything is touched, whatever else the run replaces."""
        installed = bool(self._files.read_site().image) and not plan.virgin
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
                raise RolloutError(
                    f"The service {name} does not start as it is described; the site stays as it was. Its last lines:\n{reason}"
                )

    def _go_back(self, error: Exception, previous: str, plan: plans.Plan) -> None:
        """Undo what was done before the image was content: no container stays on a fresh machine, and old ones come back elsewhere."""
        try:
            if plan.virgin:
                self._compose.down(volumes=False)
            elif previous:
                known = self._compose.services(previous)
                names = [name for name in plan.differs(plans.BACKING) if name in known]
                self._files.write_definition(previous)
                if names:
                    self._compose.up(previous, names)
        except DockerError as second:
            raise RolloutError(f"{error}\nWhat ran before could not be brought back: {second}") from error
        if plan.virgin:
            self._files.write_definition(previous)

    def _start_backing(self, plan: plans.Plan) -> None:
        """Start what the image needs; the pooler last, because it needs the database."""
        for group in (plans.BACKING[:-1], plans.BACKING[-1:]):
            names = [name for name in group if name in self.services]
            replaced = [container for name in plan.differs(names) for container in plan.differences[name].replace]
            if not plan.differs(names):
                continue
            self._stop([container for container in replaced if container.ailing])
            self._compose.up(self._definition, names)
            self._waiting.healthy(self.services, names)

    def _upgrade(self, answer: t.Mapping[str, t.Any], previous: str, before: plans.Site) -> None:
        """Upgrade the database. Only where Moodle requires it, users see the maintenance page and running tasks end first.

        The page stays until the new code serves, because the old code must not meet the new database.
        """
        maintenance = bool(answer.get("maintenance_required"))
        workers: list[Container] = []
        try:
            if maintenance:
                self._files.write_site(plans.Site(before.image, maintenance=True))
                self._image.maintenance(on=True)
                workers = [one for one in self._compose.containers() if one.service in plans.WORKERS and one.running]
                self._stop(workers)
            self._image.upgrade(maintenance=maintenance)
        except (ImageError, DockerError) as error:
            # Docker itself is only asked before the database is.
            if isinstance(error, ImageError) and not error.untouched:
                raise RolloutError(
                    f"{error}\nThe site stays in maintenance mode. Correct the cause and run again, or restore a backup."
                ) from error
            self._undo_upgrade(previous, before, maintenance=maintenance, workers=workers)
            raise RolloutError(f"{error}\nThe site goes on with the version it had.") from error

    def _undo_upgrade(self, previous: str, before: plans.Site, *, maintenance: bool, workers: t.Sequence[Container]) -> None:
        """The database is as it was: open the site again and let its old containers work."""
        self._files.write_definition(previous)
        if workers:
            self._compose.start(workers)
        if maintenance and not before.maintenance:
            self._image.maintenance(on=False)
        # Last: until then the next run ends the maintenance.
        self._files.write_site(before)

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
            raise RolloutError(f"{error}\n{self._retreat(previous, known)}") from error
        for name in reversed(plans.ROLLING):
            old = self._split(name)[1]
            if old:
                self._stop([container for container in old if container.running] or old)
                self._remove(old)

    def _retreat(self, previous: str, known: t.Collection[str]) -> str:
        """Bring back what served before, and say what that is. Old code must not come back to a database that has moved on."""
        try:
            self._compose.up(previous, plans.FRONT)
            if self.action != "none":
                return "The database belongs to the new code already; correct the cause and run again."
            self._remove([one for one in self._compose.containers() if one.id not in known and one.service in plans.ROLLING])
        except DockerError as error:
            return f"What ran before could not be brought back: {error}"
        self._files.write_definition(previous)
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

    def _finish(self, before: plans.Site) -> None:
        """Bring the remaining services up, end a maintenance that this or a cut run began, and record that all is done."""
        workers = [name for name in plans.WORKERS if name in self.services]
        # A new try from the beginning, with no restarts counted.
        self._remove([one for one in self._compose.containers() if one.service in workers and one.ailing])
        self._compose.up(self._definition, [*plans.ROLLING, *workers, *plans.FRONT], orphans=True)
        if self._files.read_site().maintenance or before.maintenance:
            self._image.maintenance(on=False)
        self._waiting.healthy(self.services, plans.FRONT)
        self._waiting.steady(self.services, workers)
        self._files.write_site(plans.Site(self.services["php"].image))

    def _stop(self, containers: t.Sequence[Container]) -> None:
        if containers:
            self._compose.stop(containers)

    def _remove(self, containers: t.Sequence[Container]) -> None:
        if containers:
            self._compose.remove(containers)
