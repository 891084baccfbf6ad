# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Fencing: which instances the annotation must name, and when that has happened."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.fencing import fence_patch, plan_fence, refuse_handover, running, stopped
from ansible_collections.campus.moodle.tests.unit.fakes.cnpg_action_fakes import pod, view

ANNOTATION = "cnpg.io/fencedInstances"


def fenced(*names: str) -> t.Any:
    return view(annotations={ANNOTATION: json.dumps(names)} if names else {})


@pytest.mark.parametrize(
    ("before", "state", "names", "after"),
    [
        ([], "fenced", ["moodle-2"], ["moodle-2"]),
        (["moodle-3"], "fenced", ["moodle-2"], ["moodle-2", "moodle-3"]),
        (["moodle-2"], "fenced", ["moodle-2"], ["moodle-2"]),
        (["moodle-2"], "fenced", None, ["*"]),
        ([], "fenced", ["*"], ["*"]),
        (["*"], "fenced", ["moodle-2"], ["*"]),
        (["moodle-2", "moodle-3"], "unfenced", ["moodle-2"], ["moodle-3"]),
        (["moodle-2"], "unfenced", ["moodle-2"], []),
        (["moodle-2"], "unfenced", ["moodle-3"], ["moodle-2"]),
        (["moodle-2"], "unfenced", None, []),
        (["*"], "unfenced", None, []),
        (["*"], "unfenced", ["moodle-1", "moodle-2", "moodle-3"], []),
        (["moodle-9"], "unfenced", ["moodle-9"], []),
        ([], "unfenced", ["moodle-1"], []),
    ],
)
def test_instances_are_added_to_the_fence_and_taken_from_it(
    before: list[str], state: str, names: t.Optional[list[str]], after: list[str]
) -> None:
    assert sorted(plan_fence(fenced(*before), state, names)) == after


@pytest.mark.parametrize("state", ["fenced", "unfenced"])
def test_an_instance_that_does_not_exist_is_named_with_those_that_do(state: str) -> None:
    with pytest.raises(CnpgError, match="has no instance moodle-9; it has: moodle-1, moodle-2, moodle-3") as caught:
        plan_fence(fenced(), state, ["moodle-1", "moodle-9"])
    assert caught.value.details["unknown"] == ["moodle-9"]


def test_one_instance_cannot_be_let_out_of_the_fence_around_all() -> None:
    with pytest.raises(CnpgError, match="fenced as a whole") as caught:
        plan_fence(fenced("*"), "unfenced", ["moodle-2"])
    assert caught.value.details["error"] == "all_fenced"


def test_the_annotation_is_sorted_json_as_cloudnativepg_writes_it_and_goes_away_with_the_last_name() -> None:
    assert fence_patch({"moodle-2", "moodle-1"}) == {"metadata": {"annotations": {ANNOTATION: '["moodle-1","moodle-2"]'}}}
    assert fence_patch(frozenset()) == {"metadata": {"annotations": {ANNOTATION: None}}}


def test_an_instance_is_fenced_when_its_pod_is_not_ready_and_free_when_it_is() -> None:
    ready, unready = pod("moodle-2"), pod("moodle-2", ready=False)
    assert [stopped(row).state for row in (ready, unready, None)] == ["waiting", "done", "done"]
    assert [running(row).state for row in (ready, unready, None)] == ["done", "waiting", "waiting"]


def test_the_fence_of_a_hand_over_is_the_operators_own() -> None:
    refuse_handover(view())
    with pytest.raises(CnpgError, match="becoming a replica cluster"):
        refuse_handover(view(status={"switchReplicaClusterStatus": {"inProgress": True}}))
