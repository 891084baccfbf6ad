# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Kubeconfig files: reading, merging as kubectl does, and choosing a context."""

from __future__ import annotations

import os
import typing as t

from .._tool.yaml import documents
from .errors import KubeError


def read(path: str) -> dict[str, t.Any]:
    """Read one kubeconfig file. The paths in it start where the file is."""
    try:
        with open(path, encoding="utf-8") as file:
            found = documents(file.read(), f"The kubeconfig {path}", lambda _word, msg: wrong(msg))
    except (OSError, UnicodeError) as problem:
        raise wrong(f"Cannot read the kubeconfig {path}: {getattr(problem, 'strerror', None) or problem}.") from problem
    try:
        (content,) = found
        return _located(content, os.path.dirname(os.path.abspath(path)))
    except (AttributeError, TypeError, ValueError):
        raise wrong(f"The file {path} is not a kubeconfig: it is not one mapping, or its lists do not hold mappings.") from None


def _located(content: dict[str, t.Any], folder: str) -> dict[str, t.Any]:
    """Make relative paths absolute, and look at everything once, so that a file of another form is noticed."""
    for part, names in (("clusters", ["certificate-authority"]), ("users", ["client-certificate", "client-key", "tokenFile"])):
        for row in content.get(part) or []:
            entry = row.get(part[:-1]) or {}
            entry.update({name: os.path.join(folder, str(entry[name])) for name in names if entry.get(name)})
            command = (entry.get("exec") or {}).get("command")
            if command and os.sep in command:
                entry["exec"]["command"] = os.path.join(folder, command)
    for row in content.get("contexts") or []:
        row.get("context", {}).get("cluster")
    return content


def merged(contents: t.Sequence[dict[str, t.Any]]) -> dict[str, t.Any]:
    """Merge kubeconfigs as kubectl does: the first file that names something wins."""
    result: dict[str, t.Any] = {"current-context": next((c["current-context"] for c in contents if c.get("current-context")), "")}
    for part in ("contexts", "clusters", "users"):
        named: dict[str, t.Any] = {}
        for row in (row for content in contents for row in content.get(part) or []):
            named.setdefault(str(row.get("name")), row.get(part[:-1]) or {})
        result[part] = named
    return result


def of_context(config: dict[str, t.Any], wanted: t.Optional[str], source: str) -> tuple[dict[str, t.Any], dict[str, t.Any], str]:
    """Return cluster, user and namespace of a context."""
    name = str(wanted or config["current-context"])
    has = ", ".join(sorted(config["contexts"])) or "none"
    if not name:
        raise wrong(f"The kubeconfig {source} sets no current context. Choose one with context; it has: {has}.")
    if name not in config["contexts"]:
        raise wrong(f"The kubeconfig {source} has no context {name}; it has: {has}.", error="no_context")
    context = config["contexts"][name]
    parts: dict[str, dict[str, t.Any]] = {}
    for part in ("cluster", "user"):
        entry = config[f"{part}s"].get(str(context.get(part)))
        if entry is None and context.get(part):
            raise wrong(f"The context {name} of the kubeconfig {source} names the {part} {context[part]}, which is not there.")
        parts[part] = entry or {}
    return parts["cluster"], parts["user"], str(context.get("namespace") or "default")


def wrong(msg: str, error: str = "bad_kubeconfig") -> KubeError:
    """Return the error for settings that do not lead to a server."""
    return KubeError(msg, error=error)
