# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What real servers and helms hardly do on demand: rights that are missing half-way, records of other helms, old releases.

What helm_release does otherwise is proven with real ones in tests/tools.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm import info as _helm_info
from ansible_collections.campus.moodle.plugins.module_utils._helm.storage import HelmError, encode
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.helm_fakes import (
    MANIFEST,
    NAMESPACE,
    RENDERED,
    FakeRun,
    body_of,
    chart_in,
    installing,
    labels_in,
    secret,
    task,
)
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

FORBIDDEN = KubeError("not allowed", error="forbidden")


@pytest.fixture
def chart(tmp_path: pathlib.Path) -> dict[str, t.Any]:
    """The options that name a chart."""
    return chart_in(tmp_path)


def test_who_may_not_read_namespaces_can_still_install(chart: dict[str, t.Any]) -> None:
    client = FakeClient()
    client.errors["get", "Namespace"] = FORBIDDEN
    assert task(client, installing(client), chart=chart)["actions"] == ["install"]


def test_other_errors_with_the_namespace_are_reported(chart: dict[str, t.Any]) -> None:
    client = FakeClient()
    client.errors["get", "Namespace"] = KubeError("gone", error="unreachable")
    with pytest.raises(KubeError, match="gone"):
        task(client, installing(client), chart=chart)


def test_who_may_not_patch_secrets_asks_helm_each_time_and_is_reported_unchanged(chart: dict[str, t.Any]) -> None:
    client = FakeClient(NAMESPACE, secret(1, manifest=MANIFEST, config={}))
    client.errors["patch", "Secret"] = FORBIDDEN
    result = task(client, installing(client), chart=chart)
    assert (result["changed"], result["release"]["input_digest"]) == (False, "")


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
    with pytest.raises(HelmError, match=f"has been in status pending-upgrade for {age} seconds"):
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


def remembered(chart: dict[str, t.Any], **options: t.Any) -> FakeClient:
    """Return a cluster with a release that the module has made from these options."""
    client = FakeClient(NAMESPACE)

    def upgrade() -> Result:
        rendered = {**RENDERED, "config": {**options.get("values", {}), **options.get("sensitive_values", {})}}
        if "--dry-run=server" not in helm.commands[-1]:
            client.put(secret(1, labels=labels_in(helm.commands[-1]), **{key: rendered[key] for key in ("manifest", "config")}))
        return Result(0, json.dumps(rendered), "")

    helm = FakeRun(upgrade=upgrade)
    assert task(client, helm, chart=chart, **options)["changed"]
    return client


def test_equal_input_needs_no_helm_and_a_changed_secret_does(chart: dict[str, t.Any]) -> None:
    options = {"values": {"replicas": 2}, "sensitive_values": {"password": "hunter22"}}
    client = remembered(chart, **options)
    helm = FakeRun(version=HelmError("asked", error="helm_failed"))
    assert task(client, helm, chart=chart, **options)["commands"] == []
    for secret_values in ({"password": "hunter23"}, {"password": "hunter22", "more": "x"}, {}):
        with pytest.raises(HelmError, match="asked"):
            task(client, helm, chart=chart, **{**options, "sensitive_values": secret_values})


def test_a_secret_that_was_a_number_and_is_a_truth_now_is_changed(chart: dict[str, t.Any]) -> None:
    client = remembered(chart, sensitive_values={"tls": 1})
    rendered = {**RENDERED, "config": {"tls": True}}
    result = task(client, FakeRun(upgrade=Result(0, json.dumps(rendered), "")), check=True, chart=chart, sensitive_values={"tls": True})
    assert [row["after_header"] for row in result["diff"]] == ["Release web (rendered)"]


def test_in_check_mode_a_namespace_may_come_from_an_earlier_task(chart: dict[str, t.Any]) -> None:
    client = FakeClient()
    result = task(client, installing(client), chart=chart, check=True)
    assert (result["actions"], result["release"]) == (["install"], None)
    assert result["warnings"] == ["There is no namespace physics yet, which release web needs."]
    with pytest.raises(HelmError, match="Create it, or set create_namespace"):
        task(client, installing(client), chart=chart)


def test_the_digest_of_the_input_does_not_depend_on_secrets(chart: dict[str, t.Any]) -> None:
    digests = set()
    for password in ("hunter22", "hunter23"):
        client = remembered(chart, sensitive_values={"password": password})
        digests.add(task(client, FakeRun(), chart=chart, sensitive_values={"password": password})["release"]["input_digest"])
    assert len(digests) == 1 and digests != {""}


def test_a_revision_that_another_helm_made_with_our_label_is_asked_about(chart: dict[str, t.Any]) -> None:
    client = remembered(chart)
    labels = client.objects["Secret", "physics", "sh.helm.release.v1.web.v1"]["metadata"]["labels"]
    handed_on = {name: labels[name] for name in ("campus.moodle/input", "campus.moodle/run")}
    client.put(secret(2, labels=handed_on, manifest=MANIFEST, config={"replicas": 5}))
    helm = FakeRun(upgrade=Result(0, json.dumps(RENDERED), ""))
    result = task(client, helm, check=True, chart=chart)
    assert (result["changed"], result["actions"]) == (True, ["upgrade"])
    assert "replicas: 5" in result["diff"][0]["before"]


@pytest.mark.parametrize(("number", "digest"), [(3, "d1"), (4, "")])
def test_a_revision_that_came_back_keeps_what_it_was_made_from_unless_another_helm_was_faster(number: int, digest: str) -> None:
    labels = {"campus.moodle/input": "d1.1"}
    client = FakeClient(secret(1, "superseded", labels=labels, manifest=MANIFEST), secret(2, manifest=""))

    def rollback() -> Result:
        client.put(secret(number, labels=labels, manifest=MANIFEST))
        return Result(0, "", "")

    result = task(client, FakeRun(rollback=rollback), state="rolled_back", revision="1")
    assert (result["release"]["revision"], result["release"]["input_digest"]) == (number, digest)


def test_what_helm_says_about_the_tests_of_an_unchanged_release_is_hidden(chart: dict[str, t.Any]) -> None:
    client = remembered(chart, sensitive_values={"password": "hunter22"})
    stored = client.objects["Secret", "physics", "sh.helm.release.v1.web.v1"]
    hook = {"name": "web-test", "kind": "Pod", "events": ["test"], "last_run": {"phase": "Failed", "started_at": "2026"}}
    body = {**body_of(stored), "hooks": [hook]}
    body["config"]["former"] = "swordfish"
    client.put({**stored, "data": {"release": encode(body)}})
    helm = FakeRun(test=Result(1, "", "Error: cannot log in with hunter22 or swordfish"))
    with pytest.raises(HelmError, match="did not succeed") as caught:
        task(client, helm, chart=chart, sensitive_values={"password": "hunter22"}, run_tests=True)
    assert [command[1] for command in helm.commands] == ["version", "test"]
    assert "cannot log in with VALUE_HIDDEN (1) or VALUE_HIDDEN (2)" in str(caught.value)
    assert caught.value.details["changed"] is False


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
    assert row["user_values"] == {"a": "VALUE_HIDDEN (1)"}
    assert [past["status"] for past in row["history"]] == ["pending-upgrade", "superseded"]
    assert _helm_info.describe(client, found[0], ["values"], stale_after=200, show_values=True, now=lambda: 300)["user_values"] == {
        "a": "text"
    }
