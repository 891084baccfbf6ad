# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Which chart is meant, and when two are the same."""

from __future__ import annotations

import hashlib
import pathlib
import tarfile

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm import _chart as charts
from ansible_collections.campus.moodle.plugins.module_utils._helm._chart import Chart
from ansible_collections.campus.moodle.plugins.module_utils._helm.storage import HelmError

DIGEST = f"sha256:{'a' * 64}"
URL = "https://charts.example.org"


@pytest.fixture
def directory(tmp_path: pathlib.Path) -> pathlib.Path:
    """A chart."""
    chart = tmp_path / "site"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("name: site\n", encoding="utf-8")
    (chart / "templates" / "a.yaml").write_text("kind: A\n", encoding="utf-8")
    return chart


@pytest.mark.parametrize(
    ("chart", "known"),
    [
        (Chart("site", URL, "1.2.3"), True),
        (Chart("site", URL, "v1.2.3-rc.1+build"), True),
        (Chart("oci://registry.example.org/site", None, "1.2.3"), True),
        (Chart("known/site", None, "1.2.3"), True),
        (Chart("site", URL, None, DIGEST), True),
        (Chart("site", URL), False),
        (Chart("site", URL, "^1.2.3"), False),
        (Chart("site", URL, "1.2"), False),
        (Chart("site", URL, "1.x"), False),
        (Chart("oci://registry.example.org/site"), False),
    ],
)
def test_only_an_exact_version_or_a_digest_says_what_a_chart_is(chart: Chart, known: bool) -> None:
    assert (charts.identity(chart) is not None) is known


def test_the_same_version_elsewhere_is_another_chart() -> None:
    places = [
        Chart("site", URL, "1.2.3"),
        Chart("site", URL + "/other", "1.2.3"),
        Chart("other", URL, "1.2.3"),
        Chart("site", URL, "1.2.4"),
    ]
    assert len({charts.identity(chart) for chart in places}) == len(places)


def test_a_directory_is_known_by_names_and_contents(directory: pathlib.Path) -> None:
    first = charts.identity(Chart(str(directory)))
    (directory / ".git").mkdir()
    (directory / ".git" / "HEAD").write_text("moves", encoding="utf-8")
    assert charts.identity(Chart(str(directory))) == first
    (directory / "templates" / "a.yaml").rename(directory / "templates" / "b.yaml")
    second = charts.identity(Chart(str(directory)))
    (directory / "templates" / "b.yaml").write_text("kind: B\n", encoding="utf-8")
    assert len({first, second, charts.identity(Chart(str(directory)))}) == 3


def test_an_archive_is_known_by_its_digest(tmp_path: pathlib.Path) -> None:
    archive = tmp_path / "site.tgz"
    archive.write_bytes(b"archive")
    digest = "sha256:" + hashlib.sha256(b"archive").hexdigest()
    assert charts.identity(Chart(str(archive))) == charts.identity(Chart(str(archive), digest=digest)) == digest
    with pytest.raises(HelmError, match=f"has the digest {digest}, and the task expects {DIGEST}"):
        charts.identity(Chart(str(archive), digest=DIGEST))


@pytest.mark.parametrize(
    ("chart", "words"),
    [
        (Chart("site", URL, "1.2.3", "abc"), "has the wrong form"),
        (Chart("oci://registry.example.org/site", URL), "has no repo_url"),
        (Chart("site", "https://user:password@charts.example.org"), "must not hold a user name or password"),
        (Chart("oci://user:password@registry.example.org/site"), "must not hold a user name or password"),
        (Chart("/no/such/chart"), "There is no chart at /no/such/chart"),
        (Chart("./no/such/chart"), "There is no chart at"),
        (Chart("/"), "it has no Chart.yaml"),
    ],
)
def test_what_cannot_be_meant_is_refused(chart: Chart, words: str) -> None:
    with pytest.raises(HelmError, match=words) as caught:
        charts.check(chart)
    assert "password@" not in str(caught.value)


def test_a_directory_has_no_digest_to_pin(directory: pathlib.Path) -> None:
    charts.check(Chart(str(directory)))
    with pytest.raises(HelmError, match="Leave digest out"):
        charts.check(Chart(str(directory), digest=DIGEST))


def test_an_unreadable_file_of_a_chart_is_named(directory: pathlib.Path) -> None:
    (directory / "broken").symlink_to("nowhere")
    with pytest.raises(HelmError, match=r"The chart cannot be read: .*broken: No such file"):
        charts.identity(Chart(str(directory)))


@pytest.mark.parametrize(("file", "some"), [("crds/a.yaml", True), ("charts/inner-1.0.0.tgz", True), ("templates/b.yaml", False)])
@pytest.mark.parametrize("packed", [False, True])
def test_crds_are_asked_for_only_where_there_may_be_some(directory: pathlib.Path, file: str, some: bool, packed: bool) -> None:
    (directory / file).parent.mkdir(exist_ok=True)
    (directory / file).write_text("kind: A\n", encoding="utf-8")
    path = directory
    if packed:
        path = directory.parent / "site.tgz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(directory, "site")
    assert charts.may_have_crds(str(path)) is some


@pytest.mark.parametrize("kept", [0, 20, 60])
def test_a_broken_archive_is_for_helm_to_judge(tmp_path: pathlib.Path, directory: pathlib.Path, kept: int) -> None:
    path = tmp_path / "site.tgz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(directory, "site")
    path.write_bytes(path.read_bytes()[:kept] + b"archive")
    assert charts.may_have_crds(str(path))


def test_the_input_digest_fits_into_a_label_and_knows_every_part() -> None:
    def digest(chart: str = "chart", value: int = 1, file: bytes = b"a", crds: str = "create") -> str:
        return charts.input_digest(chart, {"a": value, "b": 2}, [file], crds=crds)

    assert digest() == charts.input_digest("chart", {"b": 2, "a": 1}, [b"a"], crds="create")
    assert len(digest()) == 40
    assert len({digest(), digest(chart="other"), digest(value=2), digest(file=b"b"), digest(crds="keep")}) == 5
