# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Nothing with data in it is deleted unless the task says so, whatever helm is asked to do."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm._loss import removed
from ansible_collections.campus.moodle.plugins.module_utils._helm.storage import HelmError, Release
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.helm_fakes import (
    MANIFEST,
    NAMESPACE,
    RENDERED,
    FakeRun,
    chart_in,
    labels_in,
    secret,
    task,
)
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient


@pytest.fixture
def chart(tmp_path: pathlib.Path) -> dict[str, t.Any]:
    """The options that name a chart."""
    return chart_in(tmp_path)


def claim(name: str = "data", **annotations: str) -> dict[str, t.Any]:
    """Return an object that holds data."""
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "annotations": annotations}}


def stateful(policy: str) -> dict[str, t.Any]:
    """Return an object whose claims may go with it."""
    spec = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": policy}}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}


@pytest.mark.parametrize(
    ("obj", "lost"),
    [
        (claim(), "PersistentVolumeClaim data"),
        (claim(**{"helm.sh/resource-policy": "keep"}), ""),
        (stateful("Delete"), "StatefulSet web"),
        (stateful("Retain"), ""),
        ({"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "db"}}, "Cluster db"),
        ({"apiVersion": "cluster.x-k8s.io/v1", "kind": "Cluster", "metadata": {"name": "db"}}, ""),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_holds_data_is_only_deleted_when_the_name_is_repeated(obj: dict[str, t.Any], lost: str, check: bool) -> None:
    client, helm = FakeClient(secret(1, manifest=json.dumps(obj))), FakeRun()
    for wrong in (None, "", "other") if lost else ():
        with pytest.raises(HelmError, match=f"^{lost} of release web would be deleted.*Set confirm_delete to web") as caught:
            task(client, helm, check=check, state="absent", confirm_delete=wrong)
        details = caught.value.details
        assert (details["error"], details["objects"], details["changed"], helm.commands) == ("not_confirmed", [lost], False, [])
    assert task(client, helm, check=check, state="absent", confirm_delete="web" if lost else None)["actions"] == ["uninstall"]


def test_an_upgrade_and_a_rollback_that_drop_what_holds_data_are_refused(chart: dict[str, t.Any]) -> None:
    client = FakeClient(NAMESPACE, secret(2, manifest=json.dumps(claim())), secret(1, "superseded", manifest=MANIFEST))
    helm = FakeRun(upgrade=Result(0, json.dumps(RENDERED), ""))
    for options in ({"chart": chart}, {"state": "rolled_back", "revision": "1"}):
        with pytest.raises(HelmError, match=r"^PersistentVolumeClaim data of release web would be deleted"):
            task(client, helm, **options)
        assert task(client, helm, check=True, confirm_delete="web", **options)["changed"]


def test_undoing_does_not_delete_data_either(chart: dict[str, t.Any]) -> None:
    rendered = {**RENDERED, "manifest": json.dumps(claim())}

    def upgrade() -> Result:
        if "--dry-run=server" in helm.commands[-1]:
            return Result(0, json.dumps(rendered), "")
        client.put(secret(1, "failed", labels=labels_in(helm.commands[-1]), manifest=rendered["manifest"]))
        return Result(1, "", "Error: no")

    for confirmed, undone in ((None, []), ("web", ["uninstall"])):
        client, helm = FakeClient(NAMESPACE), FakeRun(upgrade=upgrade)
        with pytest.raises(HelmError, match="failed: no") as caught:
            task(client, helm, chart=chart, on_failure="uninstall", confirm_delete=confirmed)
        assert [command[1] for command in helm.commands if command[1] == "uninstall"] == undone
        assert ("would be deleted" in caught.value.details.get("undo_failed", "")) is not bool(undone)


def test_another_version_of_an_api_is_the_same_object() -> None:
    old, new = (Release({"manifest": json.dumps({**claim(), "apiVersion": f"example.org/{version}"})}) for version in ("v1beta1", "v1"))
    assert removed(old, new, "physics") == []
    assert [change.title for change in removed(old, None, "physics")] == ["PersistentVolumeClaim data"]


def test_objects_that_the_chart_tells_helm_to_keep_are_not_shown_as_removed() -> None:
    kept = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept", "annotations": {"helm.sh/resource-policy": "keep"}}}
    client = FakeClient(secret(1, manifest=f"{MANIFEST}\n---\n{json.dumps(kept)}"))
    result = task(client, FakeRun(), check=True, state="absent")
    assert [row["before_header"] for row in result["diff"]] == ["Release web (stored)", "ConfigMap web (stored)"]
