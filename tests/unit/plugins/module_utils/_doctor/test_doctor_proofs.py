# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Each proof in a world where something is wrong: one sentence says so."""

from __future__ import annotations

import dataclasses
import smtplib
import socket
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._doctor._proofs import PROOFS
from ansible_collections.campus.moodle.plugins.module_utils._doctor.world import Disk, Greeting, Shown
from ansible_collections.campus.moodle.tests.unit.fakes.doctor_fakes import GIGABYTE, NOW, SPEC, World, machine

PROOF = {proof.subject: proof.prove for proof in PROOFS}
UNKNOWN_NAME = socket.gaierror(-2, "Name or service not known")
HTTPS = {"scheme": "https", "port": 443, "target": {"visit": {"address": "127.0.0.1", "port": 18443, "tls": True}}}
DAY = 86400


def found(subject: str, **changes: t.Any) -> list[tuple[str, str]]:
    """Return state and sentence of each finding."""
    return [(finding.state, finding.sentence) for finding in PROOF[subject](machine(**changes))]


@pytest.mark.parametrize("subject", PROOF)
def test_where_all_is_well_every_sentence_says_so(subject: str) -> None:
    states = {state for state, _sentence in found(subject)} | {state for state, _sentence in found(subject, **HTTPS)}
    assert states == {"fine"}


@pytest.mark.parametrize("subject", PROOF)
def test_a_sentence_is_one(subject: str) -> None:
    for _state, sentence in found(subject, **HTTPS):
        assert sentence.endswith(".")
        assert "\n" not in sentence


CASES: tuple[tuple[str, dict[str, t.Any], str, str], ...] = (
    ("description", {"problems": ["moodle_branch is '9.9'."]}, "problem", "moodle_branch is '9.9'."),
    ("host name", {"hostname": ""}, "problem", "set moodle_hostname"),
    ("host name", {"world": World(resolve=UNKNOWN_NAME)}, "problem", "does not resolve on the machine (Name or service not known)"),
    ("host name", {"world": World(is_here=False)}, "doubt", "to 192.0.2.7, which is not an address of it"),
    ("host name", {"control": {"resolve_error": "timed out"}}, "doubt", "does not resolve on the control node (timed out)"),
    ("host name", {"control": {"addresses": ["192.0.2.8"]}}, "doubt", "on the control node to 192.0.2.8, and on the machine to 192.0.2.7"),
    ("certificate", {**HTTPS, "world": World(certificate=ConnectionRefusedError(111, "Connection refused"))}, "problem", "refused"),
    ("certificate", {**HTTPS, "world": World(certificate=Shown(expired="certificate has expired"))}, "problem", "has expired"),
    ("certificate", {**HTTPS, "world": World(certificate=Shown(("x.example",), NOW + 60 * DAY))}, "problem", "not for physics.example.edu"),
    ("certificate", {**HTTPS, "world": World(certificate=Shown(("*.example.edu",), NOW + 3 * DAY + 9))}, "doubt", "ends in 3 days"),
    ("certificate", {**HTTPS, "world": World(certificate=Shown(("*.example.edu",), NOW + DAY, "", "self-signed"))}, "doubt", "self-signed"),
    ("mail", {"smtp": {"host": None}}, "problem", "moodle_smtp_host is not set"),
    ("mail", {"mail": {"catcher": True}}, "doubt", "delivers none"),
    ("mail", {"no_email": True}, "fine", "moodle_no_email"),
    ("mail", {"world": World(resolve=UNKNOWN_NAME)}, "problem", "smtp.example.edu does not resolve"),
    ("mail", {"world": World(greeting=ConnectionRefusedError(111, "Connection refused"))}, "problem", "Connection refused"),
    ("mail", {"world": World(greeting=TimeoutError("timed out"))}, "problem", "timed out"),
    ("mail", {"world": World(greeting=smtplib.SMTPConnectError(554, "no"))}, "problem", "554"),
    ("mail", {"world": World(greeting=Greeting("hello", starttls=False))}, "problem", "offers no STARTTLS"),
    ("disk", {"world": World(disk=Disk(GIGABYTE, 100 * GIGABYTE, 9, 10))}, "problem", "moodle_disk_minimum asks for 5.0 GB"),
    ("disk", {"world": World(disk=Disk(50 * GIGABYTE, 100 * GIGABYTE, 1, 1000))}, "problem", "without inodes no file can be made"),
    ("clock", {"control": {"clock": {"offset": -90.0, "uncertainty": 0.1}}}, "problem", "90.0 s behind the control node's"),
    ("clock", {"control": {}}, "unknown", "were not compared"),
    ("clock", {"world": World(synchronised=False)}, "doubt", "nothing keeps the machine's clock right"),
    ("clock", {"world": World(synchronised=None)}, "unknown", "does not tell"),
    ("clock", {"world": World(date=NOW - 3600)}, "problem", "3600 s from the machine's clock"),
    ("clock", {"world": World(date=None)}, "unknown", "has no date"),
    ("clock", {"world": World(date=ConnectionRefusedError(111, "Connection refused"))}, "unknown", "gives no answer"),
    ("memory", {"world": World(**{"/proc/meminfo": "MemTotal: 8388608 kB\nMemAvailable: 1024 kB\n"})}, "problem", "0.0 GB of 8.0 GB"),
    ("memory", {"world": World(**{"/proc/vmstat": "oom_kill 3\n"})}, "doubt", "has ended 3 processes"),
)


@pytest.mark.parametrize(("subject", "changes", "state", "words"), CASES)
def test_what_is_wrong_is_said(subject: str, changes: dict[str, t.Any], state: str, words: str) -> None:
    assert [sentence for given, sentence in found(subject, **changes) if given == state and words in sentence] != []


def test_a_load_balancers_certificate_is_looked_at_where_users_see_it() -> None:
    asked = []
    world = World()
    world.certificate = lambda *words: asked.append(words) or Shown(("physics.example.edu",), NOW + 60 * DAY)  # type: ignore[method-assign]
    found("certificate", world=world, scheme="https", port=443)
    assert asked == [("physics.example.edu", 443, "physics.example.edu")]


def test_a_description_that_is_hardly_there_is_enough() -> None:
    """A module can be given anything, and a description with problems lacks something."""
    for subject, prove in PROOF.items():
        if subject != "host name":
            list(prove(dataclasses.replace(machine(), site={})))
    assert SPEC["target"]["visit"]
