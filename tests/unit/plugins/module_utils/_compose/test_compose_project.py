# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The docker client: what it asks, and what it makes of the answers."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose._wait import is_ready
from ansible_collections.campus.moodle.plugins.module_utils._compose.project import (
    ComposeProject,
    Container,
    Definition,
    DockerError,
    Service,
    parse_container,
    parse_service,
)
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

PREFIX = ["docker", "compose", "--project-name", "p", "--project-directory", "/d", "--file", "-", "--progress", "quiet"]
CONTAINER = Container("1", "p-php-1", "php", "h", "i", "running")

# id, what is called, the command
COMMANDS: list[tuple[str, t.Callable[[ComposeProject], t.Any], list[str]]] = [
    ("up", lambda p: p.up("text", ["a", "b"]), [*PREFIX, "up", "--detach", "--no-deps", "--quiet-pull", "a", "b"]),
    (
        "up beside",
        lambda p: p.up("text", ["a"], scale={"a": 4}, recreate=False),
        [*PREFIX, "up", "--detach", "--no-deps", "--quiet-pull", "--no-recreate", "--scale", "a=4", "a"],
    ),
    (
        "program",
        lambda p: p.program("text").ask("info", what="look"),
        [*PREFIX, "run", "--rm", "--no-deps", "-T", "--quiet-pull", "cli", "info"],
    ),
    ("trial", lambda p: p.start_trial("text", "a"), [*PREFIX, "run", "--detach", "--no-deps", "-T", "--quiet-pull", "a"]),
    ("inside", lambda p: p.inside(CONTAINER, ["look"]), ["timeout", "--kill-after=15", "30", "docker", "exec", "1", "look"]),
    ("stop", lambda p: p.stop([CONTAINER]), ["docker", "stop", "1"]),
    ("remove", lambda p: p.remove([CONTAINER]), ["docker", "rm", "--force", "--volumes", "1"]),
    ("down", lambda p: p.down(volumes=True), ["docker", "compose", "--project-name", "p", "down", "--remove-orphans", "--volumes"]),
]


@pytest.mark.parametrize(("call", "command"), [row[1:] for row in COMMANDS], ids=[row[0] for row in COMMANDS])
def test_commands(call: t.Callable[[ComposeProject], t.Any], command: list[str]) -> None:
    seen: list[tuple[list[str], t.Optional[str]]] = []

    def run(words: list[str], text: t.Optional[str]) -> Result:
        seen.append((words, text))
        return Result(0, '{"changed": false}', "")

    call(ComposeProject(run, project="p", directory="/d"))
    assert seen == [(command, "text" if "--file" in command else None)]


def test_a_failure_says_what_was_tried_and_what_came_back() -> None:
    project = ComposeProject(lambda _words, _text: Result(1, "", "no such thing"), project="p", directory="/d")
    with pytest.raises(DockerError, match="docker stop 1 failed with exit status 1: no such thing") as caught:
        project.stop([CONTAINER])
    assert caught.value.details["error"] == "docker"


def test_what_is_run_by_hand_is_read_and_never_started() -> None:
    rows = {"php": {"image": "i"}, "cli": {"image": "i", "profiles": ["cli"], "environment": {"PRICE": "5$$", "NONE": None}}}
    answers = {"json": json.dumps({"services": rows}), "*": "php 1\n"}
    definition = ComposeProject(lambda command, _text: Result(0, answers[command[-1]], ""), project="p", directory="/d").read("text")
    assert list(definition.services) == ["php"]
    assert definition.environment("cli") == {"PRICE": "5$"}
    assert (definition.environment("php"), Definition({}, {"services": {}}).environment("php")) == ({}, {})


def test_an_image_that_is_not_there_is_nothing() -> None:
    there = ComposeProject(lambda _command, _text: Result(0, '[{"Size": 5}]', ""), project="p", directory="/d")
    assert there.image("site:1") == {"Size": 5}
    assert ComposeProject(lambda _command, _text: Result(1, "[]", ""), project="p", directory="/d").image("site:1") == {}


@pytest.mark.parametrize(
    ("row", "service"),
    [
        ({"image": "i"}, Service("s", "h", "i")),
        ({"image": "i", "scale": 3}, Service("s", "h", "i", 3)),
        ({"image": "i", "deploy": {"replicas": 2}}, Service("s", "h", "i", 2)),
        ({"image": "i", "scale": 0, "healthcheck": {"test": ["CMD", "a", "b"]}}, Service("s", "h", "i", 0, ("a", "b"))),
        ({"image": "i", "healthcheck": {"test": ["CMD-SHELL", "a b"]}}, Service("s", "h", "i", 1, ("/bin/sh", "-c", "a b"))),
        ({"image": "i", "healthcheck": {"test": ["NONE"]}}, Service("s", "h", "i")),
        ({"image": "i", "secrets": [{"source": "key"}]}, Service("s", "h", "i", secrets=True)),
    ],
)
def test_services(row: dict[str, t.Any], service: Service) -> None:
    assert parse_service("s", "h", row) == service


def test_a_container_without_labels_and_health() -> None:
    row = {"Id": "1", "Name": "/n", "Config": {"Labels": None, "Image": "i"}, "State": {"Status": "exited"}, "RestartCount": 2}
    assert parse_container(row) == Container("1", "n", "", "", "i", "exited", "", 2)


@pytest.mark.parametrize(
    ("result", "ready"),
    [
        (Result(0, "", ""), True),
        (Result(4, '{"reasons": ["The site is in maintenance."]}', ""), True),
        (Result(4, '{"reasons": ["The database does not answer.", "The site is in maintenance."]}', ""), False),
        (Result(3, "", "no answer"), False),
    ],
)
def test_maintenance_does_not_make_a_container_unready(result: Result, ready: bool) -> None:
    assert is_ready(result) is ready


@pytest.mark.parametrize(
    ("failing", "words"), [("", ""), ("compose", "Docker's Compose plugin"), ("version", "an answer of the Docker engine")]
)
def test_what_a_half_prepared_machine_lacks(failing: str, words: str) -> None:
    project = ComposeProject(lambda command, _text: Result(int(command[1] == failing), "", ""), project="p", directory="/d")
    assert project.lacks() == words
