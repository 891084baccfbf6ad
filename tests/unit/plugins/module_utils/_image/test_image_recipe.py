# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The commands and Dockerfiles of a build, and that what names an image from them stays what it was."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._image import _layer, _services, _site, recipe
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import Inputs
from ansible_collections.campus.moodle.plugins.plugin_utils._image import plan as plan_module


def spec(**inputs: Any) -> dict[str, Any]:
    """What images of some code at an address are made of."""
    plan = plan_module.make(Inputs(archive_url="https://example.edu/m.tgz", archive_sha256="a" * 64, cache_directory="/nowhere", **inputs))
    assert plan["problems"] == []
    return plan["build_spec"]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts one program into each image, in place of the role's files."""
    folder = tmp_path / "files"
    shutil.copytree(plan_module.FILES / "base", folder / "base")
    for name, text in {
        "rootfs/opt/campus-moodle/bin/moodle": "#!/usr/bin/env php\n",
        "services/opt/campus-services/bin/service": "#!/bin/bash\n",
    }.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setattr(plan_module, "FILES", folder)
    return folder


def test_the_base_is_minimal_and_signed() -> None:
    words = recipe.bootstrap(spec()["site"]["base"])
    assert words[:2] == ["mmdebstrap", "--variant=minbase"]
    assert '--aptopt=Apt::Install-Recommends "false"' in words
    assert not [word for word in words if "trusted" in word or "unauth" in word.lower()]
    assert words[-2:] == ["bookworm", "-"]


def test_mirrors_of_ones_own_replace_those_of_debian() -> None:
    mirrors = {"mirror": "http://mirror.example.edu/debian", "security_mirror": "http://mirror.example.edu/debian-security"}
    assert recipe.bootstrap(spec(**mirrors)["site"]["base"])[-3:] == [
        "deb http://mirror.example.edu/debian bookworm main",
        "deb http://mirror.example.edu/debian bookworm-updates main",
        "deb http://mirror.example.edu/debian-security bookworm-security main",
    ]


def test_a_shortcut_of_the_bootstrap_leaves_nothing_behind() -> None:
    words = recipe.bootstrap(spec()["site"]["base"])
    (made,) = [word for word in words if word.startswith("--extract-hook=echo force-unsafe-io")]
    removed = f"--customize-hook=rm {made.rpartition('>')[2]}"
    assert words.index(made) < words.index(removed)


def test_a_registry_base_gets_the_same_packages() -> None:
    base = spec(base="registry", base_reference="registry.example.edu/debian:bookworm")["site"]["base"]
    text = recipe.registry(base)
    assert text.startswith("FROM registry.example.edu/debian:bookworm\n")
    assert all(package in text for package in base["packages"])


def test_the_images_are_not_root() -> None:
    lines = recipe.site("campus.moodle/base:x").splitlines()
    assert lines.index("USER 10001:10001") > lines.index('RUN ["/opt/campus-moodle/bin/moodle", "bake"]')
    assert 'ENTRYPOINT ["/opt/campus-moodle/bin/moodle"]' in lines
    assert "STOPSIGNAL SIGQUIT" in lines
    assert "USER 10002:10002" in recipe.services("campus.moodle/base:x").splitlines()


@pytest.mark.parametrize(
    ("inputs", "site", "services"),
    [
        ({"branch": "4.5"}, "3dd7ab0e68a6", "12ec042f3297"),
        ({"branch": "5.1"}, "c965f8d4bd90", "12ec042f3297"),
        ({"branch": "4.5", "base": "registry"}, "f716ed0ed60b", "1076b5663004"),
    ],
)
def test_bases_have_the_names_of_release_0_2_0(inputs: dict[str, Any], site: str, services: str) -> None:
    """They change with the packages and the scripts in files/base, and with nothing else: change them here together with those."""
    images = spec(**inputs)
    found = (images["site"]["base"]["reference"], images["services"]["base"]["reference"])
    assert found == (f"campus.moodle/base:{site}", f"campus.moodle/base:{services}")


def test_images_have_the_names_that_are_known_for_the_same_content(files: Path) -> None:
    """That of the services is from release 0.2.0. What the site image knows of its branch has grown by upgrade_minimum since."""
    images = spec(release="4.5.1", languages=("de",))
    assert images["site"]["reference"] == "campus.moodle/site:4.5.1-11876e4a18fa"
    assert images["services"]["reference"] == "campus.moodle/services:dc43482673ec"


# What a build makes of its input, for each text in plan.LAYOUT: the layers of an image and the Dockerfiles.
LAYOUTS = {
    "77027900a72103e89f34da0052e60309a867fa719b629e7c51734d9b8001d214": {
        "code": "4e929bf0d51d5ce2786507957be5a5cae3ee1b0d740a1d0cce8208fab58c5d7f",
        "runtime": "6590d9cf955cc1f41066e4637e69985040da0764cb23671a0b36608a596690d8",
        "services": "454fadeb3a2ee86bb1b48f0d5d883bbb0100e0f7db7371b0affa08c198dd6802",
        "dockerfiles": "b208fd50aed17b02d83d17178806759494787dfe4bf9a6ce3dc8088f1736f241",
    },
}


def test_another_layout_has_another_name(files: Path, moodle: Callable[..., Path], tmp_path: Path) -> None:
    """When this fails, the same input gives another image: add a row with a new text, and put that text into plan.LAYOUT."""
    with _layer.Layer(tmp_path / "code.tar") as code:
        request = {"branch": "4.5", "layout": "classic", "release": "", "source": {"sha256": "ab" * 32}}
        facts = _site.write_code(code, moodle(), request)
    more = {"php": "8.2", "needs": {"php_minimum": "8.1"}, "plugins": [], "languages": [], "reference": "campus.moodle/site:x"}
    with _layer.Layer(tmp_path / "runtime.tar") as runtime:
        _site.write_runtime(runtime, files / "rootfs", _site.describe({**request, **more}, facts))
    with _layer.Layer(tmp_path / "services.tar") as services:
        _services.write(services, {"files": str(files / "services"), "mail_catcher": None})
    (tmp_path / "dockerfiles").write_text(recipe.site("base:1") + recipe.services("base:1"))
    parts = {"code": "code.tar", "runtime": "runtime.tar", "services": "services.tar", "dockerfiles": "dockerfiles"}
    found = {name: hashlib.sha256((tmp_path / file).read_bytes()).hexdigest() for name, file in parts.items()}
    assert LAYOUTS[plan_module.LAYOUT] == found
