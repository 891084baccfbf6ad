# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""YAML is read as kubectl and helm read it, JSON without a library, and a mistake is named by its place."""

from __future__ import annotations

import builtins
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._tool.errors import ToolError
from ansible_collections.campus.moodle.plugins.module_utils._tool.yaml import documents, text_of


def refuse(word: str, msg: str) -> ToolError:
    """Return an error that carries the word."""
    return ToolError(msg, error=word)


def read(text: str, *, strict: bool = False) -> list[t.Any]:
    """Read a text."""
    return documents(text, "The file a.yml", refuse, strict=strict)


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without PyYAML."""
    real = builtins.__import__

    def without_yaml(name: str, *words: t.Any, **options: t.Any) -> t.Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *words, **options)

    monkeypatch.setattr(builtins, "__import__", without_yaml)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-0x1F", -31),
        ("0644", 420),
        ("0o17", 15),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("12:30", "12:30"),
        ("2026-01-02", "2026-01-02"),
        ("'12'", "12"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
    ],
)
def test_scalars_are_what_kubectl_and_helm_take_them_for(text: str, value: t.Any) -> None:
    found = read(f"a: {text}")[0]["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("text", "found"), [('{"a": [1]}', [{"a": [1]}]), ('\n[{"a": 1}]\n', [[{"a": 1}]])])
def test_json_needs_no_library(no_library: None, text: str, found: list[t.Any]) -> None:
    assert read(text) == found


def test_yaml_may_begin_like_json() -> None:
    assert read("{a: 1}\n---\n[b]\n---\n") == [{"a": 1}, ["b"]]


def test_yaml_without_the_library_says_what_to_install(no_library: None) -> None:
    for use in (lambda: read("a: 1"), lambda: text_of({"a": 1}, "The file a.yml", refuse)):
        with pytest.raises(ToolError, match=r"The file a\.yml is YAML, and PyYAML is not installed.*python3-yaml") as caught:
            use()
        assert caught.value.details == {"error": "missing_library"}


@pytest.mark.parametrize(
    ("text", "strict", "sentence"),
    [
        ("a: 1\npassword: canary: [", False, "The file a.yml is not valid YAML in line 2. Correct it."),
        ("a: 1\nb: 2\na: 3\n", True, "The file a.yml is not valid YAML in line 3: the key a is there twice. Correct it."),
    ],
)
def test_a_mistake_is_explained_only_where_nothing_is_secret(text: str, strict: bool, sentence: str) -> None:
    with pytest.raises(ToolError) as caught:
        read(text, strict=strict)
    assert (str(caught.value), caught.value.details) == (sentence, {"error": "invalid_yaml"})


def test_a_key_may_be_there_twice_where_helm_takes_the_last_and_a_mapping_may_merge_twice() -> None:
    assert read("a: 1\na: 2\n") == [{"a": 2}]
    assert read("<<: {a: 1}\n<<: {b: 2}\nc: 3\n", strict=True) == [{"a": 1, "b": 2, "c": 3}]
