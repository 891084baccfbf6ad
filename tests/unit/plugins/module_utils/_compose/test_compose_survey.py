# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Looking at a machine: real sockets and files, and a Docker that only answers."""

from __future__ import annotations

import errno
import json
import pathlib
import socket
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose import preflight as surveys
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
    assert surveys.not_free("127.0.0.1", port) == "taken"
    assert surveys.not_free("0.0.0.0", port) == "taken"
    listener.close()
    assert surveys.not_free("127.0.0.1", port) == ""


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    assert surveys.not_free("192.0.2.1", 18080) == "no address"


def test_a_kernel_without_ipv6_has_no_such_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_family(*_arguments: t.Any) -> t.NoReturn:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(surveys.socket, "socket", no_family)
    assert surveys.not_free("::1", 18080) == "no address"


def test_a_server_that_takes_a_connection_answers(listener: socket.socket) -> None:
    port = port_of(listener)
    assert surveys.no_answer("127.0.0.1", port) == ""
    listener.close()
    assert surveys.no_answer("127.0.0.1", port) == "Connection refused"


def test_a_name_that_nobody_knows_has_a_reason_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(surveys.socket, "create_connection", unknown)
    assert surveys.no_answer("db.invalid", 5432) == "the name is not known"


def test_silence_has_a_reason_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise TimeoutError

    monkeypatch.setattr(surveys.socket, "create_connection", silent)
    assert surveys.no_answer("192.0.2.1", 5432) == "nothing came back within 5 seconds"


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
    assert surveys.own_ports(lambda _command, _text=None: Result(0, json.dumps(listing) + "\n", ""), "p") == ports


@pytest.mark.parametrize(("kind", "name", "there"), [("directory", "folder", True), ("file", "folder", False), ("file", "full", True)])
def test_paths(tmp_path: pathlib.Path, kind: str, name: str, there: bool) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "full").write_text("x")
    assert surveys.is_there(str(tmp_path / name), kind) is there


def test_an_empty_file_counts_as_none(tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty").touch()
    assert not surveys.is_there(str(tmp_path / "empty"), "file")
    assert not surveys.is_there(str(tmp_path / "nothing"), "directory")


def docker(command: list[str], _text: str | None = None) -> Result:
    """Answer as an engine with one container of the site."""
    answers = {
        "info": json.dumps({"ServerVersion": "28.5.2", "NCPU": 2, "MemTotal": 4, "DockerRootDir": "/"}),
        "ps": json.dumps("127.0.0.1:18080->8080/tcp"),
        "compose": "2.40.3",
    }
    return Result(0, answers[command[1]], "")


def test_the_survey_brings_everything_together(listener: socket.socket) -> None:
    rows = [{"address": "127.0.0.1", "port": port, "variable": f"port_{port}"} for port in (18080, port_of(listener))]
    servers = [{"host": "127.0.0.1", "port": 9, "variable": "moodle_database_host"}]
    paths = [{"path": "/nonexistent", "kind": "directory", "variable": "moodle_code_directory"}]
    machine = surveys.survey(docker, {**PARAMETERS, "ports": rows, "servers": servers, "paths": paths})
    assert (machine.engine, machine.compose, machine.cpus) == ("28.5.2", "2.40.3", 2)
    assert [row[2:] for row in machine.ports] == [(f"port_{port_of(listener)}", "taken")]
    assert [row[2] for row in machine.servers] == ["moodle_database_host"]
    assert machine.paths == [("/nonexistent", "directory", "moodle_code_directory")]
    assert list(machine.free) == ["/"]


def test_an_engine_that_does_not_answer_says_why() -> None:
    machine = surveys.survey(lambda _command, _text=None: Result(1, "", "Cannot connect to the Docker daemon"), PARAMETERS)
    assert (machine.docker, machine.engine, machine.engine_error) == (True, "", "Cannot connect to the Docker daemon")
    assert not surveys.survey(None, PARAMETERS).docker
