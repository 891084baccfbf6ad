# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Role docker_engine: what it knows of platforms, how it merges settings, and what it reads from a machine."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLE = Path(__file__).resolve().parents[3] / "roles" / "docker_engine"

DOCKER_CE = ["docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin"]
# host name -> (distribution, version, os family), docker_engine_source, packages of the engine, of Compose, path of Docker's repository
PLATFORMS: dict[str, tuple[tuple[str, str, str], str, list[str], list[str], str]] = {
    "debian12": (("Debian", "12.11", "Debian"), "auto", ["docker.io", "ca-certificates", "apparmor"], [], "debian"),
    "debian12_docker": (("Debian", "12.11", "Debian"), "docker", DOCKER_CE, ["docker-compose-plugin"], "debian"),
    "debian13": (
        ("Debian", "13.1", "Debian"),
        "auto",
        ["docker.io", "docker-cli", "ca-certificates", "apparmor"],
        ["docker-compose"],
        "debian",
    ),
    "jammy": (("Ubuntu", "22.04", "Debian"), "auto", ["docker.io", "ca-certificates", "apparmor"], ["docker-compose-v2"], "ubuntu"),
    "noble": (("Ubuntu", "24.04", "Debian"), "docker", DOCKER_CE, ["docker-compose-plugin"], "ubuntu"),
    "rhel9": (("RedHat", "9.6", "RedHat"), "auto", DOCKER_CE, ["docker-compose-plugin"], "rhel"),
    "rocky10": (("Rocky", "10.0", "RedHat"), "auto", [*DOCKER_CE, "kernel-modules-extra"], ["docker-compose-plugin"], "centos"),
    "alma9": (("AlmaLinux", "9.6", "RedHat"), "distribution", [], [], "centos"),
}
UNKNOWN = {
    "debian11": ("Debian", "11.9", "Debian"),
    "ubuntu2210": ("Ubuntu", "22.10", "Debian"),
    "fedora": ("Fedora", "42", "RedHat"),
    "suse": ("openSUSE Leap", "15.6", "Suse"),
}
SETTINGS_BEFORE: dict[str, Any] = {"runtimes": {"other": {"path": "/bin/other"}}, "debug": True, "log-opts": {"tag": "x"}}
OWN = {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}, "live-restore": True}
FOREIGN = {"registry-mirrors": ["https://mirror.example"], "default-address-pools": [{"base": "10.9.0.0/16", "size": 24}]}
JOURNAL = {"log-driver": "journald", "log-opts": {"tag": "x"}, "live-restore": True}
SYSLOG = {"log-driver": "syslog", "log-opts": {"syslog-address": "udp://log.example:514"}}
# What was in daemon.json before, variables of the role, what is in it after that.
MERGES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "empty": ({}, {}, OWN),
    "others": (
        SETTINGS_BEFORE,
        {"docker_engine_options": {"debug": None, "labels": ["a=b"]}},
        {**OWN, "runtimes": SETTINGS_BEFORE["runtimes"], "log-opts": {"tag": "x", **OWN["log-opts"]}, "labels": ["a=b"]},
    ),
    "not_asked_for": (FOREIGN, {}, {**OWN, **FOREIGN}),
    "asked_for": (
        FOREIGN,
        {
            "docker_engine_registry_mirrors": ["https://other.example"],
            "docker_engine_address_pools": [{"base": "10.8.0.0/16", "size": 26}],
        },
        {**OWN, "registry-mirrors": ["https://other.example"], "default-address-pools": [{"base": "10.8.0.0/16", "size": 26}]},
    ),
    "removed": (FOREIGN, {"docker_engine_options": dict.fromkeys(FOREIGN)}, OWN),
    "other_log_driver": (JOURNAL, {}, JOURNAL),
    "local_log_driver": ({"log-driver": "local"}, {}, {**OWN, "log-driver": "local"}),
    "asked_log_driver": ({}, {"docker_engine_options": {"log-driver": "journald"}}, {"log-driver": "journald", "live-restore": True}),
    # No log driver knows the options of all others.
    "changed_log_driver": (OWN, {"docker_engine_options": {"log-driver": "journald"}}, {"log-driver": "journald", "live-restore": True}),
    "changed_log_driver_and_options": (OWN, {"docker_engine_options": {"log-driver": "journald", "log-opts": {"tag": "x"}}}, JOURNAL),
    "log_driver_back": (SYSLOG, {"docker_engine_options": {"log-driver": "json-file"}}, OWN),
    "log_driver_removed": (SYSLOG, {"docker_engine_options": {"log-driver": None}}, {key: OWN[key] for key in OWN if key != "log-driver"}),
    "implied_log_driver_changed": (
        {"log-opts": {"labels": "x"}},
        {"docker_engine_options": {"log-driver": "local"}},
        {**OWN, "log-driver": "local"},
    ),
    "same_log_driver": (
        JOURNAL,
        {"docker_engine_options": {"log-driver": "journald", "log-opts": {"labels": "y"}}},
        {**JOURNAL, "log-opts": {"tag": "x", "labels": "y"}},
    ),
}
PROXY = {"docker_engine_https_proxy": "http://proxy.example:3128"}
LABELS = {"docker_engine_options": {"labels": ["a=b"]}}
# What else the survey found, variables of the role, what a running engine does not know, whether that takes a restart.
UNAPPLIED: dict[str, tuple[dict[str, Any], dict[str, Any], list[str], bool]] = {
    "all_in_force": ({}, {}, [], False),
    "reload": ({}, {"docker_engine_live_restore": False}, ["live-restore"], False),
    "restart": (
        {},
        LABELS | {"docker_engine_live_restore": False, "docker_engine_log_max_size": "5m"},
        ["labels", "live-restore", "log-opts"],
        True,
    ),
    "proxies": ({}, PROXY, ["proxies"], True),
    "proxies_removed": ({"proxies_sha256": "0" * 64}, {}, ["proxies"], True),
    # The files say already what is wanted; only the list of the run that was cut tells that the engine does not know.
    "cut_before_reload": ({"unapplied": ["live-restore"]}, {}, ["live-restore"], False),
    "cut_before_restart": ({"unapplied": ["log-opts", "proxies"]}, {}, ["log-opts", "proxies"], True),
    "cut_and_changed": ({"unapplied": ["proxies"]}, {"docker_engine_live_restore": False}, ["proxies", "live-restore"], True),
    "not_running": ({"running": False}, PROXY | LABELS, [], False),
    # The list is there to be removed.
    "cut_and_stopped": ({"running": False, "unapplied": ["proxies"]}, LABELS, ["proxies"], True),
}
PLAYBOOK = """
- hosts: all
  gather_facts: false
  vars:
    __docker_engine_survey_result: {stdout: "{{ survey | to_json }}"}
  tasks:
    # Cacheable facts are what ansible_facts holds, so the role asks the machine for nothing.
    - ansible.builtin.set_fact:
        ansible_distribution: "{{ platform[0] }}"
        ansible_distribution_version: "{{ platform[1] }}"
        ansible_distribution_major_version: "{{ platform[1] | split('.') | first }}"
        ansible_os_family: "{{ platform[2] }}"
        ansible_service_mgr: systemd
        cacheable: true
    - block:
        - ansible.builtin.include_role:
            name: campus.moodle.docker_engine
            tasks_from: platform
            public: true
        - ansible.builtin.set_fact:
            found:
              packages: "{{ __docker_engine_packages }}"
              compose: "{{ __docker_engine_compose_packages }}"
              path: "{{ __docker_engine_repository_path }}"
              settings: "{{ __docker_engine_daemon_options }}"
              changed: "{{ __docker_engine_changed_options }}"
              unapplied: "{{ __docker_engine_unapplied }}"
              restart: "{{ __docker_engine_restart_needed }}"
      rescue:
        - ansible.builtin.set_fact:
            found: {refused: "{{ ansible_failed_result.msg }}"}
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        dest: "{{ out }}"
        mode: "0600"
        content: "{{ dict(groups['all'] | zip(groups['all'] | map('extract', hostvars, 'found'))) | to_json }}"
"""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the role makes of each platform. Facts are made up, so that one run on one machine covers all."""
    home = tmp_path_factory.mktemp("platforms")
    hosts = {name: {"platform": list(row[0]), "docker_engine_source": row[1]} for name, row in PLATFORMS.items()}
    hosts |= {name: {"platform": list(row)} for name, row in UNKNOWN.items()}
    survey = {"running": True, "proxies_sha256": "", "drop_in": False, "unapplied": []}
    survey["daemon_json"] = json.dumps(SETTINGS_BEFORE)
    debian13 = list(PLATFORMS["debian13"][0])
    for name, (before, variables, _after) in MERGES.items():
        hosts[name] = {"platform": debian13, "survey": survey | {"daemon_json": json.dumps(before)}, **variables}
    for name, (found, variables, _unapplied, _restart) in UNAPPLIED.items():
        hosts[name] = {"platform": debian13, "survey": survey | {"daemon_json": json.dumps(OWN)} | found, **variables}
    inventory = {"all": {"hosts": hosts, "vars": {"ansible_connection": "local", "survey": survey}}}
    (home / "inventory.yml").write_text(yaml.safe_dump(inventory))
    (home / "playbook.yml").write_text(PLAYBOOK)
    (home / "templates").symlink_to(ROLE / "templates")
    command = ["ansible-playbook", "-i", "inventory.yml", "playbook.yml", "-e", f"out={home / 'found.json'}"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((home / "found.json").read_text())


@pytest.mark.parametrize("name", PLATFORMS)
def test_platform_has_its_packages(known: dict[str, dict[str, Any]], name: str) -> None:
    _facts, _source, packages, compose, path = PLATFORMS[name]
    assert (known[name]["packages"], known[name]["compose"], known[name]["path"]) == (packages, compose, path)


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_platform_is_refused(known: dict[str, dict[str, Any]], name: str) -> None:
    distribution, version, _family = UNKNOWN[name]
    assert f"{distribution} {version} is not supported." in known[name]["refused"]


@pytest.mark.parametrize("name", MERGES)
def test_settings_are_merged(known: dict[str, dict[str, Any]], name: str) -> None:
    """What others set stays, the role's are set, null removes, and what nobody asked for does not appear."""
    before, _variables, after = MERGES[name]
    assert known[name]["settings"] == after
    assert sorted(known[name]["changed"]) == sorted(key for key in {*before, *after} if before.get(key) != after.get(key))


@pytest.mark.parametrize("name", UNAPPLIED)
def test_unapplied_settings_are_known(known: dict[str, dict[str, Any]], name: str) -> None:
    """Also those that an earlier run wrote and did not bring into force."""
    _found, _variables, unapplied, restart = UNAPPLIED[name]
    assert (sorted(known[name]["unapplied"]), known[name]["restart"]) == (sorted(unapplied), restart)


def test_notes_about_unapplied_settings_outlive_all_between() -> None:
    """They are there before the first setting is written, and go after the last step that applies them, the list of them first."""

    def tasks(name: str) -> list[dict[str, Any]]:
        return list(yaml.safe_load((ROLE / f"tasks/{name}.yml").read_text()))

    names = ["{{ __docker_engine_former_file }}", "{{ __docker_engine_unapplied_file }}"]
    assert [task["ansible.builtin.copy"]["dest"] for task in tasks("configure")[:2]] == names
    (forget,) = tasks("forget")
    assert (forget["ansible.builtin.file"]["state"], forget["loop"]) == ("absent", names[::-1])
    assert tasks("apply")[-1]["ansible.builtin.include_tasks"] == "forget.yml"
    (start,) = tasks("start")
    assert [task["ansible.builtin.include_tasks"] for task in start["block"]] == ["service.yml", "forget.yml"]
    place = yaml.safe_load((ROLE / "vars/main/main.yml").read_text())["__docker_engine_unapplied_file"]
    assert f"cat {place} " in (ROLE / "files/survey.sh").read_text()


def survey(tmp_path: Path, docker: str, *users: str) -> dict[str, Any]:
    """Run files/survey.sh with a `docker` made of the given shell lines ("" for none)."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in ["sh", "sed", "head", "id", "tr", "grep", "cat", "cut", "sha256sum"]:
        (programs / tool).symlink_to(next(p for p in [Path("/usr/bin") / tool, Path("/bin") / tool] if p.exists()))
    if docker:
        (programs / "docker").write_text(f"#!/bin/sh\n{docker}\n")
        (programs / "docker").chmod(0o755)
    command = ["/bin/sh", "-s", "--", *users]
    script = (ROLE / "files/survey.sh").read_text().replace("/run/campus-moodle", f"{tmp_path}/campus-moodle")
    done = subprocess.run(command, input=script, env={"PATH": str(programs)}, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


RUNNING = 'case "$1" in info) echo "20.10.24+dfsg1 3 true active";; compose) echo v2.40.3;; esac'
STOPPED = 'case "$1" in info) echo "  "; exit 1;; compose) echo "2.26.1-4";; esac'


@pytest.mark.parametrize(
    ("docker", "expected"),
    [
        (
            RUNNING,
            {"running": True, "version": "20.10.24+dfsg1", "containers": 3, "live_restore": True, "swarm": True, "compose": "2.40.3"},
        ),
        (STOPPED, {"running": False, "version": "", "containers": 0, "live_restore": False, "swarm": False, "compose": "2.26.1-4"}),
        ("exit 1", {"running": False, "version": "", "containers": 0, "live_restore": False, "swarm": False, "compose": ""}),
        ("", {"running": False, "version": "", "containers": 0, "live_restore": False, "swarm": False, "compose": ""}),
    ],
    ids=["running", "stopped", "broken", "absent"],
)
def test_survey_reads_engine_and_compose(tmp_path: Path, docker: str, expected: dict[str, Any]) -> None:
    assert expected.items() <= survey(tmp_path, docker).items()


def test_survey_looks_users_up(tmp_path: Path) -> None:
    found = survey(tmp_path, "", "root", 'no"body', "nobody-here")
    assert found["missing_users"] == ['no"body', "nobody-here"]


@pytest.mark.parametrize(("written", "expected"), [(None, []), ("log-opts\nproxies\n", ["log-opts", "proxies"])], ids=["none", "cut_run"])
def test_survey_reads_what_is_not_in_force(tmp_path: Path, written: str | None, expected: list[str]) -> None:
    if written:
        (tmp_path / "campus-moodle-docker-engine.unapplied").write_text(written)
    assert survey(tmp_path, "")["unapplied"] == expected
