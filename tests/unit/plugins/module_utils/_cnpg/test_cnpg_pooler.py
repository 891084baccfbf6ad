# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The Pooler that options describe, and when its pods run with a change."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.pooler import build_pooler, pooler_predicate


def params(**given: t.Any) -> dict[str, t.Any]:
    """Return the options of a task."""
    required = {
        "name": "pooler",
        "namespace": "physics",
        "cluster": "db",
        "type": "rw",
        "instances": 2,
        "pool_mode": "session",
        "paused": False,
    }
    return {**required, **given}


def deployment(generation: int, *, replicas: int = 2, ready: int = 2) -> dict[str, t.Any]:
    """Return the Deployment of a Pooler."""
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), ready)
    status = {"observedGeneration": generation, **counts}
    return {
        "kind": "Deployment",
        "metadata": {"name": "pooler", "generation": generation},
        "spec": {"replicas": replicas},
        "status": status,
    }


def test_options_become_a_pooler_and_values_become_text() -> None:
    built = build_pooler(params(parameters={"max_client_conn": 1000, "verbose": False}, template={"spec": {"containers": []}}))
    assert built["spec"] == {
        "cluster": {"name": "db"},
        "type": "rw",
        "instances": 2,
        "pgbouncer": {"poolMode": "session", "paused": False, "parameters": {"max_client_conn": "1000", "verbose": "off"}},
        "template": {"spec": {"containers": []}},
    }


def test_a_field_that_is_given_twice_must_be_the_same() -> None:
    with pytest.raises(CnpgError, match=r"spec\.pgbouncer\.poolMode is given twice"):
        build_pooler(params(spec={"pgbouncer": {"poolMode": "transaction"}}))


def test_without_a_change_ready_pods_are_enough() -> None:
    assert pooler_predicate(2, old=None, changed=False)(deployment(1)).state == "done"


def test_a_deployment_that_is_not_there_yet_is_waited_for() -> None:
    assert pooler_predicate(2, old=None, changed=True)(None).state == "waiting"


def test_a_deployment_from_before_the_change_counts_only_after_a_while() -> None:
    now = [0.0]
    predicate = pooler_predicate(2, old=deployment(1), changed=True, quiet=10, clock=lambda: now[0])
    assert predicate(deployment(1)).state == "waiting"
    now[0] = 10.0
    assert predicate(deployment(1)).state == "done"


def test_a_new_generation_counts_at_once_when_its_pods_are_ready() -> None:
    predicate = pooler_predicate(3, old=deployment(1), changed=True)
    assert predicate(deployment(2)).state == "waiting"
    assert predicate(deployment(3, replicas=3, ready=2)).state == "waiting"
    assert predicate(deployment(3, replicas=3, ready=3)).state == "done"
