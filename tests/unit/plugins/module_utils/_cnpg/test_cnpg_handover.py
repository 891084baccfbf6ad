# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A hand-over between two clusters: each step, from each point where a run may have been cut."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._handover import next_step, token_ready
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import ClusterView, CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.switchover import run as run_module
from ansible_collections.campus.moodle.tests.unit.fakes.cnpg_action_fakes import NAMESPACE, backup, cluster, condition, status
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

OPTIONS: dict[str, t.Any] = {"wait": True, "wait_timeout": 1, "skip_preconditions": []}
TOKEN = "eyJkYXRhYmFzZSI6IjEifQ=="
NOT_READY = {"phase": "Creating a new replica", "conditions": [condition("Ready", False)]}


def north(primary: str = "north", *, token: str = "", promotion: str = "", **reported: t.Any) -> dict[str, t.Any]:
    """Return the cluster that is primary at first."""
    return member("north", "south", primary, token, promotion, reported)


def south(primary: str = "north", *, promotion: str = "", token: str = "", **reported: t.Any) -> dict[str, t.Any]:
    """Return the cluster that is to become primary."""
    return member("south", "north", primary, token, promotion, reported)


def member(name: str, other: str, primary: str, token: str, promotion: str, reported: dict[str, t.Any]) -> dict[str, t.Any]:
    replica = {"primary": primary, "source": other, **({"promotionToken": promotion} if promotion else {})}
    return cluster(name, primary=f"{name}-1", replica=replica, status={"demotionToken": token, **reported})


def run(first: FakeClient, second: FakeClient, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    clients = {"north": first, "south": second}
    params = {**OPTIONS, "cluster": "north", "namespace": NAMESPACE, "primary_cluster": {"cluster": "south", "kubeconfig": None}, **options}
    return run_module(lambda given: t.cast(t.Any, clients[given["cluster"]]), params, check_mode=check_mode)


def step_of(old: dict[str, t.Any], new: dict[str, t.Any]) -> str:
    return next_step(ClusterView.from_object(old), ClusterView.from_object(new))


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        (north(), south(), "demote"),
        (north("south"), south(), "promote"),
        (north("south", token=TOKEN), south(), "promote"),
        (north("south", token=TOKEN), south("south", promotion=TOKEN), "verify"),
        (north("south", token=TOKEN), south("south", promotion=TOKEN, lastPromotionToken=TOKEN), "finished"),
        (north("south", token=TOKEN), south("south", promotion=TOKEN, lastPromotionToken=TOKEN, **NOT_READY), "verify"),
        (north("south", token=TOKEN, **NOT_READY), south("south", promotion=TOKEN, lastPromotionToken=TOKEN), "verify"),
    ],
)
def test_the_next_step_is_read_from_both_clusters(old: dict[str, t.Any], new: dict[str, t.Any], step: str) -> None:
    assert step_of(old, new) == step


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (north(), south("south"), "two_primaries"),
        (cluster("north"), south(), "no_topology"),
        (cluster("north", replica={"enabled": True, "primary": "south", "source": "south"}), south(), "no_topology"),
        (north("west"), south("south"), "no_topology"),
        (north("south"), south("west"), "no_topology"),
    ],
)
def test_clusters_that_are_not_the_two_ends_of_a_hand_over_are_left_alone(old: dict[str, t.Any], new: dict[str, t.Any], error: str) -> None:
    first, second = FakeClient(old), FakeClient(new)
    with pytest.raises(CnpgError) as caught:
        run(first, second)
    assert caught.value.details["error"] == error
    assert first.calls == second.calls == []


def test_a_name_of_its_own_in_the_topology_counts_instead_of_the_objects_name() -> None:
    old = cluster("north", replica={"self": "a", "primary": "a", "source": "b"})
    new = cluster("south", replica={"self": "b", "primary": "a", "source": "a"})
    assert step_of(old, new) == "demote"


def first_with_steps() -> FakeClient:
    """Return the old primary, whose operator demotes it and later finds it healthy."""
    client = FakeClient(north(promotion="an older token"))
    client.script = [
        status("Cluster", "north", demotionToken=TOKEN, switchReplicaClusterStatus={"inProgress": True}),
        status("Cluster", "north", switchReplicaClusterStatus={"inProgress": False}),
    ]
    return client


def test_the_old_primary_is_demoted_and_the_new_one_promoted_with_its_token_in_one_change() -> None:
    first, second = first_with_steps(), FakeClient(south())
    second.script = [status("Cluster", "south", lastPromotionToken=TOKEN)]
    result = run(first, second)
    assert (result["changed"], result["steps"]) == (True, ["demote", "promote"])
    assert first.objects["Cluster", NAMESPACE, "north"]["spec"]["replica"] == {"primary": "south", "source": "south"}
    assert second.objects["Cluster", NAMESPACE, "south"]["spec"]["replica"] == {
        "primary": "south",
        "source": "north",
        "promotionToken": TOKEN,
    }
    assert second.calls == [("patch", "Cluster", "south")]
    assert result["diff"]["before"] == {f"{NAMESPACE}/north": "primary", f"{NAMESPACE}/south": "replica"}
    assert result["diff"]["after"] == {f"{NAMESPACE}/north": "replica", f"{NAMESPACE}/south": "primary"}
    assert TOKEN not in repr(result)


def test_a_run_that_was_cut_after_the_demotion_only_promotes() -> None:
    first, second = FakeClient(north("south", token=TOKEN)), FakeClient(south())
    second.script = [status("Cluster", "south", lastPromotionToken=TOKEN)]
    assert run(first, second)["steps"] == ["promote"]
    assert first.calls == []


def test_a_run_that_was_cut_after_the_promotion_only_waits() -> None:
    first, second = FakeClient(north("south", token=TOKEN, **NOT_READY)), FakeClient(south("south", promotion=TOKEN))
    second.script = [status("Cluster", "south", lastPromotionToken=TOKEN)]
    healthy = {"phase": "Cluster in healthy state", "conditions": [condition("Ready", True)]}
    first.script = [status("Cluster", "north", **healthy)]
    result = run(first, second)
    assert (result["changed"], result["steps"], first.calls, second.calls) == (False, [], [], [])


def test_a_finished_hand_over_is_unchanged() -> None:
    first, second = FakeClient(north("south", token=TOKEN)), FakeClient(south("south", promotion=TOKEN, lastPromotionToken=TOKEN))
    result = run(first, second)
    assert (result["changed"], result["diff"]["before"]) == (False, result["diff"]["after"])
    assert first.calls == second.calls == []


def test_without_a_token_the_other_cluster_is_never_promoted() -> None:
    first, second = FakeClient(north()), FakeClient(south())
    with pytest.raises(CnpgError, match="gave no token after 1 seconds") as caught:
        run(first, second)
    assert (caught.value.details["error"], caught.value.details["steps"], caught.value.details["changed"]) == ("no_token", ["demote"], True)
    assert "Never promote" in str(caught.value)
    assert second.calls == []


def test_a_token_counts_only_when_the_demotion_is_over() -> None:
    assert token_ready(north("south", token=TOKEN, switchReplicaClusterStatus={"inProgress": True})).state == "waiting"
    assert token_ready(north("south", token=TOKEN)).state == "done"
    assert token_ready(north()).state == "failed"
    assert token_ready(None).state == "failed"


@pytest.mark.parametrize(
    ("old", "new", "more", "name"),
    [
        (north(**NOT_READY), south(), [], "healthy"),
        (north(), south(**NOT_READY), [], "healthy"),
        (north(token="old"), south(), [], "token"),
        (north(), south(), [backup("b", of="north", phase="running")], "backup"),
    ],
)
def test_preconditions_of_both_clusters_are_checked_before_the_demotion(
    old: dict[str, t.Any], new: dict[str, t.Any], more: list[dict[str, t.Any]], name: str
) -> None:
    first, second = FakeClient(old, *more), FakeClient(new)
    with pytest.raises(CnpgError) as caught:
        run(first, second)
    assert [row["name"] for row in caught.value.details["preconditions"]] == [name]
    assert first.calls == second.calls == []


def test_check_mode_reports_both_steps_and_has_the_server_check_the_first() -> None:
    first, second = FakeClient(north()), FakeClient(south())
    result = run(first, second, check_mode=True)
    assert (result["changed"], result["steps"]) == (True, ["demote", "promote"])
    assert first.calls == [("dry patch", "Cluster", "north")]
    assert second.calls == []


def test_without_waiting_the_health_at_the_end_is_left_out_but_not_the_token() -> None:
    first, second = first_with_steps(), FakeClient(south())
    assert run(first, second, wait=False)["steps"] == ["demote", "promote"]
    assert second.objects["Cluster", NAMESPACE, "south"]["spec"]["replica"]["promotionToken"] == TOKEN
