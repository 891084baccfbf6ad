# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Waits until containers do their work, and says why they do not."""

from __future__ import annotations

import functools
import time
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._moodle.program import answer_of
from .._tool.process import Result
from .project import ComposeProject, Container, Service

READY = ("/opt/campus-moodle/bin/moodle", "health", "ready")
POLL_SECONDS = 0.5
# A container that ended this often will not come up by waiting longer.
HOPELESS_RESTARTS = 5
# A program without a health check that lives for so long has read its settings and its secrets.
STEADY_SECONDS = 3
TRIAL_SECONDS = 60


class RolloutError(ToolError):
    """The rollout stopped. The text says at what, and what state the site is in. Details: error, and what its cause has."""


def is_ready(result: Result) -> bool:
    """Return whether "health ready" is content, or objects only to a maintenance that an operator or an upgrade began."""
    reasons = answer_of(result).get("reasons") or []
    return result.rc == 0 or (bool(reasons) and all("maintenance" in str(reason).lower() for reason in reasons))


class Waiting:
    """Looks again and again, with a bound."""

    def __init__(
        self,
        compose: ComposeProject,
        *,
        timeout: float,
        sleep: t.Callable[[float], None] = time.sleep,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._compose = compose
        self._timeout = timeout
        self._sleep = sleep
        self._clock = clock

    def healthy(self, services: t.Mapping[str, Service], names: t.Sequence[str]) -> None:
        """Wait until the described containers of the services answer their health checks."""
        for name in names:
            service = services[name]
            self._until(service, functools.partial(self._answers, service), "did not become healthy")

    def steady(self, services: t.Mapping[str, Service], names: t.Sequence[str]) -> None:
        """Wait until programs without a health check have stayed up for a while, without a restart in between."""
        since: dict[tuple[str, int], float] = {}

        def stays(service: Service, mine: t.Sequence[Container]) -> bool:
            lives = {(container.id, container.restarts) for container in mine if container.running}
            begun = [since.setdefault(life, self._clock()) for life in lives]
            return len(lives) >= service.scale and all(self._clock() - moment >= STEADY_SECONDS for moment in begun)

        for container in self._compose.containers():
            if container.running:
                since[container.id, container.restarts] = self._clock()
        for name in names:
            service = services[name]
            self._until(service, functools.partial(stays, service), "did not stay up")

    def trial(self, service: Service) -> str:
        """Return why the one-off container of a service does not come up; empty when it does."""
        deadline = self._clock() + min(self._timeout, TRIAL_SECONDS)
        while True:
            found = self._compose.trials(service.name)
            running = [container for container in found if container.running]
            if running and self._compose.inside(running[0], service.probe).rc == 0:
                return ""
            if not running or self._clock() > deadline:
                return "\n".join(self._compose.logs(container) for container in found) or "(none)"
            self._sleep(POLL_SECONDS)

    def _until(self, service: Service, good: t.Callable[[list[Container]], bool], what: str) -> None:
        deadline = self._clock() + self._timeout
        while True:
            containers = self._compose.containers()
            mine = [container for container in containers if container.service == service.name and service.describes(container)]
            if good(mine):
                return
            hopeless = any(container.restarts >= HOPELESS_RESTARTS and not container.running for container in mine)
            if hopeless or self._clock() > deadline:
                raise RolloutError(self._why_not(service, mine, what), error="unhealthy")
            self._sleep(POLL_SECONDS)

    def _answers(self, service: Service, containers: t.Sequence[Container]) -> bool:
        """Return whether enough containers run and answer; PHP must also find code and database in agreement."""
        running = [container for container in containers if container.running]
        if len(running) < service.scale:
            return False
        healthy = all(not service.probe or self._compose.inside(container, service.probe).rc == 0 for container in running)
        return healthy and (service.name != "php" or is_ready(self._compose.inside(running[-1], READY)))

    def _why_not(self, service: Service, containers: t.Sequence[Container], what: str) -> str:
        ended = max((container.restarts for container in containers), default=0)
        how = f"ends again and again ({ended} times)" if ended else f"{what} within {self._timeout:g} seconds"
        logs = "\n".join(self._compose.logs(container) for container in containers[-1:])
        return f"The service {service.name} {how}. Its last lines:\n{logs}"
