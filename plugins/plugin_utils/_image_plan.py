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

from ansible_collections.campus.moodle.plugins.module_utils._branches import BRANCHES, DEFAULT_BRANCH, Branch
from ansible_collections.campus.moodle.plugins.module_utils._branches import problems as branch_problems
from ansible_collections.campus.moodle.plugins.module_utils._branches import warnings as branch_warnings

from . import _image_lock, _image_packages, _image_source

# Raise it when the meaning of an image changes without a change in anything below.
_FORMAT = 1
_FILES = _image_source.BUILDER.parent
_SHA256 = re.compile(r"^[0-9a-fA-F]{64}$")
_LANGUAGE = re.compile(r"^[a-z]{2,3}(_[a-z0-9]+)*$")


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
    today = datetime.date.fromisoformat(inputs.today) if inputs.today else datetime.datetime.now(tz=datetime.timezone.utc).date()
    branch = BRANCHES.get(inputs.branch)
    if branch is None:
        return _refused(branch_problems(inputs.branch, today=today))
    php = inputs.php or branch.php
    problems = branch_problems(
        branch.name,
        today=today,
        allow_unsupported=inputs.allow_unsupported_branch,
        php=php,
        postgresql=int(inputs.postgresql or 0),
    )
    problems += _input_problems(inputs, branch, php)
    source, found = _source(inputs, branch)
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
        "warnings": branch_warnings(branch.name, today=today) + _unpinned(inputs, source),
    }


def _refused(problems: list[str]) -> dict[str, t.Any]:
    return {"reference": "", "services_reference": "", "release": "", "facts": {}, "build_spec": {}, "problems": problems, "warnings": []}


def _input_problems(inputs: Inputs, branch: Branch, php: str) -> list[str]:
    found = []
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
    if inputs.archive_sha256 and not _SHA256.match(inputs.archive_sha256):
        found.append("The checksum of the archive is not 64 hexadecimal digits.")
    if inputs.mail_catcher and not Path(inputs.mail_catcher).expanduser().is_file():
        found.append(f"The mail catcher {inputs.mail_catcher} does not exist on the control node.")
    found += [f"'{code}' is not a language code such as de or pt_br." for code in inputs.languages if not _LANGUAGE.match(code)]
    return found


def _source(inputs: Inputs, branch: Branch) -> tuple[dict[str, t.Any], list[str]]:
    """Where Moodle's code comes from: path or url, sha256 and what is known of its release; and problems."""
    if not inputs.source:
        return _download(inputs, branch), []
    path = Path(inputs.source).expanduser().absolute()
    source = _image_source.read(path, inputs.cache)
    expected = inputs.archive_sha256.lower()
    facts = source.facts
    normal = _image_source.builder_module("moodle").normal_release
    if expected and source.sha256 and source.sha256 != expected and not path.is_dir():
        problem = f"{path} has the wrong checksum: expected sha256 {expected}, found {source.sha256}. It was not used."
    elif source.problem:
        problem = source.problem
    elif facts["branch"] != branch.name:
        problem = f"{path} holds Moodle {facts['release']} of branch {facts['branch']}, but branch {branch.name} was asked for."
    elif facts["layout"] != branch.layout:
        problem = f"{path} has the {facts['layout']} layout, but Moodle {branch.name} has the {branch.layout} layout."
    elif inputs.release and normal(inputs.release) != normal(facts["release"]):
        problem = f"{path} holds Moodle {facts['release']}, but release {inputs.release} was asked for."
    else:
        problem = ""
    described = {"path": str(path), "url": "", "sha256": source.sha256, "release": facts.get("release", "").split(" ")[0]}
    return described, [problem] if problem else []


def _download(inputs: Inputs, branch: Branch) -> dict[str, t.Any]:
    release = inputs.release.rstrip("+") or ("" if inputs.archive_url else branch.release)
    url = inputs.archive_url or branch.archive_url(release)
    name = url.split("?")[0].rpartition("/")[2]
    kept = inputs.cache / name
    sha256 = (inputs.archive_sha256 or ("" if inputs.archive_url else branch.sha256.get(release, ""))).lower()
    if not sha256 and kept.is_file():
        sha256 = _kept_checksum(kept)
    # An archive in the control node's own cache saves the machine a download; the builder compares its checksum again.
    here = kept.is_file() and sha256 and _image_source.file_digest(kept) == sha256
    return {"path": str(kept) if here else "", "url": "" if here else url, "sha256": sha256, "release": release}


def _kept_checksum(archive: Path) -> str:
    try:
        text = archive.with_name(f"{archive.name}.sha256").read_text(encoding="utf-8")
    except OSError:
        return ""
    match = re.search(r"\b[0-9a-fA-F]{64}\b", text)
    return match.group(0).lower() if match else ""


def _unpinned(inputs: Inputs, source: dict[str, t.Any]) -> list[str]:
    if source["sha256"]:
        return []
    return [
        f"The archive {source['url']} has no checksum in this collection yet; the one that is published beside it will be used. "
        "Name it in the inventory to pin it."
    ]


def _languages(inputs: Inputs, branch: Branch) -> list[dict[str, t.Any]]:
    found = []
    for code in sorted({code for code in inputs.languages if code != "en"}):
        kept = inputs.cache / "languages" / branch.name / f"{code}.zip"
        here = kept.is_file()
        found.append(
            {
                "code": code,
                "branch": branch.name,
                "url": branch.language_url(code),
                "path": str(kept) if here else "",
                "sha256": _image_source.file_digest(kept) if here else "",
            }
        )
    return found


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
    languages = _languages(inputs, branch)
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
