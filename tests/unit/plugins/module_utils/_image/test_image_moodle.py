# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Moodle's code is recognised, in both layouts, and everything else is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._image import moodle as moodle_module


@pytest.mark.parametrize(("layout", "number", "name"), [("classic", "405", "4.5"), ("public", "501", "5.1"), ("public", "503", "5.3")])
def test_facts_in_both_layouts(moodle: Callable[..., Path], layout: str, number: str, name: str) -> None:
    facts = moodle_module.inspect(moodle(layout, number, f"{name}.1"))
    prefix = "public/" if layout == "public" else ""
    assert (facts.branch, facts.layout, facts.payload) == (name, layout, "moodle")
    assert facts.version == "2024100705.01"
    assert facts.release == f"{name}.1 (Build: 20250613)"
    assert facts.plugin_types["mod"] == f"{prefix}mod"
    assert facts.plugin_types["assignfeedback"] == f"{prefix}mod/assign/feedback"
    assert facts.plugins == {f"{prefix}mod/assign"}


def test_paths_without_the_public_prefix_get_it(moodle: Callable[..., Path]) -> None:
    components = '{"plugintypes": {"mod": "mod"}, "subsystems": {}}'
    facts = moodle_module.inspect(moodle("public", "501", "5.1", {"public/lib/components.json": components}))
    assert facts.plugin_types["mod"] == "public/mod"


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"version.php": "<?php $plugin->version = 1;"}, r"\$version"),
        ({"lib/components.json": "not json"}, "components.json"),
    ],
)
def test_what_is_not_moodle_is_refused(
    moodle: Callable[..., Path], change: dict[str, str], missing: str, build_error: type[Exception]
) -> None:
    with pytest.raises(build_error, match=f"is not Moodle's code.*{missing}"):
        moodle_module.inspect(moodle(change=change))


def test_an_archive_of_something_else_is_refused(write_tar: Callable[..., Path], build_error: type[Exception]) -> None:
    with pytest.raises(build_error, match=r"is not Moodle's code: it has no lib/setup.php"):
        moodle_module.inspect(write_tar({"wp-config.php": "<?php"}))


def test_a_checkout_without_libraries_is_refused(moodle: Callable[..., Path], build_error: type[Exception]) -> None:
    with pytest.raises(build_error, match="composer install"):
        moodle_module.inspect(moodle("public", "501", "5.1", {"composer.json": "{}"}))
    assert moodle_module.inspect(moodle("public", "501", "5.1", {"composer.json": "{}", "vendor/autoload.php": "<?php"}))


def test_the_stand_in_of_the_tests_is_recognised(moodle: Callable[..., Path]) -> None:
    assert moodle_module.inspect(moodle(change={"lib/build.json": "{}"})).payload == "rehearsal"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("5.3", "5.3.0", True), ("4.5.5", "4.5.5+ (Build: 20250613)", True), ("4.5.5", "4.5.6", False), ("4.5", "4.5.5", False)],
)
def test_releases_are_compared_by_meaning(one: str, other: str, same: bool) -> None:
    assert (moodle_module.normal_release(one) == moodle_module.normal_release(other)) is same
