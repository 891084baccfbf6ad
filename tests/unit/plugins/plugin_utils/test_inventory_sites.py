# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The sites of a cluster: releases of the chart, objects, and what else lives in the same namespaces."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._kube.errors import KubeError
from ansible_collections.campus.moodle.plugins.plugin_utils._inventory_sites import sites
from ansible_collections.campus.moodle.tests.unit.fakes.helm_fakes import secret
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient


def record(name: str, chart: str = "moodle", **config: t.Any) -> dict[str, t.Any]:
    """Return the Secret of a release."""
    obj = secret(name=name, chart={"metadata": {"name": chart, "version": "1.2.3", "appVersion": "4.5.5"}}, config=config)
    obj["metadata"]["name"] = f"sh.helm.release.v1.{name}.v1"
    obj["metadata"]["labels"]["name"] = name
    return obj


def listed(client: FakeClient, **options: t.Any) -> tuple[list[dict[str, t.Any]], list[str]]:
    """Return the sites and the warnings."""
    warned: list[str] = []
    given = {"sources": ["releases", "objects"], "namespaces": [], "chart": "moodle", "selector": "", "include_values": False}
    return sites(client, warn=warned.append, **{**given, **options}), warned


def test_releases_of_the_chart_are_sites_and_others_are_not() -> None:
    found, warned = listed(FakeClient(record("physics", theme="boost"), record("shop", "other")))
    assert found == [
        {
            "source": "release",
            "name": "physics",
            "namespace": "physics",
            "status": "deployed",
            "revision": 1,
            "chart": "moodle",
            "chart_version": "1.2.3",
            "app_version": "4.5.5",
        }
    ]
    assert warned == []
    assert listed(FakeClient(record("physics", theme="boost")), include_values=True)[0][0]["user_values"] == {"theme": "boost"}


def test_a_broken_record_costs_a_warning_and_not_the_inventory() -> None:
    broken = record("shop")
    broken["data"] = {"release": "bm9uc2Vuc2U="}
    found, warned = listed(FakeClient(record("physics"), broken))
    assert [site["name"] for site in found] == ["physics"]
    assert len(warned) == 1
    assert warned[0].startswith("The release shop in namespace physics is left out of the inventory. Secret sh.helm.release.v1.shop.v1")


class Vanishing(FakeClient):
    """A cluster in which a release is uninstalled between the list and the look."""

    def get(self, api_version: str, kind: str, name: str, namespace: t.Optional[str] = None) -> t.Any:
        """Return an object, but for that release."""
        return None if ".shop." in name else super().get(api_version, kind, name, namespace)


def test_a_release_that_goes_meanwhile_costs_a_warning() -> None:
    found, warned = listed(Vanishing(record("physics"), record("shop")))
    assert [site["name"] for site in found] == ["physics"]
    assert "shop" in warned[0]
    assert "was removed while it was read" in warned[0]


def test_a_user_who_may_not_read_releases_gets_no_half_inventory() -> None:
    client = FakeClient(record("physics"))
    client.errors["get", "Secret"] = KubeError("user x may not get secrets.", error="forbidden", status=403)
    with pytest.raises(KubeError, match="may not get secrets"):
        listed(client)


def test_an_object_wins_over_its_release() -> None:
    site = {"apiVersion": "campus.moodle.io/v1alpha1", "kind": "MoodleSite", "metadata": {"name": "physics", "namespace": "physics"}}
    found, _warned = listed(FakeClient(record("physics"), {**site, "spec": {"url": "https://physics.example.edu"}}))
    assert [(row["source"], row["chart_version"], row["spec"]["url"]) for row in found] == [
        ("object", "1.2.3", "https://physics.example.edu")
    ]
