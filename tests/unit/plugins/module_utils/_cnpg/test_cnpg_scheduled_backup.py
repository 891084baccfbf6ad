# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Schedules of five and six fields, and the ScheduledBackup that options describe."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import ClusterView, CnpgError
from ansible_collections.campus.moodle.plugins.module_utils._cnpg.schedule import build_schedule, parse_schedule

PLUGIN = "barman-cloud.cloudnative-pg.io"


def view(**spec: t.Any) -> ClusterView:
    """Return a cluster with this specification."""
    return ClusterView.from_object({"metadata": {"name": "db", "namespace": "physics"}, "spec": {"instances": 1, **spec}})


def params(**given: t.Any) -> dict[str, t.Any]:
    """Return the options of a task."""
    return {"name": "nightly", "state": "present", "method": "auto", "owner_reference": "none", **given}


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("0 0 2 * * *", "0 0 2 * * *"),
        ("0  30 2,14 * * mon-fri", "0 30 2,14 * * mon-fri"),
        # What the fields contain is for the operator's webhook.
        ("60 0 2 * * *", "60 0 2 * * *"),
        ("0 */15 0-6 1 JAN,jul ?", "0 */15 0-6 1 JAN,jul ?"),
        ("0 0 0 1/2 * 0", "0 0 0 1/2 * 0"),
        (" @daily ", "@daily"),
        ("@every 6h", "@every 6h"),
    ],
)
def test_a_schedule_of_six_fields_is_taken_as_it_is(text: str, schedule: str) -> None:
    assert parse_schedule(text) == (schedule, False)


def test_five_fields_get_the_second_zero_in_front() -> None:
    assert parse_schedule("30 2 * * *") == ("0 30 2 * * *", True)


@pytest.mark.parametrize(("text", "count"), [("", 0), ("2", 1), ("0 2 * *", 4), ("0 0 2 * * * 2026", 7)])
def test_any_other_number_of_fields_is_refused_with_the_number(text: str, count: int) -> None:
    with pytest.raises(CnpgError, match=f"has {count} fields. Give six") as caught:
        parse_schedule(text)
    assert caught.value.details == {"error": "invalid", "field": "schedule"}


def test_the_method_is_the_plugin_where_the_cluster_has_one() -> None:
    built = build_schedule(params(plugin_parameters={"a": "b"}), view(plugins=[{"name": PLUGIN}]), "0 0 2 * * *")
    assert built["metadata"] == {"name": "nightly", "namespace": "physics"}
    assert built["spec"] == {
        "cluster": {"name": "db"},
        "schedule": "0 0 2 * * *",
        "suspend": False,
        "method": "plugin",
        "backupOwnerReference": "none",
        "pluginConfiguration": {"name": PLUGIN, "parameters": {"a": "b"}},
    }


def test_only_what_was_given_is_sent() -> None:
    built = build_schedule(
        params(state="suspended", immediate=True, target="primary", online=None), view(backup={"volumeSnapshot": {}}), "0 0 2 * * *"
    )
    assert built["spec"] == {
        "cluster": {"name": "db"},
        "schedule": "0 0 2 * * *",
        "suspend": True,
        "method": "volumeSnapshot",
        "backupOwnerReference": "none",
        "immediate": True,
        "target": "primary",
    }


@pytest.mark.parametrize(
    ("options", "spec"),
    [
        ({}, {}),
        ({"method": "plugin"}, {}),
        ({"plugin": "other"}, {"plugins": [{"name": PLUGIN}]}),
        ({}, {"plugins": [{"name": PLUGIN, "enabled": False}]}),
    ],
)
def test_a_cluster_that_cannot_be_backed_up_that_way_is_refused(options: dict[str, t.Any], spec: dict[str, t.Any]) -> None:
    with pytest.raises(CnpgError) as caught:
        build_schedule(params(**options), view(**spec), "0 0 2 * * *")
    assert caught.value.details["error"] == "no_backup_method"
