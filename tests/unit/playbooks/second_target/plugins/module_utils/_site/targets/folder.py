# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors

"""A target of a test: a site is a folder of files, with a program that answers for it."""

from __future__ import annotations

import dataclasses
import typing as t

from .. import forms
from ..model import Site
from ..surroundings import Surroundings
from .target import Claims, Neighbour, Target


@dataclasses.dataclass(frozen=True)
class Folder:
    """Where the site is, and the port of the server that shows it."""

    directory: t.Optional[str]
    http_port: t.Annotated[int, forms.port()]


def identify(site: Site, folder: Folder) -> dict[str, t.Any]:
    """Return what tells one site from another."""
    files = {"directory": folder.directory, "definition": "settings.json", "moodledata": ".*/moodledata$"}
    return {"directory": folder.directory, "target": {"runner": [f"{folder.directory}/moodle", site.name], "files": files}}


def complete(site: Site, folder: Folder, _around: Surroundings) -> dict[str, t.Any]:
    """Return the way to look at the site."""
    return {"target": {"visit": {"address": "127.0.0.1", "port": folder.http_port, "tls": site.tls.served == "https"}}}


def no_tls(site: Site, _folder: Folder, _around: Surroundings) -> t.Iterator[str]:
    """Refuse TLS, which nothing here serves."""
    if site.tls.served == "https":
        yield f"moodle_tls is {site.tls.mode}, which the target folder does not serve; set it to none."


def clashes(mine: Neighbour, others: t.Iterable[Neighbour]) -> t.Iterator[str]:
    """Refuse a folder that is another site's."""
    for other in others:
        if mine.spec["directory"] == other.spec["directory"]:
            yield f"moodle_directory is {mine.spec['directory']!r}, which is the folder of {other.host}; give each site its own."


TARGET = Target(
    name="folder",
    what="a folder of files",
    options=Folder,
    identity=frozenset({"moodle_directory"}),
    identify=identify,
    complete=complete,
    claims=Claims(place=lambda _host, _variables: "here", clashes=clashes),
    ports={"http": "moodle_http_port"},
    rules=(no_tls,),
)
