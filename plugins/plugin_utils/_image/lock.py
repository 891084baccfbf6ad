# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Reading a plugin lock: which plugins, in which version, from where, with which checksum."""

from __future__ import annotations

import os
import re
import typing as t

import yaml
from ansible_collections.campus.moodle.plugins.module_utils._image.digest import is_sha256

_COMPONENT = re.compile(r"^[a-z][a-z0-9]*_[a-z][a-z0-9_]*$")
_REQUIRED = ("component", "version", "source", "sha256")
_OPTIONAL = ("headers_file",)


def read(path: str) -> tuple[list[dict[str, t.Any]], list[str]]:
    """The plugins of a lock file, in its order, and what is wrong with it.

    :param path: the lock file; paths in it are relative to its folder.
    :returns: dicts with component, version, sha256, url or path, headers_file; and problems, one sentence each.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        return [], [f"The plugin lock {path} cannot be read: {error.strerror}."]
    except UnicodeDecodeError:
        return [], [f"The plugin lock {path} is not text in UTF-8."]
    items, problems = parse(text, f"The plugin lock {path}")
    if problems:
        return [], problems
    plugins = [_resolve(item, os.path.dirname(os.path.abspath(path))) for item in items]
    missing = [name for plugin in plugins for name in (plugin["path"], plugin["headers_file"]) if name and not os.path.isfile(name)]
    return plugins, [f"The plugin lock {path} names the file {name}, which does not exist." for name in missing]


def parse(text: str, what: str) -> tuple[list[dict[str, t.Any]], list[str]]:
    """The entries of a lock as they are written, in its order, and what is wrong with it.

    :param what: how messages call the lock.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return [], [f"{what} is not valid YAML: {' '.join(str(error).split())}."]
    items = content.get("plugins") if isinstance(content, dict) and set(content) == {"plugins"} else content
    if items is None:
        return [], []
    if not isinstance(items, list):
        return [], [f"{what} must be a list of plugins, or have the single key 'plugins' with that list."]
    problems = [f"{what}: {problem}" for number, item in enumerate(items, 1) for problem in check(item, number)]
    problems += [f"{what}: {problem}" for problem in _duplicates(items)]
    return ([], problems) if problems else (items, [])


def check(item: t.Any, number: int) -> list[str]:
    """What is wrong with one entry, one sentence each.

    :param number: position in the file, from 1, for an entry without a component.
    """
    if not isinstance(item, dict):
        return [f"entry {number} must have the keys {', '.join(_REQUIRED)}."]
    name = item.get("component") or f"entry {number}"
    found = [f"{name} has no {key}." for key in _REQUIRED if item.get(key) in (None, "")]
    unknown = sorted(str(key) for key in item if key not in (*_REQUIRED, *_OPTIONAL))
    if unknown:
        found.append(f"{name} has unknown keys: {', '.join(unknown)}.")
    if found:
        return found
    if not _COMPONENT.match(str(item["component"])):
        found.append(f"'{item['component']}' is not a component name such as mod_attendance.")
    if not re.match(r"^\d{8,12}(\.\d+)?$", str(item["version"])):
        found.append(f"{name} has the version '{item['version']}', which is not a plugin version such as 2024100700.")
    if not is_sha256(str(item["sha256"])):
        found.append(f"{name} has a sha256 that is not 64 hexadecimal digits.")
    if str(item["source"]).startswith("http://"):
        found.append(f"{name} has an unencrypted source; use https.")
    return found


def _duplicates(items: list[t.Any]) -> list[str]:
    names = [item.get("component") for item in items if isinstance(item, dict)]
    return [f"{name} is there more than once." for name in sorted({str(name) for name in names if name and names.count(name) > 1})]


def _resolve(item: dict[str, t.Any], folder: str) -> dict[str, t.Any]:
    source = str(item["source"])
    remote = source.startswith("https://")
    headers = item.get("headers_file") or ""
    return {
        "component": item["component"],
        "version": str(item["version"]),
        "sha256": str(item["sha256"]).lower(),
        "url": source if remote else "",
        "path": "" if remote else os.path.join(folder, os.path.expanduser(source)),
        "headers_file": os.path.join(folder, os.path.expanduser(headers)) if headers else "",
    }
