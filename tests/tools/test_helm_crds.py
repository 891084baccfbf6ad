# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""helm_release and the CRDs of charts, with real Helm 3 and 4 on a real API server: all that a chart brings, and no others."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from support.helm import Workbench, diff_of, titles
from support.kubernetes import DEFINITIONS, ApiServer
from support.modules import ModuleRunner

SUBCHART = "apiVersion: v2\nname: {0}\nversion: 1.0.0\n"
DEPENDENCY = "- name: {0}\n  version: 1.0.0\n  condition: {0}.enabled\n"


@pytest.fixture
def bench(run_module: ModuleRunner, api_server: ApiServer, helm: str, namespace: str, tmp_path: pathlib.Path) -> Workbench:
    """A release of a chart with CRDs in a group of its own, with Helm 3 and with Helm 4."""
    bench = Workbench(run_module, api_server, helm, namespace, tmp_path)
    bench.chart = bench.copied("widgets")
    for file in ("crds/widgets.yaml", "templates/widget.tpl"):
        bench.edit(file, "tools.example.org", group(bench))
    return bench


def group(bench: Workbench) -> str:
    """Return the group of the CRDs of a test."""
    return f"g{bench.namespace[-10:]}.example.org"


def crd(bench: Workbench, kind: str, schema: str = "") -> str:
    """Return a CRD as many charts have it: without a line that separates it from the file before."""
    plural, schema = f"{kind.lower()}s", schema or "{type: object, x-kubernetes-preserve-unknown-fields: true}"
    return f"""apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{group(bench)}}}
spec:
  group: {group(bench)}
  scope: Namespaced
  names: {{kind: {kind}, listKind: {kind}List, plural: {plural}, singular: {kind.lower()}}}
  versions:
    - {{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {schema}}}}}
"""


def subchart(bench: Workbench, name: str, kind: str) -> None:
    """Add a chart with a CRD to the chart, which values switch on."""
    (bench.chart / "charts" / name / "crds").mkdir(parents=True)
    bench.add(f"charts/{name}/Chart.yaml", SUBCHART.format(name))
    bench.add(f"charts/{name}/crds/{name}.yaml", crd(bench, kind))
    (bench.chart / "values.yaml").open("a", encoding="utf-8").write(f"{name}: {{enabled: false}}\n")
    text = (bench.chart / "Chart.yaml").read_text(encoding="utf-8")
    bench.add("Chart.yaml", text + ("" if "dependencies:" in text else "dependencies:\n") + DEPENDENCY.format(name))


def defined(bench: Workbench) -> set[str]:
    """Return the plurals of the kinds in the group that the server has."""
    found = bench.server.request("GET", DEFINITIONS)["items"]
    return {row["spec"]["names"]["plural"] for row in found if row["spec"]["group"] == group(bench)}


def test_crds_come_with_the_objects_that_need_them_and_are_kept_up_to_date(bench: Workbench) -> None:
    name = f"widgets.{group(bench)}"
    beats = bench.beats()
    assert beats.do["actions"] == ["crds", "install"]
    assert titles(beats.do) == [f"CustomResourceDefinition {name}", "Release web", "Widget web"]
    bench.edit("crds/widgets.yaml", "type: integer", "type: integer\n                  minimum: 1")
    assert not bench.run()["changed"]
    bench.edit("Chart.yaml", "1.0.0", "1.0.1")
    applied = bench.beats(crds="apply").do
    assert applied["actions"] == ["crds", "upgrade"]
    assert "minimum: 1" in diff_of(applied, f"CustomResourceDefinition {name}")["after"]
    size = bench.server.request("GET", f"{DEFINITIONS}/{name}")["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"][
        "properties"
    ]["size"]
    assert size["minimum"] == 1
    bench.edit("crds/widgets.yaml", "- name: v1", "- name: v2")
    refused = bench.fail(crds="apply", check=True)
    assert (refused["error"], refused["versions"]) == ("crd_stored_version", ["v1"])


def test_every_crd_of_every_file_comes_also_where_nothing_separates_the_files(bench: Workbench) -> None:
    bench.add("crds/a.yaml", crd(bench, "Apple"))
    bench.add(
        "crds/b.yaml",
        f"# Source: fruit/templates/b.yaml\n{crd(bench, 'Berry')}---\n# Source: fruit/templates/c.yaml\n{crd(bench, 'Cherry')}",
    )
    bench.add("crds/z.yaml", crd(bench, "Zucchini"))
    (bench.chart / "templates" / "crds").mkdir()
    bench.add("templates/crds/plum.yaml", crd(bench, "Plum"))
    beats = bench.beats()
    assert beats.do["actions"] == ["crds", "install"]
    shown = [title.split()[1].split(".")[0] for title in titles(beats.do) if title.startswith("CustomResourceDefinition")]
    # What is a template is an object of the release like any other.
    assert sorted(shown[:-1]) == ["apples", "berrys", "cherrys", "widgets", "zucchinis"] and shown[-1] == "plums"
    assert defined(bench) == {"apples", "berrys", "cherrys", "plums", "widgets", "zucchinis"}
    bench.unchanged_without_helm()


@pytest.mark.parametrize("mode", ["create", "apply"])
def test_crds_of_a_subchart_that_is_switched_off_are_left_alone(bench: Workbench, mode: str) -> None:
    subchart(bench, "used", "Apple")
    subchart(bench, "unused", "Berry")
    subchart(bench, "other", "Cherry")
    theirs = crd(bench, "Berry", "{type: object, description: of somebody else, x-kubernetes-preserve-unknown-fields: true}")
    path = f"{DEFINITIONS}/berrys.{group(bench)}"
    bench.server.request("PATCH", f"{path}?fieldManager=rival", theirs.encode(), "application/apply-patch+yaml")
    values: dict[str, t.Any] = {"used": {"enabled": True}}
    assert "berrys" not in str(titles(bench.beats(crds=mode, values=values).do))
    assert defined(bench) == {"apples", "berrys", "widgets"}
    found = bench.server.request("GET", path)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert found["description"] == "of somebody else"
    switched_on = bench.run(crds=mode, values={**values, "unused": {"enabled": True}, "other": {"enabled": True}})
    assert (f"CustomResourceDefinition berrys.{group(bench)}" in titles(switched_on)) is (mode == "apply")
    assert f"CustomResourceDefinition cherrys.{group(bench)}" in titles(switched_on)


def test_a_chart_that_needs_the_version_of_this_server_is_rendered_for_it(bench: Workbench) -> None:
    bench.add("Chart.yaml", (bench.chart / "Chart.yaml").read_text(encoding="utf-8") + "kubeVersion: 1.34.1\n")
    assert bench.run()["actions"] == ["crds", "install"]
