# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A switchover: what may become primary, what prevents it, what is requested from the operator, and how it ends."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._preconditions import Instance, cluster_blockers, pick
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import CnpgError, parse_lsn
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.switchover import run as run_module
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.switchover import target_patch
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.tests.unit.fakes.cnpg_action_fakes import (
    NAMESPACE,
    SINCE,
    backup,
    cluster,
    condition,
    pod,
    status,
    view,
)
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

MIB = 1024 * 1024
OPTIONS: dict[str, t.Any] = {
    "cluster": "moodle",
    "namespace": NAMESPACE,
    "wait": True,
    "wait_timeout": 1,
    "to": None,
    "if_primary": None,
    "node_selector": None,
    "primary_cluster": None,
    "max_lag_bytes": MIB,
    "skip_preconditions": [],
    "stable_for": 0,
}
# 0 and 2 MiB behind the primary.
PAGES = {
    "moodle-1/pg/status": {"isPrimary": True, "currentLsn": "0/5000000"},
    "moodle-2/pg/status": {"isPrimary": False, "replayLsn": "0/5000000"},
    "moodle-3/pg/status": {"isPrimary": False, "replayLsn": "0/4E00000"},
}


def world(*objects: dict[str, t.Any], pages: t.Optional[dict[str, t.Any]] = None, **changes: t.Any) -> FakeClient:
    """Return an API server with a cluster of three instances on three nodes."""
    client = FakeClient(cluster(**changes), *(pod(f"moodle-{number}", node=f"node-{number}") for number in (1, 2, 3)), *objects)
    for number, zone in ((1, "chemistry"), (2, "physics"), (3, "physics")):
        client.put({"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{number}", "labels": {"zone": zone}}})
    client.answers = dict(PAGES if pages is None else pages)
    return client


def run(client: FakeClient, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    return run_module(lambda _params: t.cast(t.Any, client), {**OPTIONS, **options}, check_mode=check_mode)


def promoted(name: str) -> t.Callable[[FakeClient], None]:
    """Return the step of an operator that has made an instance primary."""
    ready = [condition("Ready", True), condition("ContinuousArchiving", True)]
    return status("Cluster", "moodle", currentPrimary=name, phase="Cluster in healthy state", conditions=ready)


def preconditions(client: FakeClient, **options: t.Any) -> list[str]:
    with pytest.raises(CnpgError) as caught:
        run(client, **options)
    assert caught.value.details["error"] == "precondition"
    assert client.calls == [], "something was changed although a precondition does not hold"
    return [row["name"] for row in caught.value.details["preconditions"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0/0", 0),
        ("0/3000148", 0x3000148),
        ("1/0", 1 << 32),
        ("ABCDEF01/23", 0xABCDEF01 << 32 | 0x23),
        ("", None),
        ("5", None),
        (None, None),
    ],
)
def test_a_position_in_the_log_is_a_number_of_bytes(text: t.Optional[str], expected: t.Optional[int]) -> None:
    assert parse_lsn(text) == expected


@pytest.mark.parametrize(
    ("changes", "backups", "expected"),
    [
        ({}, [], []),
        ({"status": {"phase": "Upgrading cluster"}}, [], ["healthy"]),
        ({"status": {"conditions": [condition("Ready", False)]}}, [], ["healthy"]),
        ({"annotations": {"cnpg.io/reconciliationLoop": "disabled"}}, [], ["healthy"]),
        ({"annotations": {"cnpg.io/hibernation": "on"}}, [], ["healthy"]),
        ({"status": {"targetPrimary": "moodle-3"}}, [], ["healthy"]),
        ({"annotations": {"cnpg.io/fencedInstances": '["moodle-3"]'}}, [], ["fencing"]),
        ({}, ["moodle-daily"], ["backup"]),
        ({"status": {"conditions": [condition("Ready", True), condition("ContinuousArchiving", False)]}}, [], ["archiving"]),
        ({"status": {"conditions": [condition("Ready", True)]}}, [], []),
    ],
)
def test_each_state_that_prevents_a_switchover_is_named(changes: dict[str, t.Any], backups: list[str], expected: list[str]) -> None:
    assert [row.name for row in cluster_blockers(view(**changes), backups)] == expected


def test_the_instance_with_the_least_lag_is_picked_and_a_name_decides_between_equals() -> None:
    primary = Instance("p", "", True, 100)
    rows = [Instance("c", "", True, 90), Instance("b", "", True, 95), Instance("a", "", True, 95), Instance("d", "", False, 100)]
    chosen, blockers = pick(rows, primary, max_lag_bytes=50, skipped=[])
    assert chosen is not None
    assert (chosen.name, blockers) == ("a", [])


def test_a_replica_that_is_ahead_of_what_the_primary_reported_a_moment_ago_has_no_lag() -> None:
    chosen, _ = pick([Instance("a", "", True, 101)], Instance("p", "", True, 100), max_lag_bytes=0, skipped=[])
    assert chosen is not None


def test_the_change_of_the_status_is_the_one_of_the_command_line_tool_and_keeps_other_conditions() -> None:
    patch = target_patch(cluster(), "moodle-2", "2026-11-21T08:00:00.123456Z")["status"]
    assert {name: patch[name] for name in ("targetPrimary", "targetPrimaryTimestamp", "phase", "phaseReason")} == {
        "targetPrimary": "moodle-2",
        "targetPrimaryTimestamp": "2026-11-21T08:00:00.123456Z",
        "phase": "Switchover in progress",
        "phaseReason": "Switching over to moodle-2",
    }
    conditions = {row["type"]: row for row in patch["conditions"]}
    assert set(conditions) == {"Ready", "ContinuousArchiving"}
    assert conditions["Ready"] == {
        "type": "Ready",
        "status": "False",
        "reason": "ClusterIsNotReady",
        "message": "Cluster Is Not Ready",
        "lastTransitionTime": "2026-11-21T08:00:00Z",
    }


def test_a_cluster_that_was_not_ready_keeps_the_time_since_when() -> None:
    patch = target_patch(cluster(status={"conditions": [condition("Ready", False)]}), "moodle-2", "2026-11-21T08:00:00.1Z")
    assert patch["status"]["conditions"][0]["lastTransitionTime"] == SINCE


def test_a_switchover_waits_for_the_new_primary_and_for_health() -> None:
    client = world()
    client.script = [status("Cluster", "moodle", currentPrimary="moodle-2"), promoted("moodle-2")]
    result = run(client, to="moodle-2")
    assert (result["changed"], result["previous_primary"], result["primary"], result["lag_bytes"]) == (True, "moodle-1", "moodle-2", 0)
    assert result["diff"] == {"before": {"primary": "moodle-1"}, "after": {"primary": "moodle-2"}}
    assert result["cluster"]["current_primary"] == "moodle-2"


def test_an_instance_that_is_primary_already_is_left_alone_and_no_instance_is_read() -> None:
    client = world(pages={})
    assert run(client, to="moodle-1")["changed"] is False
    assert client.calls == []


def test_a_switchover_that_was_requested_before_is_only_waited_for() -> None:
    client = world(status={"targetPrimary": "moodle-2", "phase": "Switchover in progress"})
    client.script = [promoted("moodle-2")]
    result = run(client, to="moodle-2")
    assert (result["changed"], result["primary"], client.calls) == (False, "moodle-2", [])


def test_any_healthy_takes_the_nearest_replica() -> None:
    assert run(world(), to="any_healthy", wait=False)["primary"] == "moodle-2"


def test_any_healthy_with_if_primary_moves_the_primary_only_once() -> None:
    assert run(world(), to="any_healthy", if_primary="moodle-1", wait=False)["changed"] is True
    assert run(world(), to="any_healthy", if_primary="moodle-3", wait=False)["changed"] is False
    with pytest.raises(CnpgError, match="needs to=any_healthy"):
        run(world(), to="moodle-2", if_primary="moodle-1")


def test_a_node_selector_moves_the_primary_only_when_it_is_elsewhere() -> None:
    assert run(world(), node_selector={"zone": "physics"}, wait=False)["primary"] == "moodle-2"
    assert run(world(), node_selector={"zone": "chemistry"}, wait=False)["changed"] is False
    with pytest.raises(CnpgError, match="No instance of Cluster moodle") as caught:
        run(world(), node_selector={"zone": "biology"})
    assert caught.value.details["error"] == "no_candidate"


def test_an_instance_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(CnpgError, match="no instance moodle-9 with a pod; it has: moodle-1, moodle-2, moodle-3") as caught:
        run(world(), to="moodle-9")
    assert caught.value.details["error"] == "unknown_instance"


def test_a_replica_that_is_too_far_behind_is_refused_with_both_numbers() -> None:
    with pytest.raises(CnpgError, match="moodle-3 is 2097152 bytes behind, and max_lag_bytes is 1048576"):
        run(world(), to="moodle-3")
    assert run(world(), to="moodle-3", max_lag_bytes=2 * MIB, wait=False)["lag_bytes"] == 2 * MIB


def test_all_preconditions_that_do_not_hold_are_named_at_once() -> None:
    conditions = [condition("Ready", True), condition("ContinuousArchiving", False)]
    changes = {"annotations": {"cnpg.io/fencedInstances": '["*"]'}, "status": {"conditions": conditions}}
    client = world(backup("moodle-daily", phase="running"), **changes)
    assert preconditions(client, to="moodle-3") == ["fencing", "backup", "archiving", "lag"]


def test_what_is_skipped_is_not_checked_and_the_instances_are_not_read() -> None:
    conditions = [condition("Ready", True), condition("ContinuousArchiving", False)]
    client = world(backup("moodle-daily", phase="running"), pages={}, status={"conditions": conditions})
    result = run(client, to="moodle-3", skip_preconditions=["backup", "archiving", "lag"], wait=False)
    assert (result["changed"], result["lag_bytes"]) == (True, None)


def test_an_instance_that_cannot_be_read_counts_as_one_with_an_unknown_lag() -> None:
    client = world()
    client.errors["proxy", "Pod"] = KubeError("Cannot ask port 8000 of Pod moodle-1: user may not get pods/proxy.", error="forbidden")
    with pytest.raises(CnpgError, match="position of moodle-1 is unknown: Cannot ask port 8000"):
        run(client, to="moodle-2")


def test_a_pod_that_is_not_ready_is_not_a_target() -> None:
    client = world()
    client.put(pod("moodle-2", ready=False))
    assert preconditions(client, to="moodle-2") == ["healthy"]


def test_a_cluster_of_one_instance_has_nothing_to_switch_to() -> None:
    client = FakeClient(cluster(instances=1), pod("moodle-1"))
    client.answers = dict(PAGES)
    assert preconditions(client, to="any_healthy") == ["healthy"]


def test_check_mode_checks_everything_and_changes_nothing() -> None:
    client = world()
    result = run(client, to="moodle-2", check_mode=True)
    assert (result["changed"], result["diff"]["after"]) == (True, {"primary": "moodle-2"})
    assert client.calls == [("dry patch", "Cluster", "moodle")]
    assert preconditions(world(backup("b", phase="started")), to="moodle-2") == ["backup"]


def test_a_change_by_another_client_between_reading_and_writing_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client = world()
    real = client.patch
    left = [1, 1]

    def patch(*args: t.Any, **options: t.Any) -> t.Any:
        if left:
            left.pop()
            client.set_status("Cluster", "moodle", timelineID=len(left))
        return real(*args, **options)

    monkeypatch.setattr(client, "patch", patch)
    assert run(client, to="moodle-2", wait=False)["changed"] is True
    assert [verb for verb, _kind, _name in client.calls] == ["patch"] * 3


def test_a_failover_between_reading_and_writing_ends_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    client = world()
    real = client.patch

    def patch(*args: t.Any, **options: t.Any) -> t.Any:
        client.set_status("Cluster", "moodle", currentPrimary="moodle-3", targetPrimary="moodle-3")
        return real(*args, **options)

    monkeypatch.setattr(client, "patch", patch)
    with pytest.raises(CnpgError, match="the primary has become moodle-3 meanwhile") as caught:
        run(client, to="moodle-2")
    assert caught.value.details["error"] == "precondition"


def test_a_target_that_the_operator_gives_up_is_a_failure_and_not_a_timeout() -> None:
    client = world()
    client.script = [status("Cluster", "moodle", targetPrimary="moodle-1")]
    with pytest.raises(CnpgError, match="The operator has chosen moodle-1 instead, because moodle-2 is not active") as caught:
        run(client, to="moodle-2")
    assert (caught.value.details["error"], caught.value.details["changed"]) == ("failed", True)


def test_a_switchover_that_takes_too_long_reports_which_instance_is_primary() -> None:
    with pytest.raises(CnpgError, match="to moodle-2 is not complete after 1 seconds: Switchover in progress; moodle-1 is still primary"):
        run(world(), to="moodle-2")
