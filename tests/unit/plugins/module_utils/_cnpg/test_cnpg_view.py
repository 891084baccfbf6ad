# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What a Cluster reports about itself, how well it is, when a change has arrived, and what the installed operator knows."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._health import (
    BROKEN,
    CRITICAL,
    DEGRADED,
    OK,
    PHASES,
    assess,
    certificate_days,
)
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._operator import advisories, operator_version, version_in_image
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import PHASE_HEALTHY, ClusterView
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._waiting import (
    HealthPredicate,
    Trouble,
    health_predicate,
    restart_predicate,
)
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.module_utils._kube.ready import Verdict
from ansible_collections.campus.moodle.plugins.module_utils._kube.wait import Ref, wait_until
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

RECORDS = pathlib.Path(__file__).parents[3] / "fakes" / "cnpg_records"
# 2026-11-21T08:00:00Z
NOW = 1795248000.0
CLUSTER = Ref("postgresql.cnpg.io/v1", "Cluster", "moodle-db", "physics")
UNRECOVERABLE = "Cluster is unrecoverable and needs manual intervention"


def record(name: str, **status: t.Any) -> dict[str, t.Any]:
    """Return a recorded Cluster with changes in its status."""
    obj: dict[str, t.Any] = json.loads((RECORDS / f"{name}.json").read_text())
    obj["status"].update(status)
    return obj


def view(name: str = "healthy", **status: t.Any) -> ClusterView:
    """Return the view of a recorded Cluster."""
    return ClusterView.from_object(record(name, **status))


def with_annotation(obj: dict[str, t.Any], name: str, value: str) -> dict[str, t.Any]:
    """Return a copy with one more annotation."""
    changed = copy.deepcopy(obj)
    changed["metadata"].setdefault("annotations", {})[name] = value
    return changed


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


# --- the view


def test_a_healthy_cluster_is_read_completely() -> None:
    found = view()
    assert (found.name, found.namespace, found.phase, found.ready) == ("moodle-db", "physics", PHASE_HEALTHY, True)
    assert (found.instances, found.ready_instances, found.desired_instances) == (3, 3, 3)
    assert found.instance_names == ("moodle-db-1", "moodle-db-2", "moodle-db-3")
    assert (found.current_primary, found.major_version, found.timeline) == ("moodle-db-1", 17, 1)
    assert (found.backup_method, found.backup_plugin) == ("plugin", "barman-cloud.cloudnative-pg.io")
    assert (found.object_store, found.server_name) == ("backups", "moodle-db-2026")
    assert (found.fenced, found.hibernation, found.reconciled, found.is_replica) == (frozenset(), "off", True, False)


def test_a_cluster_without_a_status_is_read_as_one_about_which_nothing_is_known() -> None:
    found = ClusterView.from_object({"metadata": {"name": "db"}, "spec": {"instances": 2}})
    assert (found.phase, found.ready, found.instances, found.desired_instances) == ("", False, 0, 2)
    assert found.condition("Ready") is None
    assert (found.backup_method, found.server_name) == (None, "db")


def test_a_summary_holds_no_tokens() -> None:
    found = view(demotionToken="canary-token", lastPromotionToken="canary-token")
    assert found.demotion_token == "canary-token"
    assert "canary-token" not in json.dumps(found.summary())


@pytest.mark.parametrize(
    ("text", "fenced"),
    [('["a"]', {"a"}), ('["*"]', {"*"}), ("", set()), ("no json", set()), ('{"a": 1}', set())],
)
def test_the_annotation_of_fencing_is_a_list_in_json(text: str, fenced: set[str]) -> None:
    found = ClusterView.from_object(with_annotation(record("healthy"), "cnpg.io/fencedInstances", text))
    assert found.fenced == fenced
    assert len(found.fenced_names) == (3 if "*" in fenced else 0)


@pytest.mark.parametrize(
    ("replica", "expected"),
    [
        ({}, False),
        ({"enabled": True, "source": "a"}, True),
        ({"enabled": False, "source": "a"}, False),
        ({"primary": "other", "source": "other"}, True),
        ({"primary": "moodle-db", "source": "other"}, False),
        ({"self": "berlin", "primary": "berlin", "source": "paris"}, False),
        ({"self": "berlin", "primary": "paris", "source": "paris"}, True),
    ],
)
def test_a_cluster_knows_whether_it_follows_another(replica: dict[str, t.Any], expected: bool) -> None:
    obj = record("healthy")
    obj["spec"]["replica"] = replica
    assert ClusterView.from_object(obj).is_replica is expected


@pytest.mark.parametrize(
    ("plugins", "backup", "expected"),
    [
        ([], {}, None),
        ([], {"barmanObjectStore": {"destinationPath": "s3://x"}}, "barmanObjectStore"),
        ([], {"volumeSnapshot": {}}, "volumeSnapshot"),
        ([{"name": "some-other-plugin"}], {"volumeSnapshot": {}}, "volumeSnapshot"),
        ([{"name": "archiver", "isWALArchiver": True}], {}, "plugin"),
        ([{"name": "barman-cloud.cloudnative-pg.io", "enabled": False}], {"barmanObjectStore": {}}, "barmanObjectStore"),
        ([{"name": "barman-cloud.cloudnative-pg.io"}], {"barmanObjectStore": {}}, "plugin"),
    ],
)
def test_the_backup_method_is_what_the_cluster_is_set_up_for(
    plugins: list[dict[str, t.Any]], backup: dict[str, t.Any], expected: t.Optional[str]
) -> None:
    obj = {"metadata": {"name": "db"}, "spec": {"plugins": plugins, "backup": backup}}
    assert ClusterView.from_object(obj).backup_method == expected


# --- how well it is


def test_a_healthy_cluster_gets_no_reasons() -> None:
    assert assess(view(), [], now=NOW) == (OK, [])


def test_a_failover_is_critical_and_every_reason_is_there() -> None:
    health = assess(view("failing_over"), now=NOW)
    assert health.level == CRITICAL
    reasons = "\n".join(health.reasons)
    for part in (
        "has not answered since",
        "Failing over from",
        "1 of 2 instances",
        "is to become primary",
        "not archived",
        "backup failed",
    ):
        assert part in reasons
    # The worst first.
    assert health.reasons[0].startswith("The primary moodle-db-1 has not answered")


@pytest.mark.parametrize(("phase", "row"), sorted(PHASES.items()))
def test_every_phase_but_the_healthy_one_lowers_the_level(phase: str, row: t.Any) -> None:
    level = assess(view(phase=phase), now=NOW).level
    assert level == (OK if phase == PHASE_HEALTHY else CRITICAL if row.meaning == BROKEN else DEGRADED)


def test_an_unknown_phase_is_shown_and_degrades() -> None:
    health = assess(view(phase="Doing something new", phaseReason="in version 2"), now=NOW)
    assert health == (DEGRADED, ["Doing something new: in version 2."])


@pytest.mark.parametrize(
    ("annotation", "value", "status", "level", "reason"),
    [
        ("cnpg.io/fencedInstances", '["moodle-db-2"]', {"readyInstances": 2}, DEGRADED, "Fenced: moodle-db-2."),
        ("cnpg.io/fencedInstances", '["*"]', {"readyInstances": 0}, CRITICAL, "Fenced: *."),
        ("cnpg.io/reconciliationLoop", "disabled", {}, DEGRADED, "An annotation tells the operator to leave this cluster alone."),
        ("cnpg.io/hibernation", "on", {"readyInstances": 0}, DEGRADED, "The cluster is to be hibernated and is not yet."),
    ],
)
def test_an_annotation_that_changes_how_a_cluster_runs_is_named(
    annotation: str, value: str, status: dict[str, t.Any], level: str, reason: str
) -> None:
    found = ClusterView.from_object(with_annotation(record("healthy", **status), annotation, value))
    assert assess(found, now=NOW) == (level, [reason])


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("2026-11-20 08:00:00 +0000 UTC", CRITICAL),
        ("2026-11-25 08:00:00.123456789 +0000 UTC", DEGRADED),
        ("2026-12-31T08:00:00Z", OK),
        ("whenever", OK),
    ],
)
def test_a_certificate_counts_by_its_days(text: str, level: str) -> None:
    assert assess(view(certificates={"expirations": {"moodle-db-server": text}}), now=NOW).level == level


def test_days_of_certificates_are_read_from_the_times_that_go_prints() -> None:
    assert certificate_days(view(), NOW) == {"moodle-db-ca": 89.0, "moodle-db-server": 89.0}


def pod(name: str, **status: t.Any) -> dict[str, t.Any]:
    """Return a pod of the cluster."""
    labels = {"cnpg.io/cluster": "moodle-db", "cnpg.io/podRole": "instance"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "physics", "labels": labels}, "status": status}


UNSCHEDULABLE = {
    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}]
}
ENDED_ONCE = {
    "containerStatuses": [{"name": "postgres", "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1}}}]
}


def test_a_pod_that_finds_no_node_degrades_and_one_that_runs_again_does_not() -> None:
    health = assess(view(), [pod("moodle-db-2", **UNSCHEDULABLE), pod("moodle-db-3", **ENDED_ONCE)], now=NOW)
    assert health == (DEGRADED, ["Pod moodle-db-2: Unschedulable: 0/3 nodes are available."])


# --- waiting


def test_without_a_change_a_healthy_cluster_is_done_at_once() -> None:
    assert HealthPredicate()(record("healthy")).state == "done"


def test_a_status_from_before_the_change_is_never_done() -> None:
    """Healthy and Ready, but written before our change: the operator has to write or to be silent for a while."""
    clock = Clock()
    predicate = HealthPredicate(written=record("healthy"), stable_for=5, quiet=10, clock=clock)
    assert predicate(record("healthy")).state == "waiting"
    clock.now += 9
    assert "has not answered" in predicate(record("healthy")).reason
    clock.now += 1
    assert "must stay so" in predicate(record("healthy")).reason
    clock.now += 5
    assert predicate(record("healthy")).state == "done"


def noted(definition: str, status: str) -> dict[str, t.Any]:
    """Return the healthy cluster with the times at which the server noted writes."""
    obj = record("healthy")
    rows = [{"manager": "kubectl", "time": definition}, {"manager": "manager", "subresource": "status", "time": status}]
    obj["metadata"]["managedFields"] = rows
    return obj


@pytest.mark.parametrize(
    ("definition", "status", "left"),
    [
        ("2026-11-21T07:59:00Z", "2026-11-21T07:58:00Z", 0),
        ("2026-11-21T07:59:57Z", "2026-11-21T07:58:00Z", 7),
        ("2026-11-21T07:59:57Z", "2026-11-21T07:59:57Z", 7),
        ("2026-11-21T07:59:57Z", "2026-11-21T07:59:58Z", 0),
        ("2026-11-21T08:05:00Z", "2026-11-21T07:58:00Z", 10),
    ],
)
def test_a_change_that_another_client_made_a_moment_ago_is_waited_for_as_well(definition: str, status: str, left: float) -> None:
    """The tasks before may not have waited. A clock of this machine that is behind costs no more than the usual silence."""
    clock = Clock()
    predicate = HealthPredicate(quiet=10, clock=clock, wall=lambda: NOW)
    obj = noted(definition, status)
    if left:
        assert predicate(obj).reason == "The operator has not answered to the change yet."
        clock.now += left - 1
        assert predicate(obj).state == "waiting"
        clock.now += 1
    assert predicate(obj).state == "done"


def test_an_answer_of_the_operator_counts_at_once_and_then_health_must_last() -> None:
    clock = Clock()
    predicate = HealthPredicate(written=record("healthy"), stable_for=5, clock=clock)
    assert predicate(record("healthy", phase="Applying configuration")).state == "waiting"
    clock.now += 1
    assert "5 more seconds" in predicate(record("healthy")).reason
    clock.now += 4
    assert predicate(record("healthy", readyInstances=2)).reason == "2 of 3 instances are ready."
    clock.now += 4
    assert predicate(record("healthy")).state == "waiting"
    clock.now += 5
    assert predicate(record("healthy")).state == "done"


def test_a_condition_that_an_instance_writes_is_no_answer_of_the_operator() -> None:
    later = record("healthy")
    later["status"]["conditions"][1]["lastTransitionTime"] = "2026-11-21T08:00:00Z"
    assert HealthPredicate(written=record("healthy"), clock=Clock())(later).reason == "The operator has not answered to the change yet."


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"instances": 2, "instanceNames": ["a", "b"]}, "2 of 3 instances exist."),
        ({"instanceNames": ["moodle-db-1"]}, "1 of 3 instances exist."),
        ({"targetPrimary": "moodle-db-2"}, "moodle-db-2 is to become primary."),
        ({"image": "postgresql:16"}, "The operator still works with the image postgresql:16."),
        ({"conditions": []}, "The condition Ready is not true."),
        ({"phase": "Upgrading cluster", "phaseReason": "new image"}, "Upgrading cluster: new image."),
    ],
)
def test_what_does_not_fit_the_definition_is_waited_for(status: dict[str, t.Any], reason: str) -> None:
    assert HealthPredicate()(record("healthy", **status)) == ("waiting", reason)


def test_a_major_upgrade_is_done_when_the_data_are_of_the_new_version() -> None:
    predicate = HealthPredicate(major_version=18)
    assert predicate(record("healthy")).reason == "The data are of PostgreSQL 17, not yet 18."
    assert predicate(record("healthy", pgDataImageInfo={"majorVersion": 18})).state == "done"


def test_a_fenced_instance_is_not_expected_to_be_ready() -> None:
    obj = with_annotation(record("healthy", readyInstances=2), "cnpg.io/fencedInstances", '["moodle-db-3"]')
    assert HealthPredicate()(obj).state == "done"


def test_a_hibernated_cluster_is_done() -> None:
    obj = with_annotation(record("healthy", readyInstances=0, phase="x"), "cnpg.io/hibernation", "on")
    obj["status"]["conditions"].append({"type": "cnpg.io/hibernation", "status": "True", "reason": "Hibernated"})
    assert HealthPredicate()(obj).state == "done"


def test_a_cluster_that_was_deleted_meanwhile_is_a_failure() -> None:
    assert HealthPredicate()(None) == ("failed", "The cluster was deleted meanwhile.")


def test_a_phase_for_which_a_human_is_needed_ends_the_wait_at_once() -> None:
    obj = record("healthy", phase="Waiting for user action", phaseReason="A switchover is required")
    assert HealthPredicate()(obj) == ("failed", "Waiting for user action: A switchover is required.")


def test_a_broken_phase_ends_the_wait_only_when_it_lasts() -> None:
    clock = Clock()
    predicate = HealthPredicate(clock=clock)
    broken = record("healthy", phase=UNRECOVERABLE, phaseReason="No pods are active")
    assert predicate(broken).state == "waiting"
    clock.now += 29
    assert predicate(record("healthy", phase="Creating a new replica")).state == "waiting"
    clock.now += 2
    assert predicate(broken).state == "waiting"
    clock.now += 30
    assert predicate(broken) == ("failed", f"{UNRECOVERABLE}: No pods are active.")


def test_a_trouble_around_the_cluster_ends_the_wait_after_its_patience() -> None:
    clock = Clock()
    predicate = HealthPredicate(surroundings=lambda _view: [Trouble("Pod x: no node.", 60)], clock=clock)
    assert predicate(record("healthy", readyInstances=1)).state == "waiting"
    clock.now += 60
    assert predicate(record("healthy", readyInstances=1)) == ("failed", "Pod x: no node.")


def test_a_failed_bootstrap_job_ends_the_wait_although_the_phase_does_not_report_it() -> None:
    labels = {"cnpg.io/cluster": "moodle-db", "cnpg.io/jobRole": "initdb"}
    failed = [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified limit"}]
    metadata = {"name": "moodle-db-1-initdb", "namespace": "physics", "labels": labels}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "status": {"conditions": failed}}
    obj = record("healthy", phase="Setting up primary", readyInstances=0)
    client = t.cast("t.Any", FakeClient(obj, job))
    outcome = wait_until(client, CLUSTER, health_predicate(client), timeout=5)
    assert outcome.state == "failed"
    assert outcome.reason.startswith("Job moodle-db-1-initdb failed: BackoffLimitExceeded")


def passing(clock: Clock, seconds: float) -> t.Callable[[FakeClient], None]:
    """Return the step of a script in which nothing happens for some seconds."""

    def wait(_client: FakeClient) -> None:
        clock.now += seconds

    return wait


def test_time_is_checked_within_one_list_and_one_watch() -> None:
    """A healthy cluster must stay so for ten seconds in which the server has nothing to send."""
    clock, obj = Clock(), record("healthy")
    client = t.cast("t.Any", FakeClient(obj))
    client.script = [passing(clock, 2) for _ in range(20)]
    predicate = HealthPredicate(written=obj, quiet=4, stable_for=10, clock=clock)
    assert wait_until(client, CLUSTER, predicate, timeout=60, tick=2).done
    assert clock.now == 114
    assert client.reads == [("watch", "Cluster"), ("list", "Cluster")]


def test_what_is_around_a_cluster_is_not_read_at_each_tick() -> None:
    clock, obj = Clock(), record("healthy", phase="Setting up primary", readyInstances=0)
    client = t.cast("t.Any", FakeClient(obj))
    client.script = [passing(clock, 2) for _ in range(10)]
    assert wait_until(client, CLUSTER, health_predicate(client, clock=clock), timeout=60, tick=2).state == "waiting"
    # At 0, 6, 12 and 18 of 20 seconds.
    assert [client.reads.count(("list", kind)) for kind in ("Cluster", "Job", "Pod")] == [1, 4, 4]


def test_a_wait_without_time_in_it_gets_no_ticks() -> None:
    client = t.cast("t.Any", FakeClient(record("healthy")))
    client.script = [lambda _client: None] * 5
    seen = []

    def never(obj: t.Any) -> Verdict:
        seen.append(obj)
        return Verdict("waiting", "no")

    assert wait_until(client, CLUSTER, never, timeout=60).state == "waiting"
    assert len(seen) == 1


def test_a_pod_of_a_pooler_is_not_among_the_troubles_of_the_cluster() -> None:
    pooler = pod("pooler-1", **UNSCHEDULABLE)
    pooler["metadata"]["labels"]["cnpg.io/podRole"] = "pooler"
    clock = Clock()
    predicate = health_predicate(t.cast("t.Any", FakeClient(pooler)), clock=clock)
    assert predicate(record("healthy", readyInstances=1)).state == "waiting"
    clock.now += 61
    assert predicate(record("healthy", readyInstances=1)).state == "waiting"


def test_a_user_without_the_right_to_jobs_and_pods_waits_all_the_same() -> None:
    client = FakeClient()
    for kind in ("Job", "Pod"):
        client.errors["list", kind] = KubeError(f"Cannot list {kind}.", error="forbidden", status=403)
    assert health_predicate(t.cast("t.Any", client))(record("healthy", readyInstances=1)).reason == "1 of 3 instances are ready."


def test_a_restart_is_over_when_every_instance_that_runs_carries_it() -> None:
    stamped = {"kubectl.kubernetes.io/restartedAt": "now"}
    pods = [pod(f"moodle-db-{number}") for number in (1, 2)]
    for row in pods:
        row["metadata"]["annotations"] = stamped
    client = t.cast("t.Any", FakeClient(*pods))
    restarted = restart_predicate(client, HealthPredicate(), "now")
    assert restarted(record("healthy")).reason == "Not restarted yet: moodle-db-3."
    fenced = with_annotation(record("healthy", readyInstances=2), "cnpg.io/fencedInstances", '["moodle-db-3"]')
    assert restarted(fenced).state == "done"
    assert restart_predicate(client, HealthPredicate(), "later")(fenced).reason == "Not restarted yet: moodle-db-1, moodle-db-2."
    assert restarted(None).state == "failed"


# --- the operator


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("ghcr.io/cloudnative-pg/cloudnative-pg:1.29.1", "1.29.1"),
        ("localhost:5000/cnpg:v1.30.0-ubi9@sha256:abc", "1.30.0"),
        ("localhost:5000/cnpg:latest", None),
        ("cnpg@sha256:abc", None),
    ],
)
def test_the_version_is_in_the_tag(image: str, version: t.Optional[str]) -> None:
    assert version_in_image(image) == version


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("1.27.4", {"CVE-2026-44477", "CVE-2026-55769", "CVE-2026-55765", "GHSA-7qwx-x8ff-3px9"}),
        ("1.29.0", {"CVE-2026-44477", "CVE-2026-55769", "CVE-2026-55765", "GHSA-7qwx-x8ff-3px9"}),
        ("1.29.1", {"CVE-2026-55769", "CVE-2026-55765", "GHSA-7qwx-x8ff-3px9"}),
        ("1.28.4", {"GHSA-7qwx-x8ff-3px9"}),
        ("1.29.2", {"GHSA-7qwx-x8ff-3px9"}),
        ("1.30.0", set()),
        ("1.31.2", set()),
        (None, set()),
    ],
)
def test_each_version_has_the_vulnerabilities_that_were_not_fixed_in_its_branch(version: t.Optional[str], known: set[str]) -> None:
    assert {sentence.split()[3].rstrip(":") for sentence in advisories(version)} == known


def test_the_operator_is_found_by_its_label_in_whichever_namespace() -> None:
    containers = [{"name": "manager", "image": "ghcr.io/cloudnative-pg/cloudnative-pg:1.29.2"}]
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cnpg", "namespace": "databases", "labels": {"app.kubernetes.io/name": "cloudnative-pg"}},
        "spec": {"template": {"spec": {"containers": containers}}},
    }
    assert operator_version(t.cast("t.Any", FakeClient(deployment))) == "1.29.2"
    assert operator_version(t.cast("t.Any", FakeClient())) is None
