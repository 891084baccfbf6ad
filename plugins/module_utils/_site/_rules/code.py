# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Rules about Moodle's code: branch, archive, image, and what the branch asks of PostgreSQL."""

from __future__ import annotations

import re
import typing as t

from ..._moodle import branches
from .. import types

Values = t.Mapping[str, t.Any]

RELEASE = re.compile(r"^[0-9]+\.[0-9]+(\.[0-9]+)?\+?$")
FROM_CODE = ("moodle_source", "moodle_archive_url", "moodle_plugins_lock")


def branch(values: Values, around: t.Any) -> t.Iterator[str]:
    """Refuse an unknown branch, and one without security fixes unless it is asked for."""
    allowed = values["moodle_allow_unsupported_branch"]
    yield from branches.unusable("moodle_", values["moodle_branch"], around.branches, around.today, allowed)


def release(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse a release of another branch."""
    given, of_branch = values["moodle_release"], values["moodle_branch"]
    if not given:
        return
    if not RELEASE.match(given):
        yield f"moodle_release is {given!r}, which is no release; write it like {of_branch}.1."
    elif ".".join(given.rstrip("+").split(".")[:2]) != of_branch:
        yield f"moodle_release is {given!r} but moodle_branch is {of_branch!r}; choose a release of that branch, or change moodle_branch."


def source(values: Values, around: t.Any) -> t.Iterator[str]:
    """Refuse two sources, files that are not there, and downloads that nothing verifies."""
    path, archive_url, checksum = (values[f"moodle_{key}"] for key in ("source", "archive_url", "archive_sha256"))
    if path and archive_url:
        yield "moodle_source and moodle_archive_url are both given; keep one of them."
    if path and around.find(path) is None:
        yield f"moodle_source is {path!r}, which does not exist on the control node; name an archive or a directory."
    if archive_url and not checksum:
        yield "moodle_archive_url is given without moodle_archive_sha256; give the archive's SHA-256 so that it can be verified."
    if archive_url and not archive_url.startswith(("https://", "http://")):
        yield f"moodle_archive_url is {archive_url!r}, which is no address; use https://..., or moodle_source for a local file."
    if checksum and not types.is_sha256(checksum):
        yield f"moodle_archive_sha256 is {checksum!r}, which is no SHA-256; give 64 hexadecimal digits."


def image(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse half of a prebuilt pair of images, and build inputs that would be ignored."""
    for option, other in (("moodle_image", "moodle_services_image"), ("moodle_services_image", "moodle_image")):
        if values[option] and not values[other]:
            yield f"{option} is given without {other}; give both, or neither to have them built."
    if values["moodle_image"]:
        for option in FROM_CODE:
            if values[option]:
                yield f"{option} is given, but moodle_image names an image that is built already; remove one of them."


def code_directory(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Live editing is for development."""
    given = values["moodle_code_directory"]
    if given and values["moodle_environment"] != "development":
        yield (
            f"moodle_code_directory is {given!r} but moodle_environment is production; remove it, or set moodle_environment to development."
        )
    if given and not given.startswith("/"):
        yield f"moodle_code_directory is {given!r}; give an absolute path of the machine."


def base_mirrors(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse a mirror that nothing would ask: Debian's own mirrors come with their security updates."""
    if values["moodle_image_security_mirror"] and not values["moodle_image_mirror"]:
        yield "moodle_image_security_mirror is given without moodle_image_mirror; give both, or neither to use Debian's own."
    for option in ("moodle_image_mirror", "moodle_image_security_mirror"):
        if values[option] and not values[option].startswith(("https://", "http://")):
            yield f"{option} is {values[option]!r}, which is no address; use for example https://mirror.example.edu/debian."


def database_version(values: Values, around: t.Any) -> t.Iterator[str]:
    """Refuse a PostgreSQL that the branch does not support, and a version that the services image does not have."""
    option, given = "moodle_database_version", values["moodle_database_version"]
    found = list(branches.wrong_postgresql(option, given, around.branches.get(values["moodle_branch"])))
    yield from found
    if not found and not values["moodle_database_host"] and int(given) != branches.POSTGRESQL:
        yield (
            f"{option} is {given!r}, but the site's own database is PostgreSQL {branches.POSTGRESQL}; "
            "remove the variable, or name an existing server in moodle_database_host."
        )


def languages(values: Values, _around: t.Any) -> t.Iterator[str]:
    """Refuse what is no name of a language pack."""
    for option, names in (("moodle_languages", values["moodle_languages"]), ("moodle_language", [values["moodle_language"]])):
        for name in names:
            if not types.is_language(name):
                yield f"{option} has {name!r}, which is no language pack; use names like de or pt_br."
    wanted = values["moodle_language"]
    if wanted not in ("en", *values["moodle_languages"]) and not values["moodle_image"]:
        yield f"moodle_language is {wanted!r}, but that pack is not built into the image; add it to moodle_languages."
