# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What one run of helm_release works with, and the steps that all states share."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import typing as t

from .._kube.errors import KubeError
from .._kube.objects import same
from . import _loss as data
from . import _manifest as manifests
from ._mask import Mask
from ._report import Report
from ._values import Values
from .cli import Helm
from .storage import Release, ReleaseStore, Revision, labels_for

# What ends in a revision that carries the labels of this run.
_DEPLOYING = ("install", "upgrade")


class Context:
    """The options, what they are about, and what was found out so far."""

    def __init__(
        self, params: t.Mapping[str, t.Any], *, client: t.Any, helm: Helm, check_mode: bool, scratch: t.Optional[str] = None
    ) -> None:
        self.params = params
        self.client = client
        self.helm = helm
        self.check_mode = check_mode
        self.scratch = scratch
        self.name, self.namespace = params["name"], params["namespace"]
        self.store = ReleaseStore(client, self.namespace, self.name)
        self.values = Values(params["values"], params["sensitive_values"], params["values_files"])
        self.report = Report(helm.commands)
        # The status that the run has met, and what it has let helm do.
        self.was = ""
        self.written = ""
        self._before: list[Revision] = []
        self._run = secrets.token_hex(4)
        self._stored: list[dict[str, t.Any]] = []
        self._mask: t.Optional[Mask] = None
        # Whatever helm says, and as late as possible: values files are only read for this.
        helm.hide = lambda text: self.hiding().text(text)

    def found(self) -> t.Optional[Release]:
        """Return the newest revision and keep its status in mind."""
        release = self.store.newest()
        self.was = release.summary()["status"] if release else ""
        self._know(release)
        return release

    def hiding(self, *releases: t.Optional[Release]) -> Mask:
        """Return what hides secrets: those of the task, and those of each release that this was ever called with."""
        self._know(*releases)
        if self._mask is None:
            self._mask = self.values.mask(self._stored)
        return self._mask

    def _know(self, *releases: t.Optional[Release]) -> None:
        new = [release.values for release in releases if release and release.values not in self._stored]
        if new:
            self._stored += new
            self._mask = None

    def require(self) -> None:
        """Refuse options that this helm does not have."""
        chart = self.params["chart"] or {}
        wanted = {
            "take_ownership": self.params["take_ownership"],
            "force_conflicts": self.params["force_conflicts"],
            # Helm 3 does what false means.
            "server_side": self.params["server_side"] == "true",
            "chart.digest": bool(chart.get("digest") and chart["ref"].startswith("oci:")),
        }
        self.helm.require(name for name, used in wanted.items() if used)

    def options(self) -> dict[str, t.Any]:
        """Return the options that a preview and the real thing share."""
        same = ("create_namespace", "take_ownership", "force_conflicts", "server_side", "description")
        return {**{name: self.params[name] for name in same}, "wait": self.params["wait"] == "helm"}

    @property
    def wait_gone(self) -> bool:
        """Whether to wait for what is deleted. Only helm can, so it does for every kind of waiting."""
        return bool(self.params["wait"] != "none")

    def refuse_loss(self, before: t.Optional[Release], after: t.Optional[Release]) -> None:
        """Refuse to go from one release to another when that deletes data and the task does not confirm it."""
        data.refuse_loss(before, after, name=self.name, namespace=self.namespace, confirmed=self.params["confirm_delete"])

    def write(self, action: str, release: t.Optional[Release], *words: t.Any, digest: str = "", **options: t.Any) -> t.Optional[Release]:
        """Let helm change the release, and return it as it is then. digest is what a new revision is made from."""
        self.report.act(action)
        if self.check_mode:
            return release
        self.require()
        self._before = self.store.revisions()
        if digest:
            options["labels"] = labels_for(digest, self._next, self._run)
        self.written = action
        verbs: dict[str, t.Callable[..., None]] = {"rollback": self.helm.rollback, "uninstall": self.helm.uninstall}
        verbs.get(action, self.helm.upgrade)(*words, **options)
        return self.store.newest()

    @property
    def _next(self) -> int:
        """The number of the revision that helm makes, unless another helm is faster."""
        return self._before[0].number + 1 if self._before else 1

    def made(self, revisions: t.Sequence[Revision]) -> t.Optional[Revision]:
        """Return the newest revision if this very run has deployed it; that of another helm is not ours to judge."""
        newest = revisions[0] if revisions else None
        ours = self.written in _DEPLOYING and newest is not None and (newest.number, newest.run) == (self._next, self._run)
        return newest if ours else None

    def wrote(self, revisions: t.Sequence[Revision]) -> bool:
        """Whether helm has changed the record of the release, however it ended."""
        if self.written in _DEPLOYING:
            return self.made(revisions) is not None
        return bool(self.written) and [*revisions] != self._before

    def apply(self, objects: t.Iterable[manifests.Object], **options: t.Any) -> None:
        """Apply objects on the server, also against other field managers."""
        for obj in objects:
            self.client.apply(obj, force=True, **options)
            self.report.wrote = True

    def remember(self, release: Release, digest: str) -> Release:
        """Note what a release was made from, and return it so. This is a cache, so it is no change and may fail."""
        if self.check_mode or release.revision is None or not digest:
            return release
        # Whoever may run helm may still not patch Secrets. The next run asks helm again.
        with contextlib.suppress(KubeError):
            return dataclasses.replace(release, revision=self.store.remember(release.revision, digest))
        return release

    def came_back(self, release: t.Optional[Release], digest: str) -> t.Optional[Release]:
        """Note for a revision that a rollback has made what the one before it was made from."""
        newest = release.revision if release else None
        # In check mode there is none, and in a race it is that of another helm.
        return self.remember(release, digest) if release and newest and newest.number == self._next else release

    def running(self, release: t.Optional[Release], revisions: t.Sequence[Revision]) -> t.Optional[Release]:
        """Return the revision whose objects are there: the deployed one, also when an upgrade failed after it."""
        deployed = [revision for revision in revisions if revision.status == "deployed"]
        if release is None or release.revision is None or not deployed or deployed[0].number == release.revision.number:
            return release
        return self.store.read(deployed[0])

    def release_change(self, before: t.Optional[Release], after: t.Optional[Release], status: str) -> list[manifests.Change]:
        """Return what changes about the release itself: chart, values, status."""
        sides = [
            release and {"chart": " ".join(release.chart[:2]), "app_version": release.chart[2], "values": release.values, "status": now}
            for release, now in ((before, self.was), (after, status))
        ]
        return [] if same(*sides) else [manifests.Change(f"Release {self.name}", *sides)]
