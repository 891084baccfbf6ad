# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What a machine must offer: looking at it with real sockets and files, and what stops a run, one sentence each."""

from __future__ import annotations

import dataclasses
import errno
import json
import pathlib
import socket
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose import preflight
from ansible_collections.campus.moodle.plugins.module_utils._compose.preflight import (
    Machine,
    Needs,
    missing,
    problems,
    version_of,
    warnings,
)
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

PARAMETERS: dict[str, t.Any] = {"project": "p", "directory": "/nonexistent/site", "ports": [], "servers": [], "paths": []}


@pytest.fixture
def listener() -> t.Iterator[socket.socket]:
    """Return a server on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def port_of(server: socket.socket) -> int:
    """Return where a server listens."""
    return int(server.getsockname()[1])


def test_a_port_that_somebody_listens_on_is_taken(listener: socket.socket) -> None:
    port = port_of(listener)
    assert preflight.not_free("127.0.0.1", port) == "taken"
    assert preflight.not_free("0.0.0.0", port) == "taken"
    listener.close()
    assert preflight.not_free("127.0.0.1", port) == ""


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    assert preflight.not_free("192.0.2.1", 18080) == "no address"


def test_a_kernel_without_ipv6_has_no_such_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_family(*_arguments: t.Any) -> t.NoReturn:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(preflight.socket, "socket", no_family)
    assert preflight.not_free("::1", 18080) == "no address"


def test_a_server_that_takes_a_connection_answers(listener: socket.socket) -> None:
    port = port_of(listener)
    assert preflight.no_answer("127.0.0.1", port) == ""
    listener.close()
    assert preflight.no_answer("127.0.0.1", port) == "Connection refused"


def test_a_name_that_nobody_knows_has_a_reason_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(preflight.socket, "create_connection", unknown)
    assert preflight.no_answer("db.invalid", 5432) == "the name is not known"


def test_silence_has_a_reason_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise TimeoutError

    monkeypatch.setattr(preflight.socket, "create_connection", silent)
    assert preflight.no_answer("192.0.2.1", 5432) == "nothing came back within 5 seconds"


# What docker ps prints in the column Ports, and the ports of the machine in it.
LISTINGS: list[tuple[str, set[int]]] = [
    ("", set()),
    ("8080/tcp", set()),
    ("127.0.0.1:18080->8080/tcp, 8443/tcp", {18080}),
    ("0.0.0.0:80->8080/tcp, [::]:80->8080/tcp, 0.0.0.0:443->8443/tcp", {80, 443}),
    ("127.0.0.1:11025-11027->1025-1027/tcp", {11025, 11026, 11027}),
]


@pytest.mark.parametrize(("listing", "ports"), LISTINGS)
def test_ports_of_the_site_itself(listing: str, ports: set[int]) -> None:
    assert preflight.own_ports(lambda _command, _text=None: Result(0, json.dumps(listing) + "\n", ""), "p") == ports


@pytest.mark.parametrize(("kind", "name", "there"), [("directory", "folder", True), ("file", "folder", False), ("file", "full", True)])
def test_paths(tmp_path: pathlib.Path, kind: str, name: str, there: bool) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "full").write_text("x")
    assert preflight.is_there(str(tmp_path / name), kind) is there


def test_an_empty_file_counts_as_none(tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty").touch()
    assert not preflight.is_there(str(tmp_path / "empty"), "file")
    assert not preflight.is_there(str(tmp_path / "nothing"), "directory")


def docker(command: list[str], _text: str | None = None) -> Result:
    """Answer as an engine with one container of the site."""
    answers = {
        "info": json.dumps({"ServerVersion": "28.5.2", "NCPU": 2, "MemTotal": 4, "DockerRootDir": "/"}),
        "ps": json.dumps("127.0.0.1:18080->8080/tcp"),
        "compose": "2.40.3",
    }
    return Result(0, answers[command[1]], "")


def test_the_measuring_brings_everything_together(listener: socket.socket) -> None:
    rows = [{"address": "127.0.0.1", "port": port, "variable": f"port_{port}"} for port in (18080, port_of(listener))]
    servers = [{"host": "127.0.0.1", "port": 9, "variable": "moodle_database_host"}]
    paths = [{"path": "/nonexistent", "kind": "directory", "variable": "moodle_code_directory"}]
    machine = preflight.measure(docker, {**PARAMETERS, "ports": rows, "servers": servers, "paths": paths})
    assert (machine.engine, machine.compose, machine.cpus) == ("28.5.2", "2.40.3", 2)
    assert [row[2:] for row in machine.ports] == [(f"port_{port_of(listener)}", "taken")]
    assert [row[2] for row in machine.servers] == ["moodle_database_host"]
    assert machine.paths == [("/nonexistent", "directory", "moodle_code_directory")]
    assert list(machine.free) == ["/"]


def test_an_engine_that_does_not_answer_says_why() -> None:
    machine = preflight.measure(lambda _command, _text=None: Result(1, "", "Cannot connect to the Docker daemon"), PARAMETERS)
    assert (machine.docker, machine.engine, machine.engine_error) == (True, "", "Cannot connect to the Docker daemon")
    assert not preflight.measure(None, PARAMETERS).docker


GOOD = Machine(docker=True, engine="28.5.2", compose="2.40.3", cpus=2, memory=8 * 1024**3, free={"/": 50 * 1024**3})
NEEDS = Needs(disk=5 * 1024**3, cpus=1.0, memory=4 * 1024**3)

BAD: list[tuple[str, dict[str, t.Any], str]] = [
    ("full disk", {"free": {"/var/lib/docker": 1024**3}}, "/var/lib/docker has 1.0 GB"),
    ("busy port", {"ports": [("127.0.0.1", 18080, "moodle_http_port", "taken")]}, "moodle_http_port is 18080, but another program"),
    ("foreign address", {"ports": [("192.0.2.1", 80, "moodle_http_port", "no address")]}, "192.0.2.1, which is not an address of"),
    (
        "server that is away",
        {"servers": [("db.example.edu", 5432, "moodle_database_host", "Connection refused")]},
        "moodle_database_host is db.example.edu, but no server answers on its port 5432 (Connection refused)",
    ),
    (
        "no code to edit",
        {"paths": [("/srv/code", "directory", "moodle_code_directory")]},
        "moodle_code_directory is /srv/code, which is not a directory",
    ),
    ("few processors", {"cpus": 0}, "1 processors, but the machine has 0"),
]


# What is missing of Docker; in check mode each is a warning.
MISSING: list[tuple[str, dict[str, t.Any], str]] = [
    ("no docker", {"docker": False}, "docker does not exist"),
    ("engine stopped", {"engine": "", "engine_error": "Cannot connect"}, "does not answer (Cannot connect)"),
    ("old compose", {"compose": "2.19.1"}, "is 2.19.1, but 2.20 or later"),
    ("no compose", {"compose": ""}, "is missing, but 2.20 or later"),
]


@pytest.mark.parametrize(("changes", "words"), [row[1:] for row in MISSING], ids=[row[0] for row in MISSING])
def test_each_part_of_docker_that_is_missing_gives_one_sentence(changes: dict[str, t.Any], words: str) -> None:
    found = missing(dataclasses.replace(GOOD, **changes))
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(("changes", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_each_lack_gives_one_sentence(changes: dict[str, t.Any], words: str) -> None:
    found = problems(dataclasses.replace(GOOD, **changes), NEEDS)
    assert len(found) == 1
    assert words in found[0]


def test_a_good_machine_has_no_problem() -> None:
    assert missing(GOOD) == []
    assert problems(GOOD, NEEDS) == []
    assert warnings(GOOD, NEEDS) == []


def test_too_little_memory_is_a_warning() -> None:
    assert "4.0 GB of memory together" in warnings(dataclasses.replace(GOOD, memory=1024**3), NEEDS)[0]


@pytest.mark.parametrize(
    ("text", "numbers"), [("v2.40.3", (2, 40, 3)), ("2.26.1-4", (2, 26, 1)), ("2.40.3-desktop.1", (2, 40, 3)), ("", ())]
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert version_of(text) == numbers


FULL = {**PARAMETERS, "disk": 1 << 60, "cpus": 1, "memory": 1 << 50}


def test_a_run_reports_all_problems_at_once() -> None:
    with pytest.raises(ToolError, match=r"(?s)cannot carry the site yet; nothing was changed\.\n- / has .* free disk space") as caught:
        preflight.run(docker, FULL, check_mode=False)
    assert (caught.value.details["error"], len(caught.value.details["problems"])) == ("machine", 1)
    assert "GB of memory together" in caught.value.details["warnings"][0]


def test_in_check_mode_missing_docker_is_a_warning() -> None:
    result = preflight.run(None, {**PARAMETERS, "disk": 0, "cpus": 0, "memory": 0}, check_mode=True)
    assert (result["changed"], result["engine"], result["problems"]) == (False, "", [])
    assert result["warnings"][0].endswith("In check mode the run goes on without it.")
    with pytest.raises(ToolError, match="The command docker does not exist"):
        preflight.run(None, {**PARAMETERS, "disk": 0, "cpus": 0, "memory": 0}, check_mode=False)
