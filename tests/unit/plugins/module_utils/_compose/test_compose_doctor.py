# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""What a report has of a site in Docker Compose, on a machine of any state."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose import doctor
from ansible_collections.campus.moodle.plugins.module_utils._doctor.report import Report, gather
from ansible_collections.campus.moodle.plugins.module_utils._doctor.world import Disk
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.doctor_fakes import GIGABYTE, World

AT = "2026-11-21T02:00:04.00000000"
INFO = {"ServerVersion": "28.5.2", "DockerRootDir": "/var/lib/docker", "NCPU": 4, "MemTotal": 8 * GIGABYTE}
HANGS = "hangs"
DATA = [{"Name": "moodle-physics_moodledata", "Size": "12GB"}, {"Name": "moodle-physics_database", "Size": "800MB"}]


def container(service: str, **state: t.Any) -> dict[str, t.Any]:
    """Return a container as docker inspect shows it."""
    restarts = state.pop("restarts", 0)
    return {
        "Id": f"id-{service}",
        "Name": f"/moodle-physics-{service}-1",
        "Image": "sha256:1",
        "RestartCount": restarts,
        "Config": {"Image": "site:1", "Labels": {"com.docker.compose.service": service, "com.docker.compose.oneoff": "False"}},
        "State": {"Status": "running", "ExitCode": 0, "OOMKilled": False, **state},
        "NetworkSettings": {"Networks": {"n": {"IPAddress": "172.20.0.2", "Gateway": "172.20.0.1", "GlobalIPv6Address": ""}}},
    }


class Docker:
    """Answers as docker does. fails maps the first words of a command to what it says instead; folder is where the containers are from."""

    def __init__(
        self, *containers: dict[str, t.Any], services: str = "php\n", volumes: t.Any = DATA, folder: object = "", **fails: str
    ) -> None:
        self.containers, self.fails = containers, fails
        self.commands: list[str] = []
        self.printed = {
            "info": json.dumps(INFO),
            "version": "{}",
            "compose version": "2.40.3\n",
            "compose --project-directory": services,
            "ps": "".join(f"{row['Id']}\t{row['Name'].lstrip('/')}\t{folder}\n" for row in containers),
            "container inspect": json.dumps(containers),
            "image inspect": json.dumps([{"Id": "sha256:1", "Config": {"Labels": {"x": "y"}}}]),
            "system df": json.dumps({"Volumes": volumes}),
            "network ls": "n\n",
            "network inspect": "[{}]",
            "logs": "",
            "stats": "CPU\n",
            "exec": "PHP 8.2\n",
        }

    def __call__(self, command: list[str], _text: t.Optional[str] = None) -> Result:
        line = " ".join(command[1:])
        self.commands.append(line)
        for words, reason in self.fails.items():
            if line.startswith(words.replace("_", " ")):
                if reason == HANGS:
                    raise ToolError(f"The command docker {line} ran longer than 60 seconds.", timed_out=True)
                return Result(1, "", reason)
        if line.startswith("logs"):
            return Result(0, f"{AT}1Z a\n{AT}3Z c\n", f"{AT}2Z b\n")
        if line.startswith("ps --filter"):
            return Result(0, '""\n', "")
        return Result(0, next(printed for words, printed in self.printed.items() if line.startswith(words)), "")


def parameters(folder: pathlib.Path) -> dict[str, t.Any]:
    """Return what the target gives of a site."""
    given = {"project": "moodle-physics", "directory": str(folder), "ports": [], "servers": [], "paths": []}
    return {**given, "disk": 5 * GIGABYTE, "cpus": 1, "memory": 0}


def report_of(docker: t.Any, folder: pathlib.Path, *, repository: str = "/backups", definition: bool = True, **world: t.Any) -> Report:
    """Return everything that is collected and proven."""
    if definition:
        (folder / "compose.yml").write_text("services: {}\n", encoding="utf-8")
        (folder / "secrets").mkdir(exist_ok=True)
    there: t.Any = World(**world)
    there.read = lambda path: pathlib.Path(path).read_text(encoding="utf-8")
    return gather([doctor.part(docker, parameters(folder), there, log_lines=5, repository=repository)])


def sentences(report: Report, state: str) -> str:
    """Return all sentences of a state."""
    return "\n".join(finding.sentence for finding in report.findings if finding.state == state)


def test_a_site_that_is_well(tmp_path: pathlib.Path) -> None:
    (tmp_path / "rollout.json").write_text("{}", encoding="utf-8")
    docker = Docker(container("php"))
    report = report_of(docker, tmp_path)
    assert report.failures == {}
    files = {entry.name: entry for entry in report.entries}
    assert set(files) == {row.name for row in doctor.COLLECTORS} - {"logs/"} | {"logs/moodle-physics-php-1.log"}
    assert files["logs/moodle-physics-php-1.log"].content == f"{AT}1Z a\n{AT}2Z b\n{AT}3Z c\n"
    assert files["logs/moodle-physics-php-1.log"].personal
    assert "logs --timestamps --tail=5 id-php" in docker.commands
    assert files["versions/programs.json"].content == {"php": "PHP 8.2"}
    assert "rollout.json" in files["state/directory.txt"].content
    assert report.addresses == {"172.20.0.1", "172.20.0.2"}
    assert {finding.state for finding in report.findings} == {"fine"}
    assert "1 containers run" in sentences(report, "fine")


@pytest.mark.parametrize(
    ("row", "state", "words"),
    [
        (
            container("php", Status="exited", ExitCode=137),
            "problem",
            "php-1 is exited, with exit status 137; logs/moodle-physics-php-1.log",
        ),
        (container("php", Status="exited", OOMKilled=True), "problem", "its memory ran out"),
        (container("php", Status="restarting", restarts=9), "doubt", "was started again 9 times"),
        (container("php", Health={"Status": "unhealthy"}), "problem", "php-1 is unhealthy"),
        (container("cron"), "problem", "The service php has no container"),
    ],
)
def test_a_container_that_does_not_do_its_work_is_named(tmp_path: pathlib.Path, row: dict[str, t.Any], state: str, words: str) -> None:
    assert words in sentences(report_of(Docker(row), tmp_path), state)


def test_a_machine_without_docker(tmp_path: pathlib.Path) -> None:
    report = report_of(None, tmp_path)
    assert "The command docker does not exist on the machine" in sentences(report, "problem")
    assert "Docker is not installed on the machine" in report.failures["state/containers.json"]
    assert {entry.name for entry in report.entries} == {"state/directory.txt", "state/compose.yml"}
    # One sentence has all that is missing for this reason.
    assert sentences(report, "unknown").count("Docker is not installed") == 1


def test_an_engine_that_does_not_answer_is_asked_once_for_the_report(tmp_path: pathlib.Path) -> None:
    docker = Docker(info="Cannot connect to the Docker daemon")
    report = report_of(docker, tmp_path)
    assert "The Docker engine does not answer (Cannot connect" in sentences(report, "problem")
    assert "Cannot connect" in report.failures["logs/"]
    # Once here, and once as a run of site.yml would.
    assert set(docker.commands) == {"info --format {{json .}}"}
    assert len(docker.commands) == 2


def test_an_engine_that_hangs_lets_the_report_wait_no_more_often(tmp_path: pathlib.Path) -> None:
    waited = []

    def docker(command: list[str], _text: t.Optional[str] = None) -> Result:
        waited.append(command)
        raise ToolError("The command docker info ran longer than 60 seconds.")

    report = report_of(docker, tmp_path)
    assert len(waited) == 2
    assert "ran longer than 60 seconds" in report.failures["state/inspect.json"]
    assert "ran longer than 60 seconds" in sentences(report, "problem")


def test_a_site_that_was_never_installed(tmp_path: pathlib.Path) -> None:
    report = report_of(Docker(), tmp_path / "nowhere", definition=False)
    assert "The site was never installed on this machine" in sentences(report, "problem")
    assert {name for name in report.failures if name.startswith("state/")} == {"state/compose.yml", "state/rollout.json"}
    assert "The site does not run" in sentences(report_of(Docker(), tmp_path), "problem")


@pytest.mark.parametrize(
    ("fails", "missing"),
    [
        ({"system_df": "too slow"}, {"state/volumes.json", "backup"}),
        ({"network": "no"}, {"state/networks.json"}),
        (
            {"container_inspect": "no"},
            {"versions/programs.json", "versions/images.json", "state/containers.json", "state/inspect.json", "state/usage.txt"}
            | {"containers", "addresses"},
        ),
        (
            {"ps_--all": "no"},
            {"versions/programs.json", "versions/images.json", "state/containers.json", "state/inspect.json", "state/usage.txt"}
            | {"containers", "addresses", "logs/"},
        ),
    ],
)
def test_one_command_that_fails_takes_nothing_else_along(tmp_path: pathlib.Path, fails: dict[str, str], missing: set[str]) -> None:
    for reason in (fails, dict.fromkeys(fails, HANGS)):
        assert set(report_of(Docker(container("php"), **reason), tmp_path).failures) == {*missing, "state/rollout.json"}


def test_what_fails_for_one_container_is_said_in_its_place(tmp_path: pathlib.Path) -> None:
    report = report_of(Docker(container("php"), logs="gone", exec="no"), tmp_path)
    files = {entry.name: entry.content for entry in report.entries}
    assert "docker logs ended with exit status 1: gone" in files["logs/moodle-physics-php-1.log"]
    assert "docker exec ended with exit status 1: no" in files["versions/programs.json"]["php"]


def test_a_container_that_docker_cannot_tell_of_hides_no_other(tmp_path: pathlib.Path) -> None:
    docker = Docker(container("php"), container("web"), **{"container_inspect_id-php id-web": HANGS, "container_inspect_id-php": HANGS})
    docker.printed["container inspect"] = json.dumps([container("web")])
    report = report_of(docker, tmp_path)
    files = {entry.name: entry.content for entry in report.entries}
    assert [row["service"] for row in files["state/containers.json"]] == ["web"]
    assert {"logs/moodle-physics-php-1.log", "logs/moodle-physics-web-1.log"} <= set(files)
    assert "Docker does not tell the state of the container moodle-physics-php-1 (" in sentences(report, "problem")
    assert "none is unhealthy" not in sentences(report, "fine")


def test_what_hangs_is_waited_for_a_few_times_alone(tmp_path: pathlib.Path) -> None:
    docker = Docker(*map(container, ("php", "web", "cron", "adhoc")), container_inspect=HANGS, system_df=HANGS)
    report_of(docker, tmp_path)
    asked = [command for command in docker.commands if command.startswith(("container inspect", "system df"))]
    assert len(asked) == len(set(asked)) == 4


def test_a_container_that_is_gone_meanwhile_is_no_problem(tmp_path: pathlib.Path) -> None:
    gone = "Error: No such container: id-cron"
    docker = Docker(container("php"), container("cron"), **{"container_inspect_id-php id-cron": gone, "container_inspect_id-cron": gone})
    docker.printed["container inspect"] = json.dumps([container("php")])
    assert sentences(report_of(docker, tmp_path), "problem") == ""


def test_the_secrets_of_containers_are_known_wherever_they_were_made(tmp_path: pathlib.Path) -> None:
    given, made = tmp_path / "given", tmp_path / "made"
    (made / "secrets").mkdir(parents=True)
    (made / "secrets" / "salt").write_text("Canary-salt", encoding="utf-8")
    given.mkdir()
    docker = Docker(container("php", Error="Canary-salt"), folder=made)
    part = doctor.part(docker, parameters(given), t.cast("t.Any", World()), log_lines=5, repository="")
    assert list(part.secret_paths(part.about)) == [str(made / "secrets")]
    said = sentences(gather([part]), "doubt")
    assert f"Containers of moodle-physics were made from {made}, and moodle_directory is {given}." in said


def test_without_the_secrets_of_its_containers_nothing_is_taken_that_may_have_them(tmp_path: pathlib.Path) -> None:
    report = report_of(Docker(container("php"), folder=tmp_path / "gone"), tmp_path)
    assert {"logs/", "state/inspect.json"} <= set(report.failures)
    assert not [entry.name for entry in report.entries if entry.name.startswith(("logs/", "state/inspect"))]
    assert f"there is no {tmp_path}/gone/secrets any more" in sentences(report, "problem")
    # Without containers nothing can have them.
    assert "secrets any more" not in sentences(report_of(Docker(), tmp_path / "nowhere", definition=False), "problem")


@pytest.mark.parametrize(
    "answer", [OSError(13, "Permission denied"), ValueError("no JSON"), Result(0, "{", ""), Result(0, "rubbish\nand more", "")]
)
def test_no_answer_of_docker_ends_a_report_before_it_begins(tmp_path: pathlib.Path, answer: Exception | Result) -> None:
    well = Docker(container("php"))

    def docker(command: list[str], _text: t.Optional[str] = None) -> Result:
        if isinstance(answer, Exception):
            raise answer
        return answer if command[1] == "ps" or answer.out == "{" else well(command)

    part = doctor.part(docker, parameters(tmp_path), t.cast("t.Any", World()), log_lines=5, repository="")
    assert set(part.secret_paths(part.about)) <= {str(tmp_path / "secrets")}
    assert sentences(gather([part]), "unknown")


def test_lines_of_a_log_end_where_the_log_ends_them(tmp_path: pathlib.Path) -> None:
    docker = Docker(container("php"))
    site = doctor.part(docker, parameters(tmp_path), t.cast("t.Any", World()), log_lines=5, repository="").about
    (tmp_path / "secrets").mkdir()
    site.run = lambda command, _text=None: Result(0, f"{AT}2Z b\u2028c", f"{AT}1Z a") if command[1] == "logs" else docker(command)
    assert doctor.logs(site) == {"moodle-physics-php-1.log": f"{AT}1Z a\n{AT}2Z b\u2028c\n"}


@pytest.mark.parametrize(
    ("repository", "free", "volumes", "state", "words"),
    [
        ("", 50, DATA, "doubt", "moodle_backup_repository is not set"),
        ("s3:https://x", 50, DATA, "unknown", "on another machine"),
        ("/backups", 50, DATA, "fine", "have 11.9 GB together"),
        ("/backups", 6, DATA, "doubt", "make room there"),
        ("/backups", 50, [], "unknown", "could not be told"),
    ],
)
def test_the_next_backup_has_room(tmp_path: pathlib.Path, repository: str, free: int, volumes: t.Any, state: str, words: str) -> None:
    disk = Disk(free * GIGABYTE, 100 * GIGABYTE, 0, 0)
    report = report_of(Docker(container("php"), volumes=volumes), tmp_path, repository=repository, disk=disk)
    assert words in sentences(report, state)


def test_docker_has_room(tmp_path: pathlib.Path) -> None:
    report = report_of(Docker(container("php")), tmp_path, disk=Disk(GIGABYTE, 100 * GIGABYTE, 0, 0))
    assert "The disk of Docker (/var/lib/docker) has 1.0 GB of 100.0 GB free; moodle_disk_minimum asks for 5.0 GB." in sentences(
        report, "problem"
    )


def test_sizes_are_read_as_docker_writes_them() -> None:
    assert [doctor.bytes_of(text) for text in ("0B", "12.5kB", "1.4GB", "N/A", "")] == [0, 12500, 1400000000, None, None]
