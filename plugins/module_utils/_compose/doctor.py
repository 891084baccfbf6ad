# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a report for support has of a site in Docker Compose: its containers, volumes, images, logs and files. Only reads."""

from __future__ import annotations

import json
import os
import stat
import typing as t

from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError

from .._doctor.disks import room
from .._doctor.report import Collector, Finding, Part, Proof, doubt, fine, one_line, problem, unknown
from .._doctor.world import World, in_time
from .._tool.process import Run
from .._tool.sizes import in_gigabytes
from . import preflight
from ._inquiry import SECRETS, Row, Site
from .files import COMPOSE_FILE, ROLLOUT_FILE
from .project import LABEL_ONE_OFF, LABEL_PROJECT, LABEL_SERVICE

ARGUMENTS = preflight.ARGUMENTS
# What each service runs, asked in its container.
PROGRAMS = {
    "php": ["php", "--version"],
    "postgres": ["psql", "--version"],
    "valkey-sessions": ["valkey-server", "--version"],
    "web": ["nginx", "-v"],
}
# The characters of the time that docker writes before a line.
TIME = len("2026-11-21T02:00:04.000000000Z")
# The volumes that a backup reads.
DATA = ("moodledata", "database")


def name_of(row: Row) -> str:
    """Return the name of a container."""
    return str(row["Name"]).lstrip("/")


def service_of(row: Row) -> str:
    """Return the service that a container belongs to."""
    return str((row["Config"].get("Labels") or {}).get(LABEL_SERVICE, ""))


def listed(site: Site) -> list[Row]:
    """Return what matters first of each container."""
    keys = ("Status", "ExitCode", "OOMKilled", "Error", "StartedAt", "FinishedAt")
    return [
        {
            "name": name_of(row),
            "service": service_of(row),
            "image": row["Config"].get("Image"),
            **{key: row["State"].get(key) for key in keys},
            "Health": (row["State"].get("Health") or {}).get("Status", ""),
            "RestartCount": row.get("RestartCount", 0),
            "Ports": (row.get("NetworkSettings") or {}).get("Ports") or {},
        }
        for row in site.containers
    ]


def images(site: Site) -> list[Row]:
    """Return what the engine knows of the images that the containers were made of, with their labels."""
    names = sorted({row["Image"] for row in site.containers})
    return list(json.loads(site.docker("image", "inspect", *names))) if names else []


def programs(site: Site) -> dict[str, str]:
    """Return the versions of what runs in the containers."""
    running = {service_of(row): row["Id"] for row in site.containers if row["State"]["Status"] == "running"}
    found = {}
    for service, command in PROGRAMS.items():
        if service in running:
            try:
                found[service] = site.docker("exec", running[service], *command).strip()
            except ToolError as error:
                found[service] = str(error)
    return found


def logs(site: Site) -> dict[str, str]:
    """Return the last lines of each container, by the times that begin them: docker prints each of its two outputs by itself."""
    site.require_searchable()
    found = {}
    for container in site.listed:
        try:
            # At line ends alone: what else splits a line in Python may stand within one.
            lines = site.docker("logs", "--timestamps", f"--tail={site.log_lines}", container.id).split("\n")
            found[f"{container.name}.log"] = "".join(f"{line}\n" for line in sorted(filter(None, lines), key=lambda line: line[:TIME]))
        except ToolError as error:
            found[f"{container.name}.log"] = f"{error}\n"
    return found


def inspected(site: Site) -> list[Row]:
    """Return all that the engine knows of the containers, with their environment and the last answers of their health checks."""
    site.require_searchable()
    return site.containers


def directory(site: Site) -> str:
    """Return what lies in the site's directory: mode, owner, size and path. Nothing is opened."""
    lines = in_time(lambda: _rows_below(site.directory), site.directory)
    return "".join(lines) or f"There is no directory {site.directory}, or nothing is in it.\n"


def _rows_below(directory: str) -> list[str]:
    lines = []
    for folder, folders, files in os.walk(directory):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = os.path.join(folder, name)
            row = os.lstat(path)
            lines.append(f"{stat.filemode(row.st_mode)} {row.st_uid}:{row.st_gid} {row.st_size:>10} {os.path.relpath(path, directory)}\n")
    return lines


def networks(site: Site) -> list[Row]:
    """Return the project's networks."""
    found = site.docker("network", "ls", "--quiet", "--filter", f"label={LABEL_PROJECT}={site.project}").split()
    return list(json.loads(site.docker("network", "inspect", *found))) if found else []


def addresses(site: Site) -> t.Iterator[str]:
    """Yield the addresses of containers and their gateways, which are no visitors'."""
    for row in site.containers if not site.unreachable else ():
        for network in ((row.get("NetworkSettings") or {}).get("Networks") or {}).values():
            yield from filter(
                None, (network.get("IPAddress"), network.get("Gateway"), network.get("GlobalIPv6Address"), network.get("IPv6Gateway"))
            )


COLLECTORS = (
    Collector("versions/docker.json", "Docker and Compose", lambda site: {
        "docker": json.loads(site.docker("version", "--format", "{{json .}}")),
        "compose": site.docker("compose", "version", "--short").strip()}),
    Collector("versions/programs.json", "PHP, PostgreSQL, Valkey and nginx, as they run", programs),
    Collector("versions/images.json", "the images of the containers, with their labels", images),
    Collector("state/containers.json", "each container: state, health, exit status, restarts, whether memory ran out, ports", listed),
    Collector("state/inspect.json", "all that Docker knows of the containers", inspected),
    Collector("state/usage.txt", "memory and processors of the running containers", lambda site: site.docker(
        "stats", "--no-stream", "--no-trunc", *(row["Id"] for row in site.containers if row["State"]["Status"] == "running"))
        if site.containers else "No container is there.\n"),
    Collector("state/volumes.json", "the site's volumes with their sizes", lambda site: site.sizes),
    Collector("state/networks.json", "the site's networks", networks),
    Collector("state/engine.json", "what the engine says of itself", lambda site: site.info),
    Collector("state/directory.txt", "names, modes and sizes in the site's directory; secrets were not opened for it", directory),
    Collector(f"state/{COMPOSE_FILE}", "the compose file", lambda site: site.read(COMPOSE_FILE)),
    Collector(f"state/{ROLLOUT_FILE}", "what the last complete rollout left", lambda site: site.read(ROLLOUT_FILE)),
    Collector("logs/", "the last lines of a container", logs, personal=True),
)  # fmt: skip


def machine(site: Site) -> t.Iterator[Finding]:
    """Say what the machine lacks, as a run of site.yml would."""
    # What never answers would hold up what asks the same of it, without a limit.
    site.world.disk(site.directory)
    try:
        # Room on the disks has a proof of its own.
        found = preflight.run(site.run, {**site.params, "disk": 0}, check_mode=False)
    except ToolError as error:
        yield from (problem("machine", sentence) for sentence in error.details.get("problems", [str(error)]))
        return
    yield fine("machine", f"Docker {found['engine']} with Compose {found['compose']} can carry the site.")


def containers(site: Site) -> t.Iterator[Finding]:
    """Say which containers do not do their work."""
    yield from _elsewhere(site)
    rows = [row for row in site.containers if (row["Config"].get("Labels") or {}).get(LABEL_ONE_OFF) != "True"]
    definition = in_time(lambda: os.path.isfile(os.path.join(site.directory, COMPOSE_FILE)), site.directory)
    if not rows:
        said = f"there is no container of the project {site.project}"
        never = f"The site was never installed on this machine: {said} and no {site.directory}/{COMPOSE_FILE}."
        yield problem("containers", f"The site does not run: {said}; run campus.moodle.site." if definition else never)
        return
    wrong = [*_silent(site), *(sentence for row in rows for sentence in _wrong(row))]
    yield from (problem("containers", sentence) for sentence in wrong)
    missing = _services(site) - {service_of(row) for row in rows} if definition else set()
    yield from (problem("containers", f"The service {name} has no container; run campus.moodle.site.") for name in sorted(missing))
    for row in rows:
        if row.get("RestartCount"):
            yield doubt("containers", f"The container {name_of(row)} was started again {row['RestartCount']} times.")
    if not wrong and not missing:
        yield fine("containers", f"{len(rows)} containers run, and none is unhealthy.")


def _elsewhere(site: Site) -> t.Iterator[Finding]:
    """Say which containers were made from another directory than the description has, and which from one without secrets."""
    for folder in site.unsearchable:
        yield problem(
            "containers",
            f"The containers of {site.project} were made from {folder}, and there is no {folder}/{SECRETS} any more, so nobody could tell "
            "whether secrets are in their logs, which were left out; run campus.moodle.site.",
        )
    for folder in sorted({one.folder for one in site.listed} - {site.directory}):
        yield doubt("containers", f"Containers of {site.project} were made from {folder}, and moodle_directory is {site.directory}.")


def _silent(site: Site) -> t.Iterator[str]:
    for name, reason in site.silent.items():
        yield f"Docker does not tell the state of the container {name} ({one_line(str(reason))}); look at the journal of the engine."


def _wrong(row: Row) -> t.Iterator[str]:
    state, name = row["State"], name_of(row)
    log = f"logs/{name}.log in the archive is what it said"
    if state.get("OOMKilled"):
        yield f"The container {name} was ended because its memory ran out; give it more."
    if state["Status"] != "running":
        yield f"The container {name} is {state['Status']}, with exit status {state.get('ExitCode')}; {log}."
    elif (state.get("Health") or {}).get("Status") == "unhealthy":
        yield f"The container {name} is unhealthy; {log}."


def _services(site: Site) -> set[str]:
    """Return the services that the compose file has, without those that are run by hand."""
    return set(site.docker("compose", "--project-directory", site.directory, "config", "--services").split())


def disk(site: Site) -> t.Iterator[Finding]:
    """Say how much room Docker has, and whether the next backup has some."""
    yield from room(site.world, "Docker", site.info["DockerRootDir"], site.params["disk"])


def backup(site: Site) -> t.Iterator[Finding]:
    """Say whether the next backup has room, where it is written to a disk of this machine."""
    repository = site.repository
    if not repository:
        yield doubt("backup", "The site has no backups: moodle_backup_repository is not set.")
        return
    if not repository.startswith("/"):
        yield unknown("backup", "The backups are kept on another machine, whose room was not looked at.")
        return
    sizes = {name: bytes_of(site.sizes.get(f"{site.project}_{name}", "")) for name in DATA}
    free, needed = site.world.disk(repository).free, sum(size or 0 for size in sizes.values())
    said = (
        f"The disk of the backups has {in_gigabytes(free)} free, and moodledata and database have {in_gigabytes(needed)} together, "
        "of which a backup adds what is new"
    )
    if None in sizes.values():
        yield unknown("backup", f"The disk of the backups has {in_gigabytes(free)} free; how much the site has could not be told.")
    else:
        yield fine("backup", f"{said}.") if free > needed else doubt("backup", f"{said}; make room there.")


UNITS = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def bytes_of(text: str) -> t.Optional[int]:
    """Return the bytes of a size as Docker writes it, for example 1.4GB; None where it does not say."""
    number = text.rstrip("kKMGTB")
    unit = UNITS.get(text[len(number) :])
    try:
        return int(float(number) * unit) if unit else None
    except ValueError:
        return None


PROOFS = (
    Proof("machine", machine),
    Proof("containers", containers),
    Proof("disk of Docker", disk),
    Proof("backup", backup),
)


def part(docker: t.Optional[Run], params: t.Mapping[str, t.Any], world: World, *, log_lines: int, repository: str) -> Part:
    """Return what a report has of a site in Docker Compose."""
    site = Site(docker, params, world, log_lines=log_lines, repository=repository)
    return Part(site, COLLECTORS, PROOFS, addresses, lambda site: site.secret_paths)
