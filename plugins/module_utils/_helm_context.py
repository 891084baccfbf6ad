# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What one run of helm_release works with, and the steps that all states share."""

from __future__ import annotations

import typing as t

from ansible_collections.campus.moodle.plugins.module_utils import _helm_manifest as manifests
from ansible_collections.campus.moodle.plugins.module_utils._helm_cli import Helm
from ansible_collections.campus.moodle.plugins.module_utils._helm_report import Report
from ansible_collections.campus.moodle.plugins.module_utils._helm_storage import Release, ReleaseStore, Revision
from ansible_collections.campus.moodle.plugins.module_utils._helm_values import Values


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
        self._stored: list[dict[str, t.Any]] = []
        self._mask: t.Optional[manifests.Mask] = None

    def found(self) -> t.Optional[Release]:
        """Return the newest revision and keep its status in mind."""
        release = self.store.newest()
        self.was = release.summary()["status"] if release else ""
        return release

    def hiding(self, *releases: t.Optional[Release]) -> manifests.Mask:
        """Return what hides secrets: those of the task, and those of each release that this was ever called with."""
        new = [release.values for release in releases if release and release.values not in self._stored]
        if new or self._mask is None:
            self._stored += new
            self._mask = self.values.mask(self._stored)
            self.helm.hide = self._mask.text
        return self._mask

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

    def write(self, action: str, release: t.Optional[Release], *words: t.Any, **options: t.Any) -> t.Optional[Release]:
        """Let helm change the release, and return it as it is then."""
        self.report.act(action)
        if self.check_mode:
            return release
        self.require()
        self.written = action
        verbs: dict[str, t.Callable[..., None]] = {"rollback": self.helm.rollback, "uninstall": self.helm.uninstall}
        verbs.get(action, self.helm.upgrade)(*words, **options)
        return self.store.newest()

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
        return [manifests.Change(f"Release {self.name}", *sides)] if sides[0] != sides[1] else []
