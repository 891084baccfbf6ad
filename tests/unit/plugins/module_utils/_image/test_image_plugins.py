# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Plugins go where the target's own tables say, and do not go in when they do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from ansible_collections.campus.moodle.plugins.module_utils._image import _plugins as plugins
from ansible_collections.campus.moodle.plugins.module_utils._image import moodle as moodle_module

TEXT = "<?php\n$plugin->component = '{component}';\n$plugin->version = 2024100700;\n{more}\n"


@pytest.fixture
def plugin(write_zip: Callable[..., Path]) -> Callable[..., object]:
    """Writes a plugin archive and returns the locked plugin."""

    def write(component: str, more: str = "", files: dict[str, str] | None = None, version: str = "2024100700") -> object:
        top = component.partition("_")[2]
        content = {f"{top}/version.php": TEXT.format(component=component, more=more)}
        content.update({f"{top}/{name}": text for name, text in (files or {}).items()})
        return plugins.Plugin(component, version, write_zip(content, f"{component}.zip"))

    return write


@pytest.mark.parametrize(
    ("layout", "number", "release", "prefix"), [("classic", "405", "4.5.1", ""), ("public", "502", "5.2.1", "public/")]
)
def test_placement_in_both_layouts(
    moodle: Callable[..., Path], plugin: Callable[..., object], layout: str, number: str, release: str, prefix: str
) -> None:
    facts = moodle_module.inspect(moodle(layout, number, release))
    locked = [
        # Before the plugin that brings its type, on purpose.
        plugin("part_one"),
        plugin("local_owner", files={"db/subplugins.json": '{"subplugintypes": {"part": "parts"}}'}),
        plugin("assignfeedback_extra"),
        plugin("h5plib_v200"),
    ]
    assert {placed.component: folder for placed, folder in plugins.place(locked, facts)} == {
        "part_one": f"{prefix}local/owner/parts/one",
        "local_owner": f"{prefix}local/owner",
        "assignfeedback_extra": f"{prefix}mod/assign/feedback/extra",
        "h5plib_v200": f"{prefix}h5p/h5plib/v200",
    }


@pytest.mark.parametrize(
    ("component", "more", "message"),
    [
        ("unknown_thing", "", "know no plugin type for: unknown_thing"),
        ("mod_assign", "", "is part of Moodle's code already"),
        ("mod_new", "$plugin->requires = 2099010100;", "requires Moodle version 2099010100"),
        ("mod_new", "$plugin->supported = [500, 503];", "supports the branches 500 to 503, and the code is 405"),
        ("mod_new", "$plugin->incompatible = 405;", "incompatible with branch 405 and later"),
        ("mod_new", "$plugin->dependencies = ['local_gone' => ANY_VERSION];", "needs local_gone"),
    ],
)
def test_plugins_that_do_not_fit_are_refused(
    moodle: Callable[..., Path], plugin: Callable[..., object], build_error: type[Exception], component: str, more: str, message: str
) -> None:
    with pytest.raises(build_error, match=message):
        plugins.place([plugin(component, more)], moodle_module.inspect(moodle()))


@pytest.mark.parametrize(
    "more", ["$plugin->requires = 2024100700.00;", "$plugin->supported = [404, 405];", "// $plugin->incompatible = 400;"]
)
def test_plugins_that_fit_are_placed(moodle: Callable[..., Path], plugin: Callable[..., object], more: str) -> None:
    assert plugins.place([plugin("mod_new", more)], moodle_module.inspect(moodle()))[0][1] == "mod/new"


def test_a_dependency_in_the_lock_or_in_core_is_enough(moodle: Callable[..., Path], plugin: Callable[..., object]) -> None:
    more = "$plugin->dependencies = ['mod_assign' => 2024100700, 'local_other' => ANY_VERSION];"
    assert len(plugins.place([plugin("mod_new", more), plugin("local_other")], moodle_module.inspect(moodle()))) == 2


def test_another_plugin_or_version_than_locked_is_refused(
    moodle: Callable[..., Path], plugin: Callable[..., object], build_error: type[Exception]
) -> None:
    facts = moodle_module.inspect(moodle())
    with pytest.raises(build_error, match="the lock file says version 2024100799, its archive holds 2024100700"):
        plugins.place([plugin("mod_new", version="2024100799")], facts)
    other = plugins.Plugin("mod_other", "2024100700", plugin("mod_new").archive)  # type: ignore[attr-defined]
    with pytest.raises(build_error, match="its archive holds mod_new"):
        plugins.place([other], facts)


def test_an_archive_without_version_is_no_plugin(
    moodle: Callable[..., Path], write_zip: Callable[..., Path], build_error: type[Exception]
) -> None:
    archive = write_zip({"new/readme.txt": "nothing"})
    with pytest.raises(build_error, match="is not a Moodle plugin"):
        plugins.place([plugins.Plugin("mod_new", "2024100700", archive)], moodle_module.inspect(moodle()))
