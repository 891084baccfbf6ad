# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The names of images come from their content, and bad input is refused before anything is touched."""

from __future__ import annotations

import datetime
import io
import json
import os
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.campus.moodle.plugins.filter.image_plan import image_plan
from ansible_collections.campus.moodle.plugins.filter.image_state import image_state
from ansible_collections.campus.moodle.plugins.module_utils._image import packages, recipe
from ansible_collections.campus.moodle.plugins.module_utils._moodle import branches as _branches
from ansible_collections.campus.moodle.plugins.plugin_utils._image import plan as plan_module

TODAY = "2026-11-20"
VERSION = "<?php\n$version = 2024100705;\n$release = '{release} (Build: 20250613)';\n$branch = '405';\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A directory that is Moodle's code as far as the plan looks, older than the time in which changes could hide."""
    top = tmp_path / "code"
    (top / "lib").mkdir(parents=True)
    (top / "version.php").write_text(VERSION.format(release="4.5.5+"))
    (top / "lib" / "components.json").write_text(json.dumps({"plugintypes": {"mod": "mod"}}))
    (top / "lib" / "setup.php").write_text("<?php\n")
    return top


@pytest.fixture
def plan(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The plan for the source on some day with some variables changed."""

    def make(today: str = TODAY, **variables: Any) -> dict[str, Any]:
        monkeypatch.setattr(plan_module, "_today", lambda: today)
        return image_plan({"source": str(source), "cache_directory": str(tmp_path / "cache"), **variables})

    return make


def test_the_same_input_gives_the_same_names(plan: Any, source: Path) -> None:
    first, second = plan(), plan()
    assert first["problems"] == []
    assert (first["reference"], first["services_reference"]) == (second["reference"], second["services_reference"])
    assert first["reference"].startswith("campus.moodle/site:4.5.5-")
    assert len(first["reference"].rpartition("-")[2]) == 12
    for path in source.rglob("*"):
        path.touch()
    assert plan()["reference"] == first["reference"]


def test_where_the_input_lies_does_not_count(plan: Any, source: Path, tmp_path: Path) -> None:
    first = plan()
    source.rename(tmp_path / "elsewhere")
    moved = plan(source=str(tmp_path / "elsewhere"), mirror="http://mirror.example.edu/debian", cache_directory=str(tmp_path / "other"))
    assert moved["reference"] == first["reference"]


@pytest.mark.parametrize("name", ["lib/setup.php", "new.php"])
def test_a_changed_byte_gives_another_name(plan: Any, source: Path, name: str) -> None:
    first = plan()
    (source / name).write_text("<?php\n\n")
    assert plan()["reference"] != first["reference"]
    assert plan()["services_reference"] == first["services_reference"]


def test_a_changed_byte_of_the_same_size_gives_another_name_even_at_once(plan: Any, source: Path) -> None:
    path = source / "lib" / "setup.php"
    old = time.time() - 3600
    os.utime(path, (old, old))
    first = plan()
    path.write_text("<?php ")
    os.utime(path, (old, old))
    assert plan()["reference"] != first["reference"]


@pytest.mark.parametrize(
    ("change", "site_changes", "services_change"),
    [
        ({"base_date": "2026-11"}, True, True),
        ({"languages": ["de"]}, True, False),
        ({"base": "registry"}, True, True),
        ({"base": "registry", "base_reference": "registry.example.edu/debian:12"}, True, True),
        ({"languages": ["en"]}, False, False),
        ({"release": "4.5.5"}, False, False),
    ],
)
def test_what_decides_the_names(plan: Any, change: dict[str, Any], site_changes: bool, services_change: bool) -> None:
    before, after = plan(), plan(**change)
    assert after["problems"] == []
    assert (before["reference"] != after["reference"]) is site_changes
    assert (before["services_reference"] != after["services_reference"]) is services_change


def test_the_mail_catcher_is_part_of_the_services_image(plan: Any, tmp_path: Path) -> None:
    program = tmp_path / "mailhog"
    program.write_bytes(b"program")
    with_catcher = plan(mail_catcher=str(program))
    assert with_catcher["services_reference"] != plan()["services_reference"]
    assert with_catcher["reference"] == plan()["reference"]
    assert "mail" in with_catcher["build_spec"]["services"]["services"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"branch": "4.6"}, "image_branch is '4.6', which this collection does not know; choose one of 4.3, 4.4, 4.5, 5.0, 5.1, 5.2, 5.3."),
        ({"branch": "5.1"}, "of branch 4.5, but branch 5.1 was requested."),
        (
            {"today": "2027-10-05"},
            "which has had no security fixes since 2027-10-04; choose a later branch, or set image_allow_unsupported_branch",
        ),
        ({"php": "8.4"}, "image_php is '8.4', but Moodle 4.5 runs on PHP 8.1 to 8.3; choose one of these."),
        ({"php": "8.3"}, "Debian bookworm has PHP 8.2, so PHP 8.3 needs a base from a registry"),
        ({"postgresql": 12}, "image_postgresql is '12', but Moodle 4.5 needs PostgreSQL 13 or later;"),
        ({"postgresql": "17.2"}, "image_postgresql is '17.2'; give PostgreSQL's major version alone, for example 17."),
        ({"release": "4.5.6"}, "but release 4.5.6 was requested."),
        ({"source": "/nowhere/moodle.tgz"}, "/nowhere/moodle.tgz does not exist."),
        (
            {"source": "", "archive_url": "https://example.edu/m.tgz"},
            "image_archive_url is given without image_archive_sha256; give the archive's SHA-256",
        ),
        (
            {"source": "", "archive_url": "ftp://example.edu/m.tgz", "archive_sha256": "a" * 64},
            "image_archive_url is 'ftp://example.edu/m.tgz', which is not a valid address; use https://..., or image_source",
        ),
        (
            {"archive_url": "https://example.edu/m.tgz", "archive_sha256": "a" * 64},
            "image_source and image_archive_url are both given; keep one of them.",
        ),
        ({"archive_sha256": "abc"}, "image_archive_sha256 is 'abc', which is not a valid SHA-256; give 64 hexadecimal digits."),
        ({"languages": ["../de"]}, "image_languages has '../de', which is not the name of a language pack; use names like de or pt_br."),
        (
            {"source": "", "release": "4.6.1"},
            "image_release is '4.6.1' but image_branch is '4.5'; choose a release of that branch, or change",
        ),
        ({"source": "", "release": "newest"}, "image_release is 'newest', which is not a valid release; write it like 4.5.1."),
        ({"base": "magic"}, "image_base is 'magic'; choose bootstrap or registry."),
        ({"mail_catcher": "/nowhere/mailhog"}, "image_mail_catcher is '/nowhere/mailhog', which does not exist on the control node."),
    ],
)
def test_bad_input_gets_a_sentence_and_no_plan(plan: Any, change: dict[str, Any], sentence: str) -> None:
    result = plan(**change)
    assert any(sentence in problem for problem in result["problems"]), result["problems"]
    assert result["reference"] == ""
    assert result["build_spec"] == {}


def test_all_problems_are_told_at_once(plan: Any) -> None:
    assert len(plan(php="8.4", postgresql=9, languages=["?"])["problems"]) == 4


def test_an_unsupported_branch_can_be_allowed(plan: Any) -> None:
    result = plan(today="2028-01-01", allow_unsupported_branch=True)
    assert result["problems"] == []
    assert "has had no security fixes since 2027-10-04" in result["warnings"][0]


def test_an_archive_with_another_checksum_is_refused(plan: Any, tmp_path: Path, source: Path) -> None:
    archive = tmp_path / "moodle.tgz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(source, "moodle")
    assert plan(source=str(archive))["problems"] == []
    assert "expected sha256 " + "a" * 64 in plan(source=str(archive), archive_sha256="a" * 64)["problems"][0]


def test_what_is_not_moodle_is_refused(plan: Any, tmp_path: Path) -> None:
    archive = tmp_path / "other.tgz"
    with tarfile.open(archive, "w:gz") as file:
        info = tarfile.TarInfo("wordpress/wp-config.php")
        file.addfile(info, io.BytesIO())
    assert "is not Moodle's code" in plan(source=str(archive))["problems"][0]


def test_the_official_archive_is_the_default_and_its_missing_checksum_is_said(plan: Any) -> None:
    result = plan(source="")
    source = result["build_spec"]["site"]["source"]
    assert source["url"] == "https://download.moodle.org/download.php/direct/stable405/moodle-4.5.14.tgz"
    assert "has no checksum in this collection yet" in result["warnings"][0]
    assert plan(source="", archive_sha256="a" * 64)["warnings"] == []


def test_an_archive_in_the_cache_with_its_checksum_is_used(plan: Any, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir(exist_ok=True)
    (cache / "moodle-4.5.14.tgz").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    (cache / "moodle-4.5.14.tgz.sha256").write_text(f"{digest}\n")
    source = plan(source="")["build_spec"]["site"]["source"]
    assert (source["path"], source["sha256"]) == (str(cache / "moodle-4.5.14.tgz"), digest)


def test_nothing_is_kept_about_files_that_changed_just_now(plan: Any, source: Path) -> None:
    old = time.time() - 3600
    for path in [source, *source.rglob("*")]:
        os.utime(path, (old, old))
    plan()
    kept = list((source.parent / "cache" / "facts").glob("*.json"))
    # Modification times can be set back, but the time of that change is of this moment.
    assert kept == []


def test_unknown_variables_are_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="does not know: colour"):
        image_plan({"colour": "blue"})


def test_the_branch_table_is_sound() -> None:
    for name, row in _branches.BRANCHES.items():
        assert row.number == int(name.split(".")[0]) * 100 + int(name.split(".")[1])
        assert row.release.startswith(f"{name}.")
        assert datetime.date.fromisoformat(row.security_until)
        assert list(_branches.unusable("image_", name, _branches.BRANCHES, row.security_until, allowed=False)) == []
        assert list(_branches.wrong_php("image_php", row.php, row)) == []
        assert list(_branches.wrong_postgresql("image_postgresql", str(_branches.POSTGRESQL), row)) == []
        assert row.layout == ("public" if row.number >= 501 else "classic")
    assert _branches.DEFAULT_BRANCH in _branches.BRANCHES


def test_the_services_image_runs_the_postgresql_of_the_table() -> None:
    files = Path(_branches.__file__).resolve().parents[3] / "roles" / "image" / "files"
    services = files / "services/opt/campus-services/lib"
    major = _branches.POSTGRESQL
    assert f"postgresql-{major}" in packages.SERVICES
    assert f"readonly postgres_major={major}\n" in (services / "postgres.sh").read_text()
    for text in ((services / "pooler.sh").read_text(), recipe.services("base:1")):
        assert f"/usr/lib/postgresql/{major}/bin" in text
    for page in (files / "services/README.md", files.parents[2] / "docs/site.md"):
        assert f"PostgreSQL {major}" in page.read_text()


def test_first_releases_are_named_without_their_zero() -> None:
    row = _branches.BRANCHES["5.3"]
    assert row.archive_url("5.3.0").endswith("/stable503/moodle-5.3.tgz")
    assert row.archive_url("5.3.1").endswith("/stable503/moodle-5.3.1.tgz")


def test_state_compares_the_engine_with_the_plan(plan: Any) -> None:
    planned = plan()
    assert image_state("[]\n", planned) == {"missing": ["site", "services"], "facts": planned["facts"]}
    image = {
        "RepoTags": [planned["reference"]],
        "Size": 7,
        "Config": {"Labels": {"io.campus.moodle.facts": '{"payload": "moodle"}', "io.campus.moodle.compressed-bytes": "3"}},
    }
    state = image_state(json.dumps([image]), planned)
    assert state["missing"] == ["services"]
    assert state["facts"] == {"payload": "moodle", "size_bytes": 7, "compressed_bytes": 3}


def test_the_image_is_told_what_its_branch_needs(plan: Any) -> None:
    row = _branches.BRANCHES["4.5"]
    assert plan()["build_spec"]["site"]["needs"] == {
        "php_minimum": row.php_minimum,
        "php_maximum": row.php_maximum,
        "postgresql_minimum": row.postgresql_minimum,
        "upgrade_minimum": row.upgrade_minimum,
    }
