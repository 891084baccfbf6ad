# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The report of a cluster, and each requirement that can be made of it."""

from __future__ import annotations

import contextlib
import datetime
import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.info import REQUIREMENTS, operator_report, report, run, unmet
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

RECORDS = pathlib.Path(__file__).parents[3] / "fakes" / "cnpg_records"
NOW = datetime.datetime(2026, 11, 21, 8, 0, 0, tzinfo=datetime.timezone.utc)
OPERATOR = {"version": "1.30.0", "advisories": [], "error": None}


def record(name: str) -> dict[str, t.Any]:
    """Return a recorded object."""
    found: dict[str, t.Any] = json.loads((RECORDS / f"{name}.json").read_text())
    return found


def pod(name: str, node: str) -> dict[str, t.Any]:
    """Return a pod of an instance."""
    labels = {"cnpg.io/cluster": "moodle-db", "cnpg.io/podRole": "instance"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "physics", "labels": labels},
        "spec": {"nodeName": node},
    }


def store(**window: str) -> dict[str, t.Any]:
    """Return the ObjectStore of the Barman Cloud plugin."""
    metadata = {"name": "backups", "namespace": "physics"}
    status = {"serverRecoveryWindow": {"moodle-db-2026": window}}
    return {"apiVersion": "barmancloud.cnpg.io/v1", "kind": "ObjectStore", "metadata": metadata, "status": status}


def client(name: str = "healthy") -> t.Any:
    """Return a cluster with three pods, of which the last does not answer."""
    window = {"firstRecoverabilityPoint": "2026-11-01T02:00:11Z", "lastSuccessfulBackupTime": "2026-11-21T02:00:00Z"}
    fake = FakeClient(record(name), store(**window), *(pod(f"moodle-db-{number}", f"node-{number}") for number in (1, 2, 3)))
    fake.answers["moodle-db-1/pg/status"] = record("primary_status")
    fake.answers["moodle-db-2/pg/status"] = {"isPrimary": False, "replayLsn": "0/6003000", "timeLineID": 1, "pendingRestart": True}
    return fake


def found(name: str = "healthy", *, with_instances: bool = True) -> dict[str, t.Any]:
    """Return the report of a recorded cluster."""
    return report(client(name), record(name), with_instances=with_instances, now=NOW)


def reason(requirement: str, value: t.Any, facts: dict[str, t.Any], operator: dict[str, t.Any] = OPERATOR) -> str:
    """Return why a requirement does not hold, nothing when it does."""
    return next((row["reason"] for row in unmet(facts, {requirement: value}, operator)), "")


def test_the_report_holds_what_each_instance_reports() -> None:
    primary, second, third = found()["members"]
    assert (primary["primary"], primary["node"], primary["lsn"], primary["lag_bytes"]) == (True, "node-1", "0/6003140", None)
    assert (second["lag_bytes"], second["sync_state"], second["pending_restart"]) == (0x140, "quorum", True)
    assert (third["lsn"], third["lag_bytes"], third["error"]) == (None, None, "its status page is not a mapping")


def test_an_instance_that_does_not_answer_has_the_reason() -> None:
    fake = client()
    fake.errors["proxy", "Pod"] = KubeError("Cannot ask.", error="forbidden", status=403)
    rows = report(fake, record("healthy"), with_instances=True, now=NOW)["members"]
    assert [row["error"] for row in rows] == ["Cannot ask."] * 3


def test_instances_that_are_not_read_are_listed_all_the_same() -> None:
    rows = found(with_instances=False)["members"]
    assert [(row["name"], row["error"]) for row in rows] == [(f"moodle-db-{number}", None) for number in (1, 2, 3)]


def test_the_report_holds_archive_window_certificates_and_plugins() -> None:
    facts = found()
    assert facts["health"] == {"level": "ok", "reasons": []}
    assert (facts["archiving"]["working"], facts["archiving"]["last_archived_wal"]) == (True, "000000010000000000000005")
    assert facts["recovery_window"] == {
        "first": "2026-11-01T02:00:11Z",
        "last_successful": "2026-11-21T02:00:00Z",
        "last_failed": None,
        "age": 6 * 3600,
        "error": None,
    }
    assert facts["certificates"] == {"moodle-db-ca": 89.0, "moodle-db-server": 89.0}
    assert facts["plugins"] == [{"name": "barman-cloud.cloudnative-pg.io", "version": "0.9.0"}]
    assert facts["connection"]["host"] == "moodle-db-rw.physics.svc"


def test_an_object_store_out_of_reach_does_not_hide_the_rest() -> None:
    fake = client()
    fake.errors["get", "ObjectStore"] = KubeError("Cannot read ObjectStore backups.", error="unknown_kind", status=404)
    facts = report(fake, record("healthy"), with_instances=False, now=NOW)
    assert facts["recovery_window"]["error"] == "Cannot read ObjectStore backups."
    assert reason("backup_max_age", "26h", facts) == "Cannot read ObjectStore backups."


def test_an_operator_that_cannot_be_read_is_unknown() -> None:
    fake = FakeClient()
    fake.errors["list", "Deployment"] = KubeError("Cannot list Deployment.", error="forbidden", status=403)
    assert operator_report(t.cast("t.Any", fake)) == {"version": None, "advisories": [], "error": "Cannot list Deployment."}


@pytest.mark.parametrize(
    ("requirement", "holds", "fails", "why"),
    [
        ("healthy", True, None, ""),
        ("archiving", True, None, ""),
        ("no_fencing", True, None, ""),
        ("synchronous", True, None, ""),
        ("backup_max_age", "26h", "5h", "the last successful backup is from 2026-11-21T02:00:00Z"),
        ("certificates_days", 89, 90, "moodle-db-ca ends in 89.0 days, moodle-db-server ends in 89.0 days"),
        ("ready_instances", 3, 4, "3 instances are ready, and 4 must be"),
        ("max_lag_bytes", None, 1000, "moodle-db-3 is an unknown number of bytes behind"),
        ("no_pending_restart", None, True, "settings wait for a restart, or that is not known, of moodle-db-2, moodle-db-3"),
    ],
)
def test_each_requirement_of_a_healthy_cluster(requirement: str, holds: t.Any, fails: t.Any, why: str) -> None:
    assert reason(requirement, holds, found()) == ""
    assert reason(requirement, fails, found()) == why


@pytest.mark.parametrize(
    ("requirement", "value", "part"),
    [
        ("healthy", True, "has not answered since"),
        ("archiving", True, "exit status 2"),
        ("no_fencing", True, "fenced: moodle-db-3"),
    ],
)
def test_each_requirement_of_a_failing_cluster_says_why(requirement: str, value: t.Any, part: str) -> None:
    assert part in reason(requirement, value, found("failing_over"))


@pytest.mark.parametrize(
    ("requirement", "value", "change", "part"),
    [
        ("archiving", True, {"archiving": {"working": None, "message": None}}, "nothing is known"),
        ("backup_max_age", "26h", {"recovery_window": {"age": None, "error": None}}, "no successful backup is known"),
        ("certificates_days", 1, {"certificates": {}}, "no certificate is known"),
        ("synchronous", True, {"synchronous": {}}, "does not replicate synchronously"),
        ("synchronous", True, {"members": []}, "0 replicas can confirm a transaction, and 1 must"),
    ],
)
def test_what_is_unknown_does_not_hold(requirement: str, value: t.Any, change: dict[str, t.Any], part: str) -> None:
    assert part in reason(requirement, value, {**found(), **change})


@pytest.mark.parametrize(
    ("operator", "why"),
    [
        (OPERATOR, ""),
        ({"version": "1.29.1", "advisories": ["A hole."], "error": None}, "A hole."),
        ({"version": None, "advisories": [], "error": "Cannot list."}, "Cannot list."),
        ({"version": None, "advisories": [], "error": None}, "the version of the operator is unknown"),
    ],
)
def test_an_operator_must_be_known_and_have_no_holes(operator: dict[str, t.Any], why: str) -> None:
    assert reason("no_advisories", True, found(), operator) == why


def test_zero_is_a_requirement() -> None:
    assert "moodle-db-2 is 320 bytes behind" in reason("max_lag_bytes", 0, found())


def test_a_switch_that_is_off_requires_nothing() -> None:
    assert unmet(found("failing_over"), dict.fromkeys(REQUIREMENTS, False), OPERATOR) == []


@pytest.mark.parametrize(
    ("require", "namespace", "message"),
    [
        ({"healthy": True}, "physics", "There is no Cluster in namespace physics, so nothing of what is required holds."),
        ({"max_lag_bytes": 0}, None, "There is no Cluster in any namespace"),
        ({"healthy": False}, "physics", ""),
        (None, "physics", ""),
    ],
)
def test_without_a_cluster_no_requirement_holds(require: t.Any, namespace: t.Optional[str], message: str) -> None:
    params = {"name": None, "namespace": namespace, "ask_instances": False, "require": require}
    with contextlib.nullcontext() if not message else pytest.raises(CnpgError, match=message) as caught:
        assert run(t.cast("t.Any", FakeClient()), params, warn=pytest.fail)["clusters"] == []
    assert not message or caught.value.details["error"] == "not_found"
