# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The Cluster that options describe, the changes that are refused, and what a result has about connections."""

from __future__ import annotations

import copy
import decimal
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._spec import (
    build_cluster,
    connection,
    desired_major,
    first_difference,
    keep_bootstrap,
    major_in_image,
    quantity,
    refuse_forbidden,
)
from ansible_collections.campus.moodle.plugins.module_utils._cnpg._view import CnpgError

IMAGE = "ghcr.io/cloudnative-pg/postgresql:17.6-standard-bookworm"


def params(**given: t.Any) -> dict[str, t.Any]:
    """Return the options of a task."""
    return {"name": "moodle-db", "namespace": "physics", **given}


def cluster(status: t.Optional[dict[str, t.Any]] = None, **spec: t.Any) -> dict[str, t.Any]:
    """Return a Cluster with this specification."""
    metadata = {"name": "moodle-db", "namespace": "physics"}
    return {"metadata": metadata, "spec": {"instances": 3, **spec}, "status": status or {}}


def refuse(live: dict[str, t.Any], planned: dict[str, t.Any], *, shrink: bool = False, major: bool = False) -> t.Optional[int]:
    """Check a change."""
    return refuse_forbidden(live, planned, allow_shrink=shrink, allow_major_upgrade=major)


# --- building


def test_handy_options_and_the_raw_specification_become_one() -> None:
    built = build_cluster(
        params(
            instances=3,
            image=IMAGE,
            storage={"size": "20Gi", "storage_class": None},
            wal_storage={"size": "5Gi", "storage_class": "fast"},
            synchronous={"method": "any", "number": 1, "data_durability": "preferred"},
            parameters={"max_connections": 200, "jit": False},
            labels={"site": "physics"},
            spec={"postgresql": {"pg_hba": ["host all all all scram-sha-256"]}, "primaryUpdateStrategy": "unsupervised"},
        )
    )
    assert built == {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": "moodle-db", "namespace": "physics", "labels": {"site": "physics"}},
        "spec": {
            "instances": 3,
            "imageName": IMAGE,
            "storage": {"size": "20Gi"},
            "walStorage": {"size": "5Gi", "storageClass": "fast"},
            "postgresql": {
                "synchronous": {"method": "any", "number": 1, "dataDurability": "preferred"},
                "parameters": {"max_connections": "200", "jit": "off"},
                "pg_hba": ["host all all all scram-sha-256"],
            },
            "primaryUpdateStrategy": "unsupervised",
        },
    }


def test_a_catalog_becomes_a_reference() -> None:
    built = build_cluster(params(catalog={"kind": "ClusterImageCatalog", "name": "postgresql", "major": 17}))
    expected = {"apiGroup": "postgresql.cnpg.io", "kind": "ClusterImageCatalog", "name": "postgresql", "major": 17}
    assert built["spec"]["imageCatalogRef"] == expected


def test_a_field_that_is_given_twice_must_be_the_same() -> None:
    assert build_cluster(params(instances=3, spec={"instances": 3}))["spec"] == {"instances": 3}
    with pytest.raises(CnpgError, match=r"The field spec\.postgresql\.parameters\.jit is given twice") as caught:
        build_cluster(params(parameters={"jit": "on"}, spec={"postgresql": {"parameters": {"jit": "off"}}}))
    assert caught.value.details == {"error": "given_twice", "field": "spec.postgresql.parameters.jit"}


def test_building_leaves_the_options_alone() -> None:
    given = params(parameters={"jit": "on"}, spec={"postgresql": {"parameters": {"work_mem": "8MB"}}})
    before = copy.deepcopy(given)
    build_cluster(given)
    assert given == before


def test_an_existing_bootstrap_is_kept_when_the_task_names_none() -> None:
    desired = build_cluster(params(instances=1))
    keep_bootstrap(desired, cluster(bootstrap={"recovery": {"source": "origin"}}))
    assert desired["spec"]["bootstrap"] == {"recovery": {"source": "origin"}}
    fresh = build_cluster(params(instances=1))
    keep_bootstrap(fresh, None)
    assert "bootstrap" not in fresh["spec"]


# --- refusing


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ({"bootstrap": {"initdb": {"database": "a"}}}, {"bootstrap": {"initdb": {"database": "b"}}}, "spec.bootstrap.initdb.database"),
        ({"bootstrap": {"initdb": {}}}, {"bootstrap": {"recovery": {"source": "a"}}}, "spec.bootstrap.initdb"),
        ({}, {"bootstrap": {"recovery": {"source": "a"}}}, "spec.bootstrap"),
        ({"storage": {"storageClass": "a"}}, {"storage": {"storageClass": "b"}}, "spec.storage.storageClass"),
        ({"walStorage": {"storageClass": "a"}}, {"walStorage": {"storageClass": "b"}}, "spec.walStorage.storageClass"),
        ({"postgresUID": 26}, {"postgresUID": 999}, "spec.postgresUID"),
    ],
)
def test_a_field_that_cannot_change_is_refused_by_its_name(before: dict[str, t.Any], after: dict[str, t.Any], field: str) -> None:
    with pytest.raises(CnpgError, match="cannot change once the cluster exists") as caught:
        refuse(cluster(**before), cluster(**after))
    assert f"The field {field} of Cluster moodle-db in namespace physics" in str(caught.value)
    assert caught.value.details == {"error": "immutable", "field": field}


def test_a_volume_can_grow_and_be_added_and_cannot_shrink() -> None:
    refuse(cluster(storage={"size": "20Gi"}), cluster(storage={"size": "30Gi"}))
    refuse(cluster(), cluster(walStorage={"size": "5Gi", "storageClass": None}))
    with pytest.raises(CnpgError, match=r"spec\.storage\.size is 20Gi and would be 19999Mi") as caught:
        refuse(cluster(storage={"size": "20Gi"}), cluster(storage={"size": "19999Mi"}), shrink=True)
    assert caught.value.details["error"] == "shrink"


def test_fewer_instances_need_permission() -> None:
    with pytest.raises(CnpgError, match=r"has 3 instances and would have 1.*Set allow_shrink") as caught:
        refuse(cluster(), cluster(instances=1))
    assert caught.value.details == {"error": "shrink", "field": "spec.instances"}
    assert refuse(cluster(), cluster(instances=1), shrink=True) is None
    assert refuse(cluster(), cluster(instances=5)) is None


def test_a_major_upgrade_needs_permission_and_a_downgrade_has_none() -> None:
    live = cluster({"pgDataImageInfo": {"majorVersion": 17}}, imageName=IMAGE)
    newer, older = cluster(imageName="postgresql:18.1"), cluster(imageName="postgresql:16")
    with pytest.raises(CnpgError, match=r"upgraded from PostgreSQL 17 to 18.*allow_major_upgrade") as caught:
        refuse(live, newer)
    assert caught.value.details == {"error": "major_upgrade", "from_version": 17, "to_version": 18}
    assert refuse(live, newer, major=True) == 18
    with pytest.raises(CnpgError, match="cannot become PostgreSQL 16") as caught:
        refuse(live, older, major=True)
    assert caught.value.details["error"] == "downgrade"


def test_an_image_can_be_taken_back_while_the_data_are_still_old() -> None:
    live = cluster({"pgDataImageInfo": {"majorVersion": 17}}, imageName="postgresql:18.1")
    assert refuse(live, cluster(imageName=IMAGE)) is None


def test_before_the_first_status_the_definition_tells_the_version() -> None:
    with pytest.raises(CnpgError, match="from PostgreSQL 17 to 18"):
        refuse(cluster(imageName=IMAGE), cluster(imageName="postgresql:18"))


# --- values


@pytest.mark.parametrize(
    ("image", "major"),
    [
        (IMAGE, 17),
        ("postgresql:17", 17),
        ("localhost:5000/postgresql:16.4@sha256:0123", 16),
        ("localhost:5000/postgresql", None),
        ("postgresql:latest", None),
        ("postgresql@sha256:0123", None),
        ("", None),
    ],
)
def test_the_major_version_is_the_start_of_the_tag(image: str, major: t.Optional[int]) -> None:
    assert major_in_image(image) == major


def test_a_catalog_names_the_major_version() -> None:
    assert desired_major({"imageCatalogRef": {"major": 16}}) == 16


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1Gi", 1024**3),
        ("1.5Ti", 1.5 * 1024**4),
        ("500M", 500_000_000),
        ("128974848", 128974848),
        ("1e9", 10**9),
        ("3k", 3000),
        ("2E", 2 * 10**18),
    ],
)
def test_amounts_are_read_as_kubernetes_writes_them(text: str, amount: float) -> None:
    assert quantity(text) == decimal.Decimal(amount)


@pytest.mark.parametrize("text", ["much", "10GB", "1..5Gi", ""])
def test_other_text_is_not_an_amount(text: str) -> None:
    with pytest.raises(CnpgError, match="is not a valid amount"):
        quantity(text)


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        (1, 1, None),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "x.a.b"),
        ({"a": 1}, {}, "x.a"),
        ({"a": [1]}, {"a": [2]}, "x.a"),
        (None, {"a": 1}, "x"),
    ],
)
def test_the_first_difference_is_named_by_its_path(before: t.Any, after: t.Any, path: t.Optional[str]) -> None:
    assert first_difference(before, after, "x") == path


# --- connection


def test_a_connection_names_services_and_secrets() -> None:
    found = connection(cluster(bootstrap={"initdb": {"database": "moodle", "owner": "m"}}, enableSuperuserAccess=True))
    assert found == {
        "host": "moodle-db-rw.physics.svc",
        "port": 5432,
        "services": {"rw": "moodle-db-rw", "ro": "moodle-db-ro", "r": "moodle-db-r"},
        "database": "moodle",
        "owner": "m",
        "secret_names": {"application": "moodle-db-app", "superuser": "moodle-db-superuser", "server_ca": "moodle-db-ca"},
    }


def test_a_connection_follows_what_the_definition_renames() -> None:
    found = connection(
        cluster(
            bootstrap={"recovery": {"database": "moodle", "secret": {"name": "login"}}},
            certificates={"serverCASecret": "our-ca"},
            managed={"services": {"disabledDefaultServices": ["ro", "r"]}},
        )
    )
    assert found["services"] == {"rw": "moodle-db-rw"}
    assert (found["database"], found["owner"]) == ("moodle", "moodle")
    assert found["secret_names"] == {"application": "login", "superuser": None, "server_ca": "our-ca"}
