# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""YAML as kubectl and helm read it. PyYAML is imported only where there is YAML: it may be missing, and the import takes time."""

from __future__ import annotations

import contextlib
import json
import re
import typing as t

from .errors import ToolError

# Scalars that the YAML library of both does not read as text. PyYAML's own list would also turn 12:30 and 2026-01-02 into
# something else, and leave 1e3 a string.
SCALARS = (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$", list("yYnNtTfFoO")),
    ("int", r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*(?=[eE]))(?:[eE][-+]?[0-9]+)?$", list("-+0123456789.")),
    ("merge", r"^<<$", ["<"]),
)
# Makes the error of whoever reads, from a word for programs and a sentence.
Refuse = t.Callable[[str, str], ToolError]


def documents(text: str, what: str, refuse: Refuse, *, strict: bool = False) -> list[t.Any]:
    """Return the documents in a text without the empty ones. what begins a sentence, as in "The kubeconfig /etc/kubeconfig".

    strict refuses a key that is there twice, and says what is wrong. Otherwise an error says only where: the text there may be a secret.
    """
    if text.lstrip()[:1] in ("{", "["):
        # JSON is read without PyYAML, and faster. YAML may begin like this as well.
        with contextlib.suppress(ValueError):
            return [json.loads(text)]
    yaml = _library(what, refuse)
    try:
        return [document for document in yaml.load_all(text, Loader=_loader(yaml, strict)) if document is not None]
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or "it cannot be parsed"
        place, reason = f" in line {mark.line + 1}" if mark else "", f": {problem}" if strict else ""
        raise refuse("invalid_yaml", f"{what} is not valid YAML{place}{reason}. Correct it.") from None


def text_of(tree: t.Any, what: str, refuse: Refuse) -> str:
    """Return a tree as YAML for people. what is as for documents()."""
    return str(_library(what, refuse).safe_dump(tree, default_flow_style=False, allow_unicode=True))


def _library(what: str, refuse: Refuse) -> t.Any:
    try:
        import yaml
    except ImportError:
        msg = f"{what} is YAML, and PyYAML is not installed for this Python. Install it (package python3-yaml)."
        raise refuse("missing_library", msg) from None
    return yaml


def _loader(yaml: t.Any, strict: bool) -> t.Any:
    """Return a loader class of PyYAML that reads scalars in this way."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: t.ClassVar[dict[str, t.Any]] = {}

        def construct_mapping(self, node: t.Any, deep: bool = False) -> t.Any:
            if strict:
                _refuse_twice(yaml, node)
            return super().construct_mapping(node, deep)

    for name, pattern, first in SCALARS:
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(pattern), first)
    return Loader


def _refuse_twice(yaml: t.Any, node: t.Any) -> None:
    """Refuse a mapping in which a key is there twice; it may merge others as often as it likes."""
    seen: set[str] = set()
    for key, _value in node.value:
        name = key.value if isinstance(key.value, str) and key.value != "<<" else ""
        if name in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {name} is there twice", key.start_mark)
        seen.update([name] if name else [])
