# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Private to this collection: it may change or disappear in any release.

"""Rules about Moodle's code: branch, archive, image, and what the branch asks of PostgreSQL."""

from __future__ import annotations

import typing as t

from ..._image.inputs import Inputs, problems
from ..._moodle import branches
from ..model import Site
from ..surroundings import Surroundings


def branch(site: Site, around: Surroundings) -> t.Iterator[str]:
    """Refuse an unknown branch, and one without security fixes unless it is asked for."""
    yield from branches.unusable("moodle_", site.branch, around.branches, around.today, site.allow_unsupported_branch)


def inputs(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Refuse what no image can be built from, by the rules of the images."""
    yield from problems(Inputs(**site.image_inputs), "moodle_")


def image(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Refuse half of a prebuilt pair of images, and build inputs that would be ignored."""
    pair = {"moodle_image": site.image.reference, "moodle_services_image": site.services.image}
    for option, other in (tuple(pair), tuple(reversed(pair))):
        if pair[option] and not pair[other]:
            yield f"{option} is given without {other}; give both, or neither to have them built."
    inputs = {"moodle_source": site.source, "moodle_archive_url": site.archive.url, "moodle_plugins_lock": site.plugins_lock}
    for option in (name for name, given in inputs.items() if given and site.image.reference):
        yield f"{option} is given, but moodle_image names an image that is built already; remove one of them."


def base_mirrors(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Refuse a mirror that nothing would ask: Debian's own mirrors come with their security updates."""
    if site.image.security_mirror and not site.image.mirror:
        yield "moodle_image_security_mirror is given without moodle_image_mirror; give both, or neither to use Debian's own."


def database_version(site: Site, around: Surroundings) -> t.Iterator[str]:
    """Refuse a PostgreSQL that the branch does not support."""
    yield from branches.wrong_postgresql("moodle_database_version", site.database.version, around.branches.get(site.branch))


def language(site: Site, _around: Surroundings) -> t.Iterator[str]:
    """Refuse a language that Moodle will not have."""
    if site.language not in ("en", *site.languages) and not site.image.reference:
        yield f"moodle_language is {site.language!r}, but that pack is not built into the image; add it to moodle_languages."
