# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The way to a site's database: into the container of the site's own, or through a container with client programs.

In its own container the programs are the superuser's, by the socket and without a password. For a server elsewhere they run in a
container of the services image, in the site's network, which reads the password from the site's file or from one that the task
names; nothing of it is a word of a command. That container ends by itself when a run was cut.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

from .._tool.process import Run
from ._postgres import DatabaseError, Postgres
from .project import ComposeProject, Container, Definition

SERVICE = "postgres"
PASSWORD, AUTHORITY = "/run/secrets/database_password", "/run/secrets/database_authority"
# The environment takes the password from the file, so that it is neither in a command nor in what the engine keeps of a container.
WITH_PASSWORD = f'PGPASSWORD=$(cat {PASSWORD}) && export PGPASSWORD && exec "$@"'
CONNECT_SECONDS = 10
# What the site image takes where the compose file does not say.
DEFAULTS = {"HOST": "", "PORT": "5432", "NAME": "moodle", "USER": "moodle", "PREFIX": "mdl_", "SSLMODE": "disable"}


@dataclasses.dataclass(frozen=True)
class SiteDatabase:
    """The database of a site, as its compose file describes it. own says that it is in a container of the site.

    environment is what programs need for a server elsewhere, files maps the container's places to the machine's.
    """

    own: bool
    name: str
    owner: str
    prefix: str
    site_id: str
    image: str
    environment: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    files: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


def database_of(definition: Definition, params: t.Mapping[str, t.Any]) -> SiteDatabase:
    """Read the compose file. The login and the image of the task are for a server elsewhere."""
    services, secrets = definition.config["services"], definition.config.get("secrets") or {}
    site = definition.environment("php")
    read = {name: site.get(f"MOODLE_DATABASE_{name}", default) for name, default in DEFAULTS.items()}
    login = {PASSWORD: params["login_password_file"] or (secrets.get("database_password") or {}).get("file", "")}
    authority = {AUTHORITY: secrets["database_authority"]["file"]} if "database_authority" in secrets else {}
    return SiteDatabase(
        own=SERVICE in services,
        name=read["NAME"],
        owner=read["USER"],
        prefix=read["PREFIX"],
        site_id=site.get("MOODLE_SITE_ID", ""),
        image=params["client_image"] or (services.get("proxy") or {}).get("image", ""),
        environment={
            "PGHOST": read["HOST"],
            "PGPORT": read["PORT"],
            "PGUSER": params["login_user"] or read["USER"],
            "PGSSLMODE": read["SSLMODE"],
            "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS),
            **({"PGSSLROOTCERT": AUTHORITY} if authority else {}),
        },
        files={**login, **authority},
    )


def container_of(compose: ComposeProject) -> Container:
    """Return the running container of the site's own database."""
    running = [one for one in compose.containers() if one.service == SERVICE and one.running]
    if not running:
        msg = (
            "The container of the site's database does not run; start it with 'docker compose up --detach --wait postgres', and run again."
        )
        raise DatabaseError(msg, error="not_running")
    return running[0]


@contextlib.contextmanager
def entered(run: Run, compose: ComposeProject, database: SiteDatabase, *, maintenance: str, timeout: int) -> t.Iterator[Postgres]:
    """Give the programs, where they reach the server."""
    if database.own:
        words = ["docker", "exec", "--interactive", "--env=PGUSER=postgres", container_of(compose).id]
        yield Postgres(run, words, maintenance=maintenance)
        return
    started = compose.check(["docker", *client(compose, database, "--detach", "--entrypoint=sleep"), str(timeout or "infinity")])
    identifier = started.out.strip()
    try:
        yield Postgres(run, ["docker", "exec", "--interactive", identifier, *with_password()], maintenance=maintenance)
    finally:
        run(["docker", "rm", "--force", "--volumes", identifier], None)


def stream(compose: ComposeProject, database: SiteDatabase, command: t.Sequence[str]) -> list[str]:
    """Return words that run a command of PostgreSQL's and print what it prints, whenever they are run."""
    if database.own:
        return [*compose.exec_words(SERVICE, "--env=PGUSER=postgres"), *command]
    shell, *rest = with_password()
    return ["docker", *client(compose, database, f"--entrypoint={shell}"), *rest, *command]


def client(compose: ComposeProject, database: SiteDatabase, *options: str) -> list[str]:
    """Return the words after docker that run a container with client programs; what is started in it comes after them."""
    if not database.image:
        msg = (
            "The site's compose file names no services image, which has PostgreSQL's programs; name an image that has them in client_image."
        )
        raise DatabaseError(msg, error="no_client")
    state = os.stat(database.files[PASSWORD])
    # Each file belongs to its reader, so the container runs as the one of the password. Root has no right to read others' files there.
    reader = ["--user", f"{state.st_uid}:{state.st_gid}"] + ["--cap-add=DAC_READ_SEARCH"] * (state.st_uid == 0)
    return [
        "run",
        "--rm",
        *options,
        f"--label=campus.moodle.database-client={compose.project}",
        *[f"--network={network}" for network in compose.networks()[:1]],
        "--read-only",
        "--tmpfs=/tmp:mode=1777,size=64m",
        "--cap-drop=ALL",
        *reader,
        "--security-opt=no-new-privileges:true",
        "--pull=never",
        *[f"--env={name}={value}" for name, value in database.environment.items()],
        *[f"--volume={path}:{place}:ro" for place, path in database.files.items()],
        database.image,
    ]


def with_password() -> list[str]:
    """Return the words before a command that needs the password."""
    return ["bash", "-c", WITH_PASSWORD, "client"]
