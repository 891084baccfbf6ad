# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""The restic client: what a failure is called, where secrets go, which options a version has. Outputs are those of 0.14.0 and 0.18.1."""

from __future__ import annotations

import json
import os
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._restic import _errors, client
from ansible_collections.campus.moodle.plugins.module_utils._restic._errors import ResticError, complaints_of, kind_of
from ansible_collections.campus.moodle.plugins.module_utils._restic.client import Restic, opener
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result

LOCKED = (
    "unable to create lock in backend: repository is already locked exclusively by PID 19151 on web1 by root (UID 0, GID 0)\n"
    "lock was created at 2026-11-21 12:49:28 (4.234504114s ago)\nstorage ID f90fa681\n"
    "the `unlock` command can be used to remove stale locks\n"
)


def fatal(code: int, message: str) -> str:
    """What restic 0.18 prints at its end with --json."""
    return json.dumps({"message_type": "exit_error", "code": code, "message": message})


def old(reason: str) -> str:
    """What restic 0.14 prints when it does not get the config, whatever the reason."""
    return f"Fatal: unable to open config file: {reason}\nIs there a repository at the following location?\n/srv/backup"


FAILURES = [
    # 0.14: everything is status 1
    (
        "old no repository",
        1,
        old("stat config: no such file or directory"),
        "no_repository",
    ),
    ("old no object", 1, old("Stat: The specified key does not exist."), "no_repository"),
    ("old wrong password", 1, "Fatal: wrong password or no key found", "wrong_password"),
    ("old locked", 1, LOCKED, "locked"),
    (
        "old no server",
        1,
        old('client.Head: Head "http://h/c": dial tcp [::1]:9: connect: connection refused'),
        "unreachable",
    ),
    (
        "old no host",
        1,
        old("Stat: Get: dial tcp: lookup s3.example.org: no such host"),
        "unreachable",
    ),
    ("old refused", 1, old("Stat: Access Denied."), "forbidden"),
    ("old not readable", 1, old("stat /srv/backup/config: permission denied"), "forbidden"),
    ("old unknown reason", 1, old("stat /srv/backup/config: input/output error"), "failed"),
    ("old disk full", 1, "Fatal: unable to save snapshot: write /srv/backup/data/1: no space left on device", "disk_full"),
    # 0.18
    ("no repository", 10, fatal(10, "Fatal: repository does not exist: unable to open config file"), "no_repository"),
    ("locked", 11, fatal(11, LOCKED), "locked"),
    ("wrong password", 12, fatal(12, "Fatal: wrong password or no key found"), "wrong_password"),
    ("interrupted", 130, "signal interrupt received, cleaning up", "interrupted"),
    ("partial", 3, fatal(3, "Warning: at least one source file could not be read"), "partial"),
    ("disk full", 1, fatal(1, "Fatal: unable to save snapshot: write: no space left on device"), "disk_full"),
    ("unknown status", 42, "something new", "failed"),
    ("silent", 1, "", "failed"),
    ("killed", -9, "", "killed"),
    ("killed in a shell", 137, "", "killed"),
    ("cannot be started", 126, "timeout: failed to run command '/opt': Permission denied", "missing_program"),
    # Paths that look like what a server says.
    ("a path like a status", 1, fatal(1, "Fatal: unable to open repository at /srv/403/moodle: input/output error"), "failed"),
    ("an address like a status", 1, old("Stat: internal error").replace("/srv/backup", "rest:http://server/401/"), "failed"),
    ("a path like no object", 1, old("stat /srv/404/config: input/output error"), "failed"),
    ("a path like no folder", 1, old("stat /srv/does not exist/config: input/output error"), "failed"),
    ("old rest refused", 1, old("unexpected HTTP response (403): 403 Forbidden"), "forbidden"),
    ("old rest no password", 1, old("unexpected HTTP response (401): 401 Unauthorized"), "forbidden"),
    ("old rest no repository", 1, old("<config/> does not exist"), "no_repository"),
    ("rest refused", 1, fatal(1, "Fatal: unable to open config file: unexpected HTTP response (403): 403 Forbidden"), "forbidden"),
    ("no such key", 1, old("Stat: The Access Key Id you provided does not exist in our records."), "forbidden"),
]


class Program:
    """Answers as restic does, and remembers the commands."""

    def __init__(self, *answers: Result) -> None:
        self.answers = list(answers)
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], _text: t.Optional[str] = None, /) -> Result:
        """Return the next answer."""
        if command[1:] == ["version"] and not self.answers:
            return Result(0, "restic 0.18.1 compiled with go", "")
        self.commands.append(command)
        return self.answers.pop(0)


class Module:
    """As much of AnsibleModule as the client needs."""

    def __init__(self, **params: t.Any) -> None:
        defaults = {name: option.get("default") for name, option in client.ARGUMENTS.items()}
        self.params = {**defaults, "repository": "/srv/backup", "password": "of the test", "binary": "/bin/true", **params}
        # As AnsibleModule does for options with no_log.
        self.no_log_values = {self.params["password"], *map(str, self.params["environment"].values())}
        self.commands: list[list[str]] = []
        self.environ: dict[str, str] = {}
        self.inherited: dict[str, str] = {}

    def run_command(self, command: list[str], **options: t.Any) -> tuple[int, str, str]:
        """Remember the call; answer as a restic."""
        self.commands.append(command)
        self.environ, self.inherited = options["environ_update"], dict(os.environ)
        return 0, "restic 0.14.0 compiled with go1.19.8 on linux/amd64", ""


@pytest.mark.parametrize(("rc", "err", "kind"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
def test_a_failure_has_a_kind_by_status_or_by_text(rc: int, err: str, kind: str) -> None:
    assert kind_of(Result(rc, "", err)) == kind
    with pytest.raises(ResticError) as caught:
        Restic(Program(Result(rc, "", err)), repository="/srv/backup").call("cat", "config")
    assert (caught.value.error, caught.value.details["rc"]) == (kind, rc)
    assert str(caught.value).startswith("restic cat for /srv/backup: ")


def test_every_kind_has_a_sentence() -> None:
    assert {kind for kind, _ in _errors.PATTERNS} | set(_errors.CODES.values()) <= set(_errors.SENTENCES)


@pytest.mark.parametrize("err", [LOCKED, fatal(11, LOCKED)], ids=["0.14", "0.18"])
def test_the_holder_of_a_lock_is_named(err: str) -> None:
    with pytest.raises(ResticError, match="locked by process 19151 on web1") as caught:
        Restic(Program(Result(1, "", err))).call("forget")
    assert caught.value.details["lock"] == {
        "pid": 19151,
        "host": "web1",
        "user": "root (UID 0, GID 0)",
        "exclusive": True,
        "created": "2026-11-21 12:49:28",
        "age": "4.234504114s",
    }


def test_an_expected_status_is_no_error() -> None:
    assert Restic(Program(Result(3, "out", ""))).call("backup", ok=(0, 3)).out == "out"


@pytest.mark.parametrize(
    ("said", "kind"),
    [("", "timed_out"), ("Stat(<config/>) returned error, retrying after 1s: dial tcp 127.0.0.1:9: connection refused", "unreachable")],
)
def test_a_process_over_its_time_has_its_reason_if_it_reported_one(said: str, kind: str) -> None:
    def run(command: list[str], _text: t.Optional[str] = None, /) -> Result:
        raise ToolError("too long", error="timed_out", timed_out=True, rc=-9, stdout="", stderr=said)

    with pytest.raises(ResticError, match="4 seconds") as caught:
        Restic(run, timeout=4).call("cat", "config")
    assert (caught.value.error, caught.value.details["timed_out"]) == (kind, True)


def test_a_process_that_was_killed_before_its_time_is_no_late_one() -> None:
    def run(command: list[str], _text: t.Optional[str] = None, /) -> Result:
        raise ToolError("killed", error="killed", timed_out=False, rc=-9, stdout="", stderr="")

    with pytest.raises(ResticError, match=r"it was killed, .* memory ran out.* \(exit status -9\)") as caught:
        Restic(run, timeout=4).call("cat", "config")
    assert (caught.value.error, "timed_out" in caught.value.details) == ("killed", False)


def test_a_program_that_cannot_be_started_is_named() -> None:
    def run(command: list[str], _text: t.Optional[str] = None, /) -> Result:
        raise OSError(8, "Exec format error")

    with pytest.raises(ResticError, match=r"the program cannot be started\. .* restic reported: Exec format error") as caught:
        Restic(run).call("cat", "config")
    assert caught.value.error == "missing_program"


def test_a_restic_that_is_too_old_for_everything_is_found_when_something_fails() -> None:
    unknown = Result(1, "", "unknown flag: --new")
    program = Program(Result(0, "{}", ""), unknown, Result(0, "restic 0.12.1 compiled with go1.18 on linux/amd64", ""))
    restic = Restic(program)
    assert restic.call_json("cat", "config") == {}
    assert len(program.commands) == 1
    with pytest.raises(ResticError, match=r"This module needs restic 0\.14\.0 or newer, and this host has restic 0\.12\.1") as caught:
        restic.call("backup", "--new")
    assert (caught.value.error, caught.value.details["needed_version"]) == ("unsupported_option", "0.14.0")
    # Where its version is asked for anyway, it is found before anything runs.
    for asked in (lambda one: one.require(["lock_wait"]), lambda one: one.has("delete")):
        with pytest.raises(ResticError, match="This module needs restic"):
            asked(Restic(Program(Result(0, "restic 0.12.1 compiled with go1.18", ""))))


def test_a_failure_stays_what_it_is_where_no_version_is_printed() -> None:
    with pytest.raises(ResticError, match=r"it failed\. .* restic reported: usage") as caught:
        Restic(Program(Result(2, "", "usage"), Result(0, "borg 1.2", ""))).call("cat", "config")
    assert (caught.value.error, caught.value.details["rc"]) == ("failed", 2)


def test_other_trouble_with_a_process_is_passed_on() -> None:
    def run(command: list[str], _text: t.Optional[str] = None, /) -> Result:
        raise ToolError("no such program")

    with pytest.raises(ToolError, match="no such program"):
        Restic(run).call("cat", "config")


def test_a_secret_in_what_restic_prints_is_masked() -> None:
    restic = Restic(Program(Result(1, "", "cannot log in with pass and password")), secrets=["pass", "password", ""])
    with pytest.raises(ResticError) as caught:
        restic.call("cat", "config")
    assert caught.value.details["stderr"] == "cannot log in with ******** and ********"
    assert "pass" not in str(caught.value).replace("password option", "")


def test_complaints_are_read_from_text_and_json() -> None:
    lines = ["\x1b[2Kskipping", '{"message_type":"error","error":{"message":"denied"},"item":"/a"}', '{"message_type":"status"}', "{broken"]
    assert complaints_of(Result(1, "", "\n".join(lines))) == "skipping\n/a: denied\n{broken"


def test_only_known_messages_are_kept() -> None:
    known = ['{"message_type":"summary","files_new":1}', '{"message_type":"error","item":"/a"}']
    others = ['{"message_type":"status"}', '{"message_type":"new in 2030"}', "[1]", "text", '{"a":', ""]
    found = Restic.json_lines(Result(0, "\n".join([*others, known[0]]), known[1]))
    assert [row["message_type"] for row in found] == ["summary", "error"]


def test_json_is_requested_and_something_else_is_an_error() -> None:
    program = Program(Result(0, '{"id": "1"}', ""), Result(0, "created repository", ""))
    restic = Restic(program, "/usr/bin/restic", options=["--retry-lock", "5s"])
    assert restic.call_json("cat", "config") == {"id": "1"}
    assert program.commands == [["/usr/bin/restic", "--retry-lock", "5s", "--json", "cat", "config"]]
    with pytest.raises(ResticError, match="printed something that is not valid JSON: 'created repository'"):
        restic.call_json("init")


def test_the_version_is_read_once_and_only_when_an_option_depends_on_it() -> None:
    program = Program(Result(0, "restic 0.16.4 compiled with go1.22 on linux/amd64", ""))
    restic = Restic(program)
    restic.require(["excludes"])
    assert program.commands == []
    restic.require(["lock_wait"])
    with pytest.raises(ToolError, match=r"Option skip_if_unchanged needs restic 0\.17\.0 or newer, and this host has restic 0\.16\.4"):
        restic.require(["skip_if_unchanged"])
    with pytest.raises(ResticError) as caught:
        restic.require(["skip_if_unchanged"])
    assert caught.value.details == {
        "error": "unsupported_option",
        "option": "skip_if_unchanged",
        "needed_version": "0.17.0",
        "found_version": "0.16.4",
    }
    assert (restic.has("lock_wait"), restic.has("delete"), len(program.commands)) == (True, False, 1)


@pytest.mark.parametrize("answer", [Result(1, "", "broken"), Result(0, "borg 1.2", "")])
def test_a_program_that_is_not_restic_is_named(answer: Result) -> None:
    with pytest.raises(ResticError, match="/opt/restic version did not print a version of restic"):
        Restic(Program(answer), "/opt/restic").require(["lock_wait"])


def test_secrets_are_in_the_environment_and_inherited_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RESTIC_PASSWORD_FILE", "RESTIC_PASSWORD_COMMAND", "RESTIC_REPOSITORY", "RESTIC_FROM_PASSWORD", "RESTIC_HOST"):
        monkeypatch.setenv(name, "inherited")
    module = Module(environment={"AWS_SECRET_ACCESS_KEY": "cloud", "GOMAXPROCS": 2}, cache_dir="/var/cache/restic")
    source = {"repository": "/srv/other", "password_file": "/etc/other", "password": None}
    opener(module)(source=source).call("snapshots")
    assert module.environ == {
        "LC_ALL": "C.UTF-8",
        "RESTIC_PROGRESS_FPS": "0.1",
        "AWS_SECRET_ACCESS_KEY": "cloud",
        "GOMAXPROCS": "2",
        "RESTIC_REPOSITORY": "/srv/backup",
        "RESTIC_PASSWORD": "of the test",
        "RESTIC_FROM_REPOSITORY": "/srv/other",
        "RESTIC_FROM_PASSWORD_FILE": "/etc/other",
    }
    assert "inherited" not in module.inherited.values()
    assert module.commands == [
        ["timeout", "--kill-after=15", "--signal=INT", "300", "/bin/true", "--cache-dir", "/var/cache/restic", "snapshots"]
    ]


@pytest.mark.parametrize("name", ["RESTIC_HOST", "RESTIC_PASSWORD_COMMAND", "RESTIC_FROM_REPOSITORY"])
def test_what_options_decide_is_refused_in_the_environment(name: str) -> None:
    module = Module(environment={name: "elsewhere", "GOMAXPROCS": "2"})
    with pytest.raises(ResticError, match=f"The option environment must not set {name}. Give the repository") as caught:
        opener(module)()
    assert (caught.value.error, module.commands) == ("invalid", [])


def test_a_number_in_the_environment_does_not_blank_out_results_and_a_password_in_an_address_does() -> None:
    module = Module(environment={"GOMAXPROCS": "2", "RESTIC_REST_PASSWORD": "rest"}, repository="rest:https://me:hidden@example.org/")
    assert opener(module)().repository == "********:https://me:********@example.org/"
    assert module.no_log_values == {"of the test", "rest", "hidden"}


def test_options_replace_those_of_the_module_to_open_with_another_password() -> None:
    module = Module()
    opener(module)(override={"password": "new", "password_file": None, "password_command": None}).call("key", "list")
    assert module.environ["RESTIC_PASSWORD"] == "new"


@pytest.mark.parametrize(("timeout", "limit"), [(5, "5"), (86400, "300"), (0, "300")])
def test_reading_has_a_limit_of_minutes_whatever_that_of_the_work_is(timeout: int, limit: str) -> None:
    module = Module(timeout=timeout)
    opener(module)(reading=True).call("snapshots")
    assert module.commands[0][3] == limit


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, []),
        ({"limit_upload": 10, "limit_download": 20}, ["--limit-upload", "10", "--limit-download", "20"]),
        ({"cacert": "/etc/ca.pem"}, ["--cacert", "/etc/ca.pem"]),
        ({"backend_options": {"s3.retries": 2, "s3.bucket-lookup": "dns"}}, ["-o", "s3.bucket-lookup=dns", "-o", "s3.retries=2"]),
        ({"lock_wait": 90}, ["--retry-lock", "90s"]),
    ],
)
def test_options_stand_before_the_command(params: dict[str, t.Any], words: list[str]) -> None:
    assert client.options_of(params) == words


def test_waiting_for_a_lock_needs_a_restic_that_can() -> None:
    with pytest.raises(ToolError, match="Option lock_wait needs restic"):
        opener(Module(lock_wait=5))()
