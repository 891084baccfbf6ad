# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The release as the cluster has it, and what changes it there: helm, and the client of the API."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import typing as t

from .._kube.errors import KubeError
from .._kube.objects import same
from ._manifest import Change, Object
from ._task import Task
from .cli import Helm
from .storage import Release, ReleaseStore, Revision, labels_for

# What ends in a revision that carries the labels of this task.
_DEPLOYING = ("install", "upgrade")


class Cluster:
    """One release in one cluster."""

    def __init__(self, task: Task, client: t.Any, helm: Helm) -> None:
        self.client = client
        self.helm = helm
        self.store = ReleaseStore(client, task.namespace, task.name)
        # The status that the run has found, and what it has let helm do.
        self.was = ""
        self.written = ""
        self._task = task
        self._before: list[Revision] = []
        self._mark = secrets.token_hex(4)
        helm.hide = task.hide
        task.commands = helm.commands

    def find(self) -> t.Optional[Release]:
        """Return the newest revision and keep its status in mind."""
        release = self.store.newest()
        self.was = release.summary()["status"] if release else ""
        self._task.know(release)
        return release

    def running(self, release: t.Optional[Release], revisions: t.Sequence[Revision]) -> t.Optional[Release]:
        """Return the revision whose objects exist: the deployed one, also when an upgrade failed after it."""
        deployed = [revision for revision in revisions if revision.status == "deployed"]
        if release is None or release.revision is None or not deployed or deployed[0].number == release.revision.number:
            return release
        return self.store.read(deployed[0])

    def changes(self, before: t.Optional[Release], after: t.Optional[Release], status: str) -> list[Change]:
        """Return what changes about the release itself: chart, values, status."""
        sides = [
            release and {"chart": " ".join(release.chart[:2]), "app_version": release.chart[2], "values": release.values, "status": now}
            for release, now in ((before, self.was), (after, status))
        ]
        return [] if same(*sides) else [Change(f"Release {self._task.name}", *sides)]

    def require_options(self) -> None:
        """Refuse options that this helm does not have."""
        params = self._task.params
        chart = params["chart"] or {}
        used = {
            "take_ownership": params["take_ownership"],
            "force_conflicts": params["force_conflicts"],
            # Helm 3 does what false means.
            "server_side": params["server_side"] == "true",
            "chart.digest": bool(chart.get("digest") and chart["ref"].startswith("oci:")),
        }
        self.helm.require(name for name, is_used in used.items() if is_used)

    def write(self, action: str, release: t.Optional[Release], *words: t.Any, digest: str = "", **options: t.Any) -> t.Optional[Release]:
        """Let helm change the release, and return it as it is then. digest is what a new revision is made from."""
        self._task.act(action)
        if self._task.check_mode:
            return release
        self.require_options()
        self._before = self.store.revisions()
        if digest:
            options["labels"] = labels_for(digest, self._next, self._mark)
        self.written = action
        verbs: dict[str, t.Callable[..., None]] = {"rollback": self.helm.rollback, "uninstall": self.helm.uninstall}
        verbs.get(action, self.helm.upgrade)(*words, **options)
        return self.store.newest()

    @property
    def _next(self) -> int:
        """The number of the revision that helm makes, unless another helm is faster."""
        return self._before[0].number + 1 if self._before else 1

    def own_revision(self, revisions: t.Sequence[Revision]) -> t.Optional[Revision]:
        """Return the newest revision if this very run has deployed it; that of another helm is none of its business."""
        newest = revisions[0] if revisions else None
        ours = self.written in _DEPLOYING and newest is not None and (newest.number, newest.run) == (self._next, self._mark)
        return newest if ours else None

    def has_changed(self, revisions: t.Sequence[Revision]) -> bool:
        """Whether helm has changed the record of the release, however it ended."""
        if self.written in _DEPLOYING:
            return self.own_revision(revisions) is not None
        return bool(self.written) and [*revisions] != self._before

    def apply(self, objects: t.Iterable[Object], **options: t.Any) -> None:
        """Apply objects on the server, also against other field managers."""
        for obj in objects:
            self.client.apply(obj, force=True, **options)
            self._task.wrote = True

    def remember(self, release: Release, digest: str) -> Release:
        """Note what a release was made from, and return it so. This is a cache, so it is not a change and may fail."""
        if self._task.check_mode or release.revision is None or not digest:
            return release
        # A user who may run helm may still not patch Secrets. The next run starts helm again.
        with contextlib.suppress(KubeError):
            return dataclasses.replace(release, revision=self.store.remember(release.revision, digest))
        return release

    def remember_again(self, release: t.Optional[Release], digest: str) -> t.Optional[Release]:
        """Note for a revision that a rollback has made what the one before it was made from."""
        newest = release.revision if release else None
        # In check mode there is none, and in a race it is that of another helm.
        return self.remember(release, digest) if release and newest and newest.number == self._next else release
