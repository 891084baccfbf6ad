# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What real servers and helms hardly do on demand: rights that are missing half-way, failures while undoing a failure, races.

What helm_release does otherwise is proven with real ones in tests/tools.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils import _helm_info
from ansible_collections.campus.moodle.plugins.module_utils._cli import Result
from ansible_collections.campus.moodle.plugins.module_utils._helm_cli import Helm
from ansible_collections.campus.moodle.plugins.module_utils._helm_context import Context
from ansible_collections.campus.moodle.plugins.module_utils._helm_release import run
from ansible_collections.campus.moodle.plugins.module_utils._helm_storage import HelmError
from ansible_collections.campus.moodle.plugins.module_utils._kube_errors import KubeError
from ansible_collections.campus.moodle.tests.unit.plugins.module_utils.helm_fakes import FakeRun, secret
from ansible_collections.campus.moodle.tests.unit.plugins.module_utils.kube_fakes import FakeClient

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "physics"}}
MANIFEST = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}})
RENDERED = {"name": "web", "namespace": "physics", "manifest": MANIFEST, "config": {}}
DEFAULTS: dict[str, t.Any] = {
    "name": "web",
    "namespace": "physics",
    "state": "present",
    "create_namespace": False,
    "values": {},
    "values_files": [],
    "sensitive_values": {},
    "crds": "create",
    "wait": "none",
    "timeout": 60,
    "pending_recovery": "fail",
    "stale_after": None,
    "on_failure": "fail",
    "drift": "none",
    "ignore_differences": [],
    "server_side": "auto",
    "force_conflicts": False,
    "take_ownership": False,
    "history_max": 10,
    "keep_history": False,
    "revision": None,
    "run_tests": False,
    "description": None,
}
FORBIDDEN = KubeError("not allowed", error="forbidden")


@pytest.fixture
def chart(tmp_path: pathlib.Path) -> dict[str, t.Any]:
    """The options that name a chart."""
    (tmp_path / "Chart.yaml").write_text("name: site\n", encoding="utf-8")
    return {"ref": str(tmp_path), "repo_url": None, "version": None, "digest": None, "ca_file": None, "plain_http": False}


def task(client: FakeClient, helm: FakeRun, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run helm_release with stand-ins."""
    client.namespace = "physics"
    made = Helm(helm, "helm", "web", namespace="physics", timeout=60)
    return run(Context({**DEFAULTS, "chart": None, **options}, client=client, helm=made, check_mode=check))


def installing(client: FakeClient, **answers: t.Any) -> FakeRun:
    """Return a helm that renders, and records the release when it is asked to install or upgrade it."""

    def upgrade() -> Result:
        if "--dry-run=server" not in helm.commands[-1]:
            client.put(secret(1, "failed" if "upgrade_fails" in answers else "deployed", manifest=MANIFEST))
            return Result(1, "", "Error: no") if "upgrade_fails" in answers else Result(0, "{}", "")
        return Result(0, json.dumps(RENDERED), "")

    helm = FakeRun(**{"upgrade": upgrade, **{name: answer for name, answer in answers.items() if name != "upgrade_fails"}})
    return helm


def test_who_may_not_read_namespaces_can_still_install(chart: dict[str, t.Any]) -> None:
    client = FakeClient()
    client.errors["get", "Namespace"] = FORBIDDEN
    assert task(client, installing(client), chart=chart)["actions"] == ["install"]


def test_other_errors_with_the_namespace_are_told(chart: dict[str, t.Any]) -> None:
    client = FakeClient()
    client.errors["get", "Namespace"] = KubeError("gone", error="unreachable")
    with pytest.raises(KubeError, match="gone"):
        task(client, installing(client), chart=chart)


def test_who_may_not_patch_secrets_asks_helm_each_time_and_is_told_unchanged(chart: dict[str, t.Any]) -> None:
    client = FakeClient(NAMESPACE, secret(1, manifest=MANIFEST, config={}))
    client.errors["patch", "Secret"] = FORBIDDEN
    result = task(client, installing(client), chart=chart)
    assert (result["changed"], result["release"]["input_digest"]) == (False, "")


def test_what_goes_wrong_while_undoing_is_told_beside_the_first_failure(chart: dict[str, t.Any]) -> None:
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


def test_a_failed_test_is_told_with_what_helm_said(chart: dict[str, t.Any]) -> None:
    hook = {"name": "web-test", "kind": "Pod", "events": ["test"], "last_run": {"phase": "Failed", "started_at": "2026"}}
    client = FakeClient(NAMESPACE)

    def upgrade() -> Result:
        if "--dry-run=server" not in helm.commands[-1]:
            client.put(secret(1, manifest=MANIFEST, hooks=[hook]))
        return Result(0, json.dumps(RENDERED), "")

    helm = FakeRun(upgrade=upgrade, test=Result(1, "", "Error: pod web-test failed"))
    with pytest.raises(HelmError, match=r"did not succeed: web-test \(Failed\)\. helm test of release web failed: pod web-test") as caught:
        task(client, helm, chart=chart, run_tests=True, on_failure="uninstall")
    assert caught.value.details["actions"] == ["install", "test", "uninstall"]


@pytest.mark.parametrize(
    ("mode", "age", "after", "goes_on"),
    [
        ("fail", 9999, None, False),
        ("stale", 300, None, False),
        ("stale", 400, None, True),
        ("stale", 100, 50, True),
        ("force", 0, None, True),
    ],
)
def test_a_pending_release_is_left_alone_as_long_as_the_task_says(
    monkeypatch: pytest.MonkeyPatch, mode: str, age: int, after: t.Optional[int], goes_on: bool
) -> None:
    monkeypatch.setattr("time.time", lambda: 10_000 + age)
    client = FakeClient(secret(2, "pending-upgrade", written=10_000), secret(1, "deployed", manifest=MANIFEST))
    options = {"state": "absent", "pending_recovery": mode, "stale_after": after}
    if goes_on:
        assert task(client, FakeRun(), check=True, **options)["actions"] == ["uninstall"]
        return
    with pytest.raises(HelmError, match=f"is in status pending-upgrade since {age} seconds"):
        task(client, FakeRun(), check=True, **options)


def test_secrets_of_old_revisions_are_hidden_when_going_back_to_one() -> None:
    revisions = [
        secret(number, "deployed" if number == 3 else "superseded", manifest=json.dumps(obj), config={"password": word})
        for number, word in enumerate(("first-word", "second-word", "third-word"), start=1)
        for obj in [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"url": f"a:{word}@b"}}]
    ]
    result = task(FakeClient(*revisions), FakeRun(), check=True, state="rolled_back", revision="1")
    assert [row["before_header"] for row in result["diff"]] == ["Release web (stored)", "ConfigMap web (stored)"]
    assert "-word" not in str(result)


def test_objects_that_the_chart_tells_helm_to_keep_are_not_shown_as_removed() -> None:
    kept = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept", "annotations": {"helm.sh/resource-policy": "keep"}}}
    client = FakeClient(secret(1, manifest=f"{MANIFEST}\n---\n{json.dumps(kept)}"))
    result = task(client, FakeRun(), check=True, state="absent")
    assert [row["before_header"] for row in result["diff"]] == ["Release web (stored)", "ConfigMap web (stored)"]


def test_check_mode_writes_nothing(chart: dict[str, t.Any]) -> None:
    client = FakeClient(NAMESPACE, secret(1, "pending-upgrade", manifest=MANIFEST))
    helm = FakeRun(install=Result(0, json.dumps(RENDERED), ""))
    result = task(client, helm, check=True, chart=chart, pending_recovery="force")
    assert (result["actions"], client.calls) == (["recover", "upgrade"], [])
    assert [command[1] for command in helm.commands] == ["version", "install"]


def test_releases_are_found_in_every_status_with_their_age() -> None:
    client = FakeClient(secret(1, "superseded", written=100), secret(2, "pending-upgrade", written=200, config={"a": "text"}))
    found = _helm_info.find(client)
    assert [[revision.number for revision in revisions] for revisions in found] == [[2, 1]]
    row = _helm_info.describe(client, found[0], ["values", "history"], stale_after=50, now=lambda: 300)
    assert (row["pending"], row["stale"], row["age_seconds"]) == (True, True, 100)
    assert row["user_values"] == {"a": "sha256:982d9e3e"}
    assert [past["status"] for past in row["history"]] == ["pending-upgrade", "superseded"]
    assert _helm_info.describe(client, found[0], ["values"], stale_after=200, show_values=True, now=lambda: 300)["user_values"] == {
        "a": "text"
    }
