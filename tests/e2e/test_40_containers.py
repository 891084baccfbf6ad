# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""How the containers of a production site are confined."""

from __future__ import annotations

import re
import stat
import typing as t

import pytest
from support.site import SERVICES, service_of

if t.TYPE_CHECKING:
    from support.site import Container, Site

MEGABYTE = 1024**2
SECOND = 10**9  # Docker counts in nanoseconds
# They serve nobody: a crash ends them, and the engine starts them again.
BACKGROUND = ("cron", "adhoc")

# What Docker has to report of every container: a name for the failing assertion, and the rule.
RULES: dict[str, t.Callable[[Container], bool]] = {
    "does not run as root": lambda c: c["Config"]["User"].split(":")[0] not in ("", "0", "root"),
    "has a read-only root file system": lambda c: c["HostConfig"]["ReadonlyRootfs"] is True,
    "has no capability": lambda c: c["HostConfig"]["CapDrop"] == ["ALL"] and not c["HostConfig"]["CapAdd"],
    "gains no privileges": lambda c: any(option.startswith("no-new-privileges") for option in c["HostConfig"]["SecurityOpt"]),
    "is not privileged": lambda c: c["HostConfig"]["Privileged"] is False,
    "has a memory limit": lambda c: c["HostConfig"]["Memory"] > 0,
    "has a processor limit": lambda c: c["HostConfig"]["NanoCpus"] > 0,
    "shares no namespace of the host": lambda c: "host" not in (c["HostConfig"]["NetworkMode"], c["HostConfig"]["PidMode"]),
    "is started again after a crash": lambda c: c["HostConfig"]["RestartPolicy"]["Name"] in ("unless-stopped", "always"),
    "has a bounded log": lambda c: "max-size" in c["HostConfig"]["LogConfig"]["Config"],
    "that serves has a health check": lambda c: service_of(c) in BACKGROUND or bool(c["Config"].get("Healthcheck", {}).get("Test")),
}


def published(container: Container) -> list[dict[str, str]]:
    """Return the ports of the machine that lead to a container."""
    bindings = (container["HostConfig"]["PortBindings"] or {}).values()
    return [binding for group in bindings for binding in group or []]


def test_all_services_run(site: Site) -> None:
    assert {service_of(container) for container in site.containers()} == set(SERVICES)


@pytest.mark.parametrize("rule", RULES)
def test_every_container(site: Site, rule: str) -> None:
    broken = [service_of(container) for container in site.containers() if not RULES[rule](container)]
    assert not broken, f"not every container {rule}"


def test_only_the_web_port_is_published_and_only_on_loopback(site: Site) -> None:
    ports = [binding for container in site.containers() for binding in published(container)]
    assert ports == [{"HostIp": "127.0.0.1", "HostPort": str(site.variables["moodle_http_port"])}]


def test_database_is_checked_with_pg_isready_every_ten_seconds_five_times(site: Site) -> None:
    check = site.container("postgres")["Config"]["Healthcheck"]
    assert (check["Interval"], check["Retries"]) == (10 * SECOND, 5)
    assert any("pg_isready" in word or "health" in word for word in check["Test"])


def test_containers_share_one_network_of_their_own(site: Site) -> None:
    networks = {name for container in site.containers() for name in container["NetworkSettings"]["Networks"]}
    assert networks == {f"{site.project}_moodle-network"}


def test_code_cannot_be_changed_by_the_web_server(site: Site) -> None:
    for service in ("web", "php"):
        answer = site.execute(service, "sh", "-c", "touch /srv/moodle/e2e 2>/dev/null && echo written || echo refused")
        assert answer == "refused"


@pytest.mark.parametrize("service", ["web", "php", "cron", "adhoc"])
def test_temporary_files_fit_into_the_memory_that_they_are(site: Site, service: str) -> None:
    host = site.container(service)["HostConfig"]
    size = re.search(r"size=(\d+)m", host["Tmpfs"]["/tmp"])
    assert size, host["Tmpfs"]
    assert int(size[1]) * MEGABYTE < host["Memory"]


def test_secret_files_are_for_nobody_else(site: Site) -> None:
    files = [path for path in (site.directory / "secrets").rglob("*") if path.is_file()]
    assert files
    assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files} == {path.name: 0 for path in files}
