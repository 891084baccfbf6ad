# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What has to be done to a Compose project: pure comparison of a definition with what is there."""

from __future__ import annotations

import dataclasses
import typing as t

from .project import Container, Service

# Services that hold or carry data, in the order in which they start.
DATABASE = ("postgres",)
STORES = (*DATABASE, "valkey-sessions", "valkey-cache", "mail")
POOLER = ("pooler",)
BACKING = (*STORES, *POOLER)
# Services that are replaced by new containers beside the old ones, in the order in which new ones start.
ROLLING = ("php", "web")
# Services that execute tasks; they finish theirs before the database is upgraded.
WORKERS = ("cron", "adhoc")
# Services that come last.
FRONT = ("proxy",)


@dataclasses.dataclass(frozen=True)
class Difference:
    """How one service differs: containers to keep, containers that must go, and how many are missing."""

    service: str
    keep: tuple[Container, ...]
    replace: tuple[Container, ...]
    missing: int

    @property
    def nothing(self) -> bool:
        """Whether the service is as described."""
        return not self.replace and self.missing == 0


@dataclasses.dataclass(frozen=True)
class Record:
    """What the last complete rollout left behind: the site image, whether a rollout was cut while it upgraded, and the database.

    A record of an older release has no database.
    """

    image: str = ""
    maintenance: bool = False
    database: str = ""


@dataclasses.dataclass(frozen=True)
class Transition:
    """From the applied definition, as text, to the desired one, with its services and what the last complete rollout recorded.

    The applied definition is the compose file on disk: until new containers serve, or until the database is changed for new code.
    """

    previous: str
    desired: str
    services: t.Mapping[str, Service]
    recorded: Record

    @property
    def changes(self) -> bool:
        """Whether the two definitions differ."""
        return self.previous != self.desired


@dataclasses.dataclass(frozen=True)
class Plan:
    """The difference between a definition and the machine."""

    differences: dict[str, Difference]
    orphans: tuple[Container, ...]
    definition_changed: bool
    asks_image: bool
    """Whether the image has to look at the database: the site is new, code or database change, the last run was cut, or the
    database does not run, so that it is not known what is left of it."""

    @property
    def virgin(self) -> bool:
        """Whether the project has no container yet."""
        return not self.orphans and not any(row.keep or row.replace for row in self.differences.values())

    @property
    def nothing(self) -> bool:
        """Whether the site is as described."""
        return not (self.asks_image or self.definition_changed or self.orphans) and all(row.nothing for row in self.differences.values())

    def differs(self, names: t.Iterable[str]) -> list[str]:
        """Return those of the names, in their order, that are described and not as described."""
        return [name for name in names if name in self.differences and not self.differences[name].nothing]

    def stands(self, names: t.Iterable[str]) -> bool:
        """Return whether each of the services that is described runs already, as it should be or as it was."""
        rows = [self.differences[name] for name in names if name in self.differences]
        return all(any(one.running and not one.ailing for one in (*row.keep, *row.replace)) for row in rows)

    @property
    def serves(self) -> bool:
        """Whether Moodle can be asked something now."""
        return self.stands((*BACKING, "php"))

    def sentences(self) -> list[str]:
        """Return the plan in words."""
        lines = []
        if self.asks_image:
            lines.append("site: let the image compare database and code, then install or upgrade if needed")
        if self.definition_changed:
            lines.append("site: write compose.yml")
        for row in self.differences.values():
            if row.replace:
                lines.append(f"{row.service}: replace {len(row.replace)} container(s)")
            if row.missing > 0:
                lines.append(f"{row.service}: start {row.missing} container(s)")
            if row.missing < 0:
                lines.append(f"{row.service}: remove {-row.missing} container(s)")
        lines += [f"{container.service}: remove, it is not part of the site any more" for container in self.orphans]
        return lines


def make_plan(transition: Transition, containers: t.Sequence[Container]) -> Plan:
    """Compare every service with its containers."""
    services, recorded = transition.services, transition.recorded
    of_service: dict[str, list[Container]] = {}
    for container in containers:
        of_service.setdefault(container.service, []).append(container)
    php = services["php"]
    plan = Plan(
        differences={name: compare(service, of_service.get(name, [])) for name, service in services.items()},
        orphans=tuple(container for container in containers if container.service not in services),
        definition_changed=transition.changes,
        asks_image=recorded.maintenance or recorded.image != php.image or recorded.database not in ("", php.database),
    )
    return plan if plan.stands(DATABASE) and not plan.virgin else dataclasses.replace(plan, asks_image=True)


def compare(service: Service, containers: t.Sequence[Container]) -> Difference:
    """Compare one service with its containers. Replacing one container takes the place of one missing container."""
    good = tuple(container for container in containers if is_good(container, service))
    bad = tuple(container for container in containers if not is_good(container, service))
    missing = max(service.scale - len(good) - len(bad), 0) if bad else service.scale - len(good)
    return Difference(service.name, good, bad, missing)


def is_good(container: Container, service: Service) -> bool:
    """Return whether a container is what the definition describes and does its work."""
    return container.running and service.describes(container) and not container.ailing
