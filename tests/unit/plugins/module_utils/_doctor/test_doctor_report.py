# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""The way from collectors to an archive: what fails is told, what is secret is gone, and what would leak is never written."""

from __future__ import annotations

import io
import json
import os
import pathlib
import tarfile
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._doctor import collect, questions
from ansible_collections.campus.moodle.plugins.module_utils._doctor._machine import COLLECTORS
from ansible_collections.campus.moodle.plugins.module_utils._doctor.report import (
    Collector,
    Finding,
    Part,
    Proof,
    doubt,
    fine,
    gather,
    problem,
)
from ansible_collections.campus.moodle.plugins.module_utils._doctor.scrub import Scrubber
from ansible_collections.campus.moodle.plugins.module_utils._moodle.program import MoodleProgram
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.process import Result
from ansible_collections.campus.moodle.tests.unit.fakes.doctor_fakes import NOW, SPEC, World, machine
from ansible_collections.campus.moodle.tests.unit.fakes.site_fakes import IMAGE_TABLES

NAMES = json.loads((IMAGE_TABLES / "secret-names.json").read_text(encoding="utf-8"))


def broken(_about: t.Any) -> t.Any:
    """Fail in a way that nobody has thought of."""
    raise ZeroDivisionError("division by Canary-1")


def refused(_about: t.Any) -> t.Any:
    """Fail with a sentence."""
    raise ToolError("The engine does not answer.")


PART = Part(
    {"log": "password Canary-1 of anna@school.example from 203.0.113.9, by 172.20.0.1\n"},
    [
        Collector("state/broken.json", "what fails", broken),
        Collector("state/a.json", "what is refused", refused),
        Collector("logs/", "logs", lambda about: {"php.log": about["log"], "Canary-1.log": "x"}, personal=True),
        Collector("state/facts.json", "facts", lambda _about: {"admin_password": "x y", "host": "203.0.113.9"}),
    ],
    [
        Proof("good", lambda _about: [fine("good", "It is well."), problem("good", "Canary-1 is not.")]),
        Proof("bad", refused),
    ],
    lambda _about: ["172.20.0.1"],
)


def parameters(folder: pathlib.Path, **changes: t.Any) -> dict[str, t.Any]:
    """Return the options of a module that writes an archive."""
    defaults = {name: row.get("default") for name, row in collect.ARGUMENTS.items()}
    known = {"names": NAMES, "archive": str(folder / "report.tar.gz")}
    given = {"name": "physics", "secrets": {"smtp_password": "Canary-1"}, "control_node": known}
    return {**defaults, **given, **changes}


def unpacked(path: str) -> dict[str, str]:
    """Return the files of an archive."""
    with tarfile.open(path) as archive:
        return {row.name.partition("/")[2]: t.cast("t.IO[bytes]", archive.extractfile(row)).read().decode() for row in archive}


def test_what_fails_is_told_and_everything_else_is_there(tmp_path: pathlib.Path) -> None:
    result = collect.run(parameters(tmp_path), [PART], now=NOW)
    files = unpacked(str(tmp_path / "report.tar.gz"))
    assert sorted(files) == result["files"]
    assert json.loads(files["failures.json"]) == {
        "state/broken.json": "ZeroDivisionError: division by ***",
        "state/a.json": "The engine does not answer.",
        "bad": "The engine does not answer.",
    }
    assert json.loads(files["findings.json"]) == result["findings"]
    assert [(finding["state"], finding["sentence"]) for finding in result["findings"]] == [
        ("problem", "*** is not."),
        ("unknown", "Not in the archive, or not proven: state/broken.json (ZeroDivisionError: division by ***)."),
        ("unknown", "Not in the archive, or not proven: state/a.json, bad (The engine does not answer)."),
        ("fine", "It is well."),
    ]
    assert files["logs/php.log"] == "password *** of mail-1@pseudonym.invalid from address-1, by 172.20.0.1\n"
    assert files["logs/***.log"] == "x"
    assert json.loads(files["state/facts.json"]) == {"admin_password": "***", "host": "203.0.113.9"}
    assert all(name in files["README.txt"] for name in files if name != "README.txt")
    assert "Canary" not in "".join([*files, *files.values()]) + json.dumps(result)
    assert os.stat(tmp_path / "report.tar.gz").st_mode & 0o777 == 0o600


def test_people_stay_where_that_is_asked_for(tmp_path: pathlib.Path) -> None:
    collect.run(parameters(tmp_path, keep_addresses=True), [PART], now=NOW)
    files = unpacked(str(tmp_path / "report.tar.gz"))
    assert files["logs/php.log"] == "password *** of anna@school.example from 203.0.113.9, by 172.20.0.1\n"
    assert "pseudonym" not in files["README.txt"]


def test_with_a_secret_left_there_is_no_archive(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scrubber, "text", lambda _self, text, personal=False: text)
    monkeypatch.setattr(Scrubber, "known", lambda _self, text: text)
    with pytest.raises(ToolError, match="no archive was written") as failed:
        collect.run(parameters(tmp_path), [PART], now=NOW)
    assert failed.value.details["error"] == "secret"
    assert list(tmp_path.iterdir()) == []


def test_the_secrets_of_the_machine_are_known(tmp_path: pathlib.Path) -> None:
    secrets = tmp_path / "secrets" / "moodle"
    secrets.mkdir(parents=True)
    (secrets / "salt").write_text("Canary-2\n", encoding="utf-8")
    (secrets / "salt.previous").write_text("Canary-3", encoding="utf-8")
    (secrets / "pin").write_text("12", encoding="utf-8")
    part = Part("Canary-2 Canary-3 Canary-4 12", [Collector("x.txt", "x", str)])
    paths = [str(tmp_path / "secrets"), str(tmp_path / "nowhere")]
    result = collect.run(parameters(tmp_path, secret_paths=paths), [part], now=NOW)
    assert unpacked(str(tmp_path / "report.tar.gz"))["x.txt"] == "*** *** Canary-4 12"
    assert "The secret pin is too short" in result["summary"][0]


def test_secrets_that_only_a_part_knows_of_are_known(tmp_path: pathlib.Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "salt").write_text("Canary-2", encoding="utf-8")
    part = Part("Canary-2 x", [Collector("x.txt", "x", str)], secret_paths=lambda _about: [str(tmp_path / "made")])
    collect.run(parameters(tmp_path), [part], now=NOW)
    assert unpacked(str(tmp_path / "report.tar.gz"))["x.txt"] == "*** x"


def test_a_secret_that_cannot_be_read_is_a_refusal(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "salt").write_text("Canary-2", encoding="utf-8")

    def locked(path: str, *_words: t.Any, **_options: t.Any) -> t.Any:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(collect, "open", locked, raising=False)
    with pytest.raises(ToolError, match=r"cannot be read .*salt: Permission denied.*become root"):
        list(collect.read_secrets([str(tmp_path)]))


def test_a_file_that_is_too_long_loses_its_beginning(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "LONGEST", 30)
    collect.run(parameters(tmp_path), [Part("first line that is cut\nsecond line\nthird line\n", [Collector("x", "x", str)])], now=NOW)
    assert unpacked(str(tmp_path / "report.tar.gz"))["x"] == "(the beginning is left out)\nsecond line\nthird line\n"


def test_without_a_place_nothing_is_written(tmp_path: pathlib.Path) -> None:
    assert collect.run(parameters(tmp_path, control_node={}), [PART], now=NOW)["findings"]
    assert list(tmp_path.iterdir()) == []


def test_every_collector_of_a_machine_brings_something_or_a_reason() -> None:
    printed = {"df": Result(0, "Filesystem\n", ""), "journalctl": Result(1, "", "No journal files were found.\n")}
    report = gather([Part(machine(run=lambda command, _text=None: printed[command[0]]), COLLECTORS)])
    assert {entry.name for entry in report.entries} | set(report.failures) == {collector.name for collector in COLLECTORS}
    assert report.failures == {"logs/journal.log": "journalctl ended with exit status 1: No journal files were found."}

    def missing(command: list[str], _text: t.Optional[str] = None) -> Result:
        raise FileNotFoundError(2, "No such file or directory", command[0])

    report = gather([Part(machine(World(), run=missing), COLLECTORS)])
    assert set(report.failures) == {"logs/journal.log", "state/disks.txt", "state/inodes.txt"}


def test_the_machine_and_the_servers_of_a_site_are_no_visitors() -> None:
    trie = "Main:\n     |-- 192.0.2.0\n        /24 link UNICAST\n     |-- 192.0.2.50\n        /32 host LOCAL\n"
    files = {"/proc/net/fib_trie": trie, "/proc/net/if_inet6": "20010db8000000000000000000000007 02 40 00 80 eth0\n"}
    there: t.Any = World(resolve=["192.0.2.60"])
    there.read = files.__getitem__
    control = {"addresses": ["192.0.2.70"]}
    found = gather([collect.machine_part(machine(there, control=control))]).addresses
    assert found == {"192.0.2.50", "2001:db8::7", "192.0.2.60", "192.0.2.70"}
    # What cannot be told takes nothing else along.
    lost = gather([collect.machine_part(machine(World(resolve=OSError(5, "no DNS")), control=control))])
    assert lost.addresses == {"192.0.2.70"}


ANSWERS = {
    "info": {"moodle": "4.5"},
    "checks": {"checks": [{"ref": "core_x", "status": "ok", "summary": "Fine"}]},
    "tasks": {
        "cron": {"age": 1}, "queue": {"due": 0, "oldest": 0, "failing": 0}, "scheduled": {"failing": 0}, "running": [],
        "failing": [], "failures": [],
    },
    "plugins": {"plugins": [{"component": "mod_x", "status": "missing", "requirements_met": True, "dependencies": [], "standard": False}]},
}  # fmt: skip


def asked(answer: t.Callable[[str], Result]) -> tuple[list[str], list[Finding], dict[str, str]]:
    """Put the questions to a program; return what was asked, the findings and the failures."""
    commands: list[str] = []

    def run(words: list[str], _text: t.Optional[str] = None) -> Result:
        commands.append(words[1])
        return answer(words[1])

    site = {**SPEC, "target": {}}
    report = gather([questions.part(questions.Questions(lambda: MoodleProgram(run, ["runner"]), site))])
    return commands, report.findings, report.failures


def test_each_question_is_asked_once() -> None:
    commands, findings, failures = asked(lambda command: Result(0, json.dumps(ANSWERS[command]), ""))
    assert sorted(commands) == ["checks", "info", "plugins", "tasks"]
    assert failures == {}
    said = {finding.sentence: finding.state for finding in findings}
    assert said["Checks 1, the worst is ok."] == "fine"
    assert said["mod_x: the database has this plugin, and the code lacks it."] == "problem"
    assert said["The description of the site has problems, so it is not known where its pages are."] == "unknown"


def test_a_site_that_cannot_be_reached_is_asked_once_and_said_once() -> None:
    commands, findings, failures = asked(lambda _command: Result(1, "", "service php is not running"))
    assert commands == ["checks"]
    (said,) = [finding for finding in findings if "service php is not running" in finding.sentence and finding.state == "problem"]
    assert "\n" not in said.sentence
    assert set(failures) == {"versions/image.json"}


def test_a_database_that_does_not_answer_is_a_problem() -> None:
    answer = {"problems": [{"code": "unreachable", "sentence": "The database does not answer."}]}
    _commands, findings, _failures = asked(
        lambda command: Result(0, json.dumps(ANSWERS[command]), "") if command == "info" else Result(3, json.dumps(answer), "")
    )
    sentences = [finding.sentence for finding in findings if finding.state == "problem"]
    assert len(sentences) == 3
    assert all("The database does not answer" in sentence for sentence in sentences)


def test_a_packed_archive_is_what_is_looked_into() -> None:
    packed = collect.pack("physics", {"x": "Canary-1"}, NOW)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert archive.getmembers()[0].mode == 0o600
    with pytest.raises(ToolError):
        collect.require_clean(packed, Scrubber(["Canary-1"], lambda _name: False))
    collect.require_clean(packed, Scrubber(["Canary-2"], lambda _name: False))


def test_doubts_stand_between_problems_and_the_rest() -> None:
    findings = collect.scrubbed([fine("a", "A."), doubt("b", "B."), problem("c", "C.")], Scrubber([], lambda _name: False))
    assert [finding.sentence for finding in findings] == ["C.", "B.", "A."]
