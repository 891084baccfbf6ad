# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What a failure of helm_release says and undoes: failures while undoing one, a cluster that goes away, other helms at work."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm.storage import HelmError
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.helm_fakes import (
    MANIFEST,
    NAMESPACE,
    RENDERED,
    FakeRun,
    chart_in,
    installing,
    labels_in,
    secret,
    task,
)
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient


@pytest.fixture
def chart(tmp_path: pathlib.Path) -> dict[str, t.Any]:
    """The options that name a chart."""
    return chart_in(tmp_path)


def test_what_goes_wrong_while_undoing_is_reported_beside_the_first_failure(chart: dict[str, t.Any]) -> None:
    client = FakeClient(NAMESPACE)
    helm = installing(client, upgrade_fails=True, uninstall=Result(1, "", "Error: second failure"))
    with pytest.raises(HelmError, match="failed: no") as caught:
        task(client, helm, chart=chart, on_failure="uninstall")
    assert "second failure" in caught.value.details["undo_failed"]
    assert caught.value.details["actions"] == ["install"]


def test_a_cluster_that_goes_away_does_not_hide_why_helm_failed(chart: dict[str, t.Any]) -> None:
    client = FakeClient(NAMESPACE)
    helm = installing(client, upgrade_fails=True)
    client.errors["get", "ConfigMap"] = KubeError("gone", error="unreachable")
    with pytest.raises(HelmError, match="failed: no") as caught:
        task(client, helm, chart=chart)
    assert caught.value.details["diagnosis"] == ["gone"]


def test_the_diagnosis_holds_no_secret(chart: dict[str, t.Any]) -> None:
    client = FakeClient(NAMESPACE)
    client.errors["get", "ConfigMap"] = KubeError("the value hunter22 is wrong", error="invalid")
    with pytest.raises(HelmError) as caught:
        task(client, installing(client, upgrade_fails=True), chart=chart, sensitive_values={"password": "hunter22"})
    assert "hunter22" not in str(caught.value.details)


def test_a_failed_test_is_reported_with_what_helm_printed(chart: dict[str, t.Any]) -> None:
    hook = {"name": "web-test", "kind": "Pod", "events": ["test"], "last_run": {"phase": "Failed", "started_at": "2026"}}
    client = FakeClient(NAMESPACE)

    def upgrade() -> Result:
        if "--dry-run=server" not in helm.commands[-1]:
            client.put(secret(1, labels=labels_in(helm.commands[-1]), manifest=MANIFEST, hooks=[hook]))
        return Result(0, json.dumps(RENDERED), "")

    helm = FakeRun(upgrade=upgrade, test=Result(1, "", "Error: pod web-test failed"))
    with pytest.raises(HelmError, match=r"did not succeed: web-test \(Failed\)\. helm test of release web failed: pod web-test") as caught:
        task(client, helm, chart=chart, run_tests=True, on_failure="uninstall")
    assert caught.value.details["actions"] == ["install", "test", "uninstall"]


class Racing(t.NamedTuple):
    """What a stand-in for helm leaves behind when it is asked to upgrade revision 3."""

    number: int = 4
    status: str = "failed"
    ours: bool = True


@pytest.mark.parametrize(
    ("left", "undone"),
    [
        (Racing(), True),
        # helm was killed.
        (Racing(status="pending-upgrade"), True),
        # helm failed before it made a revision, and what was there is well.
        (None, False),
        # Another helm was faster, with labels that it has from our revision 3 at most.
        (Racing(status="pending-upgrade", ours=False), False),
        (Racing(ours=False), False),
        (Racing(number=5), False),
    ],
)
def test_only_a_revision_that_this_run_has_made_is_undone(chart: dict[str, t.Any], left: t.Optional[Racing], undone: bool) -> None:
    old = {"campus.moodle/input": "d.3", "campus.moodle/run": "00000000"}
    client = FakeClient(NAMESPACE, secret(3, labels=old), secret(2, "superseded"))

    def upgrade() -> Result:
        if "--dry-run=server" in helm.commands[-1]:
            return Result(0, json.dumps(RENDERED), "")
        if left:
            labels = labels_in(helm.commands[-1]) if left.ours else old
            client.put(secret(left.number, left.status, labels=labels, manifest=MANIFEST))
        return Result(1, "", "Error: no")

    helm = FakeRun(upgrade=upgrade)
    with pytest.raises(HelmError, match="failed: no") as caught:
        task(client, helm, chart=chart, on_failure="rollback")
    rollbacks = [command[-1] for command in helm.commands if command[1] == "rollback"]
    # It is the revision before ours that comes back, and not the last one but one.
    assert rollbacks == (["3"] if undone else [])
    assert caught.value.details["changed"] is undone


def test_a_release_that_helm_has_deployed_is_not_undone_when_it_cannot_be_read(chart: dict[str, t.Any]) -> None:
    client = FakeClient(NAMESPACE)

    def upgrade() -> Result:
        if "--dry-run=server" not in helm.commands[-1]:
            client.put(secret(1, labels=labels_in(helm.commands[-1]), manifest=MANIFEST))
            client.errors["get", "Secret"] = KubeError("gone", error="unreachable")
        return Result(0, json.dumps(RENDERED), "")

    helm = FakeRun(upgrade=upgrade)
    with pytest.raises(KubeError, match="gone") as caught:
        task(client, helm, chart=chart, on_failure="uninstall")
    assert (caught.value.details["changed"], caught.value.details["diagnosis"]) == (True, ["gone"])
    assert "uninstall" not in [command[1] for command in helm.commands]


def test_a_failure_after_which_the_state_is_unknown_is_reported_as_a_change(chart: dict[str, t.Any]) -> None:
    client = FakeClient(NAMESPACE)

    def upgrade() -> Result:
        if "--dry-run=server" in helm.commands[-1]:
            return Result(0, json.dumps(RENDERED), "")
        client.errors["list", "Secret"] = KubeError("gone", error="unreachable")
        return Result(1, "", "Error: no")

    helm = FakeRun(upgrade=upgrade)
    with pytest.raises(HelmError, match="failed: no") as caught:
        task(client, helm, chart=chart)
    assert (caught.value.details["changed"], caught.value.details["diagnosis"]) == (True, ["gone"])


def test_a_failure_before_anything_was_written_is_no_change(chart: dict[str, t.Any]) -> None:
    helm = FakeRun(upgrade=Result(1, "", "Error: values don't meet the specifications of the schema"))
    with pytest.raises(HelmError) as caught:
        task(FakeClient(NAMESPACE), helm, chart=chart)
    assert (caught.value.details["error"], caught.value.details["changed"]) == ("schema", False)


def test_what_was_put_back_before_a_failure_is_reported_as_a_change(chart: dict[str, t.Any]) -> None:
    client = FakeClient(NAMESPACE, secret(1, manifest=MANIFEST))
    helm = FakeRun(upgrade=Result(1, "", "Error: values don't meet the specifications of the schema"))
    for check in (True, False):
        with pytest.raises(HelmError) as caught:
            task(client, helm, check=check, chart=chart, drift="correct")
        assert (caught.value.details["actions"], caught.value.details["changed"]) == (["correct"], not check)
