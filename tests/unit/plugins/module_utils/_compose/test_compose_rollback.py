# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Another database, and the way back of a rollout: services and secrets as they were, also after a run that was cut."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose._plan import Record
from ansible_collections.campus.moodle.plugins.module_utils._compose._wait import RolloutError
from ansible_collections.campus.moodle.plugins.module_utils._compose.project import DockerError, parse_service
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import ProgramError
from ansible_collections.campus.moodle.tests.unit.fakes.compose_fakes import FakeDocker, FakeFiles, definition
from ansible_collections.campus.moodle.tests.unit.plugins.module_utils._compose.test_compose_rollout import (
    CODE,
    INSTALL,
    NONE,
    complete,
    rollout,
    run,
)

FOREIGN = (4, {"problems": [{"code": "foreign", "sentence": "These are another site's tables."}]})


def on_host(host: str, **changes: t.Any) -> str:
    """Return the definition of a site on a server of its own, whose PHP containers and pooler carry the server in their hash."""
    text = json.loads(definition("1", **changes))
    text.pop("postgres")
    for name in ("php", "pooler"):
        text[name].update({"hash": f"{name}-{host}", "environment": {"MOODLE_DATABASE_HOST": host}})
    return json.dumps(text)


def site_on(host: str, answers: dict[str, t.Any]) -> tuple[FakeDocker, FakeFiles]:
    """Return a complete site on that server."""
    docker, files = FakeDocker(answers), FakeFiles(on_host(host), Record("site:1", database=f"MOODLE_DATABASE_HOST={host}"))
    docker.start_all(on_host(host))
    return docker, files


def state(docker: FakeDocker) -> dict[str, list[str]]:
    """Return what serves."""
    return {name: docker.serving(name) for name in ("pooler", "php", "web", "proxy")}


OLD = {"pooler": ["pooler-old"], "php": ["php-old"] * 2, "web": ["web-1"], "proxy": ["proxy"]}
NEW = {"pooler": ["pooler-new"], "php": ["php-new"] * 2, "web": ["web-1"], "proxy": ["proxy"]}


def test_the_connection_is_read_without_secrets() -> None:
    row = {
        "environment": {"MOODLE_DATABASE_PORT": "1", "MOODLE_DATABASE_HOST": "db", "MOODLE_URL": "x"},
        "labels": {"campus.moodle.secrets": "external_database_password=2 salt=1"},
    }
    assert parse_service("php", "hash", row).database == "MOODLE_DATABASE_HOST=db MOODLE_DATABASE_PORT=1 external_database_password=2"


def test_another_database_is_looked_at_before_anything_reaches_it() -> None:
    docker, files = site_on("old", {"preflight": FOREIGN})
    with pytest.raises(ProgramError, match="another site's tables"):
        run(docker, files, on_host("new"))
    assert docker.commands == ["preflight --json"]
    assert (state(docker), files.text, files.secrets) == (OLD, on_host("old"), ["put back"])


def test_another_database_that_fits_is_recorded() -> None:
    docker, files = site_on("old", {"preflight": NONE})
    run(docker, files, on_host("new"))
    assert docker.commands[:2] == ["preflight --json", "up pooler"]
    assert (state(docker), files.record.database) == (NEW, "MOODLE_DATABASE_HOST=new")
    assert run(docker, files, on_host("new")) == []


@pytest.mark.parametrize("host", ["old", "new"])
def test_a_record_without_a_database_forces_nothing_and_misses_nothing(host: str) -> None:
    docker, files = site_on("old", {"preflight": FOREIGN})
    files.record = Record("site:1")
    plan = rollout(docker, files, on_host(host)).plan()
    assert (plan.asks_image, plan.nothing) == (host == "new", host == "old")


def test_old_containers_never_reach_a_database_through_the_pooler_that_nobody_looked_at() -> None:
    """The session store does not run, so that the image cannot be asked before it is started."""
    docker, files = site_on("old", {"preflight": FOREIGN})
    store = {"valkey-sessions": {"hash": "store", "image": "services", "scale": 1}}
    with pytest.raises(ProgramError):
        run(docker, files, on_host("new", **store))
    assert docker.commands == ["up valkey-sessions", "preflight --json", "rm valkey-sessions"]
    assert state(docker) == OLD


def test_an_empty_database_is_never_installed_into_where_a_site_was() -> None:
    docker, files = site_on("old", {"preflight": INSTALL})
    work = rollout(docker, files, on_host("new"))
    plan = work.plan()
    for carry_out in (work.foresee, work.run):
        with pytest.raises(RolloutError, match=r"holds no Moodle.*campus\.moodle\.destroy"):
            carry_out(plan)
    assert (state(docker), files.text) == (OLD, on_host("old"))


def test_lost_volumes_are_noticed_although_nothing_else_changed() -> None:
    docker, files = FakeDocker({"preflight": INSTALL}), FakeFiles(definition(), Record("site:1"))
    with pytest.raises(RolloutError, match="holds no Moodle"):
        run(docker, files, definition())
    assert docker.containers == {}
    files.record = Record()
    run(docker, files, definition())
    assert "install" in docker.commands
    assert complete(docker, "1")


def test_a_first_run_that_was_cut_goes_on() -> None:
    docker, files = FakeDocker({"preflight": INSTALL}), FakeFiles()
    docker.cut = "up php"
    with pytest.raises(KeyboardInterrupt):
        run(docker, files, definition())
    docker.cut = ""
    run(docker, files, definition())
    assert complete(docker, "1")


@pytest.mark.parametrize("broken", ["php-new", "pooler-new"])
def test_pooler_and_secrets_come_back_with_the_containers(broken: str) -> None:
    docker, files = site_on("old", {"preflight": NONE})
    docker.broken = {broken}
    with pytest.raises(RolloutError, match="did not become healthy"):
        run(docker, files, on_host("new"))
    assert (state(docker), files.text) == (OLD, on_host("old"))
    assert files.secrets == ["put back"]
    assert docker.commands[-1] == "up pooler"


STEPS = ["up pooler", "up php", "up web", "stop php", "rm php", "up php web"]


@pytest.mark.parametrize("cut", STEPS)
def test_a_run_that_was_cut_can_be_given_up(cut: str) -> None:
    """The next one goes back to where the first one came from, unless that was at its end."""
    docker, files = site_on("old", {"preflight": NONE})
    docker.cut = cut
    new = on_host("new", web={"hash": "web-new", "image": "site:1", "scale": 1})
    with pytest.raises(KeyboardInterrupt):
        run(docker, files, new)
    docker.cut, docker.broken = "", {"php-new", "web-new"}
    committed = files.text == new
    with pytest.raises(RolloutError):
        run(docker, files, new)
    assert committed == (cut == "up php web")
    assert state(docker) == ({**NEW, "web": ["web-new"]} if committed else OLD)
    docker.broken = set()
    run(docker, files, new)
    assert state(docker) == {**NEW, "web": ["web-new"]}
    assert run(docker, files, new) == []


@pytest.mark.parametrize("cut", STEPS)
def test_after_a_cut_the_old_description_brings_the_old_site_back(cut: str) -> None:
    docker, files = site_on("old", {"preflight": NONE})
    docker.cut = cut
    with pytest.raises(KeyboardInterrupt):
        run(docker, files, on_host("new", web={"hash": "web-new", "image": "site:1", "scale": 1}))
    docker.cut = ""
    run(docker, files, on_host("old"))
    assert (state(docker), files.text) == (OLD, on_host("old"))


def test_new_values_count_once_the_database_has_moved_on() -> None:
    docker, files = site_on("old", {"preflight": CODE})
    docker.broken = {"php-new"}
    with pytest.raises(RolloutError, match="belongs to the new code already"):
        run(docker, files, on_host("new"))
    assert (files.text, files.secrets) == (on_host("new"), ["dropped"])


def test_an_upgrade_that_changed_nothing_brings_the_services_back_too() -> None:
    docker, files = site_on("old", {"preflight": CODE, "upgrade": (5, {"database_changed": False, "problems": ["It broke."]})})
    before = dataclasses.replace(files.record)
    with pytest.raises(RolloutError, match="goes on with the version it had"):
        run(docker, files, on_host("new"))
    assert (state(docker), files.text, files.record, files.secrets) == (OLD, on_host("old"), before, ["put back"])


def test_a_run_with_nothing_to_do_keeps_no_former_value() -> None:
    docker, files = site_on("old", {})
    work = rollout(docker, files, on_host("old"))
    work.run(work.plan())
    assert (docker.commands, files.secrets) == ([], ["dropped"])


def test_a_backing_service_that_docker_refuses_is_taken_back_with_its_secrets() -> None:
    docker, files = site_on("old", {"preflight": NONE})
    docker.refuse = "up pooler"
    with pytest.raises(DockerError, match="up pooler"):
        run(docker, files, on_host("new"))
    assert (state(docker), files.secrets) == (OLD, ["put back"])


def test_check_mode_does_not_ask_while_secrets_are_pending() -> None:
    docker, files = site_on("old", {"preflight": FOREIGN})
    work = rollout(docker, files, on_host("new"))
    assert "once the secrets are written" in work.foresee(work.plan(), secrets_pending=True)[0][-1]
    assert docker.commands == []
