# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Secrets planted before the first run are used, and are nowhere to be seen."""

from __future__ import annotations

import json
import typing as t

from support.docker import docker, inspect, logs
from support.evidence import found_in

if t.TYPE_CHECKING:
    from conftest import FirstRun
    from support.site import Site


def test_planted_secrets_are_kept(site: Site, first_run: tuple[Site, FirstRun]) -> None:
    """Were they replaced, the search below would prove nothing."""
    kept = {name: (site.secrets / name).read_text(encoding="utf-8").strip() for name in first_run[1].canaries}
    assert kept == first_run[1].canaries


def test_output_of_the_first_run(first_run: tuple[Site, FirstRun]) -> None:
    assert found_in(first_run[1].run.output, first_run[1].canaries) == []


def test_command_lines_of_all_processes(first_run: tuple[Site, FirstRun]) -> None:
    assert not first_run[1].exposed


def test_docker_inspect(site: Site, first_run: tuple[Site, FirstRun]) -> None:
    """Covers environment, arguments, labels, health checks and their last answers."""
    assert found_in(json.dumps(site.containers()), first_run[1].canaries) == []


def test_images(site: Site, first_run: tuple[Site, FirstRun]) -> None:
    for image in {container["Image"] for container in site.containers()}:
        text = docker("history", "--no-trunc", image) + json.dumps(inspect(image))
        assert found_in(text, first_run[1].canaries) == []


def test_container_logs(site: Site, first_run: tuple[Site, FirstRun]) -> None:
    text = "".join(logs(container["Id"]) for container in site.containers())
    assert found_in(text, first_run[1].canaries) == []


def test_compose_file_and_its_environment(site: Site, first_run: tuple[Site, FirstRun]) -> None:
    shown = docker("compose", "--project-directory", str(site.directory), "--file", str(site.directory / "compose.yml"), "config")
    files = [path for path in site.directory.rglob("*") if path.is_file() and "secrets" not in path.parts]
    assert files
    assert found_in(shown + "".join(path.read_text(errors="replace") for path in files), first_run[1].canaries) == []
