# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
# This module is private to the collection campus.moodle; it can change or go at any time.
"""From the variables of the role to a plan: what would be built, under which names, and what is wrong with the input.

The names of images come from everything that decides their content, and from nothing else: the same input gives the same
name on every control node, and a changed byte gives another one. Where the input lies, mirrors and caches do not count.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import os
import re
import typing as t
from pathlib import Path

from ansible_collections.campus.moodle.plugins.module_utils._moodle import branches as _branches
from ansible_collections.campus.moodle.plugins.module_utils._moodle.branches import BRANCHES, DEFAULT_BRANCH, Branch
from ansible_collections.campus.moodle.plugins.module_utils._site.types import is_language, is_sha256

from . import _image_lock, _image_origin, _image_packages, _image_source

# Raise it when the meaning of an image changes without a change in anything below.
_FORMAT = 1
_FILES = _image_source.BUILDER.parent


@dataclasses.dataclass(frozen=True)
class Inputs:
    """The variables of the role, without their prefix; see its argument specification for their meaning."""

    branch: str = DEFAULT_BRANCH
    release: str = ""
    php: str = ""
    postgresql: str = ""
    source: str = ""
    archive_url: str = ""
    archive_sha256: str = ""
    plugins_lock: str = ""
    languages: tuple[str, ...] = ()
    base: str = "bootstrap"
    base_reference: str = ""
    base_date: str = ""
    mirror: str = ""
    security_mirror: str = ""
    allow_unsupported_branch: bool = False
    mail_catcher: str = ""
    cache_directory: str = ""
    target_cache_directory: str = ""
    today: str = ""

    @property
    def cache(self) -> Path:
        """The download cache on the control node."""
        return Path(self.cache_directory or os.environ.get("MOODLE_CACHE") or "~/.cache/campus.moodle").expanduser()


def make(inputs: Inputs) -> dict[str, t.Any]:
    """The plan: reference, services_reference, build_spec, release, problems, warnings.

    With problems, there are no references and nothing to build.
    """
    today = inputs.today or datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat()
    problems = list(_branches.unusable("image_", inputs.branch, BRANCHES, today, inputs.allow_unsupported_branch))
    branch = BRANCHES.get(inputs.branch)
    if branch is None:
        return _refused(problems)
    php = inputs.php or branch.php
    problems += _input_problems(inputs, branch, php)
    source, found = _image_origin.code(inputs, branch)
    plugins, lock_problems = _image_lock.read(os.path.expanduser(inputs.plugins_lock)) if inputs.plugins_lock else ([], [])
    problems += found + lock_problems
    if problems:
        return _refused(problems)
    site = _site(inputs, branch, php, source, plugins)
    services = _services(inputs)
    return {
        "reference": site["reference"],
        "services_reference": services["reference"],
        "release": site["release"] or branch.release,
        "facts": {"branch": branch.name, "layout": branch.layout, "php": php, "tag": site["reference"]},
        "build_spec": {"site": site, "services": services},
        "problems": [],
        "warnings": _past_support(branch, today) + _image_origin.unpinned(source),
    }


def _refused(problems: list[str]) -> dict[str, t.Any]:
    return {"reference": "", "services_reference": "", "release": "", "facts": {}, "build_spec": {}, "problems": problems, "warnings": []}


def _input_problems(inputs: Inputs, branch: Branch, php: str) -> list[str]:
    found = list(_branches.wrong_php("image_php", php, branch))
    if inputs.postgresql:
        found += _branches.wrong_postgresql("image_postgresql", inputs.postgresql, branch)
    if inputs.base not in ("bootstrap", "registry"):
        found.append(f"The base must be bootstrap or registry, not '{inputs.base}'.")
    if inputs.base == "bootstrap" and php != branch.php:
        found.append(f"Debian {branch.debian} has PHP {branch.php}, so PHP {php} needs a base from a registry that has packages of it.")
    if inputs.source and inputs.archive_url:
        found.append("A source on the control node and an archive address exclude each other: name one of them.")
    if inputs.archive_url and not inputs.archive_sha256:
        found.append(f"The archive {inputs.archive_url} needs its SHA-256 checksum.")
    if inputs.archive_url and not inputs.archive_url.startswith(("https://", "http://")):
        found.append(f"The archive address '{inputs.archive_url}' is not an http or https address.")
    if inputs.archive_sha256 and not is_sha256(inputs.archive_sha256):
        found.append("The checksum of the archive is not 64 hexadecimal digits.")
    if inputs.mail_catcher and not Path(inputs.mail_catcher).expanduser().is_file():
        found.append(f"The mail catcher {inputs.mail_catcher} does not exist on the control node.")
    found += [f"'{code}' is not a language code such as de or pt_br." for code in inputs.languages if not is_language(code)]
    return found


def _past_support(branch: Branch, today: str) -> list[str]:
    over = _branches.past_support(branch, today)
    return [f"Moodle {branch.name} gets no security fixes since {branch.security_until}."] if over else []


def _base(inputs: Inputs, suite: str, packages: list[str]) -> dict[str, t.Any]:
    registry = inputs.base == "registry"
    start = (inputs.base_reference or f"docker.io/library/debian:{suite}-slim") if registry else ""
    spec = {"kind": inputs.base, "suite": suite, "from": start, "packages": packages}
    scripts = _image_source.tree_digest(_image_source.BUILDER / "scripts")
    recipe = _image_source.builder_module("base").recipe(spec)
    digest = short_digest([_FORMAT, spec, inputs.base_date, scripts, recipe])
    mirrors = {"mirror": inputs.mirror, "security_mirror": inputs.security_mirror}
    return {"reference": f"campus.moodle/base:{digest}", **spec, **mirrors}


def _site(inputs: Inputs, branch: Branch, php: str, source: dict[str, t.Any], plugins: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    base = _base(inputs, branch.debian, _image_packages.site_packages(php))
    languages = _image_origin.languages(inputs, branch)
    # What the image compares its surroundings with, without knowing the table.
    needs = {name: getattr(branch, name) for name in ("php_minimum", "php_maximum", "postgresql_minimum")}
    digest = short_digest(
        [
            _FORMAT,
            [branch.name, branch.layout, php, needs],
            base["reference"],
            source["sha256"] or source["url"],
            [[plugin["component"], plugin["version"], plugin["sha256"]] for plugin in sorted(plugins, key=lambda item: item["component"])],
            [[language["code"], language["sha256"] or language["url"]] for language in languages],
            _image_source.tree_digest(_FILES / "rootfs"),
            _image_source.tree_digest(_image_source.BUILDER),
        ]
    )
    release = source["release"]
    label = re.sub(r"[^A-Za-z0-9_.-]", "", release or branch.name)
    return {
        "reference": f"campus.moodle/site:{label}-{digest}",
        "branch": branch.name,
        "release": release,
        "layout": branch.layout,
        "php": php,
        "needs": needs,
        "base": base,
        "source": source,
        "plugins": plugins,
        "languages": languages,
        "rootfs": str(_FILES / "rootfs"),
        "cache": str(inputs.target_cache_directory or inputs.cache),
    }


def _services(inputs: Inputs) -> dict[str, t.Any]:
    base = _base(
        # Another base image is meant for the site.
        dataclasses.replace(inputs, base_reference=""),
        _image_packages.SERVICES_DEBIAN,
        sorted(_image_packages.SERVICES),
    )
    catcher = None
    if inputs.mail_catcher:
        path = Path(inputs.mail_catcher).expanduser().absolute()
        catcher = {"path": str(path), "sha256": _image_source.file_digest(path)}
    files = _FILES / "services"
    digest = short_digest(
        [
            _FORMAT,
            base["reference"],
            catcher["sha256"] if catcher else "",
            _image_source.tree_digest(files),
            _image_source.tree_digest(_image_source.BUILDER),
        ]
    )
    return {
        "reference": f"campus.moodle/services:{digest}",
        "services": [*_image_packages.SERVICE_NAMES, *(["mail"] if catcher else [])],
        "mail_catcher": catcher,
        "base": base,
        "files": str(files),
        "cache": str(inputs.target_cache_directory or inputs.cache),
    }


def short_digest(content: t.Any) -> str:
    """Twelve hexadecimal digits that stand for a value."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
