# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""What is shown of values and objects, and that no secret is among it."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._helm._manifest import Change
from ansible_collections.campus.moodle.plugins.module_utils._helm._mask import Mask, hidden, shown

SECRET = "correct horse"


def config_map(**data: t.Any) -> dict[str, t.Any]:
    """Return an object."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": data}


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"postgres://web:{SECRET}@db",
        "postgres://web:correct%20horse@db",
        base64.b64encode(SECRET.encode()).decode(),
        f"two lines\n  password={SECRET}",
    ],
)
def test_a_secret_is_hidden_wherever_it_is(text: str) -> None:
    mask = Mask([SECRET])
    shown = mask.tree({"env": [{"value": text}], text: 1})
    assert SECRET not in str(shown) and text not in str(shown)
    assert "VALUE_HIDDEN (1)" in mask.text(text)


def test_each_line_of_a_key_is_hidden() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n"
    assert "MIIEvQ" not in Mask([key]).text(f"config: |\n    {'    '.join(key.splitlines(keepends=True))}")


def test_a_short_secret_is_hidden_as_a_value_and_not_in_words() -> None:
    assert Mask(["a", 12]).tree({"one": "a", "two": 12, "three": "banana", "four": "12"}) == {
        "one": "VALUE_HIDDEN (1)",
        "two": "VALUE_HIDDEN (2)",
        "three": "banana",
        "four": "VALUE_HIDDEN (2)",
    }


def test_what_is_no_secret_is_not_taken_for_one() -> None:
    mask = Mask([None, True, "", False])
    assert mask.tree({"a": True, "b": None, "c": ""}) == {"a": True, "b": None, "c": ""}
    assert mask.text("True") == "True"


def test_the_data_of_a_secret_is_always_hidden() -> None:
    data = {"a": "eA==", "b": "eQ==", "c": "eA==", "d": base64.b64encode(SECRET.encode()).decode()}
    shown = Mask([SECRET]).tree({"kind": "Secret", "data": data, "stringData": {"e": SECRET, "f": "VALUE_HIDDEN (after)"}})
    assert shown == {
        "kind": "Secret",
        "data": {"a": "VALUE_HIDDEN (2)", "b": "VALUE_HIDDEN (3)", "c": "VALUE_HIDDEN (2)", "d": "VALUE_HIDDEN (1)"},
        "stringData": {"e": "VALUE_HIDDEN (1)", "f": "VALUE_HIDDEN (after)"},
    }


def test_secrets_keep_their_numbers_when_more_become_known() -> None:
    assert Mask(["first", "second"]).text("second") == Mask(["first", "second", "first", "third"]).text("second") == "VALUE_HIDDEN (2)"


def test_a_change_of_a_secret_is_seen_and_its_values_are_not() -> None:
    rows = shown([Change("ConfigMap web", config_map(a="former value"), config_map(a="new value"))], Mask(["former value", "new value"]))
    assert rows[0]["before_header"] == "ConfigMap web (stored)"
    assert rows[0]["before"] != rows[0]["after"]
    assert "value" not in rows[0]["before"] + rows[0]["after"]


def test_values_are_hidden_with_their_names_kept() -> None:
    assert hidden({"a": {"b": ["text", True, None]}, "c": 5, "d": "text"}) == {
        "a": {"b": ["VALUE_HIDDEN (1)", True, None]},
        "c": "VALUE_HIDDEN (2)",
        "d": "VALUE_HIDDEN (1)",
    }
