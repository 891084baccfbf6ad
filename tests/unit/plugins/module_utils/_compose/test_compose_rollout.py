# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The rollout on a Docker that lives in memory: what it does, in which order, and that it can be cut anywhere."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._compose._plan import Record
from ansible_collections.campus.moodle.plugins.module_utils._compose._steps import Rollout, read_transition
from ansible_collections.campus.moodle.plugins.module_utils._compose._wait import RolloutError
from ansible_collections.campus.moodle.plugins.module_utils._compose.project import ComposeProject, DockerError
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import ProgramError
from ansible_collections.campus.moodle.tests.unit.fakes.compose_fakes import SCALES, FakeDocker, FakeFiles, definition


def preflight(action: str, *, maintenance: bool = False) -> tuple[int, dict[str, t.Any]]:
    """Return what the image says of the database."""
    versions = {"database_version": "1", "code_version": "2"}
    return 0, {"action": action, "maintenance_required": maintenance, "warnings": [], **versions}


INSTALL = preflight("install")
NONE = preflight("none")
CODE = preflight("code")
UPGRADE = preflight("upgrade", maintenance=True)
REFUSED = (4, {"problems": [{"code": "downgrade", "sentence": "Moodle cannot go back."}]})


def rollout(docker: FakeDocker, files: FakeFiles, text: str) -> Rollout:
    """Return a rollout whose clock runs without waiting."""
    now = iter(range(100000))
    compose = ComposeProject(docker, project="moodle-x", directory="/x")
    transition = read_transition(compose, t.cast("t.Any", files), text, compose.read(text))
    return Rollout(compose, t.cast("t.Any", files), transition, timeout=5, sleep=lambda _seconds: None, clock=lambda: next(now))


def run(docker: FakeDocker, files: FakeFiles, text: str) -> list[str]:
    """Plan and run; return the sentences of the plan."""
    work = rollout(docker, files, text)
    plan = work.plan()
    if not plan.nothing:
        work.run(plan)
    return plan.sentences()


def running_site(answers: dict[str, t.Any] | None = None, version: str = "1") -> tuple[FakeDocker, FakeFiles]:
    """Return a machine with a complete site."""
    docker = FakeDocker(answers)
    docker.start_all(definition(version))
    return docker, FakeFiles(definition(version), Record(f"site:{version}"))


def complete(docker: FakeDocker, version: str) -> bool:
    """Return whether exactly the described containers run."""
    wanted = {name: [f"{name}-{version}" if name in ("php", "web", "cron") else name] * scale for name, scale in SCALES.items()}
    return {name: docker.serving(name) for name in SCALES} == wanted and len(docker.containers) == sum(SCALES.values())


def test_first_run_installs_after_the_database_is_up() -> None:
    docker, files = FakeDocker({"preflight": INSTALL}), FakeFiles()
    run(docker, files, definition())
    assert docker.commands == [
        "up postgres",
        "preflight --json",
        "up pooler",
        "install",
        "up php php=2",
        "up web web=1",
        "up proxy",
        "up php web cron proxy",
    ]
    assert complete(docker, "1")
    assert (files.record, files.text) == (Record("site:1"), definition())


def test_second_run_does_nothing() -> None:
    docker, files = running_site()
    assert run(docker, files, definition()) == []
    assert docker.commands == []


def test_new_code_stands_beside_the_old_until_it_serves() -> None:
    docker, files = running_site({"preflight": NONE})
    run(docker, files, definition("2"))
    assert docker.commands == [
        "preflight --json",
        "up php php=4",
        "up web web=2",
        "stop web",
        "rm web",
        "stop php php",
        "rm php php",
        "up php web cron proxy",
        "purge",
    ]
    assert complete(docker, "2")


def test_caches_are_emptied_once_the_old_code_is_gone_and_until_that_worked() -> None:
    docker, files = running_site({"preflight": NONE, "purge": (5, {"problems": [{"code": "internal", "sentence": "No cache answers."}]})})
    with pytest.raises(ProgramError, match="No cache answers"):
        run(docker, files, definition("2"))
    del docker.answers["purge"]
    for commands in (["preflight --json", "up php web cron proxy", "purge"], []):
        docker.commands.clear()
        run(docker, files, definition("2"))
        assert docker.commands == commands


def test_other_changes_leave_the_caches_alone() -> None:
    docker, files = running_site({"preflight": NONE})
    run(docker, files, definition(php={"hash": "php-smaller", "image": "site:1", "scale": 2}))
    assert "up php php=4" in docker.commands
    assert "purge" not in docker.commands


def test_code_that_moodle_upgrades_without_maintenance() -> None:
    docker, files = running_site({"preflight": CODE})
    run(docker, files, definition("2"))
    assert docker.commands[:3] == ["preflight --json", "upgrade", "up php php=4"]
    assert complete(docker, "2")


def test_upgrade_drains_tasks_and_shows_maintenance_until_new_code_serves() -> None:
    docker, files = running_site({"preflight": UPGRADE})
    run(docker, files, definition("2"))
    order = [
        "maintenance on",
        "stop cron",
        "upgrade --allow-maintenance",
        "up php php=4",
        "rm php php",
        "up php web cron proxy",
        "maintenance off",
    ]
    assert [line for line in docker.commands if line in order] == order
    assert complete(docker, "2")
    assert files.record == Record("site:2")


def test_refusal_touches_nothing() -> None:
    docker, files = running_site({"preflight": REFUSED})
    with pytest.raises(ProgramError, match=r"Could not compare the code of the image.*\n- Moodle cannot go back") as caught:
        run(docker, files, definition("2"))
    assert (caught.value.details["error"], caught.value.details["sentences"]) == ("downgrade", ["Moodle cannot go back."])
    assert docker.commands == ["preflight --json"]
    assert complete(docker, "1")
    assert (files.text, files.record) == (definition("1"), Record("site:1"))


def test_refusal_on_a_fresh_machine_leaves_nothing() -> None:
    docker, files = FakeDocker({"preflight": REFUSED}), FakeFiles()
    with pytest.raises(ProgramError):
        run(docker, files, definition())
    assert (docker.containers, files.text) == ({}, "")


def test_a_refusal_comes_before_a_new_services_image_replaces_anything() -> None:
    docker, files = running_site({"preflight": REFUSED})
    new_services = {name: {"hash": f"{name}-new", "image": "services:2", "scale": 1} for name in ("postgres", "pooler", "proxy")}
    with pytest.raises(ProgramError, match="Moodle cannot go back"):
        run(docker, files, definition("2", **new_services))
    assert docker.commands == ["preflight --json"]
    assert complete(docker, "1")
    assert (files.text, files.record) == (definition("1"), Record("site:1"))


def test_a_stopped_site_is_asked_once_its_database_runs_and_is_put_back_when_it_refuses() -> None:
    docker, files = running_site({"preflight": REFUSED})
    for row in docker.containers.values():
        row["status"] = "exited"
    with pytest.raises(ProgramError):
        run(docker, files, definition("2", postgres={"hash": "postgres-new", "image": "services:2", "scale": 1}))
    assert docker.commands == ["up postgres", "preflight --json", "up postgres pooler"]
    assert docker.serving("postgres") == ["postgres"]
    assert files.text == definition("1")


POSTGRES = {"postgres": {"hash": "postgres-new", "image": "services:2", "scale": 1}}


@pytest.mark.parametrize("broken", ["never answers", "docker fails"])
def test_a_backing_service_that_does_not_come_up_is_put_back(broken: str) -> None:
    docker, files = running_site()
    docker.broken = {"postgres-new"} if broken == "never answers" else set()
    docker.refuse = "up pooler" if broken == "docker fails" else ""
    changed = {**POSTGRES, "pooler": {"hash": "pooler-new", "image": "services:2", "scale": 1}}
    with pytest.raises((RolloutError, DockerError), match=r"postgres did not become healthy|Docker refuses: up pooler"):
        run(docker, files, definition("1", **changed))
    assert complete(docker, "1")
    assert files.text == definition("1")


def test_what_cannot_be_put_back_is_said_beside_the_cause() -> None:
    docker, files = running_site()
    docker.broken, docker.refuse = {"pooler-new"}, "up postgres pooler"
    changed = {**POSTGRES, "pooler": {"hash": "pooler-new", "image": "services:2", "scale": 1}}
    with pytest.raises(RolloutError, match=r"(?s)pooler did not become healthy.*could not be brought back.*up postgres pooler"):
        run(docker, files, definition("1", **changed))
    assert files.text == definition("1")


def test_docker_that_fails_on_a_fresh_machine_leaves_nothing() -> None:
    docker, files = FakeDocker({"preflight": INSTALL}), FakeFiles()
    docker.refuse = "up pooler"
    with pytest.raises(DockerError):
        run(docker, files, definition())
    assert (docker.containers, files.text) == ({}, "")


def test_docker_that_fails_before_the_upgrade_opens_the_site_again() -> None:
    docker, files = running_site({"preflight": UPGRADE})
    docker.refuse = "stop cron"
    with pytest.raises(RolloutError, match=r"(?s)stop cron.*goes on with the version it had"):
        run(docker, files, definition("2"))
    assert docker.commands[-1] == "maintenance off"
    assert complete(docker, "1")
    assert (files.text, files.record) == (definition("1"), Record("site:1"))


def proxy(digest: str) -> dict[str, t.Any]:
    """Return another proxy, one with a certificate."""
    return {"proxy": {"hash": digest, "image": "services", "scale": 1, "secrets": [{"source": "tls_certificate"}]}}


def test_a_proxy_with_a_certificate_is_tried_beside_the_old_one() -> None:
    docker, files = running_site()
    run(docker, files, definition("1", **proxy("proxy-tls")))
    assert docker.commands == ["try proxy", "end the trial of proxy", "up proxy", "up php web cron proxy"]
    assert docker.serving("proxy") == ["proxy-tls"]


def test_a_proxy_that_does_not_take_its_certificate_touches_nothing() -> None:
    docker, files = running_site({"preflight": NONE})
    docker.broken = {"proxy-tls"}
    with pytest.raises(RolloutError, match=r"(?s)proxy does not start.*stays as it was.*its last words"):
        run(docker, files, definition("2", **proxy("proxy-tls")))
    assert docker.commands == ["preflight --json", "try proxy", "end the trial of proxy"]
    assert complete(docker, "1")
    assert (files.text, docker.one_offs) == (definition("1"), {})


def test_the_trial_of_a_run_that_was_cut_is_cleared_away() -> None:
    docker, files = running_site()
    docker.cut = "end the trial"
    with pytest.raises(KeyboardInterrupt):
        run(docker, files, definition("1", **proxy("proxy-tls")))
    docker.cut = ""
    run(docker, files, definition("1", **proxy("proxy-tls")))
    assert docker.one_offs == {}
    assert docker.serving("proxy") == ["proxy-tls"]


def test_a_proxy_that_fails_only_in_its_place_is_put_back() -> None:
    docker, files = running_site({"preflight": NONE})
    docker.broken = {"proxy-new"}
    with pytest.raises(RolloutError, match=r"(?s)proxy did not become healthy.*goes on with the ones it had"):
        run(docker, files, definition("2", proxy={"hash": "proxy-new", "image": "services", "scale": 1}))
    assert complete(docker, "1")
    assert files.text == definition("1")


def test_a_proxy_that_fails_after_an_upgrade_is_put_back_without_the_old_code() -> None:
    docker, files = running_site({"preflight": CODE})
    docker.broken = {"proxy-new"}
    with pytest.raises(RolloutError, match="belongs to the new code already"):
        run(docker, files, definition("2", proxy={"hash": "proxy-new", "image": "services", "scale": 1}))
    assert docker.serving("proxy") == ["proxy"]
    assert "php-2" in docker.serving("php")
    assert '"php-2"' in files.text


def test_workers_that_end_again_and_again_are_a_failure_each_time() -> None:
    docker, files = running_site()
    docker.looping = {"cron-bad"}
    text = definition("1", cron={"hash": "cron-bad", "image": "site:1", "scale": 1})
    for _run in range(2):
        with pytest.raises(RolloutError, match=r"(?s)cron ends again and again \(9 times\).*its last words"):
            run(docker, files, text)
    docker.looping = set()
    run(docker, files, text)
    assert docker.serving("cron") == ["cron-bad"]
    assert run(docker, files, text) == []


def test_a_site_whose_containers_are_stopped_does_not_serve() -> None:
    docker, files = running_site()
    assert rollout(docker, files, definition()).plan().serves
    next(row for row in docker.containers.values() if row["service"] == "postgres")["status"] = "exited"
    assert not rollout(docker, files, definition()).plan().serves


def test_check_mode_does_not_ask_a_site_that_is_stopped() -> None:
    docker, files = running_site({"preflight": UPGRADE})
    for row in docker.containers.values():
        row["status"] = "exited"
    work = rollout(docker, files, definition("2"))
    assert "site: the image would" not in " ".join(work.foresee(work.plan())[0])
    assert docker.commands == []


def test_failed_upgrade_that_changed_nothing_goes_back() -> None:
    failed = (5, {"database_changed": False, "problems": ["It broke."]})
    docker, files = running_site({"preflight": UPGRADE, "upgrade": failed})
    with pytest.raises(RolloutError, match="goes on with the version it had") as caught:
        run(docker, files, definition("2"))
    assert (caught.value.details["error"], caught.value.details["database_changed"]) == ("moodle", False)
    assert docker.commands[-2:] == ["start cron", "maintenance off"]
    assert complete(docker, "1")
    assert (files.text, files.record) == (definition("1"), Record("site:1"))


def test_failed_upgrade_that_changed_the_database_stays_in_maintenance() -> None:
    docker, files = running_site({"preflight": UPGRADE, "upgrade": (5, {"problems": ["It broke."]})})
    with pytest.raises(RolloutError, match="stays in maintenance"):
        run(docker, files, definition("2"))
    assert "maintenance off" not in docker.commands
    assert files.record.maintenance


def test_new_containers_that_never_serve_are_removed() -> None:
    docker, files = running_site({"preflight": NONE})
    docker.broken = {"php-2"}
    with pytest.raises(RolloutError, match="its last words"):
        run(docker, files, definition("2"))
    assert complete(docker, "1")
    assert files.text == definition("1")


def test_changed_configuration_needs_no_look_at_the_database() -> None:
    docker, files = running_site()
    run(docker, files, definition("1", cron={"hash": "cron-new", "image": "site:1", "scale": 1}))
    assert docker.commands == ["up php web cron proxy"]


def test_scaling_up_starts_only_what_is_missing() -> None:
    docker, files = running_site()
    run(docker, files, definition("1", web={"hash": "web-1", "image": "site:1", "scale": 3}))
    assert docker.serving("web") == ["web-1"] * 3
    assert docker.serving("php") == ["php-1"] * 2


def test_unhealthy_backing_service_is_stopped_and_started() -> None:
    docker, files = running_site({"preflight": NONE})
    next(row for row in docker.containers.values() if row["service"] == "postgres")["health"] = "unhealthy"
    run(docker, files, definition())
    assert docker.commands[:2] == ["stop postgres", "up postgres"]


CUTS = [
    "maintenance on",
    "stop cron",
    "upgrade",
    "up php",
    "up web",
    "stop web",
    "rm web",
    "stop php",
    "rm php",
    "up php web",
    "maintenance off",
]


@pytest.mark.parametrize("cut", CUTS)
def test_a_run_that_was_cut_is_continued(cut: str) -> None:
    docker, files = running_site({"preflight": UPGRADE})
    docker.cut = cut
    with pytest.raises(KeyboardInterrupt):
        run(docker, files, definition("2"))
    docker.cut = ""
    docker.answers = {"preflight": NONE if "upgrade --allow-maintenance" in docker.commands else UPGRADE}
    run(docker, files, definition("2"))
    assert complete(docker, "2")
    assert files.record == Record("site:2")
    assert ("maintenance on" in docker.commands) == ("maintenance off" in docker.commands)


def test_check_mode_asks_the_image_and_starts_nothing() -> None:
    docker, files = running_site({"preflight": UPGRADE})
    work = rollout(docker, files, definition("2"))
    sentences, action = work.foresee(work.plan())
    assert (sentences[-1], action) == ("site: the image would upgrade the database in maintenance mode", "upgrade")
    assert docker.commands == ["preflight --json"]
