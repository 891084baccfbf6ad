# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""One site under test: its variables, its containers, its pages."""

from __future__ import annotations

import json
import pathlib
import shutil
import typing as t

import requests

from support.docker import docker, logs, project_containers, project_volumes
from support.playbook import Controller, Run
from support.wait import wait_for

Container = dict[str, t.Any]

# Who may do everything in the site's database: the container's own user, by the socket.
SUPERUSER = ("-h", "/tmp", "-U", "postgres")

# The services of a production site that brings its own database and stores.
SERVICES = ("proxy", "web", "php", "cron", "adhoc", "pooler", "postgres", "valkey-sessions", "valkey-cache")


class Site:
    """A site of the inventory, deployed by playbook campus.moodle.site.

    variables are the moodle_* variables of the host; change them between two runs as an administrator would.
    """

    def __init__(self, controller: Controller, name: str, variables: dict[str, t.Any]) -> None:
        self.controller = controller
        self.name = name
        self.project = f"moodle-{name}"
        self.variables = {"moodle_name": name, "moodle_hostname": "127.0.0.1", **variables}

    @property
    def directory(self) -> pathlib.Path:
        """Where the site's files lie on the host."""
        return pathlib.Path(self.variables["moodle_directory"])

    @property
    def secrets(self) -> pathlib.Path:
        """Where the secrets lie that the containers of Moodle read."""
        return self.directory / "secrets" / "moodle"

    @property
    def gateway(self) -> str:
        """Address of this machine in the site's network: clients on this machine seem to come from there."""
        networks = self.container("web")["NetworkSettings"]["Networks"]
        return str(next(iter(networks.values()))["Gateway"])

    @property
    def url(self) -> str:
        """Address of the site, without a slash at the end."""
        return f"http://127.0.0.1:{self.variables['moodle_http_port']}"

    def deploy(self, *arguments: str, environment: dict[str, str] | None = None, **changes: t.Any) -> Run:
        """Run site.yml with the site's variables; changes count for this run only (None removes a variable)."""
        return self._play("site", *arguments, environment=environment, changes=changes)

    def build(self, *arguments: str, **changes: t.Any) -> Run:
        """Run build.yml; see deploy."""
        return self._play("build", *arguments, environment=None, changes=changes)

    def destroy(self, *arguments: str, **changes: t.Any) -> Run:
        """Run destroy.yml; see deploy."""
        return self._play("destroy", *arguments, environment=None, changes=changes)

    def remove(self, keep: t.Collection[str] = ()) -> None:
        """Remove what is left of the site but volumes to keep, whatever state it is in, and without the collection."""
        label = f"label=com.docker.compose.project={self.project}"
        containers = [container["Id"] for container in project_containers(self.project)]
        networks = docker("network", "ls", "--quiet", "--filter", label).split()
        for command, names in (
            (("rm", "--force", "--volumes"), containers),
            (("volume", "rm"), [name for name in self.volumes() if name not in keep]),
            (("network", "rm"), networks),
        ):
            if names:
                docker(*command, *names)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _play(self, playbook: str, *arguments: str, environment: dict[str, str] | None, changes: dict[str, t.Any]) -> Run:
        inventory = self.controller.write_inventory({self.name: {**self.variables, **changes}})
        return self.controller.play(playbook, inventory, *arguments, environment=environment)

    def containers(self, *services: str) -> list[Container]:
        """Return docker inspect of the site's running containers, of all services or of the named ones."""
        found = project_containers(self.project, running_only=True)
        return [container for container in found if not services or service_of(container) in services]

    def container(self, service: str) -> Container:
        """Return docker inspect of one running container of a service."""
        found = self.containers(service)
        assert found, f"service {service} of {self.name} has no running container"
        return found[0]

    def identities(self) -> dict[str, str]:
        """Return container id -> time of its last start: equal before and after means untouched."""
        return {container["Id"]: container["State"]["StartedAt"] for container in self.containers()}

    def volumes(self) -> list[str]:
        """Return the names of the site's volumes."""
        return project_volumes(self.project)

    def execute(self, service: str, *command: str, stdin: str | None = None, check: bool = True) -> str:
        """Run a command in a running container of the service and return its standard output."""
        identifier = str(self.container(service)["Id"])
        interactive = ["--interactive"] if stdin is not None else []
        return docker("exec", *interactive, identifier, *command, stdin=stdin, check=check)

    def moodle(self, *command: str, service: str = "php") -> dict[str, t.Any]:
        """Run a command of the image that answers with one JSON object on its last line, and return that."""
        output = self.execute(service, "/opt/campus-moodle/bin/moodle", *command)
        return t.cast("dict[str, t.Any]", json.loads(output.splitlines()[-1]))

    def sql(self, statement: str) -> str:
        """Run SQL in the site's database; rows are lines, columns are separated by |."""
        return self.execute("postgres", "psql", *SUPERUSER, "-XAtq", "-d", "moodle", "-c", statement)

    def logs(self, service: str) -> str:
        """Return what the service's running containers wrote."""
        return "".join(logs(container["Id"]) for container in self.containers(service))

    def answer(self, path: str, **options: t.Any) -> requests.Response:
        """Get a page without a session and without following redirects."""
        return requests.get(self.url + path, allow_redirects=False, timeout=30, **options)

    def is_ready(self) -> bool:
        """Say whether the site's own readiness check answers yes."""
        return self.answer("/-/ready").status_code == 200

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until is_ready."""
        wait_for(self.is_ready, seconds=seconds, what=f"readiness of {self.name}")

    def wait_until_healthy(self, seconds: float) -> None:
        """Wait until every container with a health check is healthy."""
        wait_for(
            lambda: all(container["State"].get("Health", {}).get("Status", "healthy") == "healthy" for container in self.containers()),
            seconds=seconds,
            what=f"health of all containers of {self.name}",
            interval=1,
        )


def service_of(container: Container) -> str:
    """Return the name of the Compose service that a container belongs to."""
    return str(container["Config"]["Labels"]["com.docker.compose.service"])
