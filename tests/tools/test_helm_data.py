# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""helm_release with objects that hold data: real Helm 3 and 4 delete them only when the task confirms it.

The API server has no controllers, so a claim that was deleted stays as one that is being deleted.
"""

from __future__ import annotations

import pathlib

import pytest
from support.helm import Workbench, controller, job_status, titles
from support.kubernetes import ApiServer
from support.modules import ModuleRunner

CLAIM = """
{{- if .Values.claim }}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ .Release.Name }}
  {{- if .Values.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
{{- end }}
"""
CLAIMING = {"claim": True}


@pytest.fixture
def bench(run_module: ModuleRunner, api_server: ApiServer, helm: str, namespace: str, tmp_path: pathlib.Path) -> Workbench:
    """A release with a claim to work on, with Helm 3 and with Helm 4."""
    bench = Workbench(run_module, api_server, helm, namespace, tmp_path)
    bench.add("templates/claim.tpl", CLAIM)
    return bench


def deleted(bench: Workbench) -> bool:
    """Whether the claim is gone or going."""
    claim = bench.get("persistentvolumeclaims")
    return claim is None or "deletionTimestamp" in claim["metadata"]


def test_uninstalling_a_release_with_a_claim_needs_its_name_again(bench: Workbench) -> None:
    bench.run(values=CLAIMING)
    for more in ({}, {"confirm_delete": "other"}, {"keep_history": True}):
        for check in (True, False):
            refused = bench.fail(state="absent", check=check, **more)
            assert (refused["error"], refused["objects"], refused["commands"]) == ("not_confirmed", ["PersistentVolumeClaim web"], [])
            assert (refused["changed"], refused["confirm_delete"]) == (False, "web")
    assert not deleted(bench)
    beats = bench.beats(state="absent", confirm_delete="web")
    assert beats.do["actions"] == ["uninstall"]
    assert "PersistentVolumeClaim web" in titles(beats.do)
    assert deleted(bench)


def test_a_claim_that_the_chart_keeps_needs_no_confirmation(bench: Workbench) -> None:
    bench.run(values={"claim": True, "keep": True})
    assert bench.beats(state="absent").do["actions"] == ["uninstall"]
    assert not deleted(bench)


def test_an_upgrade_that_drops_a_claim_needs_the_name_of_the_release(bench: Workbench) -> None:
    bench.run(values=CLAIMING)
    for check in (True, False):
        assert bench.fail(check=check)["error"] == "not_confirmed"
    assert not deleted(bench)
    assert "PersistentVolumeClaim web" in titles(bench.beats(confirm_delete="web").do)
    assert deleted(bench)


def test_going_back_to_before_a_claim_needs_the_name_of_the_release(bench: Workbench) -> None:
    bench.run()
    bench.run(values=CLAIMING)
    assert bench.fail(state="rolled_back", revision="1")["error"] == "not_confirmed"
    assert not deleted(bench)
    bench.beats(state="rolled_back", revision="1", confirm_delete="web")
    assert deleted(bench)


def test_a_failed_installation_with_a_claim_is_only_removed_when_it_is_confirmed(bench: Workbench) -> None:
    values = {**CLAIMING, "hooks": {"post-install": True, "post-upgrade": True}}
    with controller(bench, "jobs", lambda _job: job_status(succeeded=False)):
        kept = bench.fail(values=values, on_failure="uninstall")
        assert (kept["error"], kept["actions"], kept["changed"]) == ("hook_failed", ["install"], True)
        assert "PersistentVolumeClaim web" in kept["undo_failed"]
        assert not deleted(bench)
        removed = bench.fail(values=values, on_failure="uninstall", confirm_delete="web")
    assert removed["actions"] == ["upgrade", "uninstall"]
    assert deleted(bench)
