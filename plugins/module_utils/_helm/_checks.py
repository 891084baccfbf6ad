# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Whether a release is well: changes outside of helm, readiness of its objects, its tests."""

from __future__ import annotations

import typing as t

from . import storage
from ._context import Context
from .storage import HelmError, Release


def drifted(context: Context, found: t.Optional[Release]) -> None:
    """Find what was changed outside of helm, before anything else is: an upgrade would meet it as a conflict."""
    release = context.running(found, context.store.revisions()) if found and context.params["drift"] != "none" else None
    if release is None or release.summary()["status"] != "deployed":
        return
    from . import _drift as _helm_drift

    drift = _helm_drift.find(context.client, release, context.params["ignore_differences"])
    mask = context.hiding(release)
    context.report.drift = [{**row.row(), "reason": mask.text(row.reason)} for row in drift]
    correctable = [row for row in drift if row.change]
    context.report.note([row.change for row in correctable if row.change], before="in the cluster", after="as helm has it")
    if correctable and context.params["drift"] == "correct":
        context.report.act("correct")
        if not context.check_mode:
            context.apply((row.obj for row in correctable), field_manager=_helm_drift.MANAGER)


def checked(context: Context, release: t.Optional[Release]) -> t.Optional[Release]:
    """Wait for every object and run the tests, as far as the task wants; an unchanged release may not be well either."""
    if release is None or context.check_mode:
        return release
    if context.params["wait"] == "resources":
        from . import _ready as _helm_ready

        rows = _helm_ready.wait(context.client, release, context.params["timeout"])
        mask = context.hiding(release)
        context.report.resources = [{**row, "reason": mask.text(row["reason"])} for row in rows]
        _helm_ready.require_ready(context.report.resources, context.name, context.params["timeout"])
    return _tested(context, release) if context.params["run_tests"] else release


def _tested(context: Context, release: Release) -> Release:
    """Run the tests of the chart unless all of them have succeeded on this very revision."""
    failure: t.Optional[HelmError] = None
    if not all(row["phase"] == storage.SUCCEEDED for row in release.tests):
        context.report.act("test")
        context.require()
        try:
            context.helm.test()
        except HelmError as error:
            failure = error
        release = context.store.newest() or release
    context.report.tests = release.tests
    bad = [f"{row['name']} ({row['phase']})" for row in release.tests if row["phase"] != storage.SUCCEEDED]
    if bad:
        msg = f"Tests of release {context.name} did not succeed: {', '.join(bad)}. {failure or ''}".rstrip()
        raise HelmError(msg, error="test_failed")
    return release
