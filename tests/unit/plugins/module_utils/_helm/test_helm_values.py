# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Values of a release: who wins, and what is secret."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm._values import Values, merged, secrets_in, shape
from ansible_collections.campus.moodle.plugins.module_utils._helm.storage import HelmError


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": {"b": 1}}, {"a": 1}, {"a": 1}),
    ],
)
def test_values_are_merged_as_helm_does(base: dict[str, t.Any], over: dict[str, t.Any], result: dict[str, t.Any]) -> None:
    before = json.dumps(base)
    assert merged(base, over) == result
    assert json.dumps(base) == before


def test_the_last_ones_win(tmp_path: pathlib.Path) -> None:
    for name, text in {"first": "a: 1\nb: 1\nc: 1\nd: 1\n", "second": "b: 2\nc: 2\nd: 2\n", "empty": ""}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    values = Values({"c": 3, "d": 3}, {"d": 4}, [str(tmp_path / name) for name in ("first", "second", "empty")])
    assert values.all() == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert json.loads(values.text) == {"c": 3, "d": 4}


def test_a_values_file_that_is_not_there_is_named() -> None:
    with pytest.raises(HelmError, match="The values file /no/such/file cannot be read on this host: No such file"):
        Values({}, {}, ["/no/such/file"])


@pytest.mark.parametrize(
    ("sensitive", "stored", "declared", "secrets"),
    [
        ({"a": "new"}, {"a": "old"}, {}, ["new", "old"]),
        # Taken out of the task, or moved: only the release knows it.
        ({}, {"a": "old"}, {}, ["old"]),
        ({"b": "new"}, {"a": "old", "c": "plain"}, {"c": "changed"}, ["new", "old"]),
        # Declared twice: the sensitive one wins, also about secrecy.
        ({"a": "new"}, {"a": "old"}, {"a": "plain"}, ["new", "old"]),
        ({"pin": 22}, {"pin": 11, "replicas": 2, "on": True}, {}, [22, 11]),
        ({}, {"a": {"b": ["old"]}}, {"a": {"b": ["plain"]}}, []),
    ],
)
def test_what_is_not_declared_as_plain_is_secret(sensitive: t.Any, stored: t.Any, declared: t.Any, secrets: list[t.Any]) -> None:
    assert secrets_in(sensitive, [stored], declared) == secrets


@pytest.mark.parametrize(
    ("sensitive", "kept"),
    [
        ({}, True),
        ({"a": "secret"}, True),
        ({"b": {"c": [1, 2]}}, True),
        ({"a": "other"}, False),
        ({"b": {"c": [1]}}, False),
        ({"b": {"d": "new"}}, False),
    ],
)
def test_a_release_has_sensitive_values_when_merging_them_again_changes_nothing(sensitive: dict[str, t.Any], kept: bool) -> None:
    assert Values({}, sensitive, []).kept_in({"a": "secret", "b": {"c": [1, 2], "e": None}}) is kept


def test_the_shape_of_values_tells_names_and_types_only() -> None:
    assert shape({"a": "secret", "b": [1, {"c": None}], "d": True}) == {"a": "str", "b": ["int", {"c": "NoneType"}], "d": "bool"}
