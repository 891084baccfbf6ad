# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Plugins: checked against their own version.php and Moodle's, and placed where the target's own tables say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._fetch import Cache
from ._layer import Layer
from ._progress import say
from .digest import verify
from .errors import BuildError
from .moodle import MoodleFacts, php_numbers, php_value, subplugin_types
from .tree import entries


@dataclass(frozen=True)
class Plugin:
    """One locked plugin and its verified archive.

    :param component: "mod_attendance".
    :param version: the version of the lock, digits.
    :param archive: a zip or tar archive on this machine.
    """

    component: str
    version: str
    archive: Path

    @property
    def kind(self) -> str:
        """The plugin type, "mod"."""
        return self.component.partition("_")[0]

    @property
    def name(self) -> str:
        """The name within its type, "attendance"."""
        return self.component.partition("_")[2]


def collect(cache: Cache, locked: Iterable[dict[str, Any]]) -> list[Plugin]:
    """The verified archives of all locked plugins.

    :raises BuildError: when one cannot be had or has another checksum.
    """
    plugins = []
    for item in locked:
        if item.get("url"):
            archive = cache.get(item["url"], item["sha256"], headers_file=item.get("headers_file"))
        else:
            archive = Path(item["path"])
            verify(archive, item["sha256"])
        plugins.append(Plugin(item["component"], str(item["version"]), archive))
    return plugins


def place(plugins: list[Plugin], facts: MoodleFacts) -> list[tuple[Plugin, str]]:
    """The directory of each plugin, relative to the top of Moodle's tree.

    A plugin can bring plugin types of its own, so plugins are placed in rounds until nothing changes.

    :raises BuildError: when a plugin does not fit this Moodle, or its place is unknown or taken.
    """
    types = dict(facts.plugin_types)
    prefix = "public/" if facts.layout == "public" else ""
    placed: list[tuple[Plugin, str]] = []
    waiting = list(plugins)
    while waiting:
        ready = [plugin for plugin in waiting if plugin.kind in types]
        if not ready:
            names = ", ".join(plugin.component for plugin in waiting)
            msg = f"Moodle {facts.branch} and the locked plugins know no plugin type for: {names}."
            raise BuildError(msg)
        for plugin in ready:
            folder = f"{types[plugin.kind]}/{plugin.name}"
            texts = _read(plugin)
            check(plugin, texts["version.php"], facts, {other.component for other in plugins})
            if folder in facts.plugins:
                msg = f"The plugin {plugin.component} is part of Moodle's code already ({folder}); take it out of the lock file."
                raise BuildError(msg)
            types.update(subplugin_types(texts.get("db/subplugins.json", "{}"), folder, prefix))
            placed.append((plugin, folder))
        waiting = [plugin for plugin in waiting if plugin not in ready]
    return placed


def _read(plugin: Plugin) -> dict[str, str]:
    texts = {}
    for entry in entries(plugin.archive):
        if entry.path in ("version.php", "db/subplugins.json"):
            with entry.open() as file:
                texts[entry.path] = file.read().decode("utf-8", "replace")
    if "version.php" not in texts:
        msg = f"The archive of {plugin.component} ({plugin.archive.name}) is not a Moodle plugin: it has no version.php in its top folder."
        raise BuildError(msg)
    return texts


def check(plugin: Plugin, text: str, facts: MoodleFacts, locked: set[str]) -> None:
    """Compare a plugin's version.php with the lock and with Moodle.

    :param text: the content of version.php.
    :param locked: the components of the whole lock file.
    :raises BuildError: when the plugin is another one or does not fit.
    """
    component = php_value(text, "$plugin->component") or php_value(text, "$module->component")
    version = php_value(text, "$plugin->version") or php_value(text, "$module->version")
    requires = php_value(text, "$plugin->requires")
    supported = php_numbers(php_value(text, "$plugin->supported"))
    incompatible = php_numbers(php_value(text, "$plugin->incompatible"))
    number = _branch_number(facts.branch)
    problem = ""
    if component != plugin.component:
        problem = f"its archive holds {component or 'no component name'}"
    elif version != plugin.version:
        problem = f"the lock file says version {plugin.version}, its archive holds {version}"
    elif requires and re.fullmatch(r"[\d.]+", requires) and float(requires) > float(facts.version):
        problem = f"it requires Moodle version {requires}, and the code is {facts.version} ({facts.release})"
    elif supported and not min(supported) <= number <= max(supported):
        problem = f"it supports the branches {min(supported)} to {max(supported)}, and the code is {number}"
    elif incompatible and number >= incompatible[0]:
        problem = f"it is incompatible with branch {incompatible[0]} and later, and the code is {number}"
    if problem:
        msg = f"The plugin {plugin.component} cannot be used: {problem}."
        raise BuildError(msg)
    missing = [name for name in _dependencies(text) if name not in locked and not _in_core(name, facts)]
    if missing:
        msg = f"The plugin {plugin.component} needs {', '.join(missing)}, which neither Moodle nor the lock file has."
        raise BuildError(msg)


def _branch_number(branch: str) -> int:
    major, _dot, minor = branch.partition(".")
    return int(major) * 100 + int(minor)


def _dependencies(text: str) -> list[str]:
    value = php_value(text, "$plugin->dependencies") or ""
    return re.findall(r"['\"]([a-z][a-z0-9]*_[a-z0-9_]+)['\"]\s*=>", value)


def _in_core(component: str, facts: MoodleFacts) -> bool:
    kind, _underscore, name = component.partition("_")
    return f"{facts.plugin_types.get(kind, '')}/{name}" in facts.plugins


def write(layer: Layer, code: str, placed: list[tuple[Plugin, str]]) -> None:
    """Add the plugins to the layer with the code.

    :param code: directory of the code in the image, without a leading slash.
    """
    for plugin, folder in placed:
        say(f"plugin {plugin.component} {plugin.version} -> {folder}")
        target = f"{code}/{folder}"
        layer.directory(target)
        for entry in entries(plugin.archive):
            layer.entry(target, entry)
