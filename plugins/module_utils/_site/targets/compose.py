# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""The target compose: a site in Docker Compose on one machine, with a proxy of its own in front."""

from __future__ import annotations

import typing as t

from ..._moodle import branches
from .. import environment, secrets
from ..model import Site
from ..surroundings import Surroundings
from . import _compose_rules as rules
from . import _compose_sizes as capacity
from ._compose_claims import CLAIMS
from ._compose_options import Machine
from .target import Target

PROGRAM = "/opt/campus-moodle/bin/moodle"
# The users of the two images: each secret file belongs to the one that reads it.
READERS = {"moodle": 10001, "services": 10002}


def directory(site: Site, machine: Machine) -> str:
    """Return the directory of the site on its machine."""
    return (machine.directory or f"/opt/moodle/{site.name}").rstrip("/")


def identify(site: Site, machine: Machine) -> dict[str, t.Any]:
    """Return what tells one site of a machine from another."""
    project, place = f"moodle-{site.name}", directory(site, machine)
    return {
        "project": project,
        "directory": place,
        "target": {
            # Compose finds the containers by the project's name alone.
            "runner": ["docker", "compose", "--project-name", project, "exec", "-T", "php", PROGRAM],
            "files": {"directory": place, "definition": "compose.yml", "moodledata": ".*_moodledata/_data$"},
        },
    }


def complete(site: Site, machine: Machine, around: Surroundings) -> dict[str, t.Any]:
    """Return the sizes that follow from others, and what the machine has to have."""
    served = site.tls.served
    published, sizes = rules.ports_published(site, machine), capacity.sizes(site)
    own = {**own_places(site), "MOODLE_PHP_WORKERS": str(sizes["php"]["workers"])}
    return {
        **sizes,
        "target": {
            "environment": environment.environments(around.image_variables, site, own),
            "visit": {
                "address": machine.bind_address,
                "port": machine.https_port if served == "https" else machine.http_port,
                "tls": served == "https",
            },
            "readers": READERS,
            "secrets": secret_files(site),
            "published": published,
            "ports": [{key: row[key] for key in ("address", "port", "variable")} for row in published],
            "needs": {**limits(site, machine), "servers": servers(site), "paths": paths(site, machine)},
        },
    }


def own_places(site: Site) -> dict[str, t.Optional[str]]:
    """Return where the site image finds what the site brings itself: by sockets, where both ends know them, else by names."""
    # Moodle before 4.4 knows no sockets for sessions (MDL-63128).
    sessions = "/run/valkey-sessions/valkey.sock" if branches.numbers(site.branch) >= (4, 4) else "valkey-sessions"
    # The id of a site is known when its secrets have been kept.
    own: dict[str, t.Optional[str]] = {"MOODLE_SITE_ID": ""}
    own["MOODLE_DATABASE_POOLER_HOST"] = "/run/pooler" if site.database.pooler else None
    if site.database.own:
        own.update(MOODLE_DATABASE_HOST="postgres", MOODLE_DATABASE_PORT="5432")
    if not site.session.host:
        own.update(MOODLE_SESSION_HOST=sessions if site.session.own else None, MOODLE_SESSION_PORT=None)
    if not site.cache.host:
        own.update(MOODLE_CACHE_HOST="/run/valkey-cache/valkey.sock" if site.cache.own else None, MOODLE_CACHE_PORT=None)
    if site.mail.catcher:
        own.update(MOODLE_SMTP_HOST="mail", MOODLE_SMTP_PORT="1025", MOODLE_SMTP_SECURITY="none")
    return own


def secret_files(site: Site) -> list[dict[str, t.Any]]:
    """Return the secrets as compose_secrets keeps them: a file for each of the two images that reads one."""

    def images(readers: t.Iterable[str]) -> list[str]:
        return sorted({"moodle" if reader in (secrets.MOODLE, secrets.INSTALL) else "services" for reader in readers})

    rows = secrets.described(site)["secrets"]
    return [{**{key: row[key] for key in ("name", "source", "once")}, "readers": images(row["readers"])} for row in rows]


def limits(site: Site, machine: Machine) -> dict[str, t.Any]:
    """Return the processors of the largest container and the bytes of memory that all containers may use together."""
    groups: list[tuple[t.Any, int]] = [(group, group.replicas) for group in (site.php, site.web, site.cron, site.adhoc)]
    groups += [(group, 1) for group in (site.database, site.session, site.cache) if group.own]
    groups.append((machine.proxy, 1))
    memory = sum(group.memory * replicas for group, replicas in groups)
    return {"cpus": max(group.cpus for group, _replicas in groups), "memory": memory * 1024**2}


def servers(site: Site) -> list[dict[str, t.Any]]:
    """Return the servers that the site cannot do without and does not bring itself."""
    rows = (("database", site.database), ("session", site.session), ("cache", site.cache))
    return [{"host": row.host, "port": row.port, "variable": f"moodle_{name}_host"} for name, row in rows if row.host]


def paths(site: Site, machine: Machine) -> list[dict[str, str]]:
    """Return what has to be on the machine already."""
    rows = (
        (machine.code_directory, "directory", "moodle_code_directory"),
        (site.database.password_file, "file", "moodle_database_password_file"),
    )
    return [{"path": path, "kind": kind, "variable": variable} for path, kind, variable in rows if path]


TARGET = Target(
    name="compose",
    what="Docker Compose on one machine",
    options=Machine,
    identity=frozenset({"moodle_directory"}),
    identify=identify,
    complete=complete,
    claims=CLAIMS,
    ports={"http": "moodle_http_port", "https": "moodle_https_port"},
    rules=(
        rules.name_to_redirect_to,
        rules.acme,
        rules.port_twice,
        rules.code_directory,
        rules.own_database_version,
        rules.database_on_loopback,
        capacity.web_replicas,
        capacity.room_for_uploads,
    ),
    warnings=(rules.plain_http, rules.url_port_differs, rules.acme_ports, capacity.many_workers),
)
