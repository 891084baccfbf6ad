# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""From a request to a plan: what would be built, under which names, and what is wrong with the request.

The names of images come from everything that decides their content, and from nothing else: the same input gives the same
name on every control node, and a changed byte gives another one. Where the input lies, mirrors, caches and the code that builds
do not count.
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

from ansible_collections.campus.moodle.plugins.module_utils._image import packages, recipe
from ansible_collections.campus.moodle.plugins.module_utils._image.digest import sha256_of, tree_digest
from ansible_collections.campus.moodle.plugins.module_utils._image.inputs import Inputs, problems
from ansible_collections.campus.moodle.plugins.module_utils._moodle import branches
from ansible_collections.campus.moodle.plugins.module_utils._moodle.branches import BRANCHES, Branch

from . import _origin, lock

# Raise it when the meaning of an image changes without a change in anything below.
_FORMAT = 1
# Stands for what a build makes of its input: which file gets into which layer with which owner, mode and time, and the Dockerfiles.
# Until 0.2.0 it was the digest of the builder's own files; it stays what it was then, so that images of that release keep their names.
# When the same input gives another image, which a test of the layout notices, write any other text.
LAYOUT = "77027900a72103e89f34da0052e60309a867fa719b629e7c51734d9b8001d214"
# What the images get besides Moodle and packages: base, rootfs and services.
FILES = Path(__file__).resolve().parents[3] / "roles" / "image" / "files"
_PREFIX = "image_"


def make(inputs: Inputs) -> dict[str, t.Any]:
    """The plan: reference, services_reference, release, facts, build_spec, problems, warnings.

    With problems, there are no references and nothing to build.
    """
    today = _today()
    found = list(branches.unusable(_PREFIX, inputs.branch, BRANCHES, today, inputs.allow_unsupported_branch))
    branch = BRANCHES.get(inputs.branch)
    if branch is None:
        return _refused(found)
    php = inputs.php or branch.php
    source, wrong_source = _origin.code(inputs, branch)
    plugins, wrong_lock = lock.read(os.path.expanduser(inputs.plugins_lock)) if inputs.plugins_lock else ([], [])
    found += [*_problems(inputs, branch, php), *wrong_source, *wrong_lock]
    if found:
        return _refused(found)
    site = _site(inputs, branch, php, source, plugins)
    services = _services(inputs)
    return {
        "reference": site["reference"],
        "services_reference": services["reference"],
        "release": site["release"] or branch.release,
        "facts": {"branch": branch.name, "layout": branch.layout, "php": php, "tag": site["reference"]},
        "build_spec": {"site": site, "services": services},
        "problems": [],
        "warnings": [*_past_support(branch, today), *_origin.unpinned(source)],
    }


def _today() -> str:
    return datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat()


def _refused(found: list[str]) -> dict[str, t.Any]:
    return {"reference": "", "services_reference": "", "release": "", "facts": {}, "build_spec": {}, "problems": found, "warnings": []}


def _problems(inputs: Inputs, branch: Branch, php: str) -> t.Iterator[str]:
    yield from branches.wrong_php(f"{_PREFIX}php", php, branch)
    if inputs.postgresql:
        yield from branches.wrong_postgresql(f"{_PREFIX}postgresql", inputs.postgresql, branch)
    if inputs.base not in ("bootstrap", "registry"):
        yield f"{_PREFIX}base is {inputs.base!r}; choose bootstrap or registry."
    if inputs.base == "bootstrap" and php != branch.php:
        yield f"Debian {branch.debian} has PHP {branch.php}, so PHP {php} needs a base from a registry that has packages of it."
    yield from problems(inputs, _PREFIX)
    if inputs.mail_catcher and not Path(inputs.mail_catcher).expanduser().is_file():
        yield f"{_PREFIX}mail_catcher is {inputs.mail_catcher!r}, which does not exist on the control node."


def _past_support(branch: Branch, today: str) -> list[str]:
    over = branches.past_support(branch, today)
    return [f"Moodle {branch.name} has had no security fixes since {branch.security_until}."] if over else []


def _base(inputs: Inputs, suite: str, included: list[str]) -> dict[str, t.Any]:
    registry = inputs.base == "registry"
    start = (inputs.base_reference or f"docker.io/library/debian:{suite}-slim") if registry else ""
    spec = {"kind": inputs.base, "suite": suite, "from": start, "packages": included}
    scripts = FILES / "base"
    digest = short_digest([_FORMAT, spec, inputs.base_date, tree_digest(scripts), recipe.of_base(spec)])
    places = {"scripts": str(scripts), "mirror": inputs.mirror, "security_mirror": inputs.security_mirror}
    return {"reference": f"campus.moodle/base:{digest}", **spec, **places}


def _site(inputs: Inputs, branch: Branch, php: str, source: dict[str, t.Any], plugins: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    base = _base(inputs, branch.debian, packages.site_packages(php))
    languages = _origin.languages(inputs, branch)
    # What the image compares its surroundings with, without knowing the table.
    needs = {name: getattr(branch, name) for name in ("php_minimum", "php_maximum", "postgresql_minimum", "upgrade_minimum")}
    digest = short_digest(
        [
            _FORMAT,
            [branch.name, branch.layout, php, needs],
            base["reference"],
            source["sha256"] or source["url"],
            [[plugin["component"], plugin["version"], plugin["sha256"]] for plugin in sorted(plugins, key=lambda item: item["component"])],
            [[language["code"], language["sha256"] or language["url"]] for language in languages],
            tree_digest(FILES / "rootfs"),
            LAYOUT,
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
        "rootfs": str(FILES / "rootfs"),
    }


def _services(inputs: Inputs) -> dict[str, t.Any]:
    # Another base image is meant for the site.
    base = _base(dataclasses.replace(inputs, base_reference=""), packages.SERVICES_DEBIAN, sorted(packages.SERVICES))
    catcher = None
    if inputs.mail_catcher:
        path = Path(inputs.mail_catcher).expanduser().absolute()
        catcher = {"path": str(path), "sha256": sha256_of(path)}
    files = FILES / "services"
    digest = short_digest([_FORMAT, base["reference"], catcher["sha256"] if catcher else "", tree_digest(files), LAYOUT])
    return {
        "reference": f"campus.moodle/services:{digest}",
        "services": [*packages.SERVICE_NAMES, *(["mail"] if catcher else [])],
        "mail_catcher": catcher,
        "base": base,
        "files": str(files),
    }


def short_digest(content: t.Any) -> str:
    """Twelve hexadecimal digits that stand for a value."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
