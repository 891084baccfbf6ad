# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""A request for Moodle's code is checked by the same rules for both roles, with the names that the caller's variables have."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import OPTIONS, Inputs, problems

URL, SHA256 = "https://example.edu/m.tgz", "a" * 64


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"release": "newest"}, "moodle_release is 'newest', which is not a valid release; write it like 4.5.1."),
        (
            {"release": "5.1.2"},
            "moodle_release is '5.1.2' but moodle_branch is '4.5'; choose a release of that branch, or change moodle_branch.",
        ),
        (
            {"source": "/a", "archive_url": URL, "archive_sha256": SHA256},
            "moodle_source and moodle_archive_url are both given; keep one of them.",
        ),
        (
            {"archive_url": URL},
            "moodle_archive_url is given without moodle_archive_sha256; give the archive's SHA-256 so that it can be verified.",
        ),
        (
            {"archive_url": "ftp://a.edu/m.tgz", "archive_sha256": SHA256},
            "moodle_archive_url is 'ftp://a.edu/m.tgz', which is not a valid address; use https://..., or moodle_source for a local file.",
        ),
        ({"archive_sha256": "abc"}, "moodle_archive_sha256 is 'abc', which is not a valid SHA-256; give 64 hexadecimal digits."),
        (
            {"languages": ["de", "../de"]},
            "moodle_languages has '../de', which is not the name of a language pack; use names like de or pt_br.",
        ),
    ],
)
def test_a_bad_request_gets_a_sentence(given: dict[str, Any], sentence: str) -> None:
    assert list(problems(Inputs(**given), "moodle_")) == [sentence]
    assert list(problems(Inputs(**given), "image_")) == [sentence.replace("moodle_", "image_")]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"release": "4.5.14+", "languages": ["de", "pt_br"]},
        {"source": "/a", "archive_sha256": SHA256},
        {"archive_url": URL, "archive_sha256": SHA256.upper()},
        {"branch": "9.9", "release": "9.9.1"},
    ],
)
def test_a_good_request_gets_none(given: dict[str, Any]) -> None:
    assert list(problems(Inputs(**given), "moodle_")) == []


def test_arguments_and_class_agree() -> None:
    assert Inputs(**{name: argument["default"] for name, argument in OPTIONS.items()}) == Inputs(languages=[])
