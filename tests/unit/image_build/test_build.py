# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The builder as a program: packing for another machine, errors, and the commands it gives to other programs."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.campus.moodle.plugins.plugin_utils._image_plan import Inputs, make
from ansible_collections.campus.moodle.plugins.plugin_utils._image_source import BUILDER, builder_module

base = builder_module("base")
pack = builder_module("pack")
site = builder_module("site")
services = builder_module("services")
engine_module = builder_module("engine")


@pytest.fixture
def spec(moodle: Callable[..., Path], tmp_path: Path) -> dict[str, Any]:
    plan = make(Inputs(source=str(moodle()), cache_directory=str(tmp_path / "cache")))
    assert plan["problems"] == []
    result: dict[str, Any] = plan["build_spec"]
    return result


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(BUILDER / "build.py"), *arguments], capture_output=True, text=True, check=False)


def test_everything_travels_in_one_archive(spec: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    packed = tmp_path / "input.tar"
    assert run("pack", f"--spec={tmp_path / 'spec.json'}", f"--output={packed}").returncode == 0
    assert packed.stat().st_mode & 0o077 == 0
    there = tmp_path / "there"
    with tarfile.open(packed) as archive:
        archive.extractall(there, filter="data")
    resolved = pack.resolve(json.loads((there / "spec.json").read_text()), there)
    assert Path(resolved["site"]["source"]["path"]).is_file()
    assert Path(resolved["site"]["rootfs"], "opt/campus-moodle/bin/moodle").is_file()
    assert Path(resolved["services"]["files"], "opt/campus-services/bin/service").is_file()
    assert (there / "build" / "build.py").is_file()
    assert resolved["site"]["reference"] == spec["site"]["reference"]


def test_a_failure_ends_with_one_sentence(spec: dict[str, Any], tmp_path: Path) -> None:
    spec["site"]["source"]["path"] = str(tmp_path / "gone.tgz")
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    ended = run("pack", f"--spec={tmp_path / 'spec.json'}", f"--output={tmp_path / 'input.tar'}")
    assert ended.returncode == 1
    assert "gone.tgz" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


def test_wrong_use_ends_with_2() -> None:
    assert run("everything").returncode == 2


def test_the_base_is_minimal_and_signed(spec: dict[str, Any]) -> None:
    arguments = base.bootstrap_arguments(spec["site"]["base"], Path("/x/root.tar"))
    assert arguments[:2] == ["mmdebstrap", "--variant=minbase"]
    assert '--aptopt=Apt::Install-Recommends "false"' in arguments
    assert not [argument for argument in arguments if "trusted" in argument or "unauth" in argument.lower()]
    assert arguments[-2:] == ["bookworm", "/x/root.tar"]


def test_mirrors_of_ones_own_replace_those_of_debian(spec: dict[str, Any]) -> None:
    mirrors = {"mirror": "http://mirror.example.edu/debian", "security_mirror": "http://mirror.example.edu/debian-security"}
    arguments = base.bootstrap_arguments({**spec["site"]["base"], **mirrors}, Path("/x/root.tar"))
    assert arguments[-3:] == [
        "deb http://mirror.example.edu/debian bookworm main",
        "deb http://mirror.example.edu/debian bookworm-updates main",
        "deb http://mirror.example.edu/debian-security bookworm-security main",
    ]


def test_a_registry_base_gets_the_same_packages(spec: dict[str, Any]) -> None:
    text = base.registry_dockerfile({**spec["site"]["base"], "from": "registry.example.edu/debian:bookworm"})
    assert text.startswith("FROM registry.example.edu/debian:bookworm\n")
    assert all(package in text for package in spec["site"]["base"]["packages"])


def test_the_images_are_not_root() -> None:
    lines = site.dockerfile("campus.moodle/base:x").splitlines()
    assert lines.index("USER 10001:10001") > lines.index('RUN ["/opt/campus-moodle/bin/moodle", "bake"]')
    assert 'ENTRYPOINT ["/opt/campus-moodle/bin/moodle"]' in lines
    assert "STOPSIGNAL SIGQUIT" in lines
    assert "USER 10002:10002" in services.dockerfile("campus.moodle/base:x").splitlines()


def test_a_missing_engine_is_a_sentence(build_error: type[Exception]) -> None:
    with pytest.raises(build_error, match="container engine does not answer"):
        engine_module.Engine("docker-that-is-not-there").check()


def test_a_failing_program_is_named(build_error: type[Exception]) -> None:
    command = builder_module("command")
    with pytest.raises(build_error, match="Could not try: sh ended with status 3: the reason"):
        command.run(["sh", "-c", "echo the reason; exit 3"], "try")
