# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Two sites that want the same thing of one machine."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._site.targets._compose_claims import clashes, machine_of, overlap
from ansible_collections.campus.moodle.plugins.module_utils._site.targets.target import Neighbour

Port = tuple[str, int, str]


def site(host: str, name: str, directory: str, ports: t.Iterable[Port]) -> Neighbour:
    """Return a site with as much of its description as counts between neighbours."""
    rows = [dict(zip(("address", "port", "variable"), port)) for port in ports]
    return Neighbour(host, {"name": name, "directory": directory, "target": {"ports": rows}})


LAW_PORTS: tuple[Port, ...] = (("127.0.0.1", 18080, "moodle_http_port"), ("127.0.0.1", 15432, "moodle_database_host_port"))
LAW = site("law", "law", "/opt/moodle/law", LAW_PORTS)


def physics(**changes: t.Any) -> Neighbour:
    """Return a site that leaves LAW alone."""
    values = {
        "host": "physics",
        "name": "physics",
        "directory": "/opt/moodle/physics",
        "ports": (("127.0.0.1", 18081, "moodle_http_port"),),
    }
    return site(**{**values, **changes})


CLASHES: list[tuple[str, dict[str, t.Any], list[str]]] = [
    ("none", {}, []),
    (
        "port",
        {"ports": (("127.0.0.1", 18080, "moodle_http_port"),)},
        ["moodle_http_port is 18080, which is moodle_http_port of the site law"],
    ),
    (
        "port of another kind",
        {"ports": (("0.0.0.0", 15432, "moodle_http_port"),)},
        ["is 15432, which is moodle_database_host_port of the site law"],
    ),
    ("port of another address", {"ports": (("192.0.2.1", 18080, "moodle_http_port"),)}, []),
    ("name", {"name": "law", "directory": "/opt/moodle/law", "ports": LAW_PORTS}, ["with the same name 'law'"]),
    ("directory", {"directory": "/opt/moodle/law"}, ["moodle_directory is '/opt/moodle/law', but the site law"]),
    ("directory in the other one", {"directory": "/opt/moodle//law/physics/"}, ["has '/opt/moodle/law'; give each a directory of its own"]),
    ("directory around the other one", {"directory": "/opt/moodle"}, ["moodle_directory is '/opt/moodle', but the site law"]),
    ("directory that begins alike", {"directory": "/opt/moodle/law2"}, []),
]


@pytest.mark.parametrize(("changes", "words"), [row[1:] for row in CLASHES], ids=[row[0] for row in CLASHES])
def test_each_clash_gives_one_sentence(changes: dict[str, t.Any], words: list[str]) -> None:
    sentences = list(clashes(physics(**changes), [LAW]))
    assert len(sentences) == len(words)
    assert all(word in sentence for word, sentence in zip(words, sentences)), sentences


@pytest.mark.parametrize(
    ("one", "other", "do"),
    [("127.0.0.1", "127.0.0.1", True), ("0.0.0.0", "127.0.0.1", True), ("::", "::1", True), ("::1", "127.0.0.1", False)],
)
def test_addresses_that_exclude_each_other(one: str, other: str, do: bool) -> None:
    assert overlap(one, other) is do


SAME: list[tuple[dict[str, t.Any], dict[str, t.Any], bool]] = [
    ({"ansible_connection": "local"}, {"ansible_connection": "ansible.builtin.local", "ansible_host": "x"}, True),
    ({"ansible_host": "VM1.example.edu"}, {"ansible_host": "vm1.example.edu"}, True),
    ({"ansible_host": "vm1.example.edu", "ansible_port": 22022}, {"ansible_host": "vm1.example.edu", "ansible_port": "22022"}, True),
    ({"ansible_host": "gate.example.edu", "ansible_port": 1}, {"ansible_host": "gate.example.edu", "ansible_port": 2}, False),
    ({}, {}, False),
]


@pytest.mark.parametrize(("one", "other", "same"), SAME)
def test_what_one_machine_is(one: dict[str, t.Any], other: dict[str, t.Any], same: bool) -> None:
    assert (machine_of("physics", one) == machine_of("law", other)) is same
