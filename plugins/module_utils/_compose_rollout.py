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
from ansible_collections.campus.moodle.plugins.module_utils._compose_cli import ComposeProject, Container, Service
from ansible_collections.campus.moodle.plugins.module_utils._compose_image import ImageError, SiteImage, is_ready

READY = ("/opt/campus-moodle/bin/moodle", "health", "ready")
POLL_SECONDS = 0.5
# A container that ended this often will not come up by waiting longer.
HOPELESS_RESTARTS = 5


class RolloutError(Exception):
    """The rollout stopped. The text says at what, and what state the site is in."""


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
        self._timeout = timeout
        self._sleep = sleep
        self._clock = clock
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
        if plan.moodle and not plan.virgin and not plan.differs(("postgres",)) and self._compose.image_exists(self.services["php"].image):
            answer = self._image.preflight()
            self.action = answer.get("action", "none")
            sentences.append(f"site: the image would {self.action_in_words(answer)}")
        return sentences

    def run(self, plan: plans.Plan) -> None:
        """Carry the plan out."""
        previous, before = self._files.read_definition(), self._files.read_site()
        answer: dict[str, t.Any] = {}
        if plan.moodle and before.image and not plan.differs(plans.BACKING):
            # The database runs already: a refusal leaves everything untouched.
            answer = self._image.preflight()
        self._files.write_definition(self._definition)
        try:
            self._start_backing(plan)
            if plan.moodle:
                answer = answer or self._image.preflight()
        except ImageError:
            self._go_back(previous, virgin=plan.virgin)
            raise
        self.action = answer.get("action", "none")
        if self.action == "install":
            self._image.install()
        if self.action in ("code", "upgrade"):
            self._upgrade(answer, previous, before)
        # Old code must not be brought back to a database that has moved on.
        self._roll(previous if self.action == "none" else "")
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

    def _go_back(self, previous: str, *, virgin: bool) -> None:
        """Undo what was done before the image refused: restore the definition, and leave no container on a fresh machine."""
        if virgin:
            self._compose.down(volumes=False)
        self._files.write_definition(previous)

    def _start_backing(self, plan: plans.Plan) -> None:
        """Start what the image needs; the pooler last, because it needs the database."""
        for group in (plans.BACKING[:-1], plans.BACKING[-1:]):
            names = [name for name in group if name in self.services]
            ailing = [container for name in plan.differs(names) for container in plan.differences[name].replace if container.running]
            if not plan.differs(names):
                continue
            unhealthy = [container for container in ailing if container.health == "unhealthy"]
            if unhealthy:
                self._compose.stop(unhealthy)
            self._compose.up(self._definition, names)
            self._wait(names)

    def _upgrade(self, answer: t.Mapping[str, t.Any], previous: str, before: plans.Site) -> None:
        """Upgrade the database. Only where Moodle requires it, users see the maintenance page and running tasks end first.

        The page stays until the new code serves, because the old code must not meet the new database.
        """
        maintenance = bool(answer.get("maintenance_required"))
        workers: list[Container] = []
        if maintenance:
            self._files.write_site(plans.Site(before.image, maintenance=True))
            self._image.maintenance(on=True)
            workers = [container for container in self._compose.containers() if container.service in plans.WORKERS and container.running]
        if workers:
            self._compose.stop(workers)
        try:
            self._image.upgrade(maintenance=maintenance)
        except ImageError as error:
            if not error.untouched:
                raise RolloutError(
                    f"{error}\nThe site stays in maintenance mode. Correct the cause and run again, or restore a backup."
                ) from error
            self._undo_upgrade(previous, before, maintenance=maintenance, workers=workers)
            raise RolloutError(f"{error}\nThe site goes on with the version it had.") from error

    def _undo_upgrade(self, previous: str, before: plans.Site, *, maintenance: bool, workers: t.Sequence[Container]) -> None:
        """The database is as it was: open the site again and let its old containers work."""
        if maintenance and not before.maintenance:
            self._image.maintenance(on=False)
        self._files.write_definition(previous)
        self._files.write_site(before)
        if workers:
            self._compose.start(workers)

    def _roll(self, previous: str) -> None:
        """Start new containers beside the old ones, wait until they serve, then retire the old ones.

        previous is the definition to go back to when the new containers do not come up; empty when there is no way back.
        """
        known = {container.id for container in self._compose.containers()}
        try:
            for name in plans.ROLLING:
                self._start_beside(name)
        except RolloutError as error:
            new = [
                container for container in self._compose.containers() if container.id not in known and container.service in plans.ROLLING
            ]
            if not previous or not known:
                raise
            if new:
                self._compose.remove(new)
            self._files.write_definition(previous)
            raise RolloutError(f"{error}\nThe new containers were removed; the site goes on with the ones it had.") from error
        for name in reversed(plans.ROLLING):
            old = self._split(name)[1]
            if old:
                self._compose.stop([container for container in old if container.running] or old)
                self._compose.remove(old)

    def _split(self, name: str) -> tuple[list[Container], list[Container]]:
        """Return the good and the other containers of a service."""
        containers = [container for container in self._compose.containers() if container.service == name]
        row = plans.compare(self.services[name], containers)
        return list(row.keep), list(row.replace)

    def _start_beside(self, name: str) -> None:
        """Have as many good containers of a service as wanted, keeping running old ones."""
        good, old = self._split(name)
        dead = [container for container in old if not container.running]
        if dead:
            self._compose.remove(dead)
        serving = len(old) - len(dead)
        if len(good) != self.services[name].scale:
            self._compose.up(self._definition, [name], scale={name: serving + self.services[name].scale}, recreate=False)
        self._wait([name])

    def _wait(self, names: t.Sequence[str]) -> None:
        """Wait until the wanted containers of the services answer their health checks."""
        deadline = self._clock() + self._timeout
        for name in names:
            service = self.services[name]
            waiting = True
            while waiting:
                mine = [
                    container for container in self._compose.containers() if container.service == name and container.hash == service.hash
                ]
                waiting = not self._answers(service, mine)
                hopeless = any(container.restarts >= HOPELESS_RESTARTS and not container.running for container in mine)
                if waiting and (hopeless or self._clock() > deadline):
                    raise RolloutError(self._why_not(service, mine))
                if waiting:
                    self._sleep(POLL_SECONDS)

    def _answers(self, service: Service, containers: t.Sequence[Container]) -> bool:
        """Return whether enough containers run and answer; PHP must also find code and database in agreement."""
        running = [container for container in containers if container.running]
        if len(running) < service.scale:
            return False
        healthy = all(not service.probe or self._compose.inside(container, service.probe).rc == 0 for container in running)
        return healthy and (service.name != "php" or is_ready(self._compose.inside(running[-1], READY)))

    def _why_not(self, service: Service, containers: t.Sequence[Container]) -> str:
        ended = max((container.restarts for container in containers), default=0)
        how = (
            f"ends again and again ({ended} times)"
            if ended >= HOPELESS_RESTARTS
            else f"did not become healthy within {self._timeout} seconds"
        )
        logs = "\n".join(self._compose.logs(container) for container in containers[-1:])
        return f"The service {service.name} {how}. Its last lines:\n{logs}"

    def _finish(self, before: plans.Site) -> None:
        """Bring the remaining services up, end a maintenance that this or a cut run began, and record that all is done."""
        names = [name for name in (*plans.ROLLING, *plans.WORKERS, *plans.FRONT) if name in self.services]
        self._compose.up(self._definition, names, orphans=True)
        if self._files.read_site().maintenance or before.maintenance:
            self._image.maintenance(on=False)
        self._wait(plans.FRONT)
        self._files.write_site(plans.Site(self.services["php"].image))
