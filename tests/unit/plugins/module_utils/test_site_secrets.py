# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""Secrets are generated once, kept, copied to every reader, and never lost or shown."""

from __future__ import annotations

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._site_secrets import KINDS, LENGTH, Secret, SecretError, generate, plan

READERS = {"moodle": 10001, "services": 10002}


def test_generated_passwords_meet_moodles_policy() -> None:
    for _ in range(200):
        password = generate()
        assert len(password) == LENGTH
        assert password[0].isalpha()
        assert all(any(character in kind for character in password) for kind in KINDS)


def test_a_new_secret_is_written_for_each_reader() -> None:
    copies, changed = plan(Secret("salt", READERS), {"moodle": None, "services": None}, "/s", known=False)
    assert changed
    assert [(copy.path, copy.uid) for copy in copies] == [("/s/moodle/salt", 10001), ("/s/services/salt", 10002)]
    assert len({copy.content for copy in copies}) == 1


def test_a_kept_secret_is_left_alone() -> None:
    assert plan(Secret("salt", READERS), {"moodle": "x", "services": "x"}, "/s", known=True) == ([], False)


def test_a_missing_copy_is_made_from_the_other() -> None:
    copies, changed = plan(Secret("salt", READERS), {"moodle": None, "services": "x"}, "/s", known=True)
    assert ([(copy.path, copy.content) for copy in copies], changed) == ([("/s/moodle/salt", "x")], False)


def test_a_file_of_another_owner_is_handed_to_its_reader() -> None:
    copies, changed = plan(Secret("salt", READERS), {"moodle": "x", "services": "x"}, "/s", known=False, misplaced=["moodle"])
    assert ([(copy.path, copy.uid, copy.content) for copy in copies], changed) == ([("/s/moodle/salt", 10001, "x")], False)


def test_a_given_value_replaces_the_file() -> None:
    copies, changed = plan(Secret("salt", {"moodle": 1}, "new"), {"moodle": "old"}, "/s", known=True)
    assert ([copy.content for copy in copies], changed) == (["new"], True)


@pytest.mark.parametrize(("content", "words"), [("", "is empty"), ("  ", "is empty"), (None, "is lost")])
def test_empty_and_lost_secrets_are_refused(content: str | None, words: str) -> None:
    with pytest.raises(SecretError, match=words):
        plan(Secret("salt", {"moodle": 1}), {"moodle": content}, "/s", known=True)


def test_values_are_not_in_representations() -> None:
    copies, _changed = plan(Secret("salt", {"moodle": 1}, "CANARY"), {"moodle": None}, "/s", known=False)
    assert "CANARY" not in repr(copies) + repr(Secret("salt", {"moodle": 1}, "CANARY"))
