# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Prints medians, measured in one run on this machine. A benchmark, never a test: nothing fails because it is slow.

(a) an unchanged second run of site.yml; (b) from the start of the web containers to the first good page; (c) 50 settings against one
call of cfg.php; (d) pages per second and 95th percentile of the login page and of a course page, against the set-up that most people
would pick.
"""

from __future__ import annotations

import argparse
import collections
import os
import pathlib
import secrets
import tempfile
import time
import typing as t

import report
from moodle_settings import settings_rows
from reference_site import Reference
from support import payload as payloads
from support.docker import docker
from support.playbook import Controller
from support.ports import free_port
from support.site import Site
from support.wait import wait_for
from support.web import User
from wrk import Page, Sample, measure

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = (1, 4, 16)
PARTS = ("starts", "settings", "pages")
# Both set-ups may use the whole machine; no limit of ours decides the result.
CPUS = float(os.cpu_count() or 1)
MEMORY = "2g"
UNLIMITED = {f"moodle_{service}_cpus": CPUS for service in ("php", "web", "proxy", "database", "session", "cache")}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payload", choices=("auto", "rehearsal", "moodle"), default="auto")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="what to measure")
    parser.add_argument("--seconds", type=int, default=6, help="length of one load run")
    parser.add_argument("--rounds", type=int, default=3, help="how often each measurement is repeated")
    parser.add_argument("--clients", type=int, nargs="+", default=list(CLIENTS))
    return parser.parse_args()


def seconds_of(work: t.Callable[[], t.Any]) -> float:
    """Return how long the work takes."""
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def unchanged_run(site: Site) -> None:
    """Run site.yml on a site that is as described."""
    run = site.deploy()
    assert run.rc == 0 and run.total("changed") == 0, f"the second run changed {run.changed_tasks}"


def start_to_first_page(site: Site) -> float:
    """Return the seconds from the start of stopped web and PHP containers to a good login page."""
    identifiers = [container["Id"] for container in site.containers("php", "web")]
    docker("stop", *identifiers)

    def start() -> None:
        docker("start", *identifiers)
        wait_for(lambda: "</html>" in User(site.url).get("/login/index.php").text, seconds=60, what="a good page", interval=0.02)

    return seconds_of(start)


def make_course(site: Site, students: int) -> tuple[str, str]:
    """Return the path of a course page with 20 activities, and the password of its students bench1, bench2, ..."""
    password = f"Bench-{secrets.token_hex(8)}"
    script = (HERE / "course.php").read_text(encoding="utf-8")
    identifier = str(site.container("php")["Id"])
    output = docker(
        *("exec", "--interactive", "--env", f"BENCH_STUDENTS={students}", "--env", f"BENCH_PASSWORD={password}", identifier),
        *("/opt/campus-moodle/bin/moodle", "exec", "php"),
        stdin=script,
        timeout=300,
    )
    return f"/course/view.php?id={int(output.splitlines()[-1])}", password


def pages_of(url: str, course: str, password: str, students: int) -> dict[str, Page]:
    """Return the pages under load; each client of the course page has a login of its own."""
    cookies = []
    for number in range(1, students + 1):
        user = User(url)
        user.login(f"bench{number}", password)
        assert user.sesskey, f"bench{number} cannot log in at {url}"
        cookies.append("; ".join(f"{cookie.name}={cookie.value}" for cookie in user.session.cookies))
    return {
        "login, new session": Page(f"{url}/login/index.php", "logintoken"),
        "course, logged in": Page(url + course, "page 8", tuple(cookies)),
    }


def compare(site: Site, rounds: int, seconds: int, clients: list[int]) -> str:
    """Load both set-ups in turns and return the table."""
    course, password = make_course(site, max(clients))
    with Reference(site, CPUS, MEMORY) as reference:
        pages = {
            "ours": pages_of(site.url, course, password, max(clients)),
            "reference": pages_of(reference.url, course, password, max(clients)),
        }
        for name in pages["ours"]:
            for who in pages:
                measure(pages[who][name], 1, 2)  # fills caches
        rows: dict[tuple[str, int], dict[str, list[Sample]]] = collections.defaultdict(lambda: collections.defaultdict(list))
        for number in range(rounds):
            for name in pages["ours"]:
                for count in clients:
                    # Each round begins with the other one, so that neither profits from its place.
                    for who in sorted(pages, reverse=bool(number % 2)):
                        sample = measure(pages[who][name], count, seconds)
                        rows[name, count][who].append(sample)
                        print(
                            f"round {number + 1}: {name}, {count} clients, {who}: {sample.rate:.1f}/s, p95 {sample.p95:.0f} ms", flush=True
                        )
    return report.comparison(rows)


def main() -> None:
    """Deploy a site of its own, measure, remove it."""
    options = arguments()
    kind = payloads.choose(options.payload)
    with tempfile.TemporaryDirectory(prefix="campus-moodle-bench-") as folder:
        workspace = pathlib.Path(folder)
        base = payloads.take_base(kind, workspace / "payload")
        variables = {
            **base.variables,
            **UNLIMITED,
            "moodle_php_memory": MEMORY,
            "moodle_database_memory": MEMORY,
            "moodle_directory": str(workspace / "site"),
            "moodle_http_port": free_port(),
            "moodle_admin_email": "admin@example.org",
        }
        site = Site(Controller(workspace / "controller"), "bench", variables)
        try:
            first = site.deploy()
            assert first.rc == 0, first.reasons
            lines = ["", report.load_line()]
            if "starts" in options.only:
                runs = [seconds_of(lambda: unchanged_run(site)) for _ in range(options.rounds)]
                starts = [start_to_first_page(site) for _ in range(options.rounds)]
                lines += [
                    report.median_line("unchanged run of site.yml", runs, "15 s"),
                    report.median_line("container start to first page", starts, "3 s"),
                ]
            if kind != "moodle":
                lines += ["The rehearsal payload is no Moodle: times of settings and pages would mean nothing, so they are not measured."]
            else:
                if "settings" in options.only:
                    lines += ["", report.table(settings_rows(site, workspace / "settings", 5 * options.rounds))]
                if "pages" in options.only:
                    lines += ["", compare(site, options.rounds, options.seconds, options.clients)]
        finally:
            site.destroy(moodle_destroy_data=site.name)
    print("\n".join([*lines, "", f"payload: {kind}"]))


if __name__ == "__main__":
    main()
