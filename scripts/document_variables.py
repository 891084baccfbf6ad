#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Writes the tables that follow from a file of the collection into the pages that show them.

The sizes and the secrets of a site go into docs/site.md, its variables, the environment of its image and the modules into docs/reference,
the branches of Moodle into the README of the role image.

document_variables.py           write them
document_variables.py --check   exit 1 if they are not current, and change nothing
"""

from __future__ import annotations

import datetime
import json
import math
import re
import sys
import typing as t
from pathlib import Path

import yaml
from ansible.parsing.plugin_docs import read_docstring
from ansible_collections.campus.moodle.plugins.module_utils._moodle import branches as moodle_branches
from ansible_collections.campus.moodle.plugins.module_utils._site import describe as site_description
from ansible_collections.campus.moodle.plugins.module_utils._site import presets
from ansible_collections.campus.moodle.plugins.module_utils._site import secrets as site_secrets
from ansible_collections.campus.moodle.plugins.module_utils._site.types import memory_bytes

ROOT = Path(__file__).resolve().parent.parent
SPECIFICATION = ROOT / "roles" / "site" / "meta" / "argument_specs.yml"
BRANCHES = ROOT / "plugins" / "module_utils" / "_moodle" / "branches.py"
SIZES = ROOT / "plugins" / "module_utils" / "_site" / "presets.py"
ENVIRONMENT = ROOT / "roles" / "image" / "files" / "rootfs" / "opt" / "campus-moodle" / "etc" / "environment.json"
PLUGINS = ROOT / "plugins"
SECRETS = ROOT / "plugins" / "module_utils" / "_site" / "secrets.py"

# What runs in a site with its own stores: the variables that begin so, each with _memory. A rollout starts as many new ones of
# the first two beside the old. The pooler has no variable.
ROLLED, OTHERS, POOLER = ("moodle_php", "moodle_web"), ("proxy", "cron", "adhoc", "database", "session", "cache"), 128 * 1024**2

TOPIC = re.compile(r"^      # --- (?P<topic>.+?) -+$")
OPTION = re.compile(r"^      (?P<name>moodle_\w+):$")
# O(name), C(text), V(value), E(variable), M(module): Ansible's marks for what is code; the name of an option may have its entry point
# before it.
MARK = re.compile(r"\b[OCVEM]\((?:[a-z]+:(?=moodle_))?([^)]*)\)")


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
    """Return the line of one variable; one that not every target reads says so."""
    targets = f" Target {', '.join(f'`{target}`' for target in site_description.owners(name))} only." * bool(site_description.owners(name))
    kind = " \\| ".join(f"`{choice}`" for choice in option["choices"]) if "choices" in option else option["type"]
    return f"| `{name}` | {kind} | {default_of(option)} | {in_words(option)}{targets} |\n"


def variables() -> str:
    """Return the tables of the variables."""
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


def memory(values: dict[str, t.Any], groups: t.Iterable[str]) -> int:
    """Return the bytes that the containers of some groups may use together."""
    return sum(memory_bytes(values[f"{group}_memory"]) * values.get(f"{group}_replicas", 1) for group in groups)


def in_gigabytes(size: int) -> str:
    """Return a size in halves of a gigabyte, rounded up."""
    return f"{math.ceil(size * 2 / 1024**3) / 2:g} GB"


def readable(size: str) -> str:
    """Return a size of an inventory as one reads it."""
    return re.sub(r"([mg])$", lambda unit: f" {unit[1].upper()}B", size)


def size_column(size: dict[str, t.Any]) -> tuple[str, ...]:
    """Return the cells of one size, from the top to the bottom."""
    defaults = yaml.safe_load(SPECIFICATION.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    values = {name: option["default"] for name, option in defaults.items() if "default" in option} | size
    together = memory(values, (*ROLLED, *(f"moodle_{group}" for group in OTHERS))) + POOLER
    rollout = together + memory(values, ROLLED)
    get = {name.removeprefix("moodle_"): readable(value) if isinstance(value, str) else f"{value:g}" for name, value in size.items()}
    return (
        f"{get['php_replicas']} x {get['php_memory']} / {get['php_cpus']}",
        get["web_replicas"],
        f"{get['cron_replicas']}, {get['adhoc_replicas']}",
        f"{get['database_memory']} / {get['database_cpus']}",
        get["database_pooler_size"],
        get["cache_memory"],
        f"{in_gigabytes(together)}, {in_gigabytes(rollout)}",
    )


SIZE_ROWS = (
    "PHP containers x memory / processors",
    "web servers",
    "cron runners, adhoc workers",
    "PostgreSQL memory / processors",
    "server connections of the pooler",
    "cache",
    "memory that all containers may use, during a rollout",
)


def sizes() -> str:
    """Return the table of the sizes."""
    columns = presets.SIZES
    head = f"| | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|\n"
    rows = zip(SIZE_ROWS, *map(size_column, columns.values()), strict=True)
    lines = [f"| {' | '.join(cells)} |\n" for cells in rows]
    return f"\n{head}{''.join(lines)}\n"


def secrets() -> str:
    """Return the table of the secrets."""
    head = "| secret | what it is | given by | read by |\n|---|---|---|---|\n"
    rows = (
        f"| `{secret.name}` | {secret.what} | {f'`{secret.variable}`' if secret.variable else ''} "
        f"| {', '.join(f'`{reader}`' for reader in secret.readers)} |\n"
        for secret in site_secrets.SECRETS
    )
    return f"\n{head}{''.join(rows)}\n"


# Who reads a variable of the image, in words.
READERS = {"all": "all", "site": "all but `web`", "php": "`php`", "web": "`web`", "install": "`install`"}


def environment_row(name: str, variable: dict[str, t.Any]) -> str:
    """Return the line of one variable of the image."""
    what = variable.get("what") or ", ".join(f"`{choice}`" for choice in variable["choices"])
    without = f"none: {variable['without']}" if "without" in variable else "none"
    default = "required" if variable.get("required") else f"`{variable['default']}`" if variable["default"] else without
    return f"| `{name}` | {what} | {default} | {variable.get('used_by') or READERS[variable['reader']]} |\n"


def environment() -> str:
    """Return the table of the image's environment."""
    head = "| variable | type | default | read by |\n|---|---|---|---|\n"
    rows = json.loads(ENVIRONMENT.read_text(encoding="utf-8"))
    return f"\n{head}{''.join(environment_row(name, variable) for name, variable in rows.items())}\n"


def branch_row(branch: t.Any) -> str:
    """Return the line of one branch."""
    name = branch.name + " LTS" * branch.lts + " (default)" * (branch.name == moodle_branches.DEFAULT_BRANCH)
    php = f"{branch.php} ({branch.php_minimum} to {branch.php_maximum})"
    debian, until = moodle_branches.DEBIAN[branch.debian].number, datetime.date.fromisoformat(branch.security_until)
    day = f"{until.day} {until:%B %Y}"
    return f"| {name} | {php} | {debian} | {branch.postgresql_minimum} or later | {branch.layout} | {day} |\n"


def branches() -> str:
    """Return the table of the branches."""
    head = "| branch | PHP (accepted) | Debian | PostgreSQL | layout | security fixes until |\n|---|---|---|---|---|---|\n"
    return f"\n{head}{''.join(map(branch_row, moodle_branches.BRANCHES.values()))}\n"


# How a family of modules begins, and what it is about. The families of a site come first.
FAMILIES = {
    "moodle": "Moodle, inside a site",
    "site": "A site",
    "compose": "A site in Docker Compose",
    "image": "Images of a site",
    "helm": "Helm",
    "kube": "Kubernetes",
    "cnpg": "CloudNativePG",
    "restic": "restic",
}
KINDS = {"filter": "Filters", "inventory": "Inventory plugin"}


def modules() -> str:
    """Return the table of the modules, a family after the other, and of the plugins that people use."""
    groups = {title: sorted((PLUGINS / "modules").glob(f"{family}_*.py")) for family, title in FAMILIES.items()}
    groups |= {title: sorted((PLUGINS / kind).glob("*.py")) for kind, title in KINDS.items()}
    lines = ["\n| | |\n|---|---|\n"]
    for title, paths in groups.items():
        lines.append(f"| **{title}** | |\n")
        lines += [f"| `{path.stem}` | {read_docstring(str(path))['doc']['short_description']} |\n" for path in paths]
    return "".join(lines) + "\n"


# page, what it shows, the file that it follows from, and the function that writes it
PAGES: tuple[tuple[Path, str, Path, t.Callable[[], str]], ...] = (
    (ROOT / "docs" / "site.md", "sizes", SIZES, sizes),
    (ROOT / "docs" / "site.md", "secrets", SECRETS, secrets),
    (ROOT / "docs" / "reference" / "variables.md", "variables", SPECIFICATION, variables),
    (ROOT / "docs" / "reference" / "modules.md", "modules", PLUGINS, modules),
    (ROOT / "docs" / "reference" / "image.md", "environment", ENVIRONMENT, environment),
    (ROOT / "roles" / "image" / "README.md", "branches", BRANCHES, branches),
)


def current(text: str, what: str, tables: str) -> str:
    """Return a page with the tables between its two marks."""
    begin, end = f"<!-- {what}: written by `make docs` -->\n", f"<!-- end of {what} -->\n"
    before, _begin, rest = text.partition(begin)
    _old, _end, after = rest.partition(end)
    return before + begin + tables + end + after


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are not current."""
    stale = 0
    for page, what, origin, write in PAGES:
        text = page.read_text(encoding="utf-8")
        desired = current(text, what, write())
        if arguments != ["--check"]:
            page.write_text(desired, encoding="utf-8")
        elif text != desired:
            print(f"{page.relative_to(ROOT)} is not what {origin.relative_to(ROOT)} says; run make docs")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
