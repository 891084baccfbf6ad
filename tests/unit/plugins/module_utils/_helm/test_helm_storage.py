# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Reading and repairing Helm's own records, those of real Helm 3 and 4 among them."""

from __future__ import annotations

import base64
import json
import os
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm import storage
from ansible_collections.campus.moodle.plugins.module_utils._helm._deploy import refuse_too_large
from ansible_collections.campus.moodle.plugins.module_utils._helm.storage import HelmError, ReleaseStore, release_of, revision_of
from ansible_collections.campus.moodle.tests.unit.fakes.helm_fakes import body_of, recorded, secret
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient


@pytest.mark.parametrize(("major", "method"), [(3, "csa"), (4, "ssa")])
def test_the_records_of_both_helms_are_read(major: int, method: str) -> None:
    release = release_of(recorded(major, 2))
    assert release.summary() == {
        "name": "web",
        "namespace": f"rec{major}",
        "revision": 2,
        "status": "deployed",
        "description": "Two of them",
        "chart": "site",
        "chart_version": "1.0.0",
        "app_version": "4.5",
        "apply_method": method,
        "input_digest": "",
    }
    assert release.values == {"replicas": 2, "tests": True, "hooks": {"post-rollback": True}}
    assert [(row["name"], row["phase"], row["started_at"]) for row in release.tests] == [("web-test", "Unknown", "")]
    assert "kind: Deployment" in release.manifest


@pytest.mark.parametrize("major", [3, 4])
def test_the_labels_of_both_helms_are_read(major: int) -> None:
    revision = revision_of(recorded(major, 1))
    assert revision is not None
    assert (revision.number, revision.status, revision.pending) == (1, "superseded", False)
    assert revision.secret == "sh.helm.release.v1.web.v1"
    assert revision.written > 1_700_000_000


def test_an_encoded_release_is_read_as_it_was() -> None:
    body = {"name": "web", "config": {"text": "ü\n", "number": 2**60, "float": 1.5, "null": None}}
    assert storage.decode(storage.encode(body)) == body


def test_a_release_from_before_compression_is_read() -> None:
    data = base64.b64encode(base64.b64encode(json.dumps({"name": "old"}).encode())).decode()
    assert storage.decode(data) == {"name": "old"}


def twice(data: bytes) -> str:
    """Return data as a Secret of helm has it."""
    return base64.b64encode(base64.b64encode(data)).decode()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"release": "%"},
        {"release": "bm9uc2Vuc2U="},
        {"release": base64.b64encode(b"H4sI").decode()},
        {"release": twice(b"\x1f\x8b\x08\0\0\0\0\0\0\0nonsense")},
        {"release": twice(b"[1]")},
    ],
)
def test_a_record_that_is_broken_is_an_error_that_names_it(data: dict[str, str]) -> None:
    with pytest.raises(HelmError, match=r"Secret sh\.helm\.release\.v1\.web\.v1 does not hold a release") as caught:
        release_of({**secret(), "data": data})
    assert caught.value.details["error"] == "corrupt"


@pytest.mark.parametrize(("name", "labels"), [("other", {"version": "1"}), ("sh.helm.release.v1.web.v1", {"version": "one"})])
def test_other_secrets_with_the_labels_of_helm_are_left_out(name: str, labels: dict[str, str]) -> None:
    assert revision_of({"metadata": {"name": name, "labels": labels}}) is None


def test_revisions_come_newest_first_and_by_number() -> None:
    store = ReleaseStore(FakeClient(secret(9), secret(10), secret(2)), "physics", "web")
    assert [revision.number for revision in store.revisions()] == [10, 9, 2]
    newest = store.newest()
    assert newest is not None and newest.body["version"] == 10


def test_a_revision_that_goes_away_meanwhile_is_an_error() -> None:
    client = FakeClient(secret(1))
    store = ReleaseStore(client, "physics", "web")
    revision = store.revisions()[0]
    client.objects.clear()
    with pytest.raises(HelmError, match="was removed while it was read"):
        store.read(revision)


def test_marking_as_failed_changes_label_and_record() -> None:
    client = FakeClient(secret(2, "pending-upgrade", manifest="kind: ConfigMap"))
    store = ReleaseStore(client, "physics", "web")
    store.mark_failed(store.revisions()[0], "left behind")
    stored = client.objects["Secret", "physics", "sh.helm.release.v1.web.v2"]
    assert stored["metadata"]["labels"]["status"] == "failed"
    assert body_of(stored)["info"] == {"status": "failed", "description": "left behind"}
    assert body_of(stored)["manifest"] == "kind: ConfigMap"


def test_a_release_that_another_helm_finished_meanwhile_is_left_alone() -> None:
    client = FakeClient(secret(2, "pending-upgrade"))
    store = ReleaseStore(client, "physics", "web")
    revision = store.revisions()[0]
    client.objects["Secret", "physics", revision.secret]["metadata"]["labels"]["status"] = "deployed"
    with pytest.raises(HelmError, match="was changed while it was recovered"):
        store.mark_failed(revision, "left behind")


def test_a_release_larger_than_a_secret_is_refused() -> None:
    refuse_too_large({"text": "x" * 5_000_000}, "web")
    with pytest.raises(HelmError, match=r"Release web would take \d+ bytes") as caught:
        refuse_too_large({"text": base64.b64encode(os.urandom(1_000_000)).decode()}, "web")
    assert caught.value.details["error"] == "too_large"


@pytest.mark.parametrize(("label", "digest"), [("d1.2", "d1"), ("d1.1", ""), ("d1", ""), ("d1.", ""), ("", "")])
def test_what_a_revision_was_made_from_is_only_believed_of_that_very_revision(label: str, digest: str) -> None:
    revision = revision_of(secret(2, labels={"campus.moodle/input": label}))
    assert revision is not None and revision.input_digest == digest


def test_what_is_remembered_is_read_back() -> None:
    store = ReleaseStore(FakeClient(secret(7)), "physics", "web")
    assert store.remember(store.revisions()[0], "d7").input_digest == "d7"
    assert [revision.input_digest for revision in store.revisions()] == ["d7"]


@pytest.mark.parametrize("environ", [{}, {"HELM_DRIVER": ""}, {"HELM_DRIVER": "secret"}])
def test_releases_in_secrets_are_supported(environ: dict[str, str]) -> None:
    storage.refuse_other_driver(environ)


def test_releases_elsewhere_are_refused() -> None:
    with pytest.raises(HelmError, match="HELM_DRIVER is sql, and only releases that helm keeps in Secrets are supported"):
        storage.refuse_other_driver({"HELM_DRIVER": "sql"})


@pytest.mark.parametrize(
    ("run", "row"),
    [
        ({}, {"phase": "Unknown", "started_at": "", "completed_at": ""}),
        ({"started_at": "0001-01-01T00:00:00Z", "phase": ""}, {"phase": "Unknown", "started_at": ""}),
        ({"started_at": "2026-01-02T03:04:05Z", "phase": "Failed"}, {"phase": "Failed", "started_at": "2026-01-02T03:04:05Z"}),
    ],
)
def test_how_a_hook_ended_is_read(run: dict[str, str], row: dict[str, t.Any]) -> None:
    found = storage.hook_row({"name": "migrate", "kind": "Job", "last_run": run})
    assert {name: found[name] for name in row} == row
