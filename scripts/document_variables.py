#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Writes the tables of a site's variables into docs/site.md, from the role's argument specification.

document_variables.py           write them
document_variables.py --check   exit 1 if they are not current, and change nothing
"""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
SPECIFICATION = ROOT / "roles" / "site" / "meta" / "argument_specs.yml"
PAGE = ROOT / "docs" / "site.md"
BEGIN, END = "<!-- variables: written by `make docs` -->\n", "<!-- end of variables -->\n"

TOPIC = re.compile(r"^      # --- (?P<topic>.+?) -+$")
OPTION = re.compile(r"^      (?P<name>moodle_\w+):$")
# O(name), C(text), V(value), E(variable): Ansible's marks for what is code.
MARK = re.compile(r"\b[OCVE]\(([^)]*)\)")


def topics() -> dict[str, str]:
    """Return variable -> topic, from the comments between the options; the options after the last one have none."""
    found, topic = {}, ""
    for line in SPECIFICATION.read_text(encoding="utf-8").splitlines():
        if match := TOPIC.match(line):
            topic = match["topic"]
        elif match := OPTION.match(line):
            found[match["name"]] = topic
    return found


def in_words(option: dict[str, t.Any]) -> str:
    """Return what an option is for, as one cell of a table."""
    description = option["description"]
    text = " ".join(description) if isinstance(description, list) else description
    return MARK.sub(r"`\1`", text).replace("|", "\\|")


def default_of(option: dict[str, t.Any]) -> str:
    """Return the default of an option as one writes it in an inventory; nothing where there is none."""
    if "default" not in option:
        return ""
    value = option["default"]
    return f"`{yaml.safe_dump(value, default_flow_style=True).splitlines()[0]}`" if value != "" else '`""`'


def row(name: str, option: dict[str, t.Any]) -> str:
    """Return the line of one variable."""
    kind = " \\| ".join(f"`{choice}`" for choice in option["choices"]) if "choices" in option else option["type"]
    return f"| `{name}` | {kind} | {default_of(option)} | {in_words(option)} |\n"


def tables() -> str:
    """Return the whole part of the page."""
    topic_of, parts = topics(), []
    for entry, specification in yaml.safe_load(SPECIFICATION.read_text(encoding="utf-8"))["argument_specs"].items():
        last = None
        for name, option in specification["options"].items():
            topic = topic_of[name] if entry == "main" else f"playbook `campus.moodle.{entry}`"
            if topic != last:
                parts.append(f"\n### {topic[0].upper()}{topic[1:]}\n\n| variable | type | default | meaning |\n|---|---|---|---|\n")
            parts.append(row(name, option))
            last = topic
    return "".join(parts) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or say that it is not current."""
    page = PAGE.read_text(encoding="utf-8")
    before, _begin, rest = page.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    current = before + BEGIN + tables() + END + after
    if arguments == ["--check"]:
        if page != current:
            print(f"{PAGE.relative_to(ROOT)} is not what {SPECIFICATION.relative_to(ROOT)} says; run make docs")
        return int(page != current)
    PAGE.write_text(current, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
