# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Hibernation: what is requested, when it has happened, and why it does not happen."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.hibernation import (
    awake_predicate,
    explain_deferral,
    hibernated,
    requested_state,
    state_patch,
)
from ansible_collections.campus.moodle.plugins.module_utils._kube.ready import Verdict
from ansible_collections.campus.moodle.tests.unit.fakes.cnpg_action_fakes import cluster, condition

ANNOTATION = "cnpg.io/hibernation"
ON = {ANNOTATION: "on"}


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [({}, "running"), ({ANNOTATION: "off"}, "running"), (ON, "hibernated"), ({ANNOTATION: "yes"}, "invalid (yes)")],
)
def test_the_annotation_has_what_is_requested(annotations: dict[str, str], expected: str) -> None:
    assert requested_state(cluster(annotations=annotations)) == expected


def test_each_state_has_its_value() -> None:
    assert state_patch("hibernated") == {"metadata": {"annotations": ON}}
    assert state_patch("running") == {"metadata": {"annotations": {ANNOTATION: "off"}}}


@pytest.mark.parametrize(
    ("annotations", "conditions", "state"),
    [
        (ON, [], "waiting"),
        (ON, [condition(ANNOTATION, False, "DeletingPods")], "waiting"),
        (ON, [condition(ANNOTATION, False, "WaitingForHealthy")], "waiting"),
        (ON, [condition(ANNOTATION, True, "Hibernated")], "done"),
        ({}, [condition(ANNOTATION, True, "Hibernated")], "failed"),
    ],
)
def test_a_cluster_is_hibernated_when_the_condition_says_so(
    annotations: dict[str, str], conditions: list[dict[str, str]], state: str
) -> None:
    assert hibernated(cluster(annotations=annotations, conditions=conditions)).state == state
    assert hibernated(None).state == "failed"


def test_a_cluster_is_awake_only_after_the_operator_took_the_condition_away() -> None:
    def healthy(obj: t.Any) -> Verdict:
        return Verdict("done", "healthy")

    asleep = cluster(annotations={ANNOTATION: "off"}, conditions=[condition(ANNOTATION, True, "Hibernated")])
    assert awake_predicate(healthy)(asleep).state == "waiting"
    assert awake_predicate(healthy)(cluster(annotations={ANNOTATION: "off"})).state == "done"
    assert awake_predicate(healthy)(None).state == "failed"


PROBLEM = CnpgError("It took too long.", error="timeout", diagnosis=["Event X"])


@pytest.mark.parametrize(
    ("changes", "deferred"),
    [
        # 1.29 and newer say so, older ones say nothing.
        ({"conditions": [condition(ANNOTATION, False, "WaitingForHealthy")], "status": {}}, True),
        ({"status": {"phase": "Creating a new replica", "phaseReason": "moodle-3"}}, True),
        ({"conditions": [condition(ANNOTATION, False, "WaitingPodsDeletion")]}, False),
        ({}, False),
    ],
)
def test_a_hibernation_that_waits_for_health_is_not_one_that_is_slow(changes: dict[str, t.Any], deferred: bool) -> None:
    explained = explain_deferral(cluster(annotations=ON, **changes), PROBLEM)
    assert explained.details["error"] == ("waiting_for_healthy" if deferred else "timeout")
    assert explained.details["diagnosis"] == ["Event X"]


def test_the_explanation_names_the_phase_and_what_to_do() -> None:
    unhealthy = cluster(annotations=ON, status={"phase": "Creating a new replica", "phaseReason": "Creating replica moodle-3"})
    message = str(explain_deferral(unhealthy, PROBLEM))
    assert "'Creating a new replica' (Creating replica moodle-3)" in message
    assert "state=running" in message
    assert explain_deferral(None, PROBLEM) is PROBLEM
