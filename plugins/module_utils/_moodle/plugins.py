# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Lists plug-ins, those of the code and those of the database: the story of moodle_plugin_info."""

from __future__ import annotations

import typing as t

from .program import MoodleProgram

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "components": {"type": "list", "elements": "str"},
    "additional": {"type": "bool", "default": False},
}


def run(program: MoodleProgram, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Ask for the plugins and sort them."""
    answer = program.ask("plugins", what="list the plugins", fields=["plugins"])
    requested = params["components"]
    plugins = [
        # PHP writes an empty object as an empty list.
        {**plugin, "dependencies": dict(plugin["dependencies"] or {})}
        for plugin in sorted(answer["plugins"], key=lambda plugin: plugin["component"])
        if (requested is None or plugin["component"] in requested) and not (params["additional"] and plugin["standard"])
    ]
    missing = [plugin["component"] for plugin in plugins if plugin["status"] == "missing"]
    failing = [plugin["component"] for plugin in plugins if not plugin["requirements_met"]]
    return {
        "changed": False,
        "plugins": plugins,
        "missing": missing,
        "pending": [plugin["component"] for plugin in plugins if plugin["status"] in ("new", "upgrade")],
        "failing": failing,
        "problems": [f"{name}: the database has this plugin, and the code lacks it." for name in missing]
        + [f"{name}: the code of this plugin needs something that is not there." for name in failing],
        "summary": [f"Plugins    {len(plugins)}"],
    }
