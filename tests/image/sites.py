# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A small model of sites in containers, driven through the docker command."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import secrets
import types
import typing as t
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from support.docker import docker, run
from support.wait import wait_for

USER = 10001
PROGRAM = "/opt/campus-moodle/bin/moodle"
# Where the site that is served is published; its address has the same port.
PORT = 18190
PROBE = Path(__file__).parent / "php" / "probe.php"
HARDENING = [
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    f"--tmpfs=/run/moodle:uid={USER},gid={USER},mode=0700",
    f"--tmpfs=/var/cache/moodle:uid={USER},gid={USER},mode=0700",
    "--tmpfs=/tmp:mode=1777",
]


@dataclasses.dataclass
class Done:
    """How a command of the image ended; result is the JSON object on the last line of its standard output."""

    code: int
    out: str
    log: str

    @property
    def result(self) -> dict[str, t.Any]:
        return json.loads(self.out.strip().splitlines()[-1])


class Engine:
    """Network, services and secrets of one test session; everything goes when the context ends."""

    def __init__(self, image: str, services: str, folder: Path) -> None:
        self.image = image
        self.name = f"campus-image-test-{os.getpid()}"
        self.services = services
        self._folder = folder
        self._containers: list[str] = []
        self._volumes: list[str] = []
        self._images: list[str] = []
        self.secrets = {name: secrets.token_hex(16) for name in ("database", "session")}
        self.secrets["admin"] = f"A1-{secrets.token_hex(8)}=--x y"
        self.secrets["salt"] = secrets.token_hex(32)

    def __enter__(self) -> Engine:
        for name, text in self.secrets.items():
            path = self._folder / name
            path.write_text(text + "\n")
            path.chmod(0o644)  # two users read it: the services' and the site's
        self._folder.chmod(0o755)
        docker("network", "create", self.name)
        self.start(
            "db", self.services, "postgres", "--tmpfs=/tmp", f"--volume={self.volume('db')}:/var/lib/postgresql",
            env={"POSTGRES_DB": "moodle", "POSTGRES_USER": "moodle", "POSTGRES_PASSWORD_FILE": "/run/secrets/database"},
        )  # fmt: skip
        self.start(
            "sessions", self.services, "valkey-sessions", "--tmpfs=/tmp", f"--volume={self.volume('sessions')}:/var/lib/valkey",
            env={"VALKEY_PASSWORD_FILE": "/run/secrets/session"},
        )  # fmt: skip
        wait_for(lambda: self.health("db", "postgres") and self.health("sessions", "valkey-sessions"), what="the start of the services")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        docker("rm", "--force", "--volumes", *self._containers, check=False)
        docker("network", "rm", self.name, check=False)
        docker("volume", "rm", *self._volumes, check=False)
        if self._images:
            docker("rmi", "--force", *self._images, check=False)

    def health(self, container: str, service: str) -> bool:
        """Ask a service whether it is well."""
        return run("exec", f"{self.name}-{container}", "/opt/campus-services/bin/service", "health", service).returncode == 0

    def volume(self, name: str) -> str:
        """Create a named volume."""
        full = f"{self.name}-{name}"
        docker("volume", "create", full)
        self._volumes.append(full)
        return full

    def start(self, name: str, image: str, command: str, *options: str, env: dict[str, str]) -> str:
        """Start a container in the background, reachable in the network under its name."""
        full = f"{self.name}-{name}"
        docker("rm", "--force", full, check=False)
        docker("run", "--detach", f"--name={full}", f"--network-alias={name}", *self.options(env), *options, image, *command.split())
        self._containers.append(full)
        return full

    def options(self, env: dict[str, str]) -> list[str]:
        """Return what all containers have in common."""
        return [
            f"--network={self.name}",
            f"--volume={self._folder}:/run/secrets:ro",
            *(f"--env={key}={value}" for key, value in env.items()),
        ]

    def sql(self, database: str, statement: str) -> str:
        """Run SQL as the superuser inside the database's container."""
        psql = ["psql", "-U", "postgres", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        return docker("exec", f"{self.name}-db", *psql, "-d", database, "-c", statement).strip()

    def new_site(self, name: str) -> Site:
        """Return a site with its own empty database and data volume."""
        short = "t" + hashlib.sha256(name.encode()).hexdigest()[:10]
        self.sql("postgres", f"CREATE DATABASE {short} OWNER moodle")
        return Site(self, short, self.volume(short), self.image)

    def clone(self, site: Site, name: str) -> Site:
        """Return a second site with a copy of the first one's database and an empty data volume."""
        twin = Site(self, f"{site.database}_{name}", self.volume(f"{site.database}-{name}"), site.image)
        # A copy needs the original for itself; poolers and tasks connect again by themselves.
        self.sql("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{site.database}'")
        self.sql("postgres", f"CREATE DATABASE {twin.database} TEMPLATE {site.database} OWNER moodle")
        twin.environment["MOODLE_SITE_ID"] = site.environment["MOODLE_SITE_ID"]
        return twin

    def derive(self, tag: str, *steps: str, base: str = "") -> str:
        """Build an image from the one under test, or another one, by shell commands as root, then bake it again."""
        reference = f"{self.name}:{tag}"
        lines = [
            f"FROM {base or self.image}",
            "USER root",
            *(f"RUN {step}" for step in steps),
            "RUN /opt/campus-moodle/bin/moodle bake",
            f"USER {USER}",
        ]
        docker("build", "--quiet", f"--tag={reference}", "-", stdin="\n".join(lines))
        self._images.append(reference)
        return reference


class Site:
    """One site: a database, a data volume, an image, and the environment of its containers."""

    def __init__(self, engine: Engine, database: str, data: str, image: str) -> None:
        self.engine = engine
        self.database = database
        self.data = data
        self.image = image
        self.installs: list[Done] = []
        self._runners: dict[str, str] = {}
        self.environment = {
            "MOODLE_URL": f"http://127.0.0.1:{PORT}",
            "MOODLE_SITE_ID": str(uuid.uuid4()),
            "MOODLE_DATABASE_HOST": "db",
            "MOODLE_DATABASE_NAME": database,
            "MOODLE_DATABASE_PASSWORD_FILE": "/run/secrets/database",
            "MOODLE_SESSION_HOST": "sessions",
            "MOODLE_SESSION_PASSWORD_FILE": "/run/secrets/session",
            "MOODLE_SALT_FILE": "/run/secrets/salt",
            "MOODLE_ADMIN_PASSWORD_FILE": "/run/secrets/admin",
            "MOODLE_ADMIN_EMAIL": "admin@example.edu",
            "MOODLE_FULL_NAME": "A Campus",
            "MOODLE_SHORT_NAME": "campus",
        }

    def _options(self, environment: dict[str, str]) -> list[str]:
        return [*HARDENING, f"--volume={self.data}:/var/moodledata", *self.engine.options(self.environment | environment)]

    def run(self, command: str, *, stdin: str = "", image: str = "", **environment: str) -> Done:
        """Run one command of the image to its end."""
        done = run(
            "run", "--rm", "--interactive", *self._options(environment), image or self.image, *command.split(), stdin=stdin)  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, command: str, *options: str, **environment: str) -> str:
        """Start a long-running command; its container is reachable under the command's name."""
        volume = f"--volume={self.data}:/var/moodledata"
        return self.engine.start(command, self.image, command, *HARDENING, volume, *options, env=self.environment | environment)

    def runner(self, image: str = "") -> list[str]:
        """Return the command that runs the program in a php container of this site, which is started once for each image."""
        if image not in self._runners:
            name = f"php-{self.database}-{len(self._runners)}"
            volume = f"--volume={self.data}:/var/moodledata"
            self._runners[image] = self.engine.start(name, image or self.image, "php", *HARDENING, volume, env=self.environment)
        return ["docker", "exec", "--interactive", self._runners[image], PROGRAM]

    def wish(self, wishes: str) -> None:
        """Ask the rehearsal payload for a behaviour, such as a slow installation; real Moodle is slow by itself and ignores it."""
        command = ["--entrypoint=sh", self.image, "-c", "cat >/var/moodledata/rehearsal.json"]
        docker("run", "--rm", "--interactive", f"--volume={self.data}:/var/moodledata", *command, stdin=wishes)

    def sql(self, statement: str) -> str:
        """Run SQL in the site's database."""
        return self.engine.sql(self.database, statement)


def state(container: str) -> tuple[str, str]:
    """When a container was last started, and whether it ever ran out of memory."""
    started, killed = docker("inspect", "--format={{.State.StartedAt}} {{.State.OOMKilled}}", container).split()
    return started, killed


def get(url: str) -> tuple[int, str]:
    """Fetch an address; an error status is an answer too, no answer is status 0."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError:
        return 0, ""
