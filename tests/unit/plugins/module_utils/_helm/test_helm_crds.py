# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Which CRDs a chart brings: what helm prints is taken apart, and helm is not started more often than needed."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm import _crds as _helm_crds
from ansible_collections.campus.moodle.plugins.module_utils._helm._manifest import objects
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.helm_fakes import NAMESPACE, RENDERED, FakeRun, chart_in, labels_in, secret, task
from ansible_collections.campus.moodle.tests.unit.fakes.kube_fakes import FakeClient

MISSING = Result(1, "", 'Error: no matches for kind "Widget" in version "example.org/v1" ensure CRDs are installed first')


def crd(name: str) -> str:
    """Return a CRD as a file has it, without a line end."""
    head = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition"
    return f"{head}\nmetadata: {{name: {name}}}\nspec: {{versions: [{{name: v1}}]}}"


def printed(source: str, content: str) -> str:
    """Return a file as helm prints it."""
    return f"---\n# Source: {source}\n{content}\n"


# As Helm 3.22 and 4.3 print it.
PRINTED = "".join(
    [
        printed("site/crds/a.yaml", crd("a")),
        # This file was rendered from another chart, and has two documents.
        printed("site/crds/b.yaml", f"---\n# Source: operator/templates/b.yaml\n{crd('b')}\n---\n{crd('c')}"),
        printed("site/charts/inner/crds/d.yaml", crd("d")),
        printed("site/charts/inner/charts/innermost/crds/e.yaml", f"# Source: site/templates/e.yaml\n{crd('e')}"),
        printed("site/templates/crds/f.yaml", crd("f")),
        printed("site/charts/inner/templates/crds/g.yaml", crd("g")),
    ]
)


def names(texts: t.Iterable[str]) -> list[str]:
    """Return the names of the objects in texts."""
    return [obj["metadata"]["name"] for text in texts for obj in objects(text)]


def test_crds_are_what_is_in_a_directory_for_them_and_not_in_templates() -> None:
    rendered = _helm_crds.split(PRINTED)
    assert names(rendered.crds) == ["a", "b", "c", "d", "e"]
    assert names([rendered.rest]) == ["f", "g"]


@pytest.mark.parametrize("text", ["", "---\n", printed("site/templates/a.yaml", "kind: ConfigMap\nmetadata: {name: a}")])
def test_a_chart_without_crds_brings_none(text: str) -> None:
    assert _helm_crds.split(text) == ([], text)


def test_every_crd_of_every_file_is_planned() -> None:
    planned = _helm_crds.plan(FakeClient(), _helm_crds.split(PRINTED).crds, "create")
    assert [obj["metadata"]["name"] for obj, _change in planned] == ["a", "b", "c", "d", "e"]


@pytest.fixture
def chart(tmp_path: pathlib.Path) -> dict[str, t.Any]:
    """The options that name a chart with CRDs."""
    (tmp_path / "crds").mkdir()
    (tmp_path / "crds" / "a.yaml").write_text(crd("a"), encoding="utf-8")
    return chart_in(tmp_path)


def upgrading(client: FakeClient, *, missing: bool) -> FakeRun:
    """Return a helm that lacks a kind until its CRD is there, and records the release."""

    def upgrade() -> Result:
        if missing and not any(kind == "CustomResourceDefinition" for kind, _place, _name in client.objects):
            return MISSING
        if "--dry-run=server" not in helm.commands[-1]:
            client.put(secret(1, labels=labels_in(helm.commands[-1]), manifest=RENDERED["manifest"]))
        return Result(0, json.dumps(RENDERED), "")

    def template() -> Result:
        return Result(0, printed("site/crds/a.yaml", crd("a")) + printed("site/templates/web.yaml", RENDERED["manifest"]), "")

    helm = FakeRun(upgrade=upgrade, template=template, show=Result(0, "name: site\n", ""))
    return helm


@pytest.mark.parametrize(
    ("missing", "check", "verbs"),
    [
        (False, True, ["version", "template", "upgrade"]),
        (False, False, ["version", "template", "upgrade", "upgrade"]),
        (True, True, ["version", "template", "upgrade", "show"]),
        (True, False, ["version", "template", "upgrade", "show", "upgrade", "upgrade"]),
    ],
)
def test_one_rendering_serves_for_crds_and_for_the_preview_without_them(
    chart: dict[str, t.Any], missing: bool, check: bool, verbs: list[str]
) -> None:
    client = FakeClient(NAMESPACE)
    established = {"type": "Established", "status": "True"}
    client.script = [lambda client: client.set_status("CustomResourceDefinition", "a", conditions=[established])]
    helm = upgrading(client, missing=missing)
    result = task(client, helm, check=check, chart=chart, values={"a": 1})
    assert result["actions"] == ["crds", "install"]
    assert [row["after_header"].split(" (")[0] for row in result["diff"]] == ["CustomResourceDefinition a", "Release web", "ConfigMap web"]
    assert [command[1] for command in helm.commands] == verbs
    # With the values of the task, and as the version of the server would have it.
    assert json.loads(helm.texts[1] or "") == {"a": 1}
    assert {"--kube-version=v1.34.1", "--include-crds", "--values=-"} <= set(helm.commands[1])


def test_crds_that_are_not_requested_are_not_rendered(chart: dict[str, t.Any]) -> None:
    helm = upgrading(FakeClient(), missing=False)
    task(FakeClient(NAMESPACE), helm, check=True, chart=chart, crds="keep")
    assert [command[1] for command in helm.commands] == ["version", "upgrade"]
