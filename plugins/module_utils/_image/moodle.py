# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""What a tree of PHP files says about itself: is it Moodle, which version, where do plugins go.

Nothing is executed; the few values are read with regular expressions after comments are taken out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Optional

from .errors import BuildError
from .tree import Entry, entries

_COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*|^\s*#[^\n]*", re.DOTALL | re.MULTILINE)
# A file that only the test suite's stand-in for Moodle has.
_REHEARSAL = "lib/build.json"
# Files whose presence, together with version.php, makes a tree Moodle. Relative to the folder with version.php.
_REQUIRED = ("lib/setup.php",)
# In the public layout it lies above public/ and its paths carry public/ already; a tree that has it below public/ is read as well.
_COMPONENTS = "lib/components.json"


def php_value(text: str, name: str) -> Optional[str]:
    """The value of the assignment to `name` (for example "$plugin->version"), without quotes; None if there is none."""
    match = re.search(r"(?m)^\s*" + re.escape(name) + r"\s*=\s*([^;]+);", _COMMENT.sub("", text))
    return match.group(1).strip().strip("'\"") if match else None


def php_numbers(value: Optional[str]) -> list[int]:
    """The whole numbers of a PHP list such as [404, 405]."""
    return [int(number) for number in re.findall(r"\d+", value or "")]


def branch_name(number: str) -> str:
    """The name of a branch number: "405" is "4.5"."""
    value = int(number)
    return f"{value // 100}.{value % 100}"


def normal_release(release: str) -> str:
    """A release for comparing: "5.3", "5.3.0" and "5.3+ (Build: ...)" are the same."""
    parts = release.split(" ")[0].rstrip("+").split(".")
    return ".".join([*parts, "0"] if len(parts) == 2 else parts)


def mismatch(source: Path, found: Mapping[str, Any], requested: Mapping[str, Any]) -> str:
    """Why code is not what was requested, one sentence; empty when it is. Both have branch, layout and release.

    :param requested: without a release, any of the branch will do.
    """
    if found["branch"] != requested["branch"]:
        return f"{source} holds Moodle {found['release']} of branch {found['branch']}, but branch {requested['branch']} was requested."
    if found["layout"] != requested["layout"]:
        return f"{source} has the {found['layout']} layout, but Moodle {found['branch']} has the {requested['layout']} layout."
    if requested["release"] and normal_release(requested["release"]) != normal_release(found["release"]):
        return f"{source} holds Moodle {found['release']}, but release {requested['release']} was requested."
    return ""


@dataclass(frozen=True)
class MoodleFacts:
    """What is known about Moodle's code.

    :param branch: "4.5".
    :param release: "4.5.5+ (Build: 20250613)".
    :param version: "2024100705.01".
    :param layout: "classic", or "public" where the web root is the folder public/.
    :param payload: "moodle" or "rehearsal".
    :param plugin_types: plugin type to directory, relative to the top of the tree.
    :param plugins: every folder of the tree that has a version.php.
    """

    branch: str
    release: str
    version: str
    layout: str
    payload: str
    plugin_types: dict[str, str]
    plugins: frozenset[str]


@dataclass
class Inspector:
    """Collects the facts while the entries of a tree stream by, so that a large archive is read once."""

    texts: dict[str, str] = field(default_factory=dict)
    folders_with_version: set[str] = field(default_factory=set)
    present: set[str] = field(default_factory=set)

    def wants(self, entry: Entry) -> bool:
        """Whether the content of this entry has to be given to `see`."""
        name = PurePosixPath(entry.path)
        if entry.kind != "file":
            return False
        return entry.path in ("version.php", "public/version.php") or name.name in ("components.json", "subplugins.json")

    def see(self, entry: Entry, content: Optional[bytes] = None) -> None:
        """Take note of one entry, with its content where `wants` asked for it."""
        name = PurePosixPath(entry.path)
        if name.name == "version.php":
            self.folders_with_version.add(str(name.parent))
        if entry.path.removeprefix("public/") in (*_REQUIRED, _COMPONENTS, _REHEARSAL, "vendor/autoload.php", "composer.json"):
            self.present.add(entry.path)
        if content is not None:
            self.texts[entry.path] = content.decode("utf-8", "replace")

    def facts(self, source: Path) -> MoodleFacts:
        """Return the facts about what was seen.

        :raises BuildError: when the tree is not Moodle's code.
        """
        prefix = "public/" if "public/version.php" in self.texts else ""
        text = self.texts.get(f"{prefix}version.php", "")
        missing = [f"{prefix}{name}" for name in _REQUIRED if f"{prefix}{name}" not in self.present]
        components = next((path for path in (_COMPONENTS, prefix + _COMPONENTS) if path in self.present), "")
        missing += [] if components else [_COMPONENTS]
        values = {name: php_value(text, f"${name}") for name in ("version", "release", "branch")}
        missing += [f"${name} in {prefix}version.php" for name, value in values.items() if not value]
        if missing or not str(values["branch"]).isdigit():
            msg = f"{source} is not Moodle's code: it has no {', no '.join(missing) or 'valid branch number'}."
            raise BuildError(msg)
        if prefix and "composer.json" in self.present and "vendor/autoload.php" not in self.present:
            msg = (
                f"{source} comes from a checkout without its libraries: run composer install --no-dev --classmap-authoritative "
                "in it, or use the release archive."
            )
            raise BuildError(msg)
        return MoodleFacts(
            branch=branch_name(str(values["branch"])),
            release=str(values["release"]),
            version=str(values["version"]),
            layout="public" if prefix else "classic",
            payload="rehearsal" if f"{prefix}{_REHEARSAL}" in self.present else "moodle",
            plugin_types=self._plugin_types(components, prefix, source),
            plugins=frozenset(self.folders_with_version - {".", "public"}),
        )

    def _plugin_types(self, path: str, prefix: str, source: Path) -> dict[str, str]:
        try:
            declared = json.loads(self.texts[path])["plugintypes"]
        except (KeyError, ValueError) as error:
            msg = f"{source} is not Moodle's code: {path} names no plugin types ({error})."
            raise BuildError(msg) from error
        types = {name: _under(prefix, folder) for name, folder in declared.items()}
        for name, text in self.texts.items():
            if name.endswith("db/subplugins.json"):
                types.update(subplugin_types(text, str(PurePosixPath(name).parent.parent), prefix))
        return types


def subplugin_types(text: str, owner: str, prefix: str) -> dict[str, str]:
    """The plugin types that a db/subplugins.json declares.

    :param owner: directory of the plugin that declares them, relative to the top of the tree.
    :param prefix: "public/" or "".
    """
    try:
        declared = json.loads(text)
    except ValueError:
        return {}
    types = {name: _under(prefix, folder) for name, folder in dict(declared.get("plugintypes") or {}).items()}
    # The newer key is relative to the plugin, so it means the same in both layouts and wins.
    types.update({name: f"{owner}/{folder}" for name, folder in dict(declared.get("subplugintypes") or {}).items()})
    return types


def _under(prefix: str, folder: str) -> str:
    return folder if folder.startswith(prefix) else prefix + folder


def inspect(source: Path) -> MoodleFacts:
    """The facts about an archive or directory.

    :raises BuildError: when it cannot be read or is not Moodle's code.
    """
    inspector = Inspector()
    for entry in entries(source):
        if inspector.wants(entry):
            with entry.open() as file:
                inspector.see(entry, file.read())
        else:
            inspector.see(entry)
    return inspector.facts(source)
