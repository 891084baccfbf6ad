# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Thin client of the docker command line with its Compose plugin, for one Compose project.

Knows no Ansible: it gets a function that runs a command. Only machine-readable output is parsed. Everything that can fail
raises DockerError with the command, the exit status and what the command printed.
"""

from __future__ import annotations

import dataclasses
import json
import shlex
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._moodle.program import MoodleProgram
from .._tool.process import Result, Run, limited, runner

LABEL_PROJECT = "com.docker.compose.project"
LABEL_SERVICE = "com.docker.compose.service"
LABEL_HASH = "com.docker.compose.config-hash"
LABEL_ONE_OFF = "com.docker.compose.oneoff"
# Of the role's compose file: the secrets that a service reads, each with its number, and the profile of what is run by hand.
LABEL_SECRETS = "campus.moodle.secrets"
PROFILE = "cli"
LOG_LINES = 20
# Far more than a health check takes, which a container's own check gives 10 seconds.
INSIDE_SECONDS = 30
# For every docker command: no colours and no advertisements among the output.
ENVIRON = {"COMPOSE_ANSI": "never", "DOCKER_CLI_HINTS": "false"}


class DockerError(ToolError):
    """A command of docker failed. The text says which one, how, and what it printed."""

    def __init__(self, command: t.Sequence[str], result: Result) -> None:
        printed = (result.err.strip() or result.out.strip())[-2000:]
        super().__init__(f"The command {shlex.join(command)} failed with exit status {result.rc}: {printed}", error="docker")


ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "project": {"type": "str", "required": True},
    "directory": {"type": "path", "required": True},
}


@dataclasses.dataclass(frozen=True)
class Container:
    """One container of the project, running or not."""

    id: str
    name: str
    service: str
    hash: str
    image: str
    status: str
    health: str = ""
    restarts: int = 0

    @property
    def running(self) -> bool:
        """Whether the container does its work; a restarting one does not."""
        return self.status == "running"

    @property
    def ailing(self) -> bool:
        """Whether it is there without doing its work, as the engine sees it."""
        return self.status == "restarting" or self.health == "unhealthy"


@dataclasses.dataclass(frozen=True)
class Service:
    """One service as a definition describes it.

    probe is the command of its health check, empty without one; secrets says whether it reads any; database is its connection.
    bare_hash is its hash where Compose is not told what it depends on: releases such as 2.26 put that into the hash, but label what
    is started with --no-deps with the hash without it.
    """

    name: str
    hash: str
    image: str
    scale: int = 1
    probe: tuple[str, ...] = ()
    secrets: bool = False
    database: str = ""
    bare_hash: str = ""

    def describes(self, container: Container) -> bool:
        """Whether a container of the service was made from this description."""
        return bool(container.hash) and container.hash in (self.hash, self.bare_hash)


@dataclasses.dataclass(frozen=True)
class Definition:
    """A compose file as Compose reads it: the services that are started, and everything that it says, those with a profile too."""

    services: t.Mapping[str, Service]
    config: t.Mapping[str, t.Any]

    def environment(self, service: str) -> dict[str, str]:
        """Return the environment of a service; nothing where there is no such service."""
        rows = self.config["services"].get(service, {}).get("environment") or {}
        # Compose writes a dollar sign so that what it prints can be read again.
        return {name: str(value).replace("$$", "$") for name, value in rows.items() if value is not None}


class ComposeProject:
    """The commands that the modules need, one method each."""

    def __init__(self, run: Run, *, project: str, directory: str, binary: str = "docker") -> None:
        self._run = run
        self._binary = binary
        self._directory = directory
        self.project = project

    def read(self, definition: str) -> Definition:
        """Return what a definition, the text of a compose file, says."""
        config = json.loads(self._compose(["--profile", PROFILE, "config", "--format", "json"], definition).out)
        hashes = self._hashes(definition)
        alone = {name: {key: value for key, value in row.items() if key != "depends_on"} for name, row in config["services"].items()}
        bare = self._hashes(json.dumps({**config, "services": alone}))
        rows = {name: row for name, row in config["services"].items() if not row.get("profiles")}
        services = {name: parse_service(name, hashes[name], row, bare_hash=bare.get(name, "")) for name, row in rows.items()}
        return Definition(services, config)

    def _hashes(self, definition: str) -> dict[str, str]:
        """Return the hash of each service, as Compose labels containers with it."""
        lines = self._compose(["config", "--hash", "*"], definition).out.splitlines()
        return dict(line.split() for line in lines if line.strip())

    def lacks(self) -> str:
        """Return what is missing before anything can be asked, in words; empty when nothing is."""
        questions = {"an answer of the Docker engine": ["version"], "Docker's Compose plugin": ["compose", "version"]}
        return next((words for words, command in questions.items() if self._run([self._binary, *command], None).rc != 0), "")

    def containers(self) -> list[Container]:
        """Return the containers of the project without one-off ones."""
        return self._inspect(self._ids(f"label={LABEL_ONE_OFF}=False"))

    def trials(self, name: str) -> list[Container]:
        """Return the one-off containers of a service, those of runs that were cut among them."""
        return self._inspect(self._ids(f"label={LABEL_ONE_OFF}=True", f"label={LABEL_SERVICE}={name}"))

    def start_trial(self, definition: str, name: str) -> None:
        """Start a service once more as a one-off container, which publishes no port and has no name in the network."""
        self._compose(["run", "--detach", "--no-deps", "-T", "--quiet-pull", name], definition)

    def image(self, reference: str) -> dict[str, t.Any]:
        """Return what docker knows of an image; nothing where it is not on the machine."""
        result = self._run([self._binary, "image", "inspect", reference], None)
        return dict(json.loads(result.out)[0]) if result.rc == 0 else {}

    def up(
        self,
        definition: str,
        names: t.Sequence[str],
        *,
        scale: t.Mapping[str, int] | None = None,
        recreate: bool = True,
        orphans: bool = False,
    ) -> None:
        """Create, replace and start the containers of the named services, without those they depend on."""
        command = ["up", "--detach", "--no-deps", "--quiet-pull"]
        command += [] if recreate else ["--no-recreate"]
        command += ["--remove-orphans"] if orphans else []
        for name, count in (scale or {}).items():
            command += ["--scale", f"{name}={count}"]
        self._compose([*command, *names], definition)

    def program(self, definition: str, environment: t.Optional[t.Mapping[str, str]] = None) -> MoodleProgram:
        """Return the program of the site image that a definition names, each of its commands in a container of its own.

        The environment is for what differs from the definition, and no secret.
        """
        differs = [f"--env={name}={value}" for name, value in (environment or {}).items()]
        words = self._compose_command(["run", "--rm", "--no-deps", "-T", "--quiet-pull", *differs, "cli"])
        # Standard input is the definition's, so a command that reads a request cannot be run this way.
        return MoodleProgram(lambda command, _text=None: self._run(command, definition), words)

    def inside(self, container: Container, command: t.Sequence[str]) -> Result:
        """Run a short command inside a container; the exit status is for the caller to read."""
        # In a container that is paused, or whose machine is out of memory, it would never come back.
        return self._run([*limited(INSIDE_SECONDS), self._binary, "exec", container.id, *command], None)

    def stop(self, containers: t.Sequence[Container]) -> None:
        """Stop containers with their own stop signal and within their own grace period."""
        self._docker(["stop", *(container.id for container in containers)])

    def start(self, containers: t.Sequence[Container]) -> None:
        """Start stopped containers."""
        self._docker(["start", *(container.id for container in containers)])

    def remove(self, containers: t.Sequence[Container]) -> None:
        """Remove containers with their anonymous volumes."""
        self._docker(["rm", "--force", "--volumes", *(container.id for container in containers)])

    def logs(self, container: Container) -> str:
        """Return the last lines that a container printed."""
        result = self._run([self._binary, "logs", "--tail", str(LOG_LINES), container.id], None)
        return (result.out + result.err).strip()

    def down(self, *, volumes: bool) -> None:
        """Remove everything of the project; works without its compose file."""
        command = ["down", "--remove-orphans", *(["--volumes"] if volumes else [])]
        self.check([self._binary, "compose", "--project-name", self.project, *command])

    def volumes(self) -> list[str]:
        """Return the names of the project's volumes."""
        return self._docker(["volume", "ls", "--quiet", "--filter", f"label={LABEL_PROJECT}={self.project}"]).out.split()

    def remove_volumes(self, names: t.Sequence[str]) -> None:
        """Remove volumes and what is in them."""
        self._docker(["volume", "rm", *names])

    def networks(self) -> list[str]:
        """Return the names of the project's networks."""
        listing = ["network", "ls", "--filter", f"label={LABEL_PROJECT}={self.project}", "--format", "{{.Name}}"]
        return self._docker(listing).out.split()

    def exec_words(self, service: str, *options: str) -> list[str]:
        """Return the words that run a command in a container of a service, wherever they are run."""
        return [self._binary, "compose", "--project-name", self.project, "exec", "-T", *options, service]

    def check(self, command: list[str], text: t.Optional[str] = None) -> Result:
        """Run a command, which has to succeed."""
        result = self._run(command, text)
        if result.rc != 0:
            raise DockerError(command, result)
        return result

    def _ids(self, *filters: str) -> list[str]:
        listing = ["ps", "-aq", "--no-trunc"]
        for name in (f"label={LABEL_PROJECT}={self.project}", *filters):
            listing += ["--filter", name]
        return self._docker(listing).out.split()

    def _inspect(self, ids: list[str]) -> list[Container]:
        # A container that vanishes between the two commands makes inspect fail, yet it prints the others.
        result = self._run([self._binary, "container", "inspect", *ids], None) if ids else Result(0, "[]", "")
        return [parse_container(row) for row in json.loads(result.out or "[]")]

    def _docker(self, arguments: list[str]) -> Result:
        return self.check([self._binary, *arguments])

    def _compose(self, arguments: list[str], definition: str) -> Result:
        return self.check(self._compose_command(arguments), definition)

    def _compose_command(self, arguments: list[str]) -> list[str]:
        """The definition comes on standard input, so that a candidate can be tried before it is written."""
        place = ["--project-name", self.project, "--project-directory", self._directory]
        return [self._binary, "compose", *place, "--file", "-", "--progress", "quiet", *arguments]


def docker(module: t.Any, timeout: t.Optional[float] = None) -> Run:
    """Return the function that runs docker for a module, each command as long as it may."""
    return runner(module, environ=ENVIRON, timeout=timeout)


def project_of(module: t.Any) -> ComposeProject:
    """Return the project that the options of a module name."""
    return ComposeProject(docker(module), project=module.params["project"], directory=module.params["directory"])


def parse_service(name: str, digest: str, row: t.Mapping[str, t.Any], *, bare_hash: str = "") -> Service:
    """Read one service of "docker compose config --format json"."""
    replicas = row.get("scale", (row.get("deploy") or {}).get("replicas"))
    test = list((row.get("healthcheck") or {}).get("test") or [])
    probe = {"CMD": tuple(test[1:]), "CMD-SHELL": ("/bin/sh", "-c", *test[1:])}.get(test[0] if test else "", ())
    scale = 1 if replicas is None else int(replicas)
    secrets, database = bool(row.get("secrets")), parse_database(row)
    return Service(name, digest, row.get("image", ""), scale, probe, secrets=secrets, database=database, bare_hash=bare_hash)


def parse_database(row: t.Mapping[str, t.Any]) -> str:
    """Return what decides on a service's connection to the database, without a secret, as a text to compare."""
    environment, secrets = row.get("environment") or {}, (row.get("labels") or {}).get(LABEL_SECRETS, "").split()
    words = [f"{name}={value}" for name, value in sorted(environment.items()) if name.startswith("MOODLE_DATABASE_")]
    return " ".join([*words, *(secret for secret in secrets if "database_" in secret)])


def parse_container(row: t.Mapping[str, t.Any]) -> Container:
    """Read one object of "docker container inspect"."""
    labels = row["Config"].get("Labels") or {}
    return Container(
        id=row["Id"],
        name=row["Name"].lstrip("/"),
        service=labels.get(LABEL_SERVICE, ""),
        hash=labels.get(LABEL_HASH, ""),
        image=row["Config"].get("Image", ""),
        status=row["State"]["Status"],
        health=((row["State"].get("Health") or {}).get("Status") or ""),
        restarts=row.get("RestartCount", 0),
    )
